"""The HTTP service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from app.api.addresses import METHODS, KnownHosts, PlainAddresses, methods_of
from app.api.errors import install_error_handlers
from app.api.limits import BodyLimit, RoomForHealth
from app.api.openapi import describe
from app.api.routes import add_routes, admin, answers, chat, curators, health, openai_api, users
from app.api.routes.curation import (
    documents,
    entries,
    entry_history,
    feedback,
    gap_entries,
    gaps,
    gate,
)
from app.compose.services import Services, build_services
from app.console import add_console
from app.logs import RequestContext
from app.settings import Settings, read_settings
from app.version import VERSION
from app.web.alarms import alarm_texts
from app.web.offers import Offers, topic_labels
from app.web.routes import widget_routes
from app.web.texts import WidgetTexts

_IMPORTS = frozenset({"/admin/entries/import", "/admin/documents", "/admin/ui/import"})


def create_app(services: Services | None = None) -> FastAPI:
    """The service on `services`; without them, on what the environment says. Raises `SettingsError`."""
    if services is None:
        services = build_services(read_settings())
    app = FastAPI(
        title="Candor",
        version=VERSION,
        description="Answers only from a knowledge base its owners have approved.",
        docs_url=None,  # both pages load scripts from elsewhere, which the page's policy forbids
        redoc_url=None,
        redirect_slashes=False,  # such a redirect would name whatever host the caller claims
        lifespan=_lifespan,
    )
    app.state.services = services
    install_error_handlers(app, methods_of)
    _add_middleware(app, services.settings)
    of_owners = (entry_history, entries, documents, admin, curators, gaps, gap_entries, feedback, gate)
    subjects = (chat, users, openai_api, answers, *of_owners, health)
    add_routes(app, *(each.router for each in subjects), curators.sign_in, _widget(services))
    describe(app)
    add_console(app)
    return app


def _widget(services: Services) -> APIRouter:
    settings = services.settings
    offers = Offers(services.live, topic_labels(settings.seeds_dir))
    texts = WidgetTexts.read(settings.seeds_dir)
    return widget_routes(texts, offers, alarm_texts(settings), settings.frame_origins)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await services.start()
    yield
    await services.stop()


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one added is the outermost."""

    def limit_of(path: str) -> int:
        return settings.import_limit_bytes if path in _IMPORTS else settings.body_limit_bytes

    app.add_middleware(BodyLimit, limit_of=limit_of)
    app.add_middleware(PlainAddresses)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=METHODS,
            allow_headers=["*"],  # API keys and what SDKs add: no cookie is read, so none brings a right
            expose_headers=["X-Request-ID", "Warning", "Retry-After"],
        )
    if settings.allowed_hosts:
        app.add_middleware(KnownHosts, hosts=settings.allowed_hosts)
    app.add_middleware(RoomForHealth)
    app.add_middleware(RequestContext)
