from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio

from app.compose.services import Services, build_services
from app.store.curators import passwords
from tests.fakes import settings

SEEDS = Path(__file__).parent.parent / "seeds"
pytest_plugins = ["tests.command_fixtures"]
_READY_S = 300

# How long an example takes depends on what else the machine does: tests of speed measure it themselves.
hypothesis.settings.register_profile(
    "shared", max_examples=40, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in parallel, the files that take long come first: none is waited for at the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((place for place, name in enumerate(("slow", "process")) if item.get_closest_marker(name)), 2)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A hash that is worth its time to nobody: one that is costs a fifth of a second, dozens of times."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_COST", 4)
        patched.setattr(passwords, "_NOBODY", passwords._NOBODY.replace("$15$", "$4$", 1))
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded_services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """The real service on the seeds, built once. It lives on the session's event loop, so a test that uses
    it is marked `@pytest.mark.asyncio(loop_scope="session")`; none may change its entries."""
    services = build_services(settings(tmp_path_factory.mktemp("seeded"), seeds_dir=SEEDS))
    await services.start()
    try:
        for _ in range(_READY_S * 20):
            if services.releases.ready:
                break
            await asyncio.sleep(0.05)
        assert services.releases.ready, services.releases.state
        yield services
    finally:
        await services.stop()
