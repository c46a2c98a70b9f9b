"""A browser, and the page at `/` of a real server around a scripted chain: one of each a file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from app.compose.services import Services
from tests.e2e.scripted import ALARM, Replies, Scripted
from tests.fakes import services, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDGET = """
title: Candor
notice: This is a demonstration, not medical advice.
privacy_url: https://owner.example/privacy
emergency_number: "112"
examples: ["dna?"]
topics: [{name: Returns, questions: ["How do I return it?"]}]
translations: {ar: {title: "أسئلة وأجوبة", messages: {placeholder: "اكتب سؤالك"}}}
"""

OpenPage = Callable[..., Page]


@dataclass(frozen=True, slots=True)
class Served:
    address: str
    chat: Scripted
    services: Services


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium in PATH: apt-get install chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    chat = Scripted()
    using = services(folder, chat, seeds_dir=owners_folder(folder / "seeds"), emergency_text=ALARM)
    with serving(using) as address:
        yield Served(address, chat, using)


def owners_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "widget.yaml").write_text(WIDGET, "utf-8")
    return folder


@pytest.fixture
def open_page(browser: Browser, served: Served) -> Iterator[OpenPage]:
    """Opens the page on a server that says these replies; `context` is for the browser. At the end, nothing
    may have gone wrong in it and nothing may have been asked of another address. `faults`: the server may
    refuse."""
    problems: list[str] = []

    def refuse(dialog: Dialog) -> None:
        problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    with ExitStack() as opened:

        def open_it(
            replies: Replies,
            address: str = "",
            *,
            faults: bool = False,
            path: str = "/",
            **context: Any,  # noqa: ANN401
        ) -> Page:
            address = address or served.address
            served.chat.replies = replies
            page = browser.new_context(**context).new_page()
            opened.callback(page.context.close)
            page.set_default_timeout(10_000)

            def hear(kind: str, text: str) -> None:
                if kind == "error" and not (faults and text.startswith("Failed to load resource")):
                    problems.append(text)

            page.on("console", lambda told: hear(told.type, told.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("dialog", refuse)
            page.on(
                "request", lambda sent: None if sent.url.startswith(address) else problems.append(sent.url)
            )
            page.goto(address + path)
            page.locator("candor-chat .log").wait_for()
            return page

        yield open_it
    assert problems == []
