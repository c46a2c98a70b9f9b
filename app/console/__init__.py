"""The console at /admin: views and forms for curators, rendered here without any outside address."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app.api.routes import add_routes
from app.console import nowhere
from app.console.importing.plans import LastPlan
from app.console.importing.uploads import Uploads
from app.console.routes import (
    dashboard,
    editor,
    entries,
    feedback,
    gaps,
    gold,
    history,
    importing,
    releases,
    signing,
    trying,
    turns,
    undoing,
)
from app.console.routes.house import account, audit, exports, keys, settings, single_sign_on, users
from app.single_sign_on.provider import OpenIdProvider


def add_console(app: FastAPI) -> None:
    """Puts the console at /admin. Raises `SettingsError` where what it needs for a sign-in is missing."""
    app.mount("/admin/static", StaticFiles(directory=Path(__file__).parent / "static"), name="console")
    routers = [signing.router, signing.inside, single_sign_on.router, gold.of_turns, gold.evaluation]
    views = (dashboard, trying, entries, history, editor, releases, gold, gaps, feedback, turns)
    of_house = (importing, undoing, exports, users, keys, audit, settings, account)
    chosen = app.state.services.settings
    app.state.single_sign_on = OpenIdProvider(chosen.oidc) if chosen.oidc.issuer else None
    app.state.plans = LastPlan()
    app.state.uploads = Uploads(chosen.data_dir / "uploads", chosen.import_limit_bytes)
    add_routes(app, *routers, *(each.router for each in (*views, *of_house)))
    add_routes(app, nowhere.router)  # last: all other addresses
