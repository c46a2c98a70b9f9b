"""A release from the entries as they are now: built, examined, and live only if no bar falls."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from app.release_gate.gate import ReleaseGate, why_held
from app.store.gate_reports import GateReportRow, GateStatus
from knowledge.entries import EntryStore
from knowledge.errors import ReleaseUnusable, StorageFailed
from knowledge.memory import give_back
from knowledge.progress import Show
from knowledge.releases.releases import ReleaseBuilder, ReleaseInfo, Releases
from knowledge.releases.snapshot import LocalSnapshot
from knowledge.types import Entry

_BUILDING = 0.5  # of the work, where questions are asked after it
_log = logging.getLogger("candor.gate")


@dataclass(frozen=True, slots=True)
class Built:
    """A release, and what the gate found; None where it did not examine it."""

    info: ReleaseInfo
    snapshot: LocalSnapshot
    report: GateReportRow | None = None

    @property
    def is_live(self) -> bool:
        return self.report is None or self.report.status != GateStatus.HELD


@dataclass(frozen=True, slots=True)
class GatedBuild:
    """Blocks. Without a `gate` every release that is built goes live."""

    entries: EntryStore
    releases: Releases
    builder: ReleaseBuilder
    gate: ReleaseGate | None = None

    def run(self, show: Show, live_id: str | None = None, previous: LocalSnapshot | None = None) -> Built:
        """Builds, and activates what passes; the caller swaps it in and tidies up. `live_id` names what
        serves, by default the active one; what is not new against `previous` is taken from it. Raises
        what `ReleaseBuilder.build` and `ReleaseGate.examine` raise: nothing has changed for users then."""
        live_id = live_id or self.releases.active_id()
        gate = self.gate if self.gate and self.gate.is_on and self._is_comparable(live_id) else None

        def building(share: float, doing: str) -> None:
            show(share * (_BUILDING if gate else 1.0), doing)

        info, snapshot = self.builder.build(
            self.entries.servable(date.today(), self._known(previous)),
            building,
            candidate=gate is not None,
            prune=False,
            previous=previous,
        )
        if gate is None or live_id is None:
            return Built(info, snapshot)

        def asking(share: float, doing: str) -> None:
            show(_BUILDING + share * (1 - _BUILDING), doing)

        built = Built(info, snapshot, gate.examine(self.releases, live_id, snapshot, asking))
        if built.is_live:
            self.releases.make_live(info.id)
        else:
            self.releases.hold(info.id)
            _log.warning("release %s is held back. %s", info.id, why_held(built.report))
        show(1.0, "done")
        return built

    def tidy(self) -> None:
        """Removes old releases, and reports on those that are gone."""
        give_back()
        with suppress(StorageFailed):  # the new release is live; old ones go next time
            self.releases.prune()
        if self.gate is not None:
            self.gate.reports.forget_all_but([release.id for release in self.releases.list()])

    def _known(self, previous: LocalSnapshot | None) -> Mapping[str, Entry]:
        """The entries of the release before, by their content hash."""
        if previous is None:
            return {}
        try:
            hashes = self.releases.hashes(previous.release_id)
        except ReleaseUnusable:
            return {}
        return {hashes[name]: entry for name, entry in previous.entries.items() if name in hashes}

    def _is_comparable(self, live_id: str | None) -> bool:
        """Whether the release that serves can be asked at all, by this encoder."""
        listed = {release.id: release for release in self.releases.list()}
        live = listed.get(live_id or "")
        if live is None or live.encoder.fingerprint != self.releases.encoder.fingerprint:
            return False
        try:
            self.releases.hashes(live.id)
        except ReleaseUnusable:
            return False
        return True
