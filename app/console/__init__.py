"""The console at /admin: views and forms for curators, rendered here without any outside address."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.console.routes import (
    dashboard,
    entries,
    feedback,
    gaps,
    gold,
    history,
    releases,
    signing,
    trying,
    turns,
)


def add_console(app: FastAPI) -> None:
    """Puts the console at /admin."""
    app.mount("/admin/static", StaticFiles(directory=Path(__file__).parent / "static"), name="console")
    routers = [signing.router, signing.inside, gold.of_turns]
    views = (dashboard, trying, history, entries, releases, gold, gaps, feedback, turns)
    for router in (*routers, *(each.router for each in views)):
        app.include_router(router)
