"""Claims to learn grounding from: altered, restated, built from the grammar, and read from the data."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from knowledge.types import Entry
from learning.training.claim_sources import (
    Claim,
    Curated,
    answer_claims,
    excerpt,
    groups_of,
    headline_claims,
    judged_claims,
    made_claims,
    questioned_claims,
    refuted_claims,
    shared,
    split_claims,
    window,
)
from learning.training.claims import Pool, altered, restated
from learning.training.findings import _TURNED, BORNE_OUT, _vocabulary, finding_claims
from learning.training.written_claims import written_claims, written_topics

SENTENCES = (
    "If the lift in Malmo stops, you should not press the button twice unless the warden allows it.",
    "Most visitors usually increase their speed (by foot) to 40 steps, and they stay for three hours.",
    "However, the old bridge was closed for Ursula Berg because the rail could break under 9 tons of snow.",
)
POOL = Pool.of(SENTENCES)


def kinds_of(sentence: str) -> dict[str, str]:
    return dict(altered(sentence, POOL, random.Random(1)))


@pytest.mark.parametrize(
    ("sentence", "kind", "gone", "come"),
    [
        (1, "number", "", ""),
        (0, "negation", " not ", "you should press"),
        (0, "opposite", "allows", ""),
        (1, "limit", "", ""),
        (0, "condition", "unless the warden allows it", ""),
        (2, "name", "Ursula Berg", "Malmo"),
        (2, "word", "", ""),
    ],
)
def test_each_alteration_says_something_else(sentence: int, kind: str, gone: str, come: str) -> None:
    text = SENTENCES[sentence]
    made = kinds_of(text)[kind]
    assert made != text
    assert not gone or gone not in made
    assert come in made


def test_a_tail_comes_from_another_sentence() -> None:
    made = kinds_of(SENTENCES[0])["tail"]
    assert made.startswith(SENTENCES[0].rstrip("."))
    assert any(clause in made for clause in POOL.clauses)


def test_an_auxiliary_is_negated_where_nothing_is() -> None:
    made = dict(altered("The museum is open on Mondays.", POOL, random.Random(0)))
    assert made["negation"] == "The museum is not open on Mondays."


def test_restated_sentences_keep_to_the_words() -> None:
    rng = random.Random(2)
    assert "The old bridge was closed" in next(iter(restated(SENTENCES[2], rng)))
    texts = [*restated(SENTENCES[0], rng)]
    assert any("shouldn't" in text for text in texts)
    assert any(text.endswith("if the lift in Malmo stops.") for text in texts)
    short = [*restated(SENTENCES[1], rng)]
    assert any("(by foot)" not in text for text in short)
    assert any(text.endswith("40 steps.") for text in short)


def test_the_grammar_knows_every_kind_it_speaks_of() -> None:
    words = _vocabulary()
    kinds = {kind for table in ("findings", "remedies", "comparisons") for kind in words[table]}
    assert kinds == set(BORNE_OUT)
    told = {
        kind
        for table in ("findings", "remedies", "comparisons")
        for kind, forms in words[table].items()
        if "evidence" in forms
    }
    assert set().union(*BORNE_OUT.values()) == told


def test_findings_are_even_reproducible_and_whole() -> None:
    claims = finding_claims(400, random.Random(5))
    assert claims == finding_claims(400, random.Random(5))
    assert Counter(claim.supported for claim in claims) == {True: 200, False: 200}
    assert not any("{" in claim.text + claim.evidence or "|" in claim.text for claim in claims)


def test_each_evidence_has_claims_of_both_kinds() -> None:
    groups = groups_of(finding_claims(400, random.Random(5)))
    assert {group.labels for group in groups} == {(1.0, 1.0, 0.0, 0.0)}


def test_what_is_turned_round_is_not_borne_out() -> None:
    assert _TURNED.keys() == set().union(*BORNE_OUT.values())
    assert not any(told in BORNE_OUT[turned] for told, turned in _TURNED.items())


def test_what_is_borne_out_to_rise_did_rise() -> None:
    risen = "increased|rose|rise|higher|greater|raise|positive|more|went up|times as high|elevated".split("|")
    claims = [claim for claim in finding_claims(3000, random.Random(6)) if ", and " not in claim.text]
    raised = [claim for claim in claims if " can raise " in claim.text]
    told = {
        held: [any(sign in claim.evidence for sign in risen) for claim in raised if claim.supported is held]
        for held in (True, False)
    }
    assert told[True] and all(told[True])
    assert told[False] and not all(told[False])


def test_a_second_claim_needs_evidence_of_its_own() -> None:
    doubled = [claim for claim in finding_claims(3000, random.Random(7)) if ", and " in claim.text]
    assert {claim.supported for claim in doubled} == {True, False}


TEXT = (
    "The library opens at nine on weekdays and closes at six. Members may borrow up to eight books at once. "
    "A lost card costs five pounds to replace. Fines are never charged to children under twelve. "
    "The reading room on the second floor has a view of the river and the old mill."
)


def test_made_claims_stay_with_their_document_and_hold_both_kinds() -> None:
    texts = [Curated("library", "What about the library?", TEXT), Curated("lift", "", " ".join(SENTENCES))]
    claims = made_claims("corpus", texts, 12, random.Random(0))
    assert {claim.supported for claim in claims} == {True, False}
    assert {claim.group for claim in claims} <= {"library", "lift"}
    for claim in claims:
        if claim.group == "library":
            assert claim.evidence.startswith("What about the library?")
        if claim.text in TEXT:  # true as it stands: unsupported only where its sentence is not shown
            assert claim.supported is (claim.text in claim.evidence)


def test_a_window_holds_its_sentence_and_an_excerpt_what_is_nearest() -> None:
    sentence = "A lost card costs five pounds to replace."
    held = window(TEXT, sentence, random.Random(0), words=20)
    assert sentence in held and len(held.split()) <= 20
    parts = TEXT.split(". ")
    assert "lost card" in excerpt("What does a lost card cost?", parts, words=8)
    assert shared("a lost card", TEXT) == 1.0
    assert shared("a purple elephant", TEXT) == 0.0


def test_a_document_is_on_one_side_of_the_split() -> None:
    claims = [Claim(f"c{i}", "e", True, "k", f"document {i // 3}") for i in range(300)]
    learnt, held = split_claims(claims, 0.2, seed=1)
    assert not {claim.group for claim in learnt} & {claim.group for claim in held}
    assert 30 < len(held) < 100


def test_groups_put_the_evidence_first() -> None:
    claims = [Claim(f"c{i}", "the evidence", i % 2 == 0, "k", "g") for i in range(5)]
    groups = groups_of(claims)
    assert [group.text for group in groups] == ["the evidence", "the evidence"]
    assert groups[0].passages == ("c0", "c1", "c2", "c3") and groups[0].labels == (1.0, 0.0, 1.0, 0.0)


def write(path: Path, *rows: Mapping[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_judged_claims_read_what_is_there(tmp_path: Path) -> None:
    assert [*judged_claims(tmp_path)] == []
    said: dict[str, object] = {"knowledge": "Cats purr.", "response": "cats do purr"}
    write(
        tmp_path / "grounded/begin_wow_dev.jsonl",
        said | {"label": "Fully attributable"},
        said | {"label": "Generic"},
    )
    write(
        tmp_path / "grounded/faithdial_audit_dev.jsonl",
        said | {"labels": ["entailment"], "hallucinated": False},
        said | {"labels": ["generic"], "hallucinated": False},
    )
    assert [(claim.kind, claim.supported) for claim in judged_claims(tmp_path)] == [
        ("begin", True),
        ("begin", False),
        ("faithdial", True),
    ]


def test_an_answer_is_borne_out_by_its_own_passage_only(tmp_path: Path) -> None:
    passages = {"a": TEXT, "b": "Ferries leave the harbour every hour. Dogs travel free of charge on deck."}
    write(
        tmp_path / "mtrag/kb_dev.jsonl",
        *({"id": key, "collection": "town", "text": text} for key, text in passages.items()),
    )
    task: dict[str, object] = {"answerability": "ANSWERABLE", "collection": "town", "conversation_id": "1"}
    answer: dict[str, object] = {
        "gold_passage_ids": ["a"],
        "reference_answer": "You can borrow as many as eight books.",
    }
    write(tmp_path / "mtrag/tasks_dev.jsonl", task | answer)
    claims = [*answer_claims(tmp_path, random.Random(0))]
    assert [claim.supported for claim in claims] == [True, False]
    assert "eight books" in claims[0].evidence and "Ferries" in claims[1].evidence


def test_questions_with_answers_and_with_what_is_none(tmp_path: Path) -> None:
    row: dict[str, object] = {"title": "Bridges", "question": "Who built the bridge?"}
    row |= {"context": "It is said that Ursula Berg built the bridge with Karl Lind in 1901."}
    write(
        tmp_path / "answerability/squad2_dev.jsonl",
        row | {"answers": ["Ursula Berg"]},
        row | {"question": "Who paid for the bridge?", "answers": []},
    )
    claims = [*questioned_claims(tmp_path, random.Random(0))]
    assert claims[0].text == "Who built the bridge? Ursula Berg" and claims[0].supported
    assert [claim.supported for claim in claims[1:]] == [False, False]
    assert "Ursula Berg" not in claims[1].text


def test_headlines_and_misconceptions(tmp_path: Path) -> None:
    faq = [
        {
            "id": "1",
            "question": "Is it loud?",
            "headline": "The engine is quiet",
            "answer": "It hums softly.",
        },
        {"id": "2", "question": "Is it fast?", "headline": "It can fly", "answer": "It crosses the sea."},
    ]
    write(tmp_path / "vaccine_faq/kb.jsonl", *faq)
    claims = [*headline_claims(tmp_path, random.Random(0))]
    assert ("The engine is quiet", True) in {(claim.text, claim.supported) for claim in claims}
    assert any(not claim.supported and claim.evidence.startswith("Is it fast?") for claim in claims)
    entry = Entry("e", "Is it loud?", "No, it hums.", misconceptions=("It roars",))
    assert [(claim.text, claim.supported) for claim in refuted_claims(tmp_path, [entry])] == [
        ("It roars", False)
    ]


def test_written_claims_stand_beside_a_true_one_of_the_same_evidence() -> None:
    claims = written_claims(2, random.Random(3))
    assert claims == written_claims(2, random.Random(3))
    told: dict[str, Counter[bool]] = {}
    for claim in claims:
        told.setdefault(claim.evidence, Counter())[claim.supported] += 1
    assert len(told) == sum(len(topic) for topic in written_topics().values()) > 100
    assert all(count[True] == 2 and count[False] >= 4 for count in told.values())


def test_written_claims_are_whole_sentences_said_once() -> None:
    for topic in written_topics().values():
        said = [text for one in topic for text in (*one.holds, *one.fails)]
        assert len(said) == len(set(said))
        assert all(text[-1] in ".!?" and len(text.split()) >= 3 for text in said)
