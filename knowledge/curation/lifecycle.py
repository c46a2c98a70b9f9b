"""An entry's way from draft to retired: who may take it which step."""

from __future__ import annotations

from dataclasses import dataclass, replace

from knowledge.errors import ApprovalNeeded, OwnChange, TransitionRefused
from knowledge.types import Entry, EntryStatus

_DRAFT, _IN_REVIEW = EntryStatus.DRAFT, EntryStatus.IN_REVIEW
_APPROVED, _RETIRED = EntryStatus.APPROVED, EntryStatus.RETIRED
STEPS = {
    _DRAFT: frozenset({_IN_REVIEW, _APPROVED, _RETIRED}),
    _IN_REVIEW: frozenset({_DRAFT, _APPROVED, _RETIRED}),
    _APPROVED: frozenset({_DRAFT, _IN_REVIEW, _RETIRED}),
    _RETIRED: frozenset({_DRAFT, _IN_REVIEW}),  # who brings it back has to read it again
}


@dataclass(frozen=True, slots=True)
class Writing:
    """On whose behalf something is written: `author` by name, `via` what he came in with, and whether he may
    approve. `four_eyes`: what he wrote somebody else approves. `comment` is kept with it."""

    author: str = ""
    via: str = ""
    approves: bool = True
    four_eyes: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as it is stored: its version, counted from 1, who last changed its content, and the version
    that is approved and still said while this one waits."""

    entry: Entry
    version: int
    content_by: str
    standing: int | None

    @property
    def said(self) -> int | None:
        """The version that a release holds; None where it holds none."""
        return self.version if self.entry.status is _APPROVED else self.standing


def written(
    before: Kept | None, after: Entry, by: Writing, standing: Entry | None = None
) -> tuple[Entry, int | None]:
    """What is stored where `by` writes `after` over `before`, and the version that stands meanwhile.

    Who may not approve it has it go into review instead; what was approved before then stands. Where it is
    the same as that, `standing`, it is approved already. Raises `ApprovalNeeded` where he would retire it
    and may not."""
    said = before.said if before else None
    if after.status is _APPROVED:
        if standing is not None and same_content(standing, after):
            return after, None
        if by.approves and not (by.four_eyes and _is_own(before, after, by)):
            return after, None
        return replace(after, status=_IN_REVIEW), said
    if after.status is _RETIRED:
        if before is not None and before.entry.status is not _RETIRED:
            check_may_withdraw(after.id, by)
        return after, None
    if by.approves and not by.four_eyes and before is not None and before.entry.status is _APPROVED:
        return after, None  # who may approve takes it back by writing it as a draft
    return after, said


def restored(
    before: Kept | None, after: Entry, by: Writing, standing: Entry | None, stood: int | None
) -> tuple[Entry, int | None]:
    """The same where `after` is written as it was when the version `stood` stood: so it does again where
    nothing else is said, and who brings it back may approve."""
    entry, said = written(before, after, by, standing)
    waits = entry.status in (_DRAFT, _IN_REVIEW)
    return entry, stood if waits and said is None and by.approves and not by.four_eyes else said


def stepped(before: Kept, status: EntryStatus, by: Writing) -> tuple[Entry, int | None]:
    """The same where only the status is set. Raises `TransitionRefused`, `ApprovalNeeded` and `OwnChange`."""
    entry = before.entry
    if status not in STEPS[entry.status]:
        raise TransitionRefused(
            f'"{entry.id}" is {entry.status} and can become {" or ".join(sorted(STEPS[entry.status]))},'
            f" not {status}."
        )
    if status in (_APPROVED, _IN_REVIEW) and not entry.is_written:
        raise TransitionRefused(f'"{entry.id}" has no answer yet: write one first.')
    if status is _APPROVED:
        if not by.approves:
            raise ApprovalNeeded(f'"{entry.id}" can be approved by an approver only.')
        if by.four_eyes and before.content_by == by.author:
            raise OwnChange(entry.id, by.author)
        return replace(entry, status=status), None
    if status is _RETIRED or entry.status is _APPROVED:
        check_may_withdraw(entry.id, by)
        return replace(entry, status=status), None
    return replace(entry, status=status), before.standing


def open_steps(before: Kept, by: Writing) -> frozenset[EntryStatus]:
    """Those that `stepped` lets `by` take."""
    return frozenset(status for status in STEPS[before.entry.status] if _is_open(before, status, by))


def _is_open(before: Kept, status: EntryStatus, by: Writing) -> bool:
    try:
        stepped(before, status, by)
    except (TransitionRefused, ApprovalNeeded, OwnChange):
        return False
    return True


def may_delete(before: Kept, by: Writing) -> bool:
    """What users get only who may approve takes away."""
    return by.approves or before.said is None


def check_may_withdraw(entry_id: str, by: Writing) -> None:
    """Raises `ApprovalNeeded`."""
    if not by.approves:
        raise ApprovalNeeded(f'"{entry_id}" can be taken out of service by an approver only.')


def same_content(one: Entry, other: Entry) -> bool:
    """Whether two entries differ in their status at most."""
    return replace(one, status=other.status) == other


def _is_own(before: Kept | None, after: Entry, by: Writing) -> bool:
    """Whether `by` would approve what he writes, or wrote last."""
    return before is None or not same_content(before.entry, after) or before.content_by == by.author
