"""The fine-tuning half of the OpenAI API: files go up, jobs are made, watched and cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob

OVER = frozenset({"succeeded", "failed", "cancelled"})
_TIMEOUT_S = 600.0  # an upload may be large
_EVENTS = 50  # a page


class FineTuningFailed(RuntimeError):
    """The server did not do what was asked; the message says why, in its words."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as the server tells it. `model` is the result, once there is one; `error` why it failed."""

    id: str
    status: str
    model: str | None = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job, in the server's words."""

    id: str
    text: str


class FineTuningApi:
    """Blocking calls, retried by the client where that may help. All raise `FineTuningFailed`."""

    def __init__(self, base_url: str, api_key: str, *, retries: int = 2) -> None:
        from openai import OpenAI

        self._client: OpenAI = OpenAI(
            base_url=base_url, api_key=api_key, timeout=_TIMEOUT_S, max_retries=retries
        )

    def close(self) -> None:
        self._client.close()

    def upload(self, file: Path) -> str:
        """The id of the file on the server."""
        with _told_in_our_words(), file.open("rb") as opened:
            return self._client.files.create(file=opened, purpose="fine-tune").id

    def create(
        self,
        model: str,
        training_file: str,
        validation_file: str | None,
        *,
        suffix: str,
        epochs: int | None,
        seed: int,
    ) -> JobState:
        """Starts a job; without `epochs` the server chooses."""
        given: dict[str, Any] = {"model": model, "training_file": training_file, "seed": seed}
        given |= {"validation_file": validation_file} if validation_file else {}
        given |= {"suffix": suffix} if suffix else {}
        settings = {"n_epochs": epochs} if epochs else {}
        given["method"] = {"type": "supervised", "supervised": {"hyperparameters": settings}}
        with _told_in_our_words():
            return _state(self._client.fine_tuning.jobs.create(**given))

    def job(self, job_id: str) -> JobState:
        with _told_in_our_words():
            return _state(self._client.fine_tuning.jobs.retrieve(job_id))

    def cancel(self, job_id: str) -> JobState:
        with _told_in_our_words():
            return _state(self._client.fine_tuning.jobs.cancel(job_id))

    def events(self, job_id: str, since: str | None = None) -> tuple[JobEvent, ...]:
        """The events after the one with the id `since`, oldest first."""
        found: list[JobEvent] = []
        with _told_in_our_words():
            for event in self._client.fine_tuning.jobs.list_events(job_id, limit=_EVENTS):
                if event.id == since:
                    break
                found.append(JobEvent(event.id, event.message))
        return tuple(reversed(found))


def _state(job: FineTuningJob) -> JobState:
    reason = job.error.message if job.error and job.error.message else ""
    return JobState(job.id, job.status, job.fine_tuned_model, reason)


@contextmanager
def _told_in_our_words() -> Iterator[None]:
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise FineTuningFailed(f"The server refused (HTTP {error.status_code}): {_reason(error)}.") from error
    except openai.APIConnectionError as error:
        raise FineTuningFailed(f"The server cannot be reached: {error.__cause__ or error}.") from error
    except openai.APIError as error:
        raise FineTuningFailed(f"The server's answer cannot be used: {error.message}.") from error


def _reason(error: Any) -> str:  # noqa: ANN401
    """What the server said, without what the client puts around it."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message).rstrip(".")[:300]
