"""What may go wrong in the chain. Messages are for operators and traces; none reaches a user."""

from __future__ import annotations


class PipelineError(Exception):
    """Base of everything a stage may raise."""


class ModelUnavailable(PipelineError):
    """A model did not answer: down, timed out, out of quota."""


class ModelOutputError(PipelineError):
    """A model answered something that its stage cannot use."""


class RetrievalFailed(PipelineError):
    """The knowledge base cannot be searched: an outage, never a "no answer"."""
