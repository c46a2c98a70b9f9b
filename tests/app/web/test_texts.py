"""What the widget says, and in which language."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from app.settings import SettingsError
from app.web.texts import OWNERS_TEMPLATE, WidgetTexts, shipped_messages
from knowledge.shipped_seeds import SHIPPED_SEEDS

FILE = """
language: en
title: Help
privacy_url: https://owner.example/privacy
examples: ["Where are you?"]
messages: {send: Ask}
translations:
  ar: {title: "مساعدة", messages: {send: "أرسل"}}
"""


def _read(folder: Path, text: str) -> WidgetTexts:
    (folder / "widget.yaml").write_text(text, "utf-8")
    return WidgetTexts.read(folder)


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_every_message_with_its_fields() -> None:
    shipped = shipped_messages()
    assert {"en", "de", "fr", "es"} <= set(shipped)
    for messages in shipped.values():
        assert messages.keys() == shipped["en"].keys()
        assert all(_fields(messages[name]) == _fields(text) for name, text in shipped["en"].items())


def test_the_owners_words_come_before_those_of_the_message_file(tmp_path: Path) -> None:
    texts = _read(tmp_path, FILE)
    told = texts.told("en")
    assert (told["title"], told["greeting"]) == ("Help", shipped_messages()["en"]["greeting"])
    assert told["messages"]["send"] == "Ask"
    assert "title" not in told["messages"]
    german = texts.told("de")
    assert german["title"] == "Help"  # a name, unless the owner translates it
    assert german["greeting"] == shipped_messages()["de"]["greeting"]
    assert (german["privacy_url"], german["examples"]) == ("https://owner.example/privacy", None)
    arabic = texts.told("ar")
    assert (arabic["title"], arabic["messages"]["send"]) == ("مساعدة", "أرسل")
    assert arabic["messages"]["stop"] == "Stop"


@pytest.mark.parametrize(
    ("wanted", "got"),
    {"de-AT": "de", "DE": "de", "ar_EG": "ar", "": "en", "xx": "en", "en-GB": "en", "../": "en"}.items(),
)
def test_the_nearest_language_is_taken(tmp_path: Path, wanted: str, got: str) -> None:
    assert _read(tmp_path, FILE).language_for(wanted) == got


@pytest.mark.parametrize(
    ("text", "told"),
    {
        "titel: x": "titel",
        "messages: {sned: x}": "sned",
        "privacy_url: javascript:alert(1)": "privacy_url",
        "translations: {en: {title: x}}": "translations",
        "emergency_number: call us": "emergency_number",
        "title: [": "cannot be read",
    }.items(),
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        _read(tmp_path, text)


def test_a_folder_without_a_file_has_the_messages_that_ship(tmp_path: Path) -> None:
    assert WidgetTexts.read(tmp_path).told("es")["title"] == shipped_messages()["es"]["title"]


def test_the_seeds_and_the_owners_template_can_be_read(tmp_path: Path) -> None:
    assert WidgetTexts.read(SHIPPED_SEEDS).title == "Candor"
    template = OWNERS_TEMPLATE.read_text("utf-8")
    assert _read(tmp_path, template) == WidgetTexts()
    uncommented = "\n".join(line.removeprefix("# ") for line in template.splitlines()[3:] if line != "{}")
    assert _read(tmp_path, uncommented).emergency_number == "112"
