"""How well the rewriter tells what stands alone, and what its queries find.

    python -m bench.rewriting DATA [ENCODER_DIR]

DATA holds `rewriting/dev_*.jsonl` (conversational questions with a human rewrite) and `mtrag/` (tasks with
gold passages). The shipped rewriter was trained on the first: its figures there are those of training.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.encoders.model_card import read_card
from knowledge.encoders.types import DEFAULT_ENCODER, TextEncoder, load_encoder
from knowledge.importing.paths import parse_path
from knowledge.index.lexical import LexicalIndex
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.word_list import whole_words
from learning.evaluation.layouts.suites import load_suite
from learning.training.rewrites import Rewrite, read_rewrites
from pipeline.english.normalising import Slang
from pipeline.stages.rewriting.query_rewriter import SpecialistQueryRewriter
from pipeline.stages.rewriting.term_resolution import TermResolver
from pipeline.types import Message, Question, Role

SEEDS = Path(__file__).parent.parent / "seeds"
SETS = ("dev_canard", "dev_cast_ikat", "dev_mtrag")
LEXICAL_WEIGHT = 0.3


def history_of(row: dict[str, Any]) -> tuple[Message, ...]:
    """The public messages before a question."""
    turns = [turn for turn in row["history"] if turn["role"] in set(Role)]
    return tuple(Message(Role(turn["role"]), turn["text"]) for turn in turns)


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True, slots=True)
class _Fixed:
    current: LocalSnapshot


@dataclass(frozen=True, slots=True)
class Bench:
    rewriter: SpecialistQueryRewriter
    snapshot: LocalSnapshot
    encoder: TextEncoder

    async def queries(self, questions: Sequence[Question]) -> list[str]:
        return [(await self.rewriter(question)).text for question in questions]

    async def unchanged(self, rows: Sequence[Rewrite]) -> None:
        """How often a message is left alone, by whether a human left it alone."""
        started = time.perf_counter()
        texts = await self.queries([Question(row.text, row.history) for row in rows])
        spent = (time.perf_counter() - started) / len(rows) * 1000
        same = np.array([text == row.text.strip() for text, row in zip(texts, rows, strict=True)], dtype=bool)
        wanted = np.array([row.needed for row in rows])
        later = np.array([bool(row.history) for row in rows])
        print(f"rewriting: {len(rows)} questions, {spent:.2f} ms each")
        print(f"  standing alone, unchanged: {same[~wanted].mean():.3f} of {(~wanted).sum()}")
        print(f"  of these with a history:   {same[~wanted & later].mean():.3f} of {(~wanted & later).sum()}")
        needy = wanted & later
        print(f"  needing history, rewritten: {(~same[needy]).mean():.3f} of {needy.sum()}")
        human = self.encoder.encode([row.rewrite for row in rows])[needy]
        for name, queries in (("raw", [row.text for row in rows]), ("ours", texts)):
            cosines = (self.encoder.encode(queries)[needy] * human).sum(axis=1)
            print(f"  cosine to the human rewrite, {name}: {cosines.mean():.3f}")

    async def passages(self, folder: Path) -> None:
        """Recall at 5 of MTRAG's gold passages; `human` where there is a human rewrite."""
        passages = _rows(folder / "kb_dev.jsonl")
        tasks = [task for task in _rows(folder / "tasks_dev.jsonl") if _multi_turn(task)]
        ours = await self.queries([Question(task["question"], history_of(task)) for task in tasks])
        rewritten = np.array([bool(task["rewrite"]) for task in tasks])
        vectors = self.encoder.encode([passage["text"] for passage in passages])
        lexical = LexicalIndex.build([passage["text"] for passage in passages])
        ids = np.array([passage["id"] for passage in passages])
        print(f"mtrag R@5 (dense, BM25, both): {len(tasks)} tasks, {rewritten.sum()} with a human rewrite")
        raw = [task["question"] for task in tasks]
        human = [task["rewrite"] or task["question"] for task in tasks]
        for name, queries in (("raw", raw), ("ours", ours), ("human", human)):
            words = np.array([lexical.scores(query) for query in queries])
            meaning = self.encoder.encode(queries) @ vectors.T
            recalls = [
                _recalls(scores, ids, tasks) for scores in (meaning, words, meaning + LEXICAL_WEIGHT * words)
            ]
            every, some = (
                " ".join(f"{recall[rows].mean():.3f}" for recall in recalls)
                for rows in (slice(None), rewritten)
            )
            print(f"  {name:5}  all {every if name != 'human' else '-':18} with a human rewrite {some}")

    async def seeds(self) -> None:
        """First and among five on the gold conversations of the seeds, retrieval alone."""
        gold = [each for each in load_suite(SEEDS / "gold").cases if each.question.history and each.entry_ids]
        ours = await self.queries([each.question for each in gold])
        for kind in sorted({each.kind for each in gold}):
            chosen = [
                (each, query, self._found(each.question.text), self._found(query))
                for each, query in zip(gold, ours, strict=True)
                if each.kind == kind
            ]
            used = sum(query != each.question.text for each, query, _, _ in chosen)
            print(f"seeds, {kind}: {len(chosen)} questions, {used} rewritten")
            for name, found in (("raw", [row[2] for row in chosen]), ("ours", [row[3] for row in chosen])):
                wanted = [set(row[0].entry_ids) for row in chosen]
                first = np.mean([ids[0] in right for ids, right in zip(found, wanted, strict=True)])
                five = np.mean([bool(right & set(ids)) for ids, right in zip(found, wanted, strict=True)])
                print(f"  {name:5}  right first {first:.3f}  among five {five:.3f}")

    def _found(self, query: str) -> list[str]:
        return [hit.entry.id for hit in self.snapshot.search(query, self.encoder.encode([query])[0], 5)]


def _multi_turn(task: dict[str, Any]) -> bool:
    return bool(task["history"] and task["gold_passage_ids"])


def _recalls(
    scores: NDArray[np.floating[Any]], ids: NDArray[np.str_], tasks: Sequence[dict[str, Any]]
) -> NDArray[np.float64]:
    best = ids[np.argsort(-scores, axis=1)[:, :5]]
    gold = [set(task["gold_passage_ids"]) for task in tasks]
    return np.array(
        [len(right & set(top)) / min(5, len(right)) for right, top in zip(gold, best, strict=True)]
    )


async def main(data: Path, encoder_dir: Path) -> None:
    encoder = load_encoder(DEFAULT_ENCODER, encoder_dir)
    snapshot = LocalSnapshot.of(parse_path(SEEDS / "kb").entries, encoder.encode)
    rewriter = SpecialistQueryRewriter(
        _Fixed(snapshot),
        TermResolver.of(read_card(SEEDS / "models" / "rewriter").weights),
        Slang.load(SEEDS / "slang.yaml"),
        lambda: whole_words(encoder.info.path),
    )
    bench = Bench(rewriter, snapshot, encoder)
    await bench.unchanged(read_rewrites(data / "rewriting", SETS))
    await bench.passages(data / "mtrag")
    await bench.seeds()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(*sys.argv[2:3]) if sys.argv[2:] else Path("var")))
