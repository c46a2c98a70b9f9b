"""What the public page sends and gets: nothing but the public contract, and nothing elsewhere."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response, expect

from app.api.schemas.public import ChatResponse
from app.web.routes import WidgetConfig
from tests.e2e.conftest import OpenPage
from tests.e2e.scripted import Piece, ask, reply

pytestmark = pytest.mark.process

CALLS = {
    ("POST", "/chat"): {"message", "conversation_id", "stream", "user_id"},
    ("POST", "/feedback"): {"message_id", "rating", "comment"},
}


# A stream's body can be had within the page alone.
_LISTEN = """
  const asked = fetch;
  window.heard = "";
  window.fetch = async (...given) => {
    const response = await asked(...given);
    if (String(given[0]).endsWith("/chat")) response.clone().text().then((text) => { heard += text; });
    return response;
  };
"""


def test_only_the_public_contract_goes_over_the_wire(open_page: OpenPage) -> None:
    page = open_page({"dna?": reply(Piece("No.", "dna"))})
    seen: list[Response] = []
    page.on("response", lambda response: seen.append(response))
    page.add_init_script(_LISTEN)
    page.reload()
    item = ask(page, "dna?")
    item.get_by_role("button", name="Bad answer").click()
    expect(item.get_by_role("status")).to_have_text("Thank you.")
    page.get_by_role("button", name="Options").click()
    page.get_by_role("button", name="Delete my chat").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.locator("article")).to_have_count(0)
    calls = set()
    for response in seen:
        path = urlsplit(response.url).path
        calls.add((response.request.method, path.split("/")[1]))
        sent = json.loads(response.request.post_data or "{}")
        assert set(sent) <= CALLS.get((response.request.method, path), set())
        assert "authorization" not in response.request.headers
        assert "set-cookie" not in response.headers
        if path == "/widget/config":
            assert set(response.json()) == set(WidgetConfig.model_fields)
    _check_events(page.evaluate("heard"))
    assert calls == {
        ("GET", ""),
        ("GET", "widget.js"),
        ("GET", "web"),
        ("GET", "widget"),
        ("POST", "chat"),
        ("POST", "feedback"),
        ("DELETE", "conversations"),
    }


def _check_events(text: str) -> None:
    events = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith(":")]
    assert [name for name, _ in events] == ["event: sentence", "event: reply"]
    said, whole = (json.loads(data.removeprefix("data: ")) for _, data in events)
    assert set(said) == {"text"}
    assert set(whole) == set(ChatResponse.model_fields)
