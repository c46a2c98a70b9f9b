"""Real short messages in fifteen languages, against knowledge bases in one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.types import Entry
from pipeline.stages.gate.spoken_language import TOLD_APART, SpokenLanguages

MESSAGES: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parents[3] / "data" / "languages.yaml").read_text(encoding="utf-8")
)
ENGLISH = SpokenLanguages.of(
    [
        Entry("a", "When are you open?", "We are open from Monday to Friday, from nine to five."),
        Entry("b", "How do I reset my password?", "Choose the link below the form and follow the steps."),
        Entry("c", "What is Pad Thai?", "A dish of noodles with tamarind and peanuts."),
    ]
)
GERMAN = SpokenLanguages.of(
    [
        Entry("a", "Wann haben Sie geöffnet?", "Wir haben montags bis freitags von neun bis fünf geöffnet."),
        Entry("b", "Wie ändere ich mein Passwort?", "Wählen Sie den Link unter dem Formular."),
    ]
)


def test_slang_typos_names_and_terms_are_never_foreign() -> None:
    assert ENGLISH.codes == ("en",)
    assert [text for text in MESSAGES["en"] if ENGLISH.other(text)] == []


def test_nearly_all_messages_in_other_languages_are_told_by_their_language() -> None:
    others = [(code, text) for code, texts in MESSAGES.items() if code != "en" for text in texts]
    assert {code for code, _ in others} | {"en"} == TOLD_APART
    found = [code for code, text in others if ENGLISH.other(text) == code]
    assert len(found) >= 0.9 * len(others)
    assert not [text for code, text in others if ENGLISH.other(text) not in ("", code)]


def test_a_knowledge_base_in_another_language_is_at_home_in_that() -> None:
    assert GERMAN.codes == ("de",)
    assert not any(GERMAN.other(text) for text in MESSAGES["de"])
    assert GERMAN.other("when are you open on sundays") == "en"
    assert not ENGLISH.other("when are you open on sundays")


@pytest.mark.parametrize("text", ["", "12345", "?!", "\ud800", "a" * 5000])
def test_what_has_no_language_is_not_foreign(text: str) -> None:
    assert not ENGLISH.other(text)
    assert not SpokenLanguages.of([]).other("wo ist mein paket bitte")


def test_a_second_language_of_the_knowledge_base_is_another() -> None:
    both = SpokenLanguages(("en", "de"), frozenset())
    assert both.other("wo ist mein paket bitte") == "de"
    assert both.other("where is my parcel please") == ""


def test_words_of_the_knowledge_base_are_not_foreign() -> None:
    home = SpokenLanguages.of([Entry("a", "What does Guten Appetit mean?", "It means enjoy your meal.")])
    assert not home.other("guten appetit")
