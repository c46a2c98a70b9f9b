"""Public sets as suites, from the folders that their authors publish, or from JSON lines of the same."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from knowledge.types import Entry
from learning.evaluation.anchors.measures import NOTHING
from learning.evaluation.layouts.faq import intent_entry
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.records import Case, Suite
from pipeline.types import Outcome, Question

Said = tuple[str, str]
"""A message and its intent; empty where it has none."""
_NO_INTENT = {"", NOTHING, "oos"}


def hint3_bots(folder: Path) -> Iterator[tuple[str, list[Said], list[Said]]]:
    """Each bot that the folder holds, with its training and its test messages."""
    for file in sorted((*folder.glob("*_train.jsonl"), *folder.glob("train/*_train.csv"))):
        bot, kind = file.stem.removesuffix("_train"), file.suffix
        test = (file.parent if kind == ".jsonl" else folder / "test") / f"{bot}_test{kind}"
        if not bot.endswith("_subset") and test.is_file():
            yield bot, [*_rows(file)], [*_rows(test)]


def clinc150(folder: Path) -> tuple[list[Said], list[Said]]:
    """Training and test messages, those out of scope among the latter. Raises `SuiteError`."""
    for whole in (folder / "data_full.json", folder / "data" / "data_full.json"):
        if whole.is_file():
            sides = _json(whole)
            return [*map(_pair, sides["train"])], [*map(_pair, (*sides["test"], *sides["oos_test"]))]
    for side in ("test", "val"):
        if (folder / f"clinc150_{side}.jsonl").is_file():
            return [*_rows(folder / "clinc150_train.jsonl")], [*_rows(folder / f"clinc150_{side}.jsonl")]
    raise SuiteError(f"{folder}: neither data_full.json nor clinc150_*.jsonl")


def stack_faq(file: Path) -> Suite:
    """Threads of a forum: a question, its answers, and what else it was asked as. Raises `SuiteError`."""
    try:
        threads = ElementTree.parse(file).getroot().iter("qapair")  # noqa: S314 (a file that its owner names)
    except ElementTree.ParseError as error:
        raise SuiteError(f"{file}: {error}") from None
    entries, cases = [], []
    for number, thread in enumerate(threads):
        answers = [text for each in thread.findall("answer") if (text := _text(each))]
        question = _text(thread.find("question"))
        if not answers or not question:
            continue
        entries.append(Entry(f"thread-{number}", question[:500], answers[0]))
        asked = [text for each in thread.findall("rephr") if (text := _text(each)) and text != "*"]
        cases += [_case(f"{number}-{row}", text, (f"thread-{number}",)) for row, text in enumerate(asked)]
    return Suite("stackfaq", tuple(entries), tuple(cases))


def suite_of(name: str, train: Iterable[Said], test: Iterable[Said]) -> Suite:
    """Each intent as an entry, its training messages as the wordings of its question."""
    wordings: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in train:
        if intent:
            wordings[intent].append(text)
    entries = {intent: intent_entry(f"{name}.{intent}", texts) for intent, texts in wordings.items()}
    cases = (
        _case(f"{name}-{number}", text, (entries[intent].id,) if intent in entries else ())
        for number, (text, intent) in enumerate(test)
    )
    return Suite(name, tuple(entries.values()), tuple(cases))


def _case(name: str, text: str, entry_ids: tuple[str, ...]) -> Case:
    return Case(name, Question(text), Outcome.ANSWERED if entry_ids else None, "anchor", entry_ids)


def _rows(file: Path) -> Iterator[Said]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        if file.suffix == ".csv":
            yield from (_pair((row["sentence"], row["label"])) for row in csv.DictReader(lines))
            return
        for row in map(json.loads, lines):
            yield _pair((row["text"], (row["intent"] if row.get("in_scope", True) else "") or ""))


def _pair(row: Iterable[str]) -> Said:
    text, intent = row
    return text.strip(), "" if intent in _NO_INTENT else intent


def _json(file: Path) -> dict[str, list[list[str]]]:
    read: dict[str, list[list[str]]] = json.loads(file.read_text("utf-8"))
    return read


def _text(element: ElementTree.Element | None) -> str:
    return " ".join("".join(element.itertext()).split()) if element is not None else ""
