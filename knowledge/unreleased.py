"""How many entries differ between what is stored and what is served, told without reading them all."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.entries import EntryStore


def changes_not_live(store: EntryStore, served: Mapping[str, str]) -> int:
    """How many entries a release built now would add, change or drop against the content hashes `served`. An
    entry that has expired is not served any more in either. Blocks for some milliseconds per 10,000."""
    stored = store.standing_hashes()
    gone = sum(entry_id not in stored for entry_id in served)
    changed = added = 0
    missing = []
    for entry_id, (found, is_expired) in stored.items():
        if entry_id in served:
            changed += not is_expired and found != served[entry_id]
        elif not is_expired:
            missing.append(entry_id)
    if missing:
        added = len(store.said_among(missing))
    return gone + changed + added
