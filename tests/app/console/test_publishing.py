"""What the view of releases says of what was to be published."""

from __future__ import annotations

import pytest

from app.compose.services import Services
from app.store.curators import Role
from app.store.gate_reports import GateReportRow, GateReports, GateStatus
from tests.app.console.conftest import SignIn


@pytest.mark.parametrize(
    ("status", "said", "unsaid"),
    [
        (GateStatus.PASSED, "Published: users get it now.", "held back,"),
        (GateStatus.HELD, "Not published: it is held back,", "Published:"),
    ],
)
async def test_who_publishes_is_told_whether_users_get_it(
    signed: SignIn, using: Services, status: GateStatus, said: str, unsaid: str
) -> None:
    job_id = using.jobs.begin("reindex")
    using.jobs.succeed(job_id, "r2", {})
    report = GateReportRow(release_id="r2", against="r1", status=status, counts={}, bars=[], seconds=1.0)
    GateReports(using.engine).add(report, ())
    curator = await signed(Role.APPROVER)
    page = await curator.seen(f"/admin/ui/releases/jobs/{job_id}")
    assert said in page and unsaid not in page and "/admin/ui/releases/r2" in page
