"""What an OpenAI-compatible server sends back, as far as it is read here; anything else in it is let be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, field_validator

from pipeline.errors import ModelOutputError
from pipeline.llm.reasoning import without_reasoning
from pipeline.llm.retrying import AttemptFailed

_CUT = {"length": "cut off at its length limit", "content_filter": "withheld by a content filter"}


class Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class Text(BaseModel):
    """A whole message, or what a stream adds to it."""

    content: str | None = None
    refusal: str | None = None


class Alternative(BaseModel):
    token: str
    logprob: float


class TokenLogprobs(Alternative):
    top_logprobs: list[Alternative] = []


class Logprobs(BaseModel):
    content: list[TokenLogprobs] | None = None


class Choice(BaseModel):
    message: Text = Text()
    delta: Text = Text()
    finish_reason: str | None = None
    logprobs: Logprobs | None = None

    @field_validator("logprobs", mode="wrap")
    @classmethod
    def _where_readable(cls, told: object, read: ValidatorFunctionWrapHandler) -> object:
        """Servers have other forms of them too; the text is then all that counts."""
        try:
            return read(told)
        except ValidationError:
            return None


class Completion(BaseModel):
    """A reply, or one chunk of a stream (whose last one has the usage, and no choice)."""

    choices: list[Choice]
    usage: Usage | None = None


def read_completion(raw: bytes | str | dict[str, object]) -> Completion:
    """Raises `AttemptFailed`: what is no completion came from something between us and the model."""
    try:
        if isinstance(raw, dict):
            return Completion.model_validate(raw)
        return Completion.model_validate_json(raw)
    except ValidationError as error:
        raise AttemptFailed(f"no chat completion: {error.errors()[0]['msg']}", again=True) from None


def check_end(choice: Choice) -> None:
    """Raises `ModelOutputError` where a message did not end as it should."""
    if choice.message.refusal or choice.delta.refusal:
        raise ModelOutputError("the model refused")
    if choice.finish_reason in _CUT:
        raise ModelOutputError(f"the answer was {_CUT[choice.finish_reason]}")


def text_of(completion: Completion) -> str:
    """The text of a whole message, without thoughts. Raises `ModelOutputError` where there is none."""
    if not completion.choices:
        raise ModelOutputError("a reply without a message")
    choice = completion.choices[0]
    check_end(choice)
    if not (text := without_reasoning(choice.message.content or "").strip()):
        raise ModelOutputError("an empty answer")
    return text


def probability_of_yes(completion: Completion) -> float:
    """Of a message that is one word: by the probabilities of all spellings of yes and of no, where the server
    tells them, else 0 or 1. Raises `ModelOutputError` where the answer is neither."""
    if not completion.choices:
        raise ModelOutputError("a reply without a message")
    choice = completion.choices[0]
    first = choice.logprobs.content[0] if choice.logprobs and choice.logprobs.content else None
    if first is not None:
        yes, no = (_mass(first.top_logprobs or [first], word) for word in ("yes", "no"))
        if yes + no >= 0.5:  # below that the model was about to say something else
            return yes / (yes + no)
    word = (choice.message.content or "").strip().strip(".!*\"'").lower()
    if word not in ("yes", "no"):
        raise ModelOutputError("neither yes nor no")
    return float(word == "yes")


def _mass(alternatives: Sequence[Alternative], word: str) -> float:
    spelt = (item for item in alternatives if item.token.strip().lower() == word)
    return sum(math.exp(min(item.logprob, 0.0)) for item in spelt)


def estimated_tokens(text: str) -> int:
    """By the rule of thumb of four bytes a token."""
    return math.ceil(len(text.encode()) / 4)
