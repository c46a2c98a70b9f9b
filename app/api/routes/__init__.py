"""The routes, one file a subject; what a curator does is in `curation/`."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI


def add_routes(app: FastAPI, *routers: APIRouter) -> None:
    """Serves the routes of `routers` as they are: `FastAPI.include_router` would have each built anew at the
    first request of an app, which takes a fifth of a second and changes nothing."""
    for router in routers:
        app.router.routes.extend(router.routes)
