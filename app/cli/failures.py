"""What may go wrong in a command, told in one sentence."""

from __future__ import annotations


class Failed(Exception):
    """A command cannot do its work; the message is for whoever gave it."""


def expected() -> tuple[type[Exception], ...]:
    """What a command may end with. Anything else is a defect, and shows its traceback."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.settings import SettingsError
    from knowledge.types import KnowledgeError
    from pipeline.errors import PipelineError

    return (Failed, SettingsError, KnowledgeError, PipelineError, SQLAlchemyError, OSError)


def sentence(error: Exception) -> str:
    """`error` for people: no class names, no statements, no traceback."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        return f"The database cannot be used: {error.orig}."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error)
