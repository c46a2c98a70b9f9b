from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.app.curation.conversing import Told, Users, users_of


@pytest.fixture
async def users(tmp_path: Path) -> AsyncIterator[Users]:
    async with users_of(tmp_path, Told()) as made:
        yield made
