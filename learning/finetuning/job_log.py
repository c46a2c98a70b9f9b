"""What was submitted, kept on disk, so that an interrupted command can be taken up again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from learning.finetuning.api import FineTuningFailed

_NAME = "jobs.json"


class Submitted(BaseModel):
    """A job: where it runs, its id there, the model it started from and that came out of it; `seen` is the
    last event that was told."""

    job_id: str
    base_url: str
    base: str
    status: str = ""
    model: str | None = None
    seen: str | None = None
    error: str = ""


class JobLog(BaseModel):
    """Uploaded files by server and content, and the jobs, latest last."""

    files: dict[str, str] = {}
    jobs: list[Submitted] = []

    @classmethod
    def read(cls, folder: Path) -> JobLog:
        """Empty where there is none yet. Raises `FineTuningFailed` for one that is damaged, and `OSError`."""
        file = folder / _NAME
        if not file.is_file():
            return cls()
        try:
            return cls.model_validate_json(file.read_text("utf-8"))
        except (ValidationError, UnicodeDecodeError):
            raise FineTuningFailed(f"{file} is damaged: move it away to start anew.") from None

    def write(self, folder: Path) -> None:
        """In one rename, so that an interruption leaves the old or the new one."""
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{_NAME}.part"
        part.write_text(self.model_dump_json(indent=1), "utf-8")
        part.replace(folder / _NAME)

    def find(self, job_id: str | None) -> Submitted:
        """The job of this id, or the latest. Raises `FineTuningFailed` where there is none."""
        found = [job for job in self.jobs if job_id in (None, job.job_id)]
        if not found:
            named = f"no job {job_id}" if job_id else "no job yet"
            raise FineTuningFailed(f"Here is {named}: `candor finetune submit` makes one.")
        return found[-1]


def upload_key(base_url: str, file: Path) -> str:
    """Tells an upload apart: the server and the content."""
    return f"{base_url} {hashlib.sha256(file.read_bytes()).hexdigest()}"
