"""Headings and what stands between them as sections, each under its headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from knowledge.documents.parts import is_question, unnumbered
from knowledge.documents.types import Part, Section

_MOST_HEADINGS = 6


def sections_of(parts: Iterable[Part]) -> tuple[Section, ...]:
    """One section for each heading that has text of its own. What stands under a heading that asks is its
    answer, with the headings in it that ask nothing themselves. A question that is asked twice is told apart
    by the headings above it."""
    reader = _Reader()
    for part in parts:
        reader.take(part)
    return tuple(_told_apart([*reader.finish()]))


@dataclass(slots=True)
class _Reader:
    """Where in the document we are: the open headings with their levels, and the text under them so far."""

    open: list[tuple[int, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    page: int | None = None
    done: list[Section] = field(default_factory=list)
    resumes: bool = False  # the open heading had sections under it, and its own text goes on

    def take(self, part: Part) -> None:
        if not part.level:
            self.page = self.page or part.page
            self.texts.append(part.text)
        elif self._belongs_to_an_answer(part):
            self.page = self.page or part.page
            self.texts.append(f"{'#' * min(part.level, 6)} {part.text}")
        else:
            self._close()
            self.page = part.page
            self.open = [each for each in self.open if each[0] < part.level][: _MOST_HEADINGS - 1]
            self.resumes = not part.text
            if part.text:
                self.open.append((part.level, part.text))

    def finish(self) -> Iterable[Section]:
        self._close()
        return self.done

    def _belongs_to_an_answer(self, part: Part) -> bool:
        if not self.open or not part.text:
            return False
        level, text = self.open[-1]
        return is_question(text) and part.level > level and not is_question(part.text)

    def _close(self) -> None:
        text = "\n\n".join(self.texts).strip("\n")
        path = tuple(text for _, text in self.open)
        begun = [at for at, each in enumerate(self.done) if each.path == path] if self.resumes else []
        if text.strip() and begun:
            earlier = self.done[begun[-1]]
            self.done[begun[-1]] = replace(earlier, text=f"{earlier.text}\n\n{text}")
        elif text.strip():
            self.done.append(Section(path, text, self.page, bool(path) and is_question(path[-1])))
        self.texts = []
        self.page = None


def _told_apart(sections: list[Section]) -> Iterator[Section]:
    asked = Counter(section.path[-1].casefold() for section in sections if section.asks)
    for section in sections:
        if section.asks and asked[section.path[-1].casefold()] == 1:
            yield replace(section, path=(*section.path[:-1], unnumbered(section.path[-1])))
        else:
            yield replace(section, asks=False)
