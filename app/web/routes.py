"""The widget's addresses, and the page at `/`. All of it is public."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from app.api.openapi import problems
from app.logs import page_policy
from app.web.assets import FOLDER, WidgetAssets
from app.web.offers import Offers
from app.web.texts import WidgetTexts

_GET = ("GET", "HEAD")
_FRESH_S = 60


class OfferedTopic(BaseModel):
    name: str
    questions: list[str]


class WidgetConfig(BaseModel):
    """What the widget says. `language` is that of these texts, `content_language` that of the replies;
    `alarms` are the texts that are set apart where a reply begins with one."""

    language: str
    content_language: str
    title: str
    greeting: str
    notice: str
    privacy_url: str | None
    emergency_number: str | None
    alarms: list[str]
    examples: list[str]
    topics: list[OfferedTopic]
    messages: dict[str, str]


@cache
def _assets() -> WidgetAssets:
    return WidgetAssets()


def widget_routes(
    texts: WidgetTexts, offers: Offers, alarms: Sequence[str], frame_origins: Sequence[str]
) -> APIRouter:
    """The routes of the widget that says `texts`, and may be framed by pages of these origins."""
    router = APIRouter()
    assets = _assets()
    page = (FOLDER / "index.html").read_text("utf-8")

    @router.get("/widget/config", responses=problems(422))
    def config(
        response: Response, lang: Annotated[str, Query(max_length=35, pattern=r"^[^\x00]*$")] = ""
    ) -> WidgetConfig:
        response.headers["Cache-Control"] = f"public, max-age={_FRESH_S}"
        response.headers["Vary"] = "Origin"
        return WidgetConfig(alarms=list(alarms), **config_of(texts, offers, lang))

    @router.api_route("/widget.js", methods=[*_GET], include_in_schema=False)
    async def entry(request: Request) -> Response:
        return assets.entry.response(request)

    @router.api_route("/web/{version}/{name:path}", methods=[*_GET], include_in_schema=False)
    async def asset(version: str, name: str, request: Request) -> Response:
        return assets.response(name, version, request)

    @router.api_route("/", methods=[*_GET], include_in_schema=False)
    async def index(lang: Annotated[str, Query(max_length=35, pattern=r"^[^\x00]*$")] = "") -> Response:
        filled = page.format(version=assets.version, **_words_of_page(texts, texts.language_for(lang)))
        policy = {"Content-Security-Policy": page_policy(frame_origins), "Cache-Control": "no-cache"}
        return Response(filled, headers=policy, media_type="text/html; charset=utf-8")

    return router


def _words_of_page(texts: WidgetTexts, language: str) -> dict[str, str]:
    """What stands on the page itself, as HTML."""
    told = texts.told(language)
    needs_script = told["messages"]["needs_script"]
    words = {"lang": language, "title": told["title"], "greeting": told["greeting"]}
    return {name: escape(text) for name, text in (words | {"needs_script": needs_script}).items()}


def config_of(texts: WidgetTexts, offers: Offers, wanted: str) -> dict[str, Any]:
    """What the widget says in the language nearest to the one wanted."""
    language = texts.language_for(wanted)
    told = {"language": language, "content_language": texts.language, **texts.told(language)}
    told["emergency_number"] = texts.emergency_number
    if told["topics"] is None:
        named = offers.topics()
        told["topics"] = [{"name": name, "questions": list(questions)} for name, questions in named]
    if told["examples"] is None:
        told["examples"] = offers.examples()
    return told
