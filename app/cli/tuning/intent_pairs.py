"""What messages really ask: from made-up conversations, and from those that the service has had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from app.cli.failures import Failed
from app.compose.services import prepared_database
from app.settings import read_settings
from app.store.turns.reviewed_turns import confirmed_exchanges
from knowledge.entries import EntryStore
from learning.synthesis.intents import made_up, stored, write_intents


def extract(out: Path, made: Sequence[Path], with_stored: bool) -> tuple[int, int]:
    """Writes what there is to `out`; how many messages, and how many that lean on their history. Raises
    `Failed` where there is none, and what reading raises."""
    intents = [intent for folder in made for intent in made_up(folder)]
    if with_stored:
        engine = prepared_database(read_settings())
        entries = {entry.id: entry for entry in EntryStore(engine).servable(date.today())}
        intents += stored(confirmed_exchanges(engine), entries)
    if not intents:
        raise Failed("There are no conversations to learn from.")
    return write_intents(out, intents)
