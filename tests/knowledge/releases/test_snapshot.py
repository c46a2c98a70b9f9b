"""Search over one release: the right entry first, one hit an entry, none expired."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from knowledge.index.fusion import FusionWeights
from knowledge.releases.snapshot import LocalSnapshot, lay_out
from knowledge.types import Entry, EntryStatus, FloatArray, Snapshot, View

DIMENSION = 256
TODAY = date(2026, 6, 1)
ENTRIES = [
    Entry(
        "dna",
        "Can the vaccine change my DNA?",
        "No. The mRNA stays outside the nucleus. It falls apart within days.",
        alternates=("does it mess with my genes",),
        misconceptions=("The vaccine alters human genes",),
    ),
    Entry("cost", "How much does a flu shot cost?", "It is free in most places. Ask your pharmacist."),
    Entry("kids", "Are side effects worse for children?", "They are usually mild. Fever passes in a day."),
]


def embed(texts: Sequence[str]) -> FloatArray:
    """A bag of words hashed into unit vectors: words in common are what makes texts near."""
    vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in re.findall(r"\w+", text.lower()) or ["-"]:
            vectors[row, hashlib.sha256(word.encode()).digest()[0]] += 1
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def snapshot_of(entries: Sequence[Entry], today: date = TODAY) -> LocalSnapshot:
    return LocalSnapshot.of(entries, embed, today=lambda: today)


def ids(snapshot: Snapshot, query: str, limit: int = 5) -> list[str]:
    return [hit.entry.id for hit in snapshot.search(query, embed([query])[0], limit)]


def test_finds_each_entry_by_each_of_its_sides() -> None:
    snapshot = snapshot_of(ENTRIES)
    for query, entry_id, view in [
        ("can the vaccine change my dna", "dna", View.QUESTION),
        ("it messes with my genes does it mess", "dna", View.ALTERNATE),
        ("the vaccine alters human genes", "dna", View.MISCONCEPTION),
        ("stays outside the nucleus", "dna", View.CHUNK),
        ("ask your pharmacist", "cost", View.CHUNK),
    ]:
        first = snapshot.search(query, embed([query])[0], 3)[0]
        assert (first.entry.id, first.passage.view) == (entry_id, view)
        assert first.passage.entry_id == entry_id


def test_a_verbatim_question_has_full_signals() -> None:
    hit = snapshot_of(ENTRIES).search(ENTRIES[1].question, embed([ENTRIES[1].question])[0], 1)[0]
    assert hit.question_cosine == pytest.approx(1, abs=1e-5)
    assert hit.lexical == pytest.approx(1, abs=0.05)
    assert hit.answer_cosine < hit.question_cosine
    assert hit.passage.text == ENTRIES[1].question


def test_one_hit_an_entry_best_first_up_to_the_limit() -> None:
    snapshot = snapshot_of(ENTRIES)
    hits = snapshot.search("vaccine", embed(["vaccine"])[0], 10)
    assert sorted(hit.entry.id for hit in hits) == ["cost", "dna", "kids"]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len(ids(snapshot, "vaccine", 2)) == 2
    assert ids(snapshot, "vaccine", 0) == []


def test_expired_entries_are_left_out_from_the_day_after() -> None:
    expiring = [Entry("old", "Can the vaccine change my DNA?", "No.", valid_until=TODAY), *ENTRIES]
    assert "old" in ids(snapshot_of(expiring), "vaccine dna")
    assert "old" not in ids(snapshot_of(expiring, date(2026, 6, 2)), "vaccine dna")
    drafts = [Entry("draft", "Vaccine DNA?", "No.", status=EntryStatus.DRAFT), *ENTRIES]
    assert "draft" not in ids(snapshot_of(drafts), "vaccine dna")


def test_many_expired_entries_do_not_crowd_out_the_living() -> None:
    expired = [
        Entry(f"x{n:04d}", "Can the vaccine change my DNA?", "No.", valid_until=date(2020, 1, 1))
        for n in range(700)
    ]
    found = ids(snapshot_of([*expired, *ENTRIES]), "can the vaccine change my dna", 3)
    assert found[0] == "dna" and sorted(found) == ["cost", "dna", "kids"]
    assert ids(snapshot_of(expired), "dna") == []


def test_signals_of_all_entries_agree_with_the_hits() -> None:
    snapshot = snapshot_of(ENTRIES)
    signals = snapshot.signals("flu shot dna", embed(["flu shot dna"])[0])
    for hit in snapshot.search("flu shot dna", embed(["flu shot dna"])[0], 3):
        at = list(snapshot.entries).index(hit.entry.id)
        assert signals.question_cosine[at] == pytest.approx(hit.question_cosine)
        assert signals.answer_cosine[at] == pytest.approx(hit.answer_cosine)
        assert signals.lexical[at] == pytest.approx(hit.lexical)


def test_sentences_come_in_reading_order_with_their_vectors() -> None:
    passages, vectors = snapshot_of(ENTRIES).sentences("dna")
    answer = ENTRIES[0].answer
    assert [answer[p.start : p.end] for p in passages] == [p.text for p in passages]
    assert passages[0].text == "No."
    assert np.allclose(vectors, embed([p.text for p in passages]))


def test_weights_decide_the_order() -> None:
    entries = [Entry("q", "alpha beta", "gamma theta eta."), Entry("a", "delta", "alpha beta.")]
    by_answer = LocalSnapshot.of(entries, embed, weights=FusionWeights(0.0, 1.0, 0.0))
    by_question = LocalSnapshot.of(entries, embed, weights=FusionWeights(1.0, 0.0, 0.0))
    assert ids(by_answer, "alpha beta")[0] == "a"
    assert ids(by_question, "alpha beta")[0] == "q"


def test_parts_that_do_not_fit_are_refused() -> None:
    passages = lay_out(ENTRIES)
    vectors = embed([p.text for p in passages])
    for wrong_passages, wrong_vectors, entries in [
        (passages, vectors[:-1], ENTRIES),
        (passages[::-1], vectors, ENTRIES),
        (passages, vectors, ENTRIES[:2]),
        (passages, vectors, [*ENTRIES, Entry("extra", "Q?", "A.")]),
    ]:
        with pytest.raises(ValueError, match="release"):
            LocalSnapshot.indexed("r", entries, wrong_passages, wrong_vectors)


def test_entries_that_are_hardly_text_can_be_held() -> None:
    snapshot = snapshot_of([Entry("a", "?", "👍"), Entry("b", "!!", "...")])
    assert len(ids(snapshot, "👍")) == 2


def test_many_wordings_do_not_take_the_messages_of_an_entry_with_none() -> None:
    """The best of many wordings is near to any message; their mean is not."""
    near = [f"{word} shot cost in town" for word in "red blue green big small new old".split()]
    rich = Entry("rich", "Where do I park?", "Behind the house.", alternates=tuple(near))
    poor = Entry("poor", "How much is a flu shot in town?", "It is free.")
    query = "how much does a flu shot cost in town"
    signals = snapshot_of([rich, poor]).signals(query, embed([query])[0])
    assert signals.wording_cosine[0] < signals.question_cosine[0]
    assert signals.wording_cosine[1] == signals.question_cosine[1]


def test_a_wording_that_is_meant_lifts_its_entry() -> None:
    bare, worded = (
        snapshot_of([Entry("park", "Where do I leave my car?", "Behind.", alternates=texts)])
        for texts in ((), ("parking lot", "any parking", "soup", "fish"))
    )
    query = "parking lot"
    scores = [each.search(query, embed([query])[0], 1)[0].score for each in (bare, worded)]
    assert scores[1] > scores[0] + 0.1


def test_the_same_search_is_measured_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    day = [TODAY]
    lasting = Entry("brief", "Is the clinic open on Sunday?", "Yes.", valid_until=TODAY)
    snapshot = LocalSnapshot.of([*ENTRIES, lasting], embed, today=lambda: day[0])
    measured: list[str] = []
    scores = snapshot.lexical.scores

    def noted(text: str) -> FloatArray:
        measured.append(text)
        return scores(text)

    monkeypatch.setattr(snapshot.lexical, "scores", noted)
    text = "Is the clinic open on Sunday?"
    vector = embed([text])[0]
    few, more = snapshot.search(text, vector, 1), snapshot.search(text, vector, 3)
    assert few[0] == more[0] and len(more) == 3 and measured == [text]
    assert snapshot.search(text, embed(["another vector"])[0], 1) != few
    day[0] = date(2026, 6, 2)
    assert "brief" not in {hit.entry.id for hit in snapshot.search(text, vector, 4)}
