"""What a turn says: each piece filtered, numbered and kept for the reply."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pipeline.message_filter import Piece, StreamFilter
from pipeline.ports import Say
from pipeline.turn import Accepted, Sentence, SentenceKind


@dataclass(slots=True)
class Speech:
    """What has been said so far. Citations are numbered in the order of their first use."""

    say: Say
    filter: StreamFilter = field(default_factory=StreamFilter)
    pieces: list[Piece] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    urgent: bool = False
    _apart: bool = False

    def filtered(self, sentence: Sentence) -> Sentence:
        """The sentence as it may be shown; what is checked is this text, so that it is what is said."""
        return replace(sentence, text=(self.filter.feed(sentence.text) + self.filter.flush()).strip())

    def next_draft(self) -> None:
        """Forgets a think block that the last draft left open."""
        self.filter = StreamFilter()

    def begin_paragraph(self) -> None:
        """What is said next stands apart from what was said so far."""
        self._apart = True

    async def say_house(self, text: str) -> None:
        """Says a text of the house as a paragraph of its own."""
        self.begin_paragraph()
        await self.speak(Sentence(text, kind=SentenceKind.HOUSE))
        self.begin_paragraph()

    async def speak(self, sentence: Sentence, cited: tuple[Accepted, ...] = ()) -> None:
        """Says a piece, its marks behind it, and what sets it off before it if anything was said already."""
        numbered = tuple(
            (self.numbers.setdefault(item.hit.entry.id, len(self.numbers) + 1), item) for item in cited
        )
        before = "" if not self.pieces else "\n\n" if self._apart else sentence.before
        self._apart = False
        marks = "".join(f" [{number}]" for number, _ in numbered)
        text = before + sentence.text + ("\n\n" if marks and sentence.apart else "") + marks
        self.pieces.append(Piece(text, len(before), len(before) + len(sentence.text), numbered))
        await self.say(text)
