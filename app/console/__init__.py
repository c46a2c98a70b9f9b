"""The console at /admin: views and forms for curators, rendered here without any outside address."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.console.routes import dashboard, entries, history, signing, turns


def add_console(app: FastAPI) -> None:
    """Puts the console at /admin."""
    app.mount("/admin/static", StaticFiles(directory=Path(__file__).parent / "static"), name="console")
    app.include_router(signing.router)
    app.include_router(signing.inside)
    for views in (dashboard, history, entries, turns):
        app.include_router(views.router)
