from __future__ import annotations

from collections import Counter

import pytest

from knowledge.sentences import split_sentences
from pipeline.english.entities import NameBook, names, quantities
from pipeline.english.language import content_words, denies, read, stem
from pipeline.english.lexicon import GROUPS, OPPOSITES, SYNONYMS


def test_no_word_stands_in_two_lines_of_the_lexicon() -> None:
    lines = [
        line.replace(":", "").split() for line in (OPPOSITES + GROUPS + SYNONYMS).strip().splitlines() if line
    ]
    uses = Counter(root for words in lines for root in {stem(word) for word in words})
    assert [root for root, count in uses.items() if count > 1] == []


def test_negation_reaches_to_the_end_of_its_clause() -> None:
    negated = {
        word.stem for word in content_words("It doesn't dye wool, but it may dye silk.") if word.negated
    }
    assert negated == {"dye", "wool"}


def test_opposites_are_negations_of_one_word() -> None:
    safe, unsafe, not_unsafe = (read(text)[-1] for text in ("safe", "unsafe", "not unsafe"))
    assert safe.stem == unsafe.stem == not_unsafe.stem
    assert [word.negated for word in (safe, unsafe, not_unsafe)] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it doesnt fly", True),
        ("isn't it blue?", False),
        ("so it is NOT blue?", True),
        ("it can’t not fly", False),
        ("not only birds fly", False),
        ("nothing flies", True),
    ],
)
def test_denials(text: str, expected: bool) -> None:
    assert denies(text) is expected


def test_sentences_end_where_they_should() -> None:
    text = "No. Dr. Gray weighs 0.5 kg, e.g. in May. “Really?” Yes!\nA line without a stop\nThe end."
    assert split_sentences(text) == [
        "No.",
        "Dr. Gray weighs 0.5 kg, e.g. in May.",
        "“Really?”",
        "Yes!",
        "A line without a stop",
        "The end.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("95 %, 95 percent or ninety-five per cent", [(95, "percent")] * 3),
        ("1,000 people and 1.5 million cases", [(1000, "people"), (1_500_000, "case")]),
        ("12-year-olds, 5–11 yrs", [(12, "year"), (5, ""), (11, "year")]),
        ("two more weeks after the 2nd dose", [(2, "week"), (2, "th")]),
        ("in 1989, four years later", [(1989, ""), (4, "year")]),
        ("this one, no one, COVID-19 and SARS-CoV-2", []),
    ],
)
def test_quantities(text: str, expected: list[tuple[float, str]]) -> None:
    assert [(found.number, found.unit) for found in quantities(text)] == expected


def test_names_and_how_evidence_knows_them() -> None:
    text = "Pumps by Aldo-Berg (Oslo) are sold in the U.S. in May. Pumps hum, says mRNA expert Li. I'm sure."
    assert names(text) == ["Aldo-Berg", "Oslo", "US", "May", "mRNA", "Li"]
    book = NameBook("The Centre for Pump Safety wrote to aldo-berg's owner about COVID-19.")
    assert [book.knows(name) for name in ("CPS", "Aldo", "Berg", "COVID", "Safety")] == [True] * 5
    assert not book.knows("Oslo")
