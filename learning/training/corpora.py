"""What retrievers and judges learn from: knowledge bases with messages that people put to them."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from knowledge.importing.paths import parse_path
from knowledge.shipped_seeds import SHIPPED_SEEDS
from knowledge.types import Entry
from learning.training.config import TrainingFailed

_OWN = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Asked:
    """A message and the ids of all entries that answer it, the best one first."""

    message: str
    entry_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """One knowledge base with its messages. `wordings` are other texts of an entry, which are not searched;
    `related` its near duplicates. `unanswerable` messages are on topic but answered by no entry, each with
    the id of the entry that it nearly asks for, or an empty id. `probes` are real messages, never to be
    trained on."""

    name: str
    licence: str
    entries: Mapping[str, Entry]
    asked: tuple[Asked, ...]
    wordings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    related: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unanswerable: tuple[tuple[str, str], ...] = ()
    probes: tuple[Asked, ...] = ()


def read_corpora(source: str, data: Path) -> list[Corpus]:
    """The corpora of a source, from the data folder or, for `seeds` and `practice`, from our own seeds; a
    practice file is a corpus of its own. Raises `TrainingFailed`."""
    if source not in _SOURCES:
        raise TrainingFailed(f"{source!r} is no source of examples; there are {', '.join(sorted(_SOURCES))}")
    try:
        return _SOURCES[source](data)
    except (OSError, LookupError, TypeError, ValueError, yaml.YAMLError) as error:
        raise TrainingFailed(f"the examples of {source} cannot be read below {data}: {error}") from error


def is_held_back(entry_id: str, seed: int, share: float) -> bool:
    """Whether an entry belongs to the part that is measured on: the same part for every model trained with
    this seed, whatever else is in its data."""
    digest = hashlib.sha256(f"{seed}:{entry_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def _vaccine_faq(data: Path) -> list[Corpus]:
    folder = data / "vaccine_faq"
    rows = [*_rows(folder / "kb.jsonl")]
    messages = [*_rows(folder / "queries_dev.jsonl")]
    real = _rows(folder / "real_user_dev.jsonl")
    return [
        Corpus(
            name="vaccine_faq",
            licence="Apache-2.0, CDLA-Sharing-1.0",
            entries=_entries(rows),
            asked=_asked(row for row in messages if row["kind"] in {"crowd", "crowd_or_log"}),
            wordings={row["id"]: (row["concern"], row["headline"]) for row in rows},
            related={row["id"]: frozenset(row.get("related_ids") or ()) for row in rows},
            unanswerable=tuple(
                (row["query"], "") for row in messages if row["kind"] == "in_domain_no_kb_answer"
            ),
            probes=_asked(row for row in real if row["label"] == "answerable"),
        )
    ]


def _covid_faq(data: Path) -> list[Corpus]:
    entries = _entries(_rows(data / "covid_faq/kb.jsonl"))
    asked = _asked(_rows(data / "covid_faq/queries_dev.jsonl")) + _own_questions(entries)
    return [Corpus("covid_faq", "Apache-2.0", entries, asked)]


def _medquad(data: Path) -> list[Corpus]:
    entries = _entries(_rows(data / "medquad_liveqa/kb.jsonl"))
    return [Corpus("medquad", "CC-BY-4.0", entries, _own_questions(entries))]


def _seeds(_data: Path) -> list[Corpus]:
    entries = {entry.id: entry for entry in parse_path(SHIPPED_SEEDS / "kb").entries}
    asked = tuple(
        Asked(message, (entry.id,))
        for entry in entries.values()
        for message in (*entry.alternates, *entry.misconceptions)
    )
    bare = {key: Entry(key, entry.question, entry.answer, entry.topic) for key, entry in entries.items()}
    return [Corpus("seeds", _OWN, bare, asked)]


def _practice(_data: Path) -> list[Corpus]:
    files = (SHIPPED_SEEDS / "practice").rglob("*.yaml")
    return [_practice_corpus(file) for file in sorted(files, key=lambda file: file.stem)]


def _practice_corpus(file: Path) -> Corpus:
    entries = yaml.safe_load(file.read_text("utf-8"))["entries"]
    return Corpus(
        name=f"practice/{file.stem}",
        licence=_OWN,
        entries=_entries(entries),
        asked=tuple(Asked(message, (row["id"],)) for row in entries for message in row["asked"]),
        unanswerable=tuple((message, row["id"]) for row in entries for message in row["near_misses"]),
    )


def _practical(_data: Path) -> list[Corpus]:
    folders = [
        *(SHIPPED_SEEDS / "practical/dev").iterdir(),
        *(SHIPPED_SEEDS / "practical/neighbours").iterdir(),
    ]
    return [_practical_corpus(folder) for folder in sorted(folders)]


def _practical_corpus(folder: Path) -> Corpus:
    """Messages that ask one thing and make sense alone."""
    rows = [row for row in _rows(folder / "questions.jsonl") if not row.get("history") and not row.get("all")]
    rows = [row for row in rows if row["kind"] != "half"]
    return Corpus(
        name=f"practical/{folder.name}",
        licence=_OWN,
        entries={entry.id: entry for entry in parse_path(folder / "kb.jsonl").entries},
        asked=(),
        unanswerable=tuple((row["message"], "") for row in rows if not row.get("entry_ids")),
        probes=tuple(Asked(row["message"], tuple(row["entry_ids"])) for row in rows if row.get("entry_ids")),
    )


def _intents(file: str, name: str, licence: str) -> Callable[[Path], list[Corpus]]:
    """Intents as entries without an answer: their messages paraphrase one another."""

    def read(data: Path) -> list[Corpus]:
        messages: defaultdict[str, list[str]] = defaultdict(list)
        for row in _rows(data / "topic_gate" / file):
            if row["intent"] != "oos":
                messages[row["intent"]].append(row["text"])
        entries = {intent: Entry(intent, intent.replace("_", " "), "") for intent in messages}
        asked = tuple(Asked(text, (intent,)) for intent, texts in messages.items() for text in texts)
        return [Corpus(name, licence, entries, asked)]

    return read


_SOURCES: Mapping[str, Callable[[Path], list[Corpus]]] = {
    "vaccine_faq": _vaccine_faq,
    "covid_faq": _covid_faq,
    "medquad": _medquad,
    "seeds": _seeds,
    "practice": _practice,
    "practical": _practical,
    "banking77": _intents("banking77_train.jsonl", "banking77", "CC-BY-4.0"),
    "clinc150": _intents("clinc150_train.jsonl", "clinc150", "CC-BY-3.0"),
}


def _rows(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _entries(rows: Iterator[Any] | Sequence[Any]) -> dict[str, Entry]:
    return {row["id"]: Entry(row["id"], row["question"].strip(), row["answer"].strip()) for row in rows}


def _asked(rows: Iterator[Any]) -> tuple[Asked, ...]:
    return tuple(Asked(row["query"], tuple(row["kb_ids"])) for row in rows if row["kb_ids"])


def _own_questions(entries: Mapping[str, Entry]) -> tuple[Asked, ...]:
    """Each entry's own question, which is then to be matched with its answer."""
    return tuple(Asked(entry.question, (entry.id,)) for entry in entries.values())
