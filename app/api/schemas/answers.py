"""POST /v1/answers as types. The names are those of the historical Answers endpoint of the OpenAI API."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
    field_validator,
)

from app.api.schemas.completions import MODEL
from app.api.schemas.public import MESSAGE_LIMIT, between
from pipeline.types import Outcome

MOST_DOCUMENTS = 200
MOST_CHARACTERS = 400_000  # of all documents: what they cost is bounded by that
_DOCUMENT_LIMIT = 20_000
_RERANKED = 32  # documents that are read where the caller does not say: seconds, on two cores
_TITLE_LIMIT = 300
_EXAMPLES = 20
_EXAMPLE_LIMIT = 1_000
_CONTEXT_LIMIT = 8_000
_DocumentText = Annotated[str, between(1, _DOCUMENT_LIMIT)]
_ExampleText = Annotated[str, between(1, _EXAMPLE_LIMIT)]
_Pair = tuple[_ExampleText, _ExampleText]
_UNSAMPLED = "there are none: answers are not sampled token by token"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(Strict):
    text: _DocumentText
    title: Annotated[str, between(0, _TITLE_LIMIT)] = ""
    metadata: Any = None


class ExampleBody(Strict):
    question: _ExampleText
    answer: _ExampleText


def _document(given: object) -> object:
    return {"text": given} if isinstance(given, str) else given


def _example(given: object) -> object:
    """That endpoint took pairs: ["What is …?", "78 years."]."""
    if isinstance(given, list) and len(given) == 2:
        return {"question": given[0], "answer": given[1]}
    return given


def _refused(why: str) -> AfterValidator:
    """For a field that may be there, but only empty."""

    def check(value: object) -> object:
        if value:
            raise ValueError(why)
        return value

    return AfterValidator(check)


def _empty(*values: object) -> WithJsonSchema:
    return WithJsonSchema({"enum": list(values)})


class AnswerRequest(Strict):
    """Fields that shape how a model samples are taken and change nothing. Unknown ones are refused: a
    misspelt `documents` would ask the knowledge base."""

    question: Annotated[str, between(1, MESSAGE_LIMIT)]
    documents: (
        Annotated[
            list[Annotated[Document, BeforeValidator(_document, Document | _DocumentText)]],
            Field(min_length=1, max_length=MOST_DOCUMENTS),
        ]
        | None
    ) = None
    examples: Annotated[
        list[Annotated[ExampleBody, BeforeValidator(_example, ExampleBody | _Pair)]],
        Field(max_length=_EXAMPLES),
    ] = []
    examples_context: Annotated[str, between(0, _CONTEXT_LIMIT)] | None = None
    max_rerank: Annotated[int, Field(ge=1, le=MOST_DOCUMENTS, strict=True)] = _RERANKED
    model: Annotated[str, Field(max_length=200)] = MODEL
    search_model: Annotated[str, Field(max_length=200)] = MODEL
    return_metadata: StrictBool | None = None
    n: Annotated[int, Field(ge=1, le=1, strict=True)] | None = None
    file: Annotated[
        str | None, _refused("files are not offered: send their texts as documents"), _empty(None, "")
    ] = None
    return_prompt: Annotated[
        StrictBool | None, _refused("prompts are not given out"), _empty(None, False)
    ] = None
    logprobs: Annotated[StrictInt | None, _refused(_UNSAMPLED), _empty(None, 0)] = None
    expand: Annotated[list[Any] | None, _refused("there is nothing to expand"), _empty(None, [])] = None
    temperature: StrictFloat | StrictInt | None = None
    max_tokens: StrictInt | None = None
    stop: str | list[str] | None = None
    logit_bias: dict[str, StrictFloat | StrictInt] | None = None
    user: str | None = None

    @property
    def documents_read(self) -> int:
        """How many of the documents are read, at most."""
        return min(len(self.documents or ()), self.max_rerank)

    @field_validator("documents")
    @classmethod
    def _affordable(cls, documents: list[Document] | None) -> list[Document] | None:
        if documents and sum(len(document.text) for document in documents) > MOST_CHARACTERS:
            raise ValueError(f"may have {MOST_CHARACTERS:,} characters together")
        return documents


class SelectedDocument(BaseModel):
    """What an answer rests on. `document` counts the caller's documents from 0, or is the id of an entry.
    `score` orders them by how well they match the question, from 0 to 1."""

    document: int | str
    object: str = "document"
    text: str
    title: str
    url: str | None = None
    score: float | None
    metadata: Any = None


class AnswerCitation(BaseModel):
    """`answers[0][start:end]` is a sentence that the document supports."""

    document: int | str
    start: int
    end: int


class AnswerResponse(BaseModel):
    """`answers` is empty where there is none; `notice` then says so in the words of the house.
    `documents_read`: how many of the caller's documents there was time for; null where none came."""

    id: str
    object: str = "answer"
    model: str = MODEL
    search_model: str = MODEL
    answers: list[str]
    outcome: Outcome
    selected_documents: list[SelectedDocument]
    citations: list[AnswerCitation]
    suggestions: list[str]
    notice: str | None
    documents_read: int | None
