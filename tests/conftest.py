from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.services import Services
from bench.gold import GOLD, running
from tests.fakes import settings


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def seeded_services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Services]:
    """The real service on the seeds, built once. It lives on the session's event loop, so a test that uses
    it is marked `@pytest.mark.asyncio(loop_scope="session")`; none may change its entries."""
    using = settings(tmp_path_factory.mktemp("seeded"), seeds_dir=GOLD.parent)
    async with running(using) as services:
        yield services
