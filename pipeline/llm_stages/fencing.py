"""What people wrote, fenced as data: no text can end its own fence, and none is longer than it may be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.types import Hit, View
from pipeline.stages.language import content_words, split_sentences
from pipeline.types import Message, Question, Role

_FENCE = re.compile(r"<(?=\s*/?\s*(?:message|conversation|passage|known|manner|sentence|question)\b)", re.I)
_TOKEN = re.compile(r"<\|[^|<>\n]{0,40}\|>|\[/?INST\]|</?s>", re.I)  # chat templates of model families
MESSAGE_WORDS = 300
PAST_WORDS = 60
PAST_MESSAGES = 6
PASSAGE_WORDS = 160


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
    """Each hit's entry, or of a long one the piece that was found; numbered from 1."""
    return [
        fenced("passage", f"[{number}] {_whole(_text(hit, words), words)}", 2 * words, number)
        for number, hit in enumerate(hits, 1)
    ]


def sharing_most(text: str, others: Sequence[str], words: int) -> str:
    """The sentences of a text that share most content words with the other texts, in reading order, together
    at most so many words. Empty where no sentence shares any."""
    wanted = {word.stem for other in others for word in content_words(other)}
    sentences = split_sentences(text)
    shared = [len(wanted & {word.stem for word in content_words(each)}) for each in sentences]
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
    """The entry, or, where it is too long, the piece of its answer that was found."""
    whole = f"{hit.entry.question}\n{hit.entry.answer}"
    if len(whole.split()) <= words:
        return whole
    if hit.passage.view is View.CHUNK:
        return hit.passage.search_text
    return f"{hit.entry.question} {hit.entry.answer}"


def _whole(text: str, words: int) -> str:
    """As many whole sentences as fit, the first in any case: half of one would be copied as it is."""
    kept: list[str] = []
    for sentence in split_sentences(text):
        if kept and sum(len(each.split()) for each in (*kept, sentence)) > words:
            break
        kept.append(sentence)
    return "\n".join(kept)
