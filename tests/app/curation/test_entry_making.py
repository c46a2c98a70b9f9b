"""Wordings for an entry that others change at the same time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.compose.services import Services
from app.curation.entry_making import reworded
from knowledge.curation.lifecycle import Kept, Writing
from knowledge.entries import EntryStore
from knowledge.errors import EntryChanged
from knowledge.types import Entry

ENTRY = Entry("toll", "What is the toll?", "Two.")


class Busy(EntryStore):
    """Somebody else saves just after each reading, `left` times."""

    left = 0

    def kept(self, entry_id: str) -> Kept:
        found = super().kept(entry_id)
        if self.left:
            self.left -= 1
            self.update(replace(found.entry, answer=f"{self.left} left."))
        return found


def test_a_colleagues_save_is_not_written_over(using: Services) -> None:
    store = Busy(using.engine)
    store.create(ENTRY)
    store.left = 2
    entry, is_new = reworded(store, "toll", ["how much"], Writing())
    assert (entry.answer, entry.alternates, is_new) == ("0 left.", ("how much",), True)
    assert reworded(store, "toll", ["how much"], Writing()) == (entry, False)
    store.left = 9
    with pytest.raises(EntryChanged):
        reworded(store, "toll", ["what price"], Writing())
