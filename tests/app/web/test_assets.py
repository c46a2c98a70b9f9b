"""What browsers load of the widget: how large it is, and how long they may keep it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.web.assets import FOLDER, WidgetAssets
from tests.fakes import client_of, services

MOST_BYTES = 25_000
ALLOWED = {"Origin": "https://front.example"}


async def _get(folder: Path, path: str, **headers: str) -> httpx.Response:
    using = services(folder, cors_origins=("https://front.example",))
    async with client_of(create_app(using)) as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.get(path, headers={**ALLOWED, **named})


def test_the_widget_is_small() -> None:
    assets = WidgetAssets()
    packed = [assets.entry, *(assets.files[name] for name in assets.modules)]
    assert sum(len(gzip.compress(asset.body)) for asset in packed) <= MOST_BYTES


def test_the_entry_names_every_module_and_nothing_else() -> None:
    assets = WidgetAssets()
    named = re.findall(r'import "\./web/(\w+)/([\w/.]+)";', assets.entry.body.decode())
    assert named[0] == (assets.version, "element.js")
    assert {name for _, name in named} == {
        *(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")),
        "chat.css.js",
    }


_RISKY = r"innerHTML|outerHTML|AdjacentHTML|document\.write|\beval\b|Function\(|cookie|[\"']style[\"']|style="


def test_no_module_makes_elements_or_code_of_a_text() -> None:
    found = {path.name: re.findall(_RISKY, path.read_text("utf-8")) for path in FOLDER.rglob("*.js")}
    assert len(found) > 10 and {name for name, risky in found.items() if risky} == set()


async def test_a_module_is_kept_for_good_and_the_entry_asked_for_again(tmp_path: Path) -> None:
    version = WidgetAssets().version
    entry = await _get(tmp_path, "/widget.js")
    assert entry.headers["Cache-Control"] == "no-cache"
    assert entry.headers["Content-Type"] == "text/javascript; charset=utf-8"
    module = await _get(tmp_path, f"/web/{version}/element.js")
    assert "immutable" in module.headers["Cache-Control"]
    assert module.headers["Content-Encoding"] == "gzip"
    assert module.headers["Access-Control-Allow-Origin"] == "https://front.example"
    assert "Origin" in module.headers["Vary"]
    other = await _get(tmp_path, "/web/of-before/element.js")  # by a page of the version before
    assert (other.text, other.headers["Cache-Control"]) == (module.text, "no-cache")


async def test_what_a_browser_has_is_not_sent_again(tmp_path: Path) -> None:
    entry = await _get(tmp_path, "/widget.js", Accept_Encoding="identity")
    assert "Content-Encoding" not in entry.headers
    again = await _get(tmp_path, "/widget.js", If_None_Match=entry.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["element", "../main.py", "..%2f..%2fmain.py", "messages/en.json", ""])
async def test_nothing_else_is_served(tmp_path: Path, name: str) -> None:
    assert (await _get(tmp_path, f"/web/x/{name}")).status_code == 404


def test_another_content_has_another_address(tmp_path: Path) -> None:
    for name, text in {"element.js": "a", "chat.css": "/* why */\n  b"}.items():
        (tmp_path / name).write_text(text)
    before = WidgetAssets(tmp_path)
    assert before.files["chat.css.js"].body == b'export default "b";\n'
    (tmp_path / "element.js").write_text("b")
    assert WidgetAssets(tmp_path).version != before.version
