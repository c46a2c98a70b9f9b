"""Fine-tuning jobs: submitted, watched, cancelled, and their model taken into use."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from app.cli.failures import Failed
from app.cli.progress import progress
from app.settings import PREFIX, Settings, read_settings
from knowledge.progress import Show
from learning.finetuning.api import FineTuningApi, FineTuningFailed, JobState
from learning.finetuning.check import check
from learning.finetuning.job_log import JobLog, Submitted, upload_key
from pipeline.llm.client import OPENAI

_LOOK_EVERY_S = 5.0
_SETTING = f"{PREFIX}LLM_MODEL"
_SHARES = {"validating_files": 0.1, "queued": 0.2, "running": 0.4, "succeeded": 1.0}


def submit(
    train: Path,
    validation: Path | None,
    model: str | None,
    suffix: str,
    epochs: int | None,
    seed: int,
    *,
    follow: bool,
    use: bool,
) -> None:
    """Raises `Failed` where the files have errors, nothing says which model to start from, or the server does
    not do it."""
    settings = read_settings()
    base = model or settings.llm_model
    if not base:
        raise Failed("Which model is to be trained? Give --model, or set CANDOR_LLM_MODEL.")
    if use and not follow:
        raise Failed("--use needs --follow: the model is there only once the job has ended.")
    _refuse_errors(train, validation)
    with _api(settings) as (api, address):
        log, folder = _log(settings)
        files = [
            _uploaded(api, address, file, log, folder) for file in (train, validation) if file is not None
        ]
        held_back = files[1] if len(files) > 1 else None
        state = api.create(base, files[0], held_back, suffix=suffix, epochs=epochs, seed=seed)
        job = Submitted(job_id=state.id, base_url=address, base=base, status=state.status)
        log.jobs.append(job)
        log.write(folder)
        typer.echo(f"Job {state.id} is {_spoken(state.status)}.")
        if follow:
            _follow(api, job, log, folder)
        _conclude(job, use=use)


def status(job_id: str | None, *, follow: bool, use: bool) -> None:
    """Raises `Failed` where there is no such job, or it came to nothing."""
    settings = read_settings()
    with _api(settings, job_id) as (api, _):
        log, folder = _log(settings)
        job = log.find(job_id)
        if follow:
            _follow(api, job, log, folder)
        else:
            _noted(api.job(job.job_id), job, log, folder)
            typer.echo(f"Job {job.job_id} on {job.base} is {_spoken(job.status)}.")
        _conclude(job, use=use)


def cancel(job_id: str | None) -> None:
    """Raises `Failed` where there is no such job, or it is over."""
    settings = read_settings()
    with _api(settings, job_id) as (api, _):
        log, folder = _log(settings)
        job = log.find(job_id)
        _noted(api.cancel(job.job_id), job, log, folder)
        typer.echo(f"Job {job.job_id} is {_spoken(job.status)}.")


def _refuse_errors(train: Path, validation: Path | None) -> None:
    checked = check(train, validation)
    for finding in checked.findings:
        typer.echo(str(finding), err=True)
    if checked.errors:
        raise Failed(f"The files have {checked.errors:,} errors, so nothing was sent.")


@contextmanager
def _api(settings: Settings, job_id: str | None = None) -> Iterator[tuple[FineTuningApi, str]]:
    """The API of the settings, and its address. Its failures become `Failed`."""
    if settings.llm_api_key is None and settings.llm_base_url is None:
        raise Failed("Set CANDOR_LLM_API_KEY, or CANDOR_LLM_BASE_URL for a server of your own.")
    address = (settings.llm_base_url or OPENAI).rstrip("/")
    key = settings.llm_api_key.get_secret_value() if settings.llm_api_key else "none"
    api = FineTuningApi(address, key)
    try:
        yield api, address
    except FineTuningFailed as error:
        raise Failed(str(error)) from None
    finally:
        api.close()


def _log(settings: Settings) -> tuple[JobLog, Path]:
    folder = settings.data_dir / "finetuning"
    return JobLog.read(folder), folder


def _uploaded(api: FineTuningApi, address: str, file: Path, log: JobLog, folder: Path) -> str:
    """The id of a file on the server; what was sent before is not sent again."""
    key = upload_key(address, file)
    if key not in log.files:
        typer.echo(f"Sending {file}.", err=True)
        log.files[key] = api.upload(file)
        log.write(folder)
    return log.files[key]


def _follow(api: FineTuningApi, job: Submitted, log: JobLog, folder: Path) -> None:
    """Tells each event once, until the job is over. Interrupted, `status --follow` goes on where it was."""
    with _telling() as show:
        while True:
            state = api.job(job.job_id)
            _tell_events(api, job, state, show)
            _noted(state, job, log, folder)
            if state.is_over:
                return
            time.sleep(_LOOK_EVERY_S)


def _tell_events(api: FineTuningApi, job: Submitted, state: JobState, show: Show) -> None:
    events = api.events(job.job_id, job.seen)
    for event in events:
        job.seen = event.id
        show(_SHARES.get(state.status, 0.9), event.text)
    if not events and state.status != job.status:
        show(_SHARES.get(state.status, 0.9), _spoken(state.status))


@contextmanager
def _telling() -> Iterator[Show]:
    """A bar on a terminal; elsewhere each event is a line of its own."""
    if sys.stderr.isatty():
        with progress() as show:
            yield show
    else:
        yield lambda share, doing: typer.echo(f"{share:4.0%} {doing}", err=True)


def _noted(state: JobState, job: Submitted, log: JobLog, folder: Path) -> None:
    job.status, job.model, job.error = state.status, state.model, state.error
    log.write(folder)


def _conclude(job: Submitted, *, use: bool) -> None:
    """Says what a job came to. Raises `Failed` where it came to nothing."""
    if job.status in ("failed", "cancelled"):
        raise Failed(f"Job {job.job_id} {job.status}: {job.error or 'the server gives no reason'}.")
    if job.model is None:
        typer.echo("Go on with `candor finetune status --follow`.")
        return
    typer.echo(f"The model is {job.model}.")
    if use:
        from dotenv import set_key

        set_key(".env", _SETTING, job.model, quote_mode="auto")
        typer.echo(f"{_SETTING} in .env names it now; start the service anew.")


def _spoken(status: str) -> str:
    return status.replace("_", " ")
