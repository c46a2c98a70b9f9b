"""How well the grounding check tells faithful sentences from altered ones.

    python -m bench.grounding --kb seeds/kb --data PATH

`--kb`: entries whose sentences are altered (number, negation, name, invented tail, opposite, limit dropped)
and lightly reworded. `--data`: a folder with `healthver/` and `grounded/`, labelled by people. Prints one
line a set: AUROC, the share of faithful sentences that pass, and the share of unfaithful ones that pass.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.alterations import NAME, alterations, rewordings
from knowledge.batching import BatchedEncoder
from knowledge.encoder import DEFAULT_ENCODER, load_encoder
from knowledge.importing import parse_path
from knowledge.types import Entry, Hit, Passage, View
from pipeline.stages.grounding_check import SpecialistGroundingCheck
from pipeline.stages.language import split_sentences
from pipeline.turn import Accepted, Evidence, SearchQuery, Sentence, Verdict

Sample = tuple[str, Entry, bool]  # a sentence, the entry it cites, whether it is faithful


def evidence_of(entry: Entry) -> Evidence:
    passage = Passage(entry.id, View.QUESTION, entry.question, 0, len(entry.question))
    hit = Hit(entry, passage, 1.0, 1.0, 1.0, 1.0)
    return Evidence(SearchQuery(entry.question), (Accepted(hit, 1.0),))


def altered_samples(entries: Sequence[Entry], seed: int = 7) -> Mapping[str, list[Sample]]:
    """Samples by kind; "verbatim" and "reworded" are the faithful ones."""
    rng = random.Random(seed)  # noqa: S311
    names = sorted({name for entry in entries for name in NAME.findall(entry.answer) if len(name) > 3})
    kinds: dict[str, list[Sample]] = defaultdict(list)
    for entry in entries:
        for sentence in split_sentences(entry.answer):
            if len(sentence.split()) < 4:
                continue
            kinds["verbatim"].append((sentence, entry, True))
            kinds["reworded"] += [(text, entry, True) for text in rewordings(sentence)]
            for kind, text in alterations(sentence, names, rng):
                kinds[kind].append((text, entry, False))
    return kinds


def labelled_samples(data: Path) -> Mapping[str, list[Sample]]:
    """The sets labelled by people; partly supported and neutral claims count as unfaithful."""
    sets = {
        "healthver": [
            (row["claim"], _entry([row["evidence"]]), row["label"] == "Supports")
            for row in _rows(data / "healthver/healthver_dev.jsonl")
        ],
        "wice": [
            (row["claim"], _entry(row["evidence"]), row["label"] == "supported")
            for row in _rows(data / "grounded/wice_dev.jsonl")
        ],
        "begin": [
            (row["response"], _entry([row["knowledge"]]), row["label"] == "Fully attributable")
            for row in _rows(data / "grounded/begin_wow_dev.jsonl")
        ],
        "faithdial": [
            (row["response"], _entry([row["knowledge"]]), not row["hallucinated"])
            for row in _rows(data / "grounded/faithdial_audit_dev.jsonl")
            if "generic" not in row["labels"] and "uncooperative" not in row["labels"]
        ],
    }
    sets["halueval"] = [
        sample
        for row in _rows(data / "grounded/halueval_qa_dev.jsonl")
        for entry in [_entry([row["knowledge"]], row["question"])]
        for sample in [
            (row["right_answer"], entry, True),
            *((wrong, entry, False) for wrong in row["hallucinated_answers"]),
        ]
    ]
    return sets


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _entry(sentences: Sequence[str], question: str = "What is known?") -> Entry:
    return Entry("evidence", question, "\n".join(sentences))


async def judge(check: SpecialistGroundingCheck, samples: Sequence[Sample]) -> list[Verdict]:
    return [await check(Sentence(text, (1,)), evidence_of(entry)) for text, entry, _ in samples]


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def line(name: str, faithful: Sequence[Verdict], unfaithful: Sequence[Verdict]) -> str:
    area = auroc([v.probability for v in faithful], [v.probability for v in unfaithful])
    passing = [sum(v.supported for v in group) / len(group) for group in (faithful, unfaithful)]
    return (
        f"{name:<12} n={len(faithful):>4}/{len(unfaithful):<5} AUROC {area:.3f}"
        f"  faithful passed {passing[0]:.3f}  unfaithful passed {passing[1]:.3f}"
    )


async def report(arguments: argparse.Namespace) -> None:
    encoder = BatchedEncoder(load_encoder(DEFAULT_ENCODER, arguments.models))
    check = SpecialistGroundingCheck(encoder, frozenset())
    entries = random.Random(7).sample(  # noqa: S311
        entries := list(parse_path(arguments.kb).entries), min(arguments.entries, len(entries))
    )
    kinds = altered_samples(entries)
    verdicts = {kind: await judge(check, samples) for kind, samples in kinds.items()}
    faithful = verdicts.pop("verbatim") + verdicts.pop("reworded")
    for kind, unfaithful in sorted(verdicts.items()):
        print(line(kind, faithful, unfaithful))
    for name, samples in (labelled_samples(arguments.data) if arguments.data else {}).items():
        judged = await judge(check, samples)
        groups = {
            label: [verdict for verdict, (_, _, truth) in zip(judged, samples, strict=True) if truth is label]
            for label in (True, False)
        }
        print(line(name, groups[True], groups[False]))
    await encoder.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kb", type=Path, default=Path("seeds/kb"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--entries", type=int, default=120, help="how many entries of the KB to alter")
    parser.add_argument("--models", type=Path, default=Path("var"), help="where the encoder is cached")
    asyncio.run(report(parser.parse_args()))


if __name__ == "__main__":
    main()
