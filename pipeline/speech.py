"""What a turn says: each piece filtered, numbered and kept for the reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline.message_filter import Piece, StreamFilter
from pipeline.ports import Say
from pipeline.turn import Accepted, Evidence, Sentence


@dataclass(slots=True)
class Speech:
    """What has been said so far. Citations are numbered in the order of their first use."""

    say: Say
    filter: StreamFilter = field(default_factory=StreamFilter)
    pieces: list[Piece] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def filtered(self, sentence: Sentence) -> Sentence:
        """The sentence as it may be shown; what is checked is this text, so that it is what is said."""
        return replace(sentence, text=(self.filter.feed(sentence.text) + self.filter.flush()).strip())

    def cites(self, item: Accepted) -> bool:
        return item.hit.entry.id in self.numbers

    def cites_all(self, evidence: Evidence) -> bool:
        return all(map(self.cites, evidence.accepted))

    def next_draft(self) -> None:
        """Forgets a think block that the last draft left open."""
        self.filter = StreamFilter()

    async def speak(self, text: str, cited: tuple[Accepted, ...] = ()) -> None:
        numbered = tuple(
            (self.numbers.setdefault(item.hit.entry.id, len(self.numbers) + 1), item) for item in cited
        )
        start = 1 if self.pieces else 0
        markers = "".join(f" [{number}]" for number, _ in numbered)
        piece = Piece(" " * start + text + markers, start, start + len(text), numbered)
        self.pieces.append(piece)
        await self.say(piece.text)
