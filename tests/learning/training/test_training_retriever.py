"""What the retriever learns from: corpora, noise, planned batches, mined confusions, and its figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from knowledge.types import Entry, FloatArray
from learning.training import corpora
from learning.training.config import Noise, RetrieverConfig, TrainingFailed, Views, read_config
from learning.training.corpora import Asked, Corpus, is_held_back, read_corpora
from learning.training.retrieval.batches import Example, Lessons, planned
from learning.training.retrieval.contrastive import neutral_pairs
from learning.training.retrieval.noise import typed
from learning.training.retrieval.retrieval_figures import confusions, figures, held_back_trial, measured_on

QUIET = Noise(careless=0, slip=0, no_apostrophe=0)
CONFIG = RetrieverConfig(data={"seeds": 1.0}, measured=("seeds",), batch=4, epochs=1, noise=QUIET)


def corpus(name: str = "kb", entries: int = 12, messages: int = 4) -> Corpus:
    return Corpus(
        name=name,
        licence="Apache-2.0",
        entries={
            f"{name}-{n}": Entry(f"{name}-{n}", f"Question {n}?", f"First {n}. Then {n}.\nOther {n}.")
            for n in range(entries)
        },
        asked=tuple(
            Asked(f"{name} message {m} on {n}", (f"{name}-{n}",))
            for n in range(entries)
            for m in range(messages)
        ),
    )


def lessons(of: Corpus, confused: dict[str, list[str]] | None = None) -> Lessons:
    return Lessons(of, of.asked, confused or {}, {})


def words(texts: Sequence[str]) -> FloatArray:
    """An encoder that compares the words of texts."""
    rows = np.zeros((len(texts), 997), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().replace("?", " ").replace(".", " ").split():
            row[sum(ord(letter) * (place + 1) for place, letter in enumerate(word)) % 997] += 1
    unit: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit


def write_rows(file: Path, rows: Iterable[object]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_plan_depends_on_its_seed_alone_and_a_batch_holds_one_knowledge_base() -> None:
    both = [lessons(corpus("one")), lessons(corpus("two"))]

    plan = planned(both, CONFIG)

    assert plan == planned(both, CONFIG)
    assert plan != planned(both, replace(CONFIG, seed=2))
    assert len(plan) == 24
    for batch in plan:
        assert len(batch) == CONFIG.batch
        assert len({example.entry_id.partition("-")[0] for example in batch}) == 1
    assert len({example.message for batch in plan for example in batch}) == 96


def test_epochs_may_be_parts_and_each_differs() -> None:
    plan = planned([lessons(corpus())], replace(CONFIG, epochs=1.5))

    assert len(plan) == 12 + 6
    assert plan[:6] != plan[12:]


def test_a_share_of_a_corpus_is_seen() -> None:
    assert len(planned([replace(lessons(corpus()), share=0.5)], CONFIG)) == 6


def test_hard_batches_bring_confused_entries_together() -> None:
    pairs = {f"kb-{n}": [f"kb-{n + 1 if n % 2 == 0 else n - 1}"] for n in range(12)}

    def together(hard: float) -> int:
        plan = planned([lessons(corpus(), pairs)], replace(CONFIG, hard=hard))
        return sum(
            pairs[one.entry_id][0] == other.entry_id for batch in plan for one in batch for other in batch
        )

    assert together(0.5) > 2 * together(0.0)


def test_views_show_a_question_with_its_answer_or_another_message_but_never_the_message_itself() -> None:
    answers = planned([lessons(corpus())], replace(CONFIG, views=Views(question=0, answer=1)))
    others = planned([lessons(corpus())], replace(CONFIG, views=Views(question=0, answer=0)))

    for example in (example for batch in answers for example in batch):
        number = example.entry_id.removeprefix("kb-")
        assert example.passage.startswith(f"Question {number}? ")
        assert example.passage.endswith((f"Then {number}.", f"Other {number}."))
    for example in (example for batch in others for example in batch):
        assert example.passage != example.message
        assert example.passage.endswith(f"on {example.entry_id.removeprefix('kb-')}")


def test_an_entrys_own_question_is_matched_with_its_bare_answer() -> None:
    own = corpus()
    own = replace(own, asked=tuple(Asked(entry.question, (key,)) for key, entry in own.entries.items()))

    for example in (example for batch in planned([lessons(own)], CONFIG) for example in batch):
        assert "Question" not in example.passage


def test_what_may_answer_counts_neither_for_nor_against() -> None:
    one = Example("m1", "p1", "a", frozenset({"a", "b"}))
    related = Example("m2", "p2", "b", frozenset({"b"}))
    same = Example("m3", "p3", "a", frozenset({"a"}))
    other = Example("m4", "p4", "c", frozenset({"c"}))

    assert neutral_pairs([one, related, same, other]) == [
        [False, True, True, False],
        [True, False, False, False],
        [True, False, False, False],
        [False, False, False, False],
    ]


def test_noise_is_as_frequent_as_it_is_told_and_keeps_the_message_readable() -> None:
    message = "Why don't they test the vaccine longer?"

    assert typed(message, QUIET, Random(1)) == message
    assert typed(message, Noise(1, 0, 0), Random(1)) == "why don't they test the vaccine longer"
    assert typed(message, Noise(0, 0, 1), Random(1)) == "Why dont they test the vaccine longer?"
    slips = {typed(message, Noise(0, 1, 0), Random(seed)) for seed in range(80)}
    assert len(slips) > 20
    assert {len(slip) - len(message) for slip in slips} == {-1, 0, 1}
    assert typed("ok", Noise(1, 1, 1), Random(1)) == "ok"
    assert typed("???", Noise(1, 0, 0), Random(1)) == "???"


def test_entries_are_held_back_by_their_id_alone() -> None:
    held = [n for n in range(2000) if is_held_back(f"entry-{n}", 1, 0.25)]

    assert 400 < len(held) < 600
    assert held != [n for n in range(2000) if is_held_back(f"entry-{n}", 2, 0.25)]
    assert not any(is_held_back(f"entry-{n}", 1, 0.0) for n in range(50))


def test_vaccine_messages_are_read_and_real_ones_are_kept_for_measuring(tmp_path: Path) -> None:
    folder = tmp_path / "vaccine_faq"
    entry = {"question": "Q?", "answer": "A.", "concern": "C", "headline": "H"}
    write_rows(folder / "kb.jsonl", [{"id": "v1", "related_ids": ["v2"], **entry}, {"id": "v2", **entry}])
    kinds = ("crowd", "crowd_or_log", "exact_kb_question", "in_domain_no_kb_answer")
    rows = [{"query": kind, "kb_ids": ["v1"], "kind": kind} for kind in kinds]
    write_rows(folder / "queries_dev.jsonl", rows)
    real = [{"query": label, "kb_ids": ["v2"], "label": label} for label in ("answerable", "gibberish")]
    write_rows(folder / "real_user_dev.jsonl", real)

    (read,) = read_corpora("vaccine_faq", tmp_path)

    assert [asked.message for asked in read.asked] == ["crowd", "crowd_or_log"]
    assert read.unanswerable == (("in_domain_no_kb_answer", ""),)
    assert [probe.message for probe in read.probes] == ["answerable"]
    assert read.wordings["v1"] == ("C", "H") and read.related["v1"] == {"v2"}


def test_our_own_seeds_are_read_without_what_would_give_them_away() -> None:
    (seeds,) = read_corpora("seeds", Path("nowhere"))

    assert len(seeds.asked) > len(seeds.entries)
    assert not any(entry.alternates or entry.misconceptions for entry in seeds.entries.values())


def test_a_practice_file_is_a_knowledge_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "practice").mkdir()
    (tmp_path / "practice" / "shop.yaml").write_text(
        "name: shop\nentries: [{id: a, question: Q, answer: A, asked: [m1, m2], near_misses: [x]}]\n"
    )
    monkeypatch.setattr(corpora, "SHIPPED_SEEDS", tmp_path)

    (shop,) = read_corpora("practice", tmp_path)

    assert shop.name == "practice/shop"
    assert [asked.message for asked in shop.asked] == ["m1", "m2"]
    assert shop.unanswerable == (("x", "a"),)


def test_an_intent_is_an_entry_of_messages(tmp_path: Path) -> None:
    rows = [{"text": "hi", "intent": "say_hello"}, {"text": "so?", "intent": "oos"}]
    write_rows(tmp_path / "topic_gate" / "clinc150_train.jsonl", rows)

    (clinc,) = read_corpora("clinc150", tmp_path)

    assert clinc.asked == (Asked("hi", ("say_hello",)),)
    assert clinc.entries["say_hello"].question == "say hello"


@pytest.mark.parametrize("source", ["vaccine_faq", "unheard_of"])
def test_what_cannot_be_read_is_told(source: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=source):
        read_corpora(source, tmp_path)


def test_the_shipped_configuration_is_one() -> None:
    folder = Path(corpora.__file__).parent / "configs"

    assert read_config(folder / "retriever.yaml", RetrieverConfig).rounds == 2


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("data: {a: 1}\nmeasured: []\nrate: 1", "rate"),
        ("measured: []", "data"),
        ("- 1", ""),
        ("a: [", ""),
        ("data: {a: 1}\nmeasured: []\nnoise: {loud: 1}", "noise.loud"),
    ],
)
def test_a_configuration_that_is_none_is_told(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "c.yaml").write_text(text)

    with pytest.raises(TrainingFailed, match=f"c.yaml.*{named}"):
        read_config(tmp_path / "c.yaml", RetrieverConfig)


def test_figures_count_the_first_right_entry_among_all() -> None:
    kb = corpus(entries=8, messages=0)
    asked = (Asked("question 3", ("kb-3",)), Asked("then 5", ("kb-4", "kb-5")), Asked("first 1", ("kb-2",)))
    trial = held_back_trial(replace(kb, asked=asked, unanswerable=(("else", ""),)), 1, 1.0)

    found = figures([trial], words)

    assert found["kb.right_first"] == found["right_first"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["kb.auroc"] == 1.0
    assert "kb.real_right_first" not in found


def test_only_held_back_entries_are_measured_on_and_the_set_is_known_by_its_content() -> None:
    trial = held_back_trial(corpus(entries=40), 1, 0.25)

    assert 0 < len(trial.asked) < 160
    assert all(is_held_back(asked.entry_ids[0], 1, 0.25) for asked in trial.asked)
    assert measured_on([trial]) == measured_on([held_back_trial(corpus(entries=40), 1, 0.25)])
    assert measured_on([trial]) != measured_on([replace(trial, asked=trial.asked[1:])])


def test_confusions_are_mined_without_twins_and_related_entries() -> None:
    questions = {"a": "pay by card", "b": "pay by cash", "c": "by card pay", "d": "pay card fee", "e": "dogs"}
    kb = Corpus(
        name="kb",
        licence="",
        entries={key: Entry(key, question, "") for key, question in questions.items()},
        asked=(Asked("pay card", ("a",)),),
        related={"a": frozenset({"d"})},
    )

    confused, same = confusions(kb, kb.asked, words)

    assert same["a"] == {"c"} and same["e"] == frozenset()
    assert confused["a"][0] == "b"
    assert not {"a", "c", "d"} & {*confused["a"]}
