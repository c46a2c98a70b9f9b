"""One entry as a plain record (the JSON object of an export line), checked on the way in.

Text is made the same whatever tool wrote it: NFC, one kind of line break, nothing invisible, trimmed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from knowledge.importing.html import markdown_of
from knowledge.types import Entry, EntryStatus, Source

MAX_ID, MAX_TOPIC, MAX_QUESTION, MAX_ANSWER = 100, 100, 500, 20_000
MAX_ITEMS, MAX_ITEM, MAX_SOURCES, MAX_TITLE, MAX_URL = 200, 500, 20, 300, 2_000

_ALWAYS = "id topic question answer alternates misconceptions sources reviewed_on valid_until status"
FIELDS = [*_ALWAYS.split(), "review_by", "about", "not_about", "language", "translation_of"]
FLAT_SOURCE_FIELDS = ("url", "source_title", "source")
"""Read only where a record has no `sources`: real exports name one address and who published it."""

_MOST_HTML = 10  # times the longest answer: so much of a page may be tags
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*\Z")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\x80-\x9f]")
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_MISREAD_UTF8 = re.compile("[\xc2-\xf4][\x80-\xbf]*[\x80-\x9f][\x80-\xbf]*")


class Problems(list[str]):
    """What is wrong with one record, in plain English, in the order of the fields."""


def normalise(text: str) -> str:
    """The one form in which a text is stored. Applying it twice changes nothing more."""
    text = _MISREAD_UTF8.sub(_reread, text)
    text = _INVISIBLE.sub("", _LINE_BREAK.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def record_of(entry: Entry) -> dict[str, Any]:
    """The entry as JSON-ready data, in the order of `FIELDS`: every field, those behind
    `status` where they are set."""
    record: dict[str, Any] = {
        "id": entry.id,
        "topic": entry.topic,
        "question": entry.question,
        "answer": entry.answer,
        "alternates": list(entry.alternates),
        "misconceptions": list(entry.misconceptions),
        "sources": [{"title": source.title, "url": source.url} for source in entry.sources],
        "reviewed_on": entry.reviewed_on.isoformat() if entry.reviewed_on else None,
        "valid_until": entry.valid_until.isoformat() if entry.valid_until else None,
        "status": entry.status.value,
    }
    if entry.review_by:
        record["review_by"] = entry.review_by.isoformat()
    if entry.about:
        record["about"] = list(entry.about)
    if entry.not_about:
        record["not_about"] = list(entry.not_about)
    if entry.language:
        record["language"] = entry.language
    if entry.translation_of:
        record["translation_of"] = entry.translation_of
    return record


def entry_of(record: Mapping[str, Any], problems: Problems) -> Entry:
    """The entry that a record describes. Where `problems` grew, the entry is not to be used."""
    entry = Entry(
        id=_slug(record.get("id"), problems),
        question=_text(record.get("question"), "question", MAX_QUESTION, problems),
        answer=_text(_markdown(record.get("answer"), problems), "answer", MAX_ANSWER, problems),
        topic=_text(record.get("topic"), "topic", MAX_TOPIC, problems, default="general"),
        alternates=_texts(record.get("alternates"), "alternates", problems),
        misconceptions=_texts(record.get("misconceptions"), "misconceptions", problems),
        sources=_sources(record, problems),
        reviewed_on=_day(record.get("reviewed_on"), "reviewed_on", problems),
        valid_until=_day(record.get("valid_until"), "valid_until", problems),
        status=_status(record.get("status"), problems),
        review_by=_day(record.get("review_by"), "review_by", problems),
        about=_texts(record.get("about"), "about", problems),
        not_about=_texts(record.get("not_about"), "not_about", problems),
        language=_language(record.get("language"), problems),
        translation_of=_original(record, problems),
    )
    if entry.status is EntryStatus.APPROVED and not entry.is_written:
        problems.append("answer is still to be written: such an entry cannot be approved")
    return entry


def ignored_fields(record: Mapping[str, Any]) -> set[str]:
    """Names in the record that mean nothing here, made printable."""
    known = set(FIELDS) if record.get("sources") else {*FIELDS, *FLAT_SOURCE_FIELDS}
    return {_FORBIDDEN.sub("?", str(name))[:60] for name in record if name not in known}


def _reread(match: re.Match[str]) -> str:
    """UTF-8 that some tool read as Latin-1 (an apostrophe became three characters), read properly."""
    try:
        return match.group().encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return match.group()


def _text(value: object, name: str, limit: int, problems: Problems, default: str | None = None) -> str:
    if default is not None and (value is None or (isinstance(value, str) and not value.strip())):
        return default
    if value is None:
        problems.append(f"{name} is missing")
        return ""
    if not isinstance(value, str):
        problems.append(f"{name} must be text, not {_kind(value)}")
        return ""
    text = normalise(value)
    if bad := _FORBIDDEN.search(text):
        problems.append(f"{name} contains a character that is not allowed (U+{ord(bad.group()):04X})")
    elif not text:
        problems.append(f"{name} is empty")
    elif len(text) > limit:
        problems.append(f"{name} has {len(text):,} characters; at most {limit:,} are allowed")
    return text


def _markdown(answer: object, problems: Problems) -> object:
    if not isinstance(answer, str) or len(answer) > _MOST_HTML * MAX_ANSWER:
        return answer
    try:
        return markdown_of(normalise(answer))
    except RecursionError:
        problems.append("answer holds HTML tags within tags to a depth that cannot be read")
        return answer


def _language(value: object, problems: Problems) -> str:
    """The first part of a code such as pt-BR: who reads the one reads the other."""
    text = _text(value, "language", MAX_ID, problems, default="")
    if text and not _LANGUAGE.match(text):
        problems.append("language must be a code of two or three letters, such as de")
    return re.split("[-_]", text)[0].lower()


def _original(record: Mapping[str, Any], problems: Problems) -> str:
    value = record.get("translation_of")
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    original = _slug(value, problems, "translation_of")
    if original == record.get("id"):
        problems.append("translation_of names the entry itself")
    if not record.get("language"):
        problems.append("a translation needs its language")
    return original


def _slug(value: object, problems: Problems, name: str = "id") -> str:
    before = len(problems)
    text = _text(value, name, MAX_ID, problems)
    if len(problems) == before and not _SLUG.match(text):
        problems.append(
            f"{name} must begin with a letter or digit and hold only the letters a to z, digits, and . _ -"
        )
    return text


def _texts(value: object, name: str, problems: Problems) -> tuple[str, ...]:
    items = _items(value, name, MAX_ITEMS, problems)
    return tuple(
        _text(item, f"item {number} of {name}", MAX_ITEM, problems)
        for number, item in enumerate(items, start=1)
    )


def _items(value: object, name: str, limit: int, problems: Problems) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append(f"{name} must be a list, not {_kind(value)}")
        return []
    if len(value) > limit:
        problems.append(f"{name} has {len(value):,} items; at most {limit} are allowed")
        return []
    return value


def _sources(record: Mapping[str, Any], problems: Problems) -> tuple[Source, ...]:
    listed = record.get("sources")
    if listed is None and record.get("url"):
        title = record.get("source_title") or record.get("source")
        return (_source({"title": title, "url": record["url"]}, "", problems),)
    sources = []
    for number, item in enumerate(_items(listed, "sources", MAX_SOURCES, problems), start=1):
        if isinstance(item, Mapping):
            sources.append(_source(item, f" of source {number}", problems))
        else:
            problems.append(f"source {number} must be an object with title and url, not {_kind(item)}")
    return tuple(sources)


def _source(item: Mapping[str, Any], place: str, problems: Problems) -> Source:
    before = len(problems)
    given, titled = item.get("url"), isinstance(item.get("title"), str) and item["title"].strip()
    if titled and (given is None or (isinstance(given, str) and not given.strip())):
        return Source(_text(item["title"], f"title{place}", MAX_TITLE, problems), "")
    url = _text(given, f"url{place}", MAX_URL, problems)
    host = _host(url) if len(problems) == before else "unknown"
    if not host:
        problems.append(f"url{place} must be an absolute http or https address")
    return Source(_text(item.get("title"), f"title{place}", MAX_TITLE, problems, default=host), url)


def _host(url: str) -> str:
    """The host of an absolute http(s) address without white space, otherwise ''."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # unbalanced brackets around an IPv6 host
        return ""
    return host if parts.scheme in ("http", "https") and not re.search(r"\s", url) else ""


def _day(value: object, name: str, problems: Problems) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):  # YAML reads days by itself
        return value
    if isinstance(value, str) and _DAY.match(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass  # a day that no calendar has: told below
    problems.append(f"{name} must be a day written as YYYY-MM-DD")
    return None


def _status(value: object, problems: Problems) -> EntryStatus:
    if value is None or value == "":
        return EntryStatus.APPROVED
    if isinstance(value, str):
        with suppress(ValueError):
            return EntryStatus(value.strip())
    problems.append(f"status must be one of {', '.join(EntryStatus)}")
    return EntryStatus.DRAFT


def _kind(value: object) -> str:
    """What a JSON value is, for someone who does not program."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object" if isinstance(value, Mapping) else "another kind of value")
