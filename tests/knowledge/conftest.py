"""Shared by the tests of the knowledge base: a database in memory, a stand-in encoder, strategies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.pool import StaticPool
from sqlmodel import SQLModel, create_engine

import knowledge.entries  # noqa: F401 - makes its table known


@pytest.fixture
def engine() -> Iterator[Engine]:
    """An empty database that lives as long as the test."""
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    SQLModel.metadata.create_all(engine)
    yield engine
    engine.dispose()
