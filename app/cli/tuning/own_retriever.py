"""A retriever for the owner's knowledge base: questions made up from it, how people word them, and the
training."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from app.cli.curating.building import encoder
from app.cli.failures import Failed
from app.cli.progress import progress
from app.cli.tuning.synthesis_sets import Order, read_entries, source_of
from app.compose.services import prepared_database
from app.settings import Settings, read_settings
from app.store.turns.reviewed_turns import confirmed_exchanges, user_choices
from knowledge.encoders.model_card import ModelCard
from knowledge.progress import Show
from knowledge.types import Entry
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.suites import load_suite
from learning.synthesis.questions import QuestionMaker
from learning.synthesis.round_trip import RoundTrip
from learning.training.cards import publish
from learning.training.config import RetrieverConfig, read_config
from learning.training.corpora import Asked
from learning.training.judging.matcher import Experience, check_worth, train_matcher

_PER_ENTRY, _LEAST, _MOST = 14, 200, 12_000  # messages to make up


@dataclass(frozen=True, slots=True)
class MatcherOrder:
    """Of which knowledge base (None: the service's own), measured on which real questions (None: on made-up
    ones), configured by which file, and whether to keep a retriever that is not worth it."""

    kb: Path | None
    questions: Path | None
    config: Path
    out: Path | None
    calls: int
    force: bool


def train_own_retriever(order: MatcherOrder) -> tuple[ModelCard, Path]:
    """Trains on what the knowledge base gives, and puts the retriever where the next release takes it from.
    Raises `Failed` and `TrainingFailed`; what is served stays then."""
    settings = read_settings()
    config = read_config(order.config, RetrieverConfig)
    base = settings.seeds_dir / "models" / "retriever"
    made = settings.data_dir.absolute() / "training" / "matcher" / "model"
    with progress() as show:
        entries = read_entries(order.kb, settings)
        ids = {entry.id for entry in entries}
        real = [*read_questions(order.questions, ids)] if order.questions else []
        experience = Experience(
            entries,
            _made_up(settings.model_copy(update={"encoder": str(base)}), entries, order, config.seed, show),
            worded(entries, prepared_database(settings)),
            real,
        )
        card = train_matcher(config, base, experience, made, show)
    if not order.force:
        check_worth(card)
    target = order.out or settings.data_dir / "retriever"
    publish(made, target, force=True)  # `check_worth` compared it with what is served, on the same messages
    shutil.rmtree(made.parent)
    return card, target


def read_questions(path: Path, known: set[str]) -> Iterator[Asked]:
    """Real questions with the entries that answer them: a suite's folder, or JSON lines with `message` and
    `entry_ids`. Those that need their history are left out. Raises `Failed`."""
    if path.is_dir():
        try:
            cases = load_suite(path).cases
        except SuiteError as error:
            raise Failed(f"{error}.") from None
        rows = [(case.question.text, case.entry_ids) for case in cases if not case.question.history]
    else:
        rows = list(_rows(path))
    for message, entry_ids in rows:
        if kept := tuple(key for key in entry_ids if key in known):
            yield Asked(message, kept)


def _rows(file: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            if not row.get("history"):
                yield str(row["message"]), tuple(map(str, row.get("entry_ids", ())))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise Failed(f"{file} line {number}: this is no question: {error}") from None


def worded(entries: Sequence[Entry], engine: Engine) -> list[Asked]:
    """How people word what these entries answer: their alternates, and what the database holds of messages
    whose answer a user rated up, with the entries that it cited, and of choices that a user made. Of rated
    messages only the first of a conversation: a later one may lean on what was said before."""
    ids = {entry.id for entry in entries}
    alternates = [Asked(text, (entry.id,)) for entry in entries for text in entry.alternates]
    rated = [
        Asked(message, cited)
        for _, history, message, cited in confirmed_exchanges(engine)
        if cited and not history and ids.issuperset(cited)
    ]
    chosen = [Asked(choice.message, (choice.entry_id,)) for _, choice in user_choices(engine)]
    return [*alternates, *rated, *(each for each in chosen if ids.issuperset(each.entry_ids))]


def _made_up(
    settings: Settings, entries: Sequence[Entry], order: MatcherOrder, seed: int, show: Show
) -> list[Asked]:
    """Messages made up about all entries, led back by the retriever that is trained on."""
    count = min(_MOST, max(_LEAST, _PER_ENTRY * len(entries)))
    asked = Order(Path(), order.kb, count, seed, 0.0, order.calls)
    loaded = encoder(settings, show)
    source, _ = source_of(settings, entries, loaded, asked, show)
    maker = QuestionMaker(source, RoundTrip(entries, loaded.encode), frozenset(), seed)
    return [Asked(each.message, each.entry_ids) for each in maker.about(entries, count, show)]
