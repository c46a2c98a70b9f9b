"""`candor chat`: one conversation in the terminal, in process."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

import typer
from pydantic import ValidationError

from app.api.schemas.public import ChatRequest
from app.cli.curating.building import chat_model, encoder, live_snapshot
from app.cli.progress import progress
from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.services import knowledge_base, prepared_database
from app.settings import read_settings
from app.store.turns.conversations import HISTORY_EXCHANGES
from app.turns import Chat
from knowledge.releases.releases import LiveRelease
from pipeline.types import Message, Question, Reply, Role, TurnContext

_PROMPT = "you> "
_LEAVING = ("/quit", "/exit")


class _NoTraces:
    """Implements the chain's `TraceSink`: a talk at the terminal is nobody else's."""

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        return None


def converse() -> None:
    """Asks until the input ends. Raises what building the knowledge base and the chain's turns raise."""
    settings = read_settings()
    engine = prepared_database(settings)
    with asyncio.Runner() as runner, ExitStack() as opened:
        with progress() as show:
            loaded = encoder(settings, show)
            base = knowledge_base(settings, engine, loaded)
            live = LiveRelease(live_snapshot(base, engine, settings, show))
            llm = opened.enter_context(chat_model(settings, runner, show))
            models = Models.load(settings, loaded, llm)
        chat = build_chat(settings, base, models, ServingKnowledge(live), _NoTraces())
        try:
            _talk(runner, chat)
        finally:
            runner.run(models.close())


def _talk(runner: asyncio.Runner, chat: Chat) -> None:
    history: list[Message] = []
    for line in _typed() if sys.stdin.isatty() else _piped():
        try:
            text = ChatRequest(message=line).message
        except ValidationError as error:
            typer.echo(f"Your message {error.errors()[0]['msg'].removeprefix('Value error, ')}.", err=True)
            continue
        question = Question(text, tuple(history[-2 * HISTORY_EXCHANGES :]))
        reply = runner.run(chat.run(uuid4().hex, question, _say))
        history += (Message(Role.USER, text), Message(Role.ASSISTANT, reply.text))
        _show_end(reply)


def _typed() -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401 (lines can be edited and recalled once it is there)
    typer.secho("Ask away. /quit or Ctrl-D ends.", dim=True)
    while True:
        try:
            line = input(_PROMPT).strip()
        except EOFError:
            typer.echo()
            return
        if line in _LEAVING:
            return
        if line:
            yield line


def _piped() -> Iterator[str]:
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").strip()
        if text in _LEAVING:
            return
        if text:
            yield text


async def _say(piece: str) -> None:
    typer.echo(piece, nl=False)


def _show_end(reply: Reply) -> None:
    typer.echo()
    shown: set[int] = set()
    for citation in reply.citations:
        if citation.index not in shown:
            shown.add(citation.index)
            typer.secho(f"  [{citation.index}] {citation.title}  {citation.url or ''}".rstrip(), dim=True)
    if reply.suggestions:
        typer.secho("  You could ask:", dim=True)
    for suggestion in reply.suggestions:
        typer.secho(f"  - {suggestion}", dim=True)
    typer.secho(f"  ({reply.outcome.value})\n", dim=True)
