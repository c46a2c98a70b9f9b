from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.services import Services, build_services
from tests.fakes import settings

SEEDS = Path(__file__).parent.parent / "seeds"
_READY_S = 300


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
