"""A site of somebody else, which shows the widget of a service under a strict content security policy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.loopback import on_loopback

_PAGE = """<!doctype html><html lang="en"><head><title>Shop</title>
<meta name="viewport" content="width=device-width">{script}</head>
<body><main><h1>A shop</h1><p>Buy things.</p>{body}</main></body></html>"""
_WIDGET = '<script type="module" src="{host}/widget.js"></script>'
_POLICY = (
    "default-src 'none'; script-src {host}; connect-src {host}; frame-src {host}; base-uri 'none';"
    " form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass
class Site:
    """`host` is the service whose widget its pages show, once it is known."""

    address: str
    host: str = ""


@contextmanager
def foreign_site() -> Iterator[Site]:
    """`/` shows the widget as a button, `/box` in a place of its own, `/frame` the service's page."""
    site = Site("")

    async def page(request: Request) -> HTMLResponse:
        bodies = {
            "/": "<candor-chat></candor-chat>",
            "/box": '<candor-chat display="box" theme="dark"></candor-chat>',
            "/frame": f'<iframe title="Chat" src="{site.host}/"></iframe>',
        }
        script = "" if request.url.path == "/frame" else _WIDGET.format(host=site.host)
        text = _PAGE.format(script=script, body=bodies[request.url.path])
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY.format(host=site.host)})

    routes = [Route(path, page) for path in ("/", "/box", "/frame")]
    with on_loopback(Starlette(routes=routes), lifespan="off") as address:
        site.address = address
        yield site
