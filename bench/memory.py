"""How well it is read off messages what to remember.

    python -m bench.memory tests/data/memory_dev.yaml [--misses]

The file holds, by the name of a knowledge base of the seeds, messages and what is to be remembered of each
(see its head). An item is right where it is about the same person and its value has the words that are
expected. Prints precision and recall, with 95 % Wilson intervals, and by knowledge base.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.compose.adapters import ServingEncoder
from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.types import load_encoder
from knowledge.importing.paths import parse_path
from knowledge.releases.calibration import read_background
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Calibration, Entry, Snapshot
from pipeline.english.language import stem
from pipeline.memory.items import Item
from pipeline.memory.reading import MemoryReader

SEEDS = Path(__file__).parent.parent / "seeds"
TODAY = date(2026, 11, 29)


def entries_of(name: str) -> Sequence[Entry]:
    """The entries of a knowledge base of the seeds. Raises `OSError`, or `StopIteration` for none."""
    if name == "vaccines":
        return parse_path(SEEDS / "kb").entries
    for part in ("dev", "held", "neighbours"):
        if (file := SEEDS / "practical" / part / name / "kb.jsonl").is_file():
            return parse_path(file).entries
    file = next((SEEDS / "practice").rglob(f"{name}.yaml"))
    told = yaml.safe_load(file.read_text("utf-8"))["entries"]
    return [Entry(each["id"], each["question"], each["answer"]) for each in told]


def is_right(item: Item, expected: str) -> bool:
    about, _, words = expected.rpartition(": ")
    ends = words.startswith("-")
    if item.ends is not ends or not (item.about == about or (about and item.about.split()[-1:] == [about])):
        return False
    wanted = {stem(word) for word in re.findall(r"\w+", words.lower())}
    return wanted <= {stem(word) for word in re.findall(r"\w+", f"{item.value} {item.fact}".lower())}


class One:
    """A knowledge base that is one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.current = snapshot


async def measure(rows_by_name: Mapping[str, Sequence[Sequence[str]]], *, misses: bool) -> None:
    loaded = load_encoder(str(SEEDS / "models" / "retriever"), Path("var"), 1)
    encoder = ServingEncoder(BatchedEncoder(loaded))
    background = loaded.encode(read_background(SEEDS))
    totals = [0, 0, 0]
    for name, rows in rows_by_name.items():
        snapshot = LocalSnapshot.of(entries_of(name), loaded.encode, Calibration(background=background))
        knowledge = One(snapshot)
        read = MemoryReader(encoder, knowledge)
        counts = [0, 0, 0]
        for message, *expected in rows:
            found = await read(message, TODAY)
            right, open_ = 0, [each for each in expected if not each.startswith("?")]
            maybe = [each.removeprefix("?") for each in expected if each.startswith("?")]
            wrong = []
            for item in found:
                if hit := next((each for each in open_ if is_right(item, each)), None):
                    open_.remove(hit)
                    right += 1
                elif not any(is_right(item, each) for each in maybe):
                    wrong.append(item)
            seen = (right, len(wrong), len(open_))
            counts = [total + one for total, one in zip(counts, seen, strict=True)]
            if misses and (wrong or open_):
                print(f"  {message!r}: wrong {[(i.about, i.value, i.ends) for i in wrong]} missed {open_}")
        print(f"{name:26} right {counts[0]:3} wrong {counts[1]:3} missed {counts[2]:3}")
        totals = [total + one for total, one in zip(totals, counts, strict=True)]
    precision, recall = (_share(totals[0], totals[0] + lost) for lost in totals[1:])
    print(f"precision {precision}  recall {recall}")
    await encoder.close()


def _share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    share, z = part / whole, 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z / (1 + z * z / whole) * ((share * (1 - share) / whole + z * z / (4 * whole * whole)) ** 0.5)
    return f"{share:.3f} [{middle - half:.3f}, {middle + half:.3f}] ({part}/{whole})"


def run(measure: Callable[..., Coroutine[Any, Any, None]], told: str | None) -> None:
    """A measurement of the file of messages that the command line names."""
    parser = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--misses", action="store_true")
    given = parser.parse_args()
    asyncio.run(measure(yaml.safe_load(given.file.read_text("utf-8")), misses=given.misses))


if __name__ == "__main__":
    run(measure, __doc__)
