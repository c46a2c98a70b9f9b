"""A browser, and the page at `/` of a real server around a scripted chain."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from pipeline.types import Reply
from tests.e2e.scripted import Scripted
from tests.fakes import services, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

Replies = Mapping[str, tuple[Reply, tuple[str, ...]]]
OpenPage = Callable[[Replies], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium in PATH: apt-get install chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Opens the page on a server that says these replies. At the end, nothing may have gone wrong in it and
    nothing may have been asked of another address."""
    problems: list[str] = []

    def refuse(dialog: Dialog) -> None:
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    with ExitStack() as opened:

        def open_it(replies: Replies) -> Page:
            address = opened.enter_context(serving(services(tmp_path, Scripted(replies))))
            page = browser.new_page()
            opened.callback(page.close)
            page.set_default_timeout(10_000)
            page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("dialog", refuse)
            page.on(
                "request", lambda sent: None if sent.url.startswith(address) else problems.append(sent.url)
            )
            page.goto(address)
            return page

        yield open_it
    assert problems == []
