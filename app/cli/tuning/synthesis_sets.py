"""Makes up sets of questions and conversations: the seeds, the encoder and the language model put
together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Literal

import yaml

from app.cli.curating.building import chat_model, encoder
from app.cli.failures import Failed
from app.cli.progress import progress
from app.compose.seeds import naming
from app.compose.services import prepared_database
from app.settings import Settings, read_settings
from knowledge.encoders.types import TextEncoder
from knowledge.entries import EntryStore
from knowledge.errors import ImportRejected
from knowledge.importing.paths import parse_path
from knowledge.progress import Show
from knowledge.types import Entry
from knowledge.word_list import whole_words
from learning.synthesis.conversations import Turns, make_conversations
from learning.synthesis.questions import QuestionMaker, Shares, Source, make_questions
from learning.synthesis.real_messages import read_real_messages
from learning.synthesis.round_trip import RoundTrip
from learning.synthesis.suite_files import Yardstick, report_of, write_suite
from learning.synthesis.wording.frames import Frames
from learning.synthesis.wording.llm_wording import Bounds, llm_wordings
from learning.synthesis.wording.noise_profile import Lexicon, NoiseProfile, measure
from learning.synthesis.wording.typist import Typist, reversed_slang
from pipeline.english.normalising import Slang

_PATIENCE_S = 120.0  # nobody waits for an answer here, so that a slow local model will do
Kind = Literal["questions", "conversations"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to make: `count` messages from `kb` (None: the service's own) into the folder `out`, with the
    share `withhold` of the entries taken out, at most `calls` calls to the language model, held against the
    messages in `real`."""

    out: Path
    kb: Path | None
    count: int
    seed: int
    withhold: float
    calls: int = 0
    real: Path | None = None


def synthesize(kind: Kind, order: Order) -> dict[str, Any]:
    """Fills the folder, and gives the report that lies in it. Raises `Failed` and what reading raises."""
    settings = read_settings()
    if order.out.exists() and (not order.out.is_dir() or any(order.out.iterdir())):
        raise Failed(f"{order.out} is not an empty folder.")
    with progress() as show:
        entries = read_entries(order.kb, settings)
        loaded = encoder(settings, show)
        source, yardstick = source_of(settings, entries, loaded, order, show)
        show(0.0, f"reading {len(entries):,} entries")
        trip = RoundTrip(entries, loaded.encode)
        withheld = trip.withheld(order.withhold, source.small_talk, Random(order.seed))  # noqa: S311 (repeatable on purpose)
        maker = QuestionMaker(source, trip, withheld, order.seed)
        if kind == "questions":
            made = make_questions(maker, order.count, Shares(), show)
        else:
            made = make_conversations(maker, order.count, Turns(), show)
    report = report_of(made, maker.tally, yardstick)
    write_suite(order.out, entries, withheld, made, report)
    return report


def read_entries(kb: Path | None, settings: Settings) -> Sequence[Entry]:
    """The entries that may be served: of a file or folder, or of the service's own, which are the seeds until
    something was imported. Raises `Failed`."""
    if kb is None:
        own = EntryStore(prepared_database(settings)).servable(date.today())
        entries = own or parse_path(settings.seeds_dir / "kb").entries
    else:
        try:
            entries = parse_path(kb).entries
        except ImportRejected as rejected:
            first = rejected.errors[0]
            raise Failed(f"{first.file or kb} line {first.line}: {first.detail}.") from None
    kept = [entry for entry in entries if entry.is_servable(date.today())]
    if not kept:
        raise Failed("There are no approved entries to make questions from.")
    return kept


def measure_noise(path: Path, out: Path | None) -> Path:
    """Writes the profile of the messages in `path`. Raises what reading raises."""
    settings = read_settings()
    with progress() as show:
        lexicon = _lexicon(_slang(settings), encoder(settings, show))
        real = read_real_messages(path)
        show(0.5, f"measuring {len(real.texts):,} messages")
        profile = measure(real.texts, lexicon, real.sources)
    file = out or settings.seeds_dir / "noise.yaml"
    profile.write(file)
    return file


def told(report: Mapping[str, Any]) -> Iterator[str]:
    """A report in lines."""
    yield f"{report['messages']:,} messages about {report['entries_asked_for']:,} entries"
    for kind, count in report["kinds"].items():
        kept = report["round_trip"].get(kind.removeprefix("switch_").removeprefix("first_"))
        way_back = f"  kept {kept['kept_share']:.0%}, right first {kept['right_first']:.0%}" if kept else ""
        yield f"  {kind:<32}{count:>6,}{way_back}"
    diversity = report["diversity"]
    varied = f"distinct-1 {diversity['distinct_1']:.3f}, distinct-2 {diversity['distinct_2']:.3f}"
    yield f"unique {diversity['unique']:.1%}, {varied}"
    for name, distance in report["noise_distance"].items():
        yield f"distance of the noise from {name}: {distance['mean']:.3f}"


def source_of(
    settings: Settings, entries: Sequence[Entry], loaded: TextEncoder, order: Order, show: Show
) -> tuple[Source, Yardstick]:
    """What messages about the entries are made from, and what their noise is held against. Raises what
    reading the seeds raises, and `Failed` where the language model does not work."""
    seeds = settings.seeds_dir
    profile = NoiseProfile.read(seeds / "noise.yaml")
    slang = _slang(settings)
    lexicon = _lexicon(slang, loaded)
    said = _texts(seeds / "small_talk.yaml")
    source = Source(
        entries=entries,
        frames=Frames.read(seeds / "synthesis.yaml"),
        typist=Typist(profile, reversed_slang({**slang.chat, **slang.health})),
        off_topic=_texts(seeds / "background.yaml").get("unrelated", []),
        small_talk=[text for group in said.values() for text in group],
    )
    profiles = {"the profile": profile}
    if order.real:
        profiles[order.real.name] = measure(read_real_messages(order.real).texts, lexicon)
    if order.calls:
        source = _worded(settings, source, order, show)
    return source, Yardstick(lexicon, profiles)


def _worded(settings: Settings, source: Source, order: Order, show: Show) -> Source:
    """The source with questions worded by the language model. Raises `Failed` where none is set or works."""
    patient = settings.model_copy(update={"llm_timeout_s": max(settings.llm_timeout_s, _PATIENCE_S)})
    rng = Random(order.seed)  # noqa: S311 (repeatable on purpose)
    with asyncio.Runner() as runner, chat_model(patient, runner, show) as model:
        if model is None:
            raise Failed("--llm needs a language model: see CANDOR_LLM_MODEL and CANDOR_LLM_GGUF.")
        worded = runner.run(llm_wordings(model, source.entries, Bounds(order.calls), rng, show))
    if worded.failed == worded.calls:
        raise Failed(f"The language model gave no usable answer in {worded.calls} calls.")
    return replace(source, extra=worded.messages)


def _slang(settings: Settings) -> Slang:
    file = settings.seeds_dir / "slang.yaml"
    with naming(file):
        return Slang.load(file)


def _lexicon(slang: Slang, loaded: TextEncoder) -> Lexicon:
    return Lexicon(whole_words(loaded.info.path), frozenset(slang.chat) | frozenset(slang.health))


def _texts(file: Path) -> dict[str, list[str]]:
    with naming(file):
        return {
            str(name): [str(text) for text in texts]
            for name, texts in yaml.safe_load(file.read_text("utf-8")).items()
        }
