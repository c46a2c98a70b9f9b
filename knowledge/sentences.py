"""Where the sentences of a text begin and end.

A stop ends a sentence unless what stands around it says otherwise: an abbreviation, an initial, a number, an
address, a small letter after it. Lines end sentences too, except where a paragraph was only wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CLOSERS = "\"'”’»)\\]}*_"
_EMOJI = "\U0001f300-\U0001faff\u2600-\u27bf\ufe0f\u200d"
_STOP = re.compile(
    rf"""(?P<mark>[.!?…]+)[{_CLOSERS}]*(?:\[\d+\])*(?:[ ]?[{_EMOJI}]+)?(?=\s|$)
       | (?P<glued>(?<=[a-z]{{2}})[.!?])(?=[A-Z][a-z]*\s)   # two sentences that lost the space between them
       | (?P<wide>[。！？]+)[{_CLOSERS}」』）]*""",
    re.VERBOSE,
)
_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(r"\s*(?:[-*•‣▪◦–—+]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_SMALL_NAME = re.compile(r"[a-z]{1,3}[A-Z]")  # mRNA, pH, iPhone may open a sentence
_INITIAL = re.compile(r"[A-Z]\.\s")
_ITEM_NUMBER = re.compile(r"(?:^|\s)\(?(\d{1,3})[.)]\s*$")
_WRAPPED_LINE = 50  # a shorter line that ends without a stop is a heading or a list item, not a wrapped line

_NEVER_LAST = frozenset(
    "mr mrs ms mx dr prof sr st rev hon gen col sgt capt lt gov sen rep vs e.g i.e cf viz approx ca fig figs"
    " vol pp eq al resp incl excl esp dept univ bldg mt ft".split()
)
_BEFORE_NUMBER = frozenset(
    "no nos nr p pp sec ch art fig vol par para rm apt ext tel fax min max ft oz lb lbs hr hrs".split()
)
_OF_THE_CALENDAR = frozenset(
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun".split()
)  # in capitals: "in the sun. 3 people" are two sentences
_MAYBE_LAST = frozenset(
    "etc inc ltd corp co jr u.s u.k e.u u.n a.m p.m ph.d m.d d.c b.c a.d ave blvd rd".split()
)
_OPENERS = frozenset(
    "the this that these those there it its they their he she his her we our you your i if in on at as"
    " a an and but so or for from to by with no not yes most many some all any each every other both"
    " such people when while where what who why how after before since because although however also"
    " still even talk ask see call get do does don't is are was were can could may might will would"
    " should".split()
)


def split_sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, trimmed."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Character spans of the sentences of `text`, in order, without surrounding white space. Every letter and
    digit is inside exactly one span; a text that is not blank has at least one."""
    spans: list[tuple[int, int]] = []
    for start, end in _paragraphs(text):
        for first, last in _sentences(text, start, end):
            if any(map(str.isalnum, text[first:last])):
                spans.append((first, last))
            elif spans and spans[-1][0] >= start:  # a lone mark or emoji belongs to what it follows
                spans[-1] = (spans[-1][0], last)
    return spans or list(_trimmed(text, 0, len(text)))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Spans of lines, joined where one was merely wrapped."""
    begun: int | None = None
    previous = (0, 0)
    for match in _LINE.finditer(text):
        line = match.span()
        if begun is not None and not _continues(text, previous, line):
            yield begun, previous[1]
            begun = None
        begun = line[0] if begun is None else begun
        previous = line
    if begun is not None:
        yield begun, previous[1]


def _continues(text: str, previous: tuple[int, int], line: tuple[int, int]) -> bool:
    before, after = text[slice(*previous)].rstrip(), text[slice(*line)]
    adjacent = line[0] - previous[1] == 1
    open_end = len(before) >= _WRAPPED_LINE and before[-1] not in ".!?…:;。！？"
    return adjacent and open_end and not _BULLET.match(after) and not after.lstrip()[:1].isupper()


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    bullet = _BULLET.match(text, start, end)
    search_from = bullet.end() if bullet else start
    number = _number(bullet.group()) if bullet else 0
    for stop in _STOP.finditer(text, search_from, end):
        if number and _number(text[start : stop.end()]) == number + 1:  # the next step, on the same line
            number += 1
        elif stop.end() < end and _ends_sentence(text, start, stop, end):
            yield from _trimmed(text, start, stop.end())
            start = stop.end()
    yield from _trimmed(text, start, end)


def _number(text: str) -> int:
    """That of an item whose number `text` ends with; 0 where it ends with none."""
    match = _ITEM_NUMBER.search(text)
    return int(match[1]) if match else 0


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if stripped := piece.strip():
        first = start + len(piece) - len(piece.lstrip())
        yield first, first + len(stripped)


def _ends_sentence(text: str, start: int, stop: re.Match[str], end: int) -> bool:
    if stop["wide"]:
        return True
    word = text[start : stop.start()].rsplit(None, 1)[-1:] or [""]
    token = word[0].lstrip("(\"'“‘[")
    if stop["glued"]:
        return not any(mark in token for mark in "/@") and not token.lower().startswith("www.")
    following = text[stop.end() : end].lstrip()
    opening = following.lstrip("(\"'“‘[«*_")
    if opening[:1].islower() and not _SMALL_NAME.match(opening):
        return False
    return stop["mark"] != "." or _full_stop_ends(token, text[start : stop.start()], following)


def _full_stop_ends(token: str, before: str, following: str) -> bool:
    """Whether a single full stop after `token` ends the sentence that reads `before`."""
    short = token.lower()
    if short in _NEVER_LAST:
        return False
    if (short in _BEFORE_NUMBER or token in _OF_THE_CALENDAR) and re.match(r"[+(#]*\d", following):
        return False
    match = re.match(r"[\w']+", following.lstrip("(\"'“‘["))
    opens = bool(match) and match.group().lower() in _OPENERS if match else False
    if short in _MAYBE_LAST or re.fullmatch(r"(?:[a-z]\.)+[a-z]", short):
        return opens
    if (
        len(token) == 1 and token.isupper()
    ):  # an initial after a name, the last letter of "hepatitis B" after a word
        earlier = before[: -len(token)].split()
        return opens or bool(earlier and earlier[-1][:1].islower() and not _INITIAL.match(following))
    return True
