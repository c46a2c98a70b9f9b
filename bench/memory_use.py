"""Whether what was remembered finds the entry for who asks.

    python -m bench.memory_use tests/data/memory_questions.yaml [--misses]

Puts each question to the real chain of its knowledge base, with and without what its asker said before (see
the head of the file). Right: an entry that answers it for them is said, or is among the choices offered.
Where nothing is named, memory must not be used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat
from app.compose.models import Models
from app.compose.services import knowledge_base, prepared_database
from app.settings import Settings
from bench.memory import SEEDS, TODAY, entries_of, run
from knowledge.encoders.types import load_encoder
from knowledge.entries import ApplyMode
from knowledge.releases.releases import LiveRelease
from knowledge.types import Snapshot
from learning.traces import TracedEvidence, TracedTurn, read_steps
from pipeline.memory.reading import MemoryReader
from pipeline.ports import unheard
from pipeline.types import Outcome, Question, Reply, TurnContext


class _Trace:
    def __init__(self) -> None:
        self.last = TracedTurn()

    async def record(self, trace: Mapping[str, Any], context: TurnContext) -> None:
        self.last = read_steps(trace["steps"])

    @property
    def used(self) -> bool:
        said = self.last.last(TracedEvidence)
        return said is not None and said.remembered is not None and bool(said.accepted)


async def measure(rows_by_name: Mapping[str, Sequence[Sequence[str]]], *, misses: bool) -> None:
    loaded = load_encoder(str(SEEDS / "models" / "retriever"), Path("var"), 1)
    counts = {"cases": 0, "with": 0, "with, said": 0, "without": 0, "others": 0, "turned": 0}
    for name, rows in rows_by_name.items():
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder), seeds_dir=SEEDS, memory=True, _env_file=None)  # type: ignore[call-arg]
            engine, models = prepared_database(settings), Models.load(settings, loaded)
            base, live, trace = knowledge_base(settings, engine, loaded), LiveRelease(), _Trace()
            base.entries.apply(entries_of(name), ApplyMode.REPLACE)
            live.swap(base.builder.build(base.entries.servable(date.today()))[1])
            knowledge = ServingKnowledge(live)
            chain = build_chat(settings, base, models, knowledge, trace)
            read = MemoryReader(models.encoder, knowledge)
            for said, asked, *wanted in rows:
                items = tuple(replace(item, id="item") for item in await read(said, TODAY))
                plain = await chain.run("m", Question(asked), unheard)
                told = await chain.run("m", Question(asked, memory=items), unheard)
                odd = _count(counts, wanted, plain, told, live.current)
                if misses and odd:
                    print(f"  {name}: {said!r}, {asked!r}: {odd}, used {trace.used}")
            await models.close()
            engine.dispose()
    print(counts)


def _fate(reply: Reply, wanted: Sequence[str], snapshot: Snapshot) -> str:
    cited = {each.entry_id for each in reply.citations}
    offered = {each.id for each in snapshot.entries.values() if each.question in reply.suggestions}
    if reply.outcome is Outcome.ANSWERED:
        return "said" if cited & set(wanted) else "wrong"
    return "offered" if reply.outcome is Outcome.CLARIFY and offered & set(wanted) else reply.outcome.value


def _count(
    counts: dict[str, int], wanted: Sequence[str], plain: Reply, told: Reply, snapshot: Snapshot
) -> str:
    """Counts a case, and tells what is not as it should be."""
    if not wanted:
        counts["others"] += 1
        turned = [each.entry_id for each in plain.citations] != [each.entry_id for each in told.citations]
        counts["turned"] += turned
        return "turned" if turned else ""
    before, after = _fate(plain, wanted, snapshot), _fate(told, wanted, snapshot)
    counts["cases"] += 1
    counts["with"] += after in ("said", "offered")
    counts["with, said"] += after == "said"
    counts["without"] += before in ("said", "offered")
    return "" if after == "said" else f"{before} -> {after}"


if __name__ == "__main__":
    run(measure, __doc__)
