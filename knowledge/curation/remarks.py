"""What a curator should look at again, in an entry alone. Nothing here keeps it from being saved."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from knowledge.blocks import read_blocks
from knowledge.types import BlockKind, Entry

_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)])\s")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?\Z")
_PLACEHOLDERS = ("example.com", "example.net", "example.org", "example", "test", "invalid")  # RFC 2606
_PRIVATE = ("localhost", "local", "internal", "lan", "home", "corp", "intranet", "home.arpa")


@dataclass(frozen=True, slots=True)
class Remark:
    """`kind` is a stable word for programs, `detail` a sentence for people, `entry_id` the other entry that
    it is about, where there is one."""

    kind: str
    detail: str
    entry_id: str = ""


def remarks_on(entry: Entry, whole_words: int) -> Iterator[Remark]:
    """`whole_words`: so long an answer is said whole."""
    for source in entry.sources:
        if why := suspicion(source.url):
            yield Remark("source", f"The source {source.url} {why}.")
    if any(_begins_with_item(entry.answer, *span) for span in _lists(entry.answer)):
        yield Remark("list", "A list has no line before it that says what it lists: it may be said alone.")
    words = len(entry.answer.split())
    if words > whole_words:
        yield Remark("long", f"The answer has {words:,} words; from {whole_words:,} on only parts are said.")


def suspicion(url: str) -> str:
    """Why an address looks dead, without asking the network; "" where it does not."""
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "is no address that a browser opens"
    with_address = _address(host)
    if with_address is not None:
        return "" if with_address.is_global else "lies in a private network"
    if _ends(host, _PLACEHOLDERS):
        return "is a placeholder"
    if _ends(host, _PRIVATE) or "." not in host:
        return "lies in a private network"
    labels = host.split(".")
    if not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
        return "is no address that a browser opens"
    return ""


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _ends(host: str, names: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def _lists(answer: str) -> Iterator[tuple[int, int]]:
    """The spans of lists that stand under no heading."""
    for block in read_blocks(answer):
        if block.kind is BlockKind.LIST and not block.under:
            yield block.start, block.end


def _begins_with_item(answer: str, start: int, end: int) -> bool:
    return bool(_ITEM.match(answer[start:end]))
