"""How well the grounding check tells faithful sentences from altered ones.

    python -m bench.grounding --kb seeds/kb --data PATH

`--kb`: entries whose sentences are altered (number, negation, name, invented tail, opposite, limit dropped)
and lightly reworded. `--data`: a folder with `healthver/` and `grounded/`, labelled by people. Prints one
line a set: AUROC, the shares of faithful and of unfaithful sentences that pass, and the calibration error
with both counted alike. The alterations swap words by tables that the check's rules share, so their figures
test the rules and forecast nothing; claims in other words are what `--data` measures. Then, over all
labelled sets, how many sentences of each probability were faithful.
With `--fit` it prints the weights of the support model instead, fitted on reworded and altered sentences and
on the sets whose licence allows it (not `healthver`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.types import load_encoder
from knowledge.importing.paths import parse_path
from knowledge.sentences import split_sentences
from knowledge.types import Entry, Hit, Passage, View
from learning.evaluation.alterations import NAME, alterations, rewordings
from learning.evaluation.statistics.statistics import auroc
from learning.training.retrieval.shipped_weights import shipped_encoder
from pipeline.english.evidence_text import evidence_text
from pipeline.english.language import content_words
from pipeline.stages.grounding.contradictions import find_contradiction
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck, is_verbatim
from pipeline.turn import Accepted, Evidence, SearchQuery, Sentence, Verdict
from pipeline.types import TurnContext
from pipeline.voice import REQUIRED, HouseVoice

LICENSED = ("wice", "begin", "faithdial", "halueval")  # weights that ship may be fitted on these
BANDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.01)
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


def fitted_on(data: Path, kinds: Mapping[str, Sequence[Sample]]) -> list[Sequence[Sample]]:
    altered = [sample for kind in set(kinds) - {"verbatim", "reworded", "tail"} for sample in kinds[kind]]
    labelled = labelled_samples(data)
    return [altered, kinds["reworded"], kinds["tail"], *(labelled[name] for name in LICENSED)]


async def fit(check: SpecialistGroundingCheck, sets: Sequence[Sequence[Sample]]) -> str:
    """The weights of the support model; every set counts the same, as do faithful and unfaithful."""
    from sklearn.linear_model import LogisticRegression

    rows, truths, weights = [], [], []
    for samples in sets:
        judged = []
        for text, entry, truth in samples:
            cited = evidence_text((entry,))
            if content_words(text) and cited.sentences and not is_verbatim(text.strip(), entry.answer):
                conflict = find_contradiction(text, cited)
                judged.append((await check.features(text, cited, conflict, TurnContext()), truth))
        rows += [row for row, _ in judged]
        truths += [truth for _, truth in judged]
        weights += [1 / len(judged)] * len(judged)
    names = sorted(rows[0])
    share = {
        truth: sum(w for w, t in zip(weights, truths, strict=True) if t is truth) for truth in (True, False)
    }
    balanced = [len(rows) * w / (2 * share[t]) for w, t in zip(weights, truths, strict=True)]
    model = LogisticRegression(max_iter=2000)
    model.fit([[row[name] for name in names] for row in rows], truths, sample_weight=balanced)
    fitted = dict(zip(names, model.coef_[0].round(2).tolist(), strict=True))
    return f"weights {fitted} bias {model.intercept_[0]:.2f}"


async def judge(check: SpecialistGroundingCheck, samples: Sequence[Sample]) -> list[Verdict]:
    return [await check(Sentence(text, (1,)), evidence_of(entry)) for text, entry, _ in samples]


def line(name: str, faithful: Sequence[Verdict], unfaithful: Sequence[Verdict]) -> str:
    truth = [True] * len(faithful) + [False] * len(unfaithful)
    area = float(auroc([v.probability for v in (*faithful, *unfaithful)], truth))
    passing = [sum(v.supported for v in group) / len(group) for group in (faithful, unfaithful)]
    return (
        f"{name:<12} n={len(faithful):>4}/{len(unfaithful):<5} AUROC {area:.3f}"
        f"  faithful passed {passing[0]:.3f}  unfaithful passed {passing[1]:.3f}"
        f"  calibration error {balanced_error(faithful, unfaithful):.3f}"
    )


def balanced_error(faithful: Sequence[Verdict], unfaithful: Sequence[Verdict]) -> float:
    """The calibration error of as many faithful sentences as unfaithful ones."""
    total = 0.0
    for low, high in pairwise(BANDS):
        held = [
            sum(low <= v.probability < high for v in group) / (2 * len(group))
            for group in (faithful, unfaithful)
        ]
        expected = sum(
            v.probability / (2 * len(group))
            for group in (faithful, unfaithful)
            for v in group
            if low <= v.probability < high
        )
        total += abs(held[0] - expected)
    return total


def bands(verdicts: Sequence[tuple[Verdict, bool]]) -> Iterator[str]:
    """How many sentences got which probability, and the share of them that is faithful."""
    for low, high in pairwise(BANDS):
        truths = [truth for verdict, truth in verdicts if low <= verdict.probability < high]
        if truths:
            share = sum(truths) / len(truths)
            yield f"probability {low:.1f} to {min(high, 1.0):.1f}: n={len(truths):<5} faithful {share:.3f}"


SILENT = HouseVoice({}, (), (), dict.fromkeys(REQUIRED, ("-",)))
"""A house without phrases: claims alone are measured."""


async def report(arguments: argparse.Namespace) -> None:
    encoder = BatchedEncoder(load_encoder(shipped_encoder(), arguments.models))
    check = SpecialistGroundingCheck(encoder, SILENT)
    entries = random.Random(7).sample(  # noqa: S311
        entries := list(parse_path(arguments.kb).entries), min(arguments.entries, len(entries))
    )
    kinds = altered_samples(entries)
    if arguments.fit:
        print(await fit(check, fitted_on(arguments.data, kinds)))
        return
    verdicts = {kind: await judge(check, samples) for kind, samples in kinds.items()}
    reworded = verdicts.pop("reworded")
    print(
        f"reworded     n={len(reworded):>4}  passed {sum(v.supported for v in reworded) / len(reworded):.3f}"
    )
    faithful = verdicts.pop("verbatim") + reworded
    for kind, unfaithful in sorted(verdicts.items()):
        print(line(kind, faithful, unfaithful))
    print(line("altered", faithful, [verdict for group in verdicts.values() for verdict in group]))
    labelled = labelled_samples(arguments.data) if arguments.data else {}
    pooled: list[tuple[Verdict, bool]] = []
    for name, samples in labelled.items():
        judged = list(zip(await judge(check, samples), (truth for *_, truth in samples), strict=True))
        print(line(name, *([v for v, truth in judged if truth is label] for label in (True, False))))
        pooled += judged
    print(*bands(pooled), sep="\n")
    await encoder.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kb", type=Path, default=Path("seeds/kb"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fit", action="store_true", help="print the fitted weights instead")
    parser.add_argument("--entries", type=int, default=120, help="how many entries of the KB to alter")
    parser.add_argument("--models", type=Path, default=Path("var"), help="where the encoder is cached")
    asyncio.run(report(parser.parse_args()))


if __name__ == "__main__":
    main()
