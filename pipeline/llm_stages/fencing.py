"""What people wrote, fenced as data: no text can end its own fence, and none is longer than it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.blocks import read_blocks, spoken_forms
from knowledge.sentences import split_sentences
from knowledge.types import Hit, View
from pipeline.english.language import content_stems
from pipeline.types import Message, Question, Role

_FENCE = re.compile(r"<(?=\s*/?\s*(?:message|conversation|passage|known|manner|sentence|question)\b)", re.I)
_TOKEN = re.compile(r"<\|[^|<>\n]{0,40}\|>|\[/?INST\]|</?s>", re.I)  # chat templates of model families
MESSAGE_WORDS = 300
PAST_WORDS = 60
PAST_MESSAGES = 6
PASSAGE_WORDS = 160
LONGEST_WORDS = 2000
"""Of a passage: a block is not cut unless it is longer than what a small model can read."""


def fenced(name: str, text: str, words: int, number: int | None = None) -> str:
    """`text`, at most so many words of it, between tags of `name`."""
    label = name if number is None else f"{name} {number}"
    return f"<{label}>\n{cut(_FENCE.sub('(', _TOKEN.sub(' ', text)), words)}\n</{name}>"


def cut(text: str, words: int) -> str:
    """The first `words` words; the white space between them stays."""
    found = list(re.finditer(r"\S+", text))
    return text.strip() if len(found) <= words else f"{text[: found[words - 1].end()].strip()} …"


def conversation(question: Question) -> list[str]:
    """The last messages before this one, as a block; nothing where there are none."""
    past = question.history[-PAST_MESSAGES:]
    return (
        [fenced("conversation", "\n".join(map(_line, past)), (PAST_WORDS + 2) * PAST_MESSAGES)]
        if past
        else []
    )


def message(question: Question) -> str:
    return fenced("message", question.text, MESSAGE_WORDS)


def passages(hits: Sequence[Hit], words: int = PASSAGE_WORDS) -> list[str]:
    """Each hit's entry, of a long one whole blocks around the piece that was found; numbered from 1."""
    return [
        fenced("passage", f"[{number}] {_text(hit, words)}", LONGEST_WORDS, number)
        for number, hit in enumerate(hits, 1)
    ]


def sharing_most(text: str, others: Sequence[str], words: int) -> str:
    """The sentences of a text that share most content words with the other texts, in reading order, together
    at most so many words. Empty where no sentence shares any."""
    wanted = content_stems(*others)
    sentences = split_sentences(text)
    shared = [len(wanted & content_stems(each)) for each in sentences]
    kept: list[int] = []
    for place in sorted(range(len(sentences)), key=lambda place: -shared[place]):
        longer = sum(len(sentences[each].split()) for each in (*kept, place))
        if shared[place] and longer <= words:
            kept.append(place)
    return " ".join(sentences[place] for place in sorted(kept))


def user_message(*blocks: str) -> tuple[Message, ...]:
    """The blocks as the one message that is sent; what is the same for several turns first."""
    return (Message(Role.USER, "\n".join(blocks)),)


def _line(past: Message) -> str:
    speaker = "User" if past.role is Role.USER else "Service"
    return f"{speaker}: {cut(past.text, PAST_WORDS)}"


def _text(hit: Hit, words: int) -> str:
    """A hit's entry as far as whole blocks of it fit, around the piece that was found, each below the
    headings that it stands under; one block in any case, since part of one would be taken for the whole."""
    answer, found = hit.entry.answer, hit.passage
    blocks = read_blocks(answer)
    is_piece = found.view in (View.CHUNK, View.SENTENCE)
    inside = [
        place
        for place, block in enumerate(blocks)
        if is_piece and found.start < block.end and block.start < found.end
    ]
    nearest = inside[0] if inside else 0
    kept: list[int] = []
    for place in sorted(range(len(blocks)), key=lambda place: (abs(place - nearest), place)):
        if (
            kept
            and sum(len(spoken_forms(answer, blocks[each])[0].split()) for each in (*kept, place)) > words
        ):
            break
        kept.append(place)
    said = (spoken_forms(answer, blocks[place])[0] for place in sorted(kept))
    whole = len(kept) == len(blocks)
    return "\n".join((hit.entry.question, answer if whole else "\n\n".join(said)))
