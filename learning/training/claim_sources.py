"""Claims with evidence to learn grounding from: judged by people, or made from curated texts.

Readers take the folder of data (layouts of `grounded`, `mtrag`, `vaccine_faq`, ...; what is not there is left
out). Only sets whose licence lets weights be trained on them are read: `healthver` stays a yardstick."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.types import Entry
from learning.training.claims import NAME, NUMBER, Pool, altered, restated
from learning.training.pair_model import PairGroup
from pipeline.stages.language import content_words, split_sentences

FAITHFUL_FROM = 3.5  # mean rating from 1 to 4 from which an answer counts as faithful ...
UNFAITHFUL_TO = 2.5  # ... and up to which it does not
_CLAIMS_A_GROUP = 4
_WINDOW = 40  # words of evidence around a sentence
_SHORTEST, _LONGEST = 5, 40  # words of a sentence that makes a claim
_MISPLACED = 0.4  # share of the sentences that are also held against the rest of their text
_STATED = 0.6  # share of a claim's content words from which other text may happen to state it too


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with its evidence. `kind` names where it is from, `group` the document: claims of one group
    are never on both sides of a split."""

    text: str
    evidence: str
    supported: bool
    kind: str
    group: str


@dataclass(frozen=True, slots=True)
class Curated:
    """A text that is true as it stands, with the question that it answers ("" where there is none)."""

    group: str
    question: str
    text: str

    def evidence(self, part: str) -> str:
        """A part of the text, as the grounding check shows evidence: behind the question."""
        return f"{self.question} {part}".strip()


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; none where there is no such file."""
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def judged_claims(data: Path) -> Iterator[Claim]:
    """Answers and claims that people judged against their evidence."""
    for row in rows(data / "grounded/begin_wow_dev.jsonl"):
        supported = row["label"] == "Fully attributable"
        yield Claim(row["response"], row["knowledge"], supported, "begin", row["knowledge"])
    for row in rows(data / "grounded/faithdial_audit_dev.jsonl"):
        if not {"generic", "uncooperative"} & set(row["labels"]):
            supported = not row["hallucinated"]
            yield Claim(row["response"], row["knowledge"], supported, "faithdial", row["knowledge"])
    for row in rows(data / "grounded/wice_dev.jsonl"):
        evidence = excerpt(row["claim"], row["evidence"])
        yield Claim(row["claim"], evidence, row["label"] == "supported", "wice", row["id"])
    for row in rows(data / "grounded/halueval_qa_dev.jsonl"):
        answers = [(row["right_answer"], True), *((wrong, False) for wrong in row["hallucinated_answers"])]
        for answer, supported in answers:
            claim = f"{row['question']} {answer}"
            yield Claim(claim, row["knowledge"], supported, "halueval", row["question"])


def answer_claims(data: Path, rng: random.Random) -> Iterator[Claim]:
    """Sentences of answers that people wrote from passages, held against those and against others."""
    passages = {row["id"]: row for row in rows(data / "mtrag/kb_dev.jsonl")}
    for row in rows(data / "mtrag/tasks_dev.jsonl"):
        gold = [passages[key]["text"] for key in row["gold_passage_ids"] if key in passages]
        if row["answerability"] != "ANSWERABLE" or not gold:
            continue
        others = [
            one["text"]
            for one in passages.values()
            if one["collection"] == row["collection"] and one["id"] not in row["gold_passage_ids"]
        ]
        for sentence in claimable(row["reference_answer"]):
            evidence = excerpt(sentence, [part for text in gold for part in split_sentences(text)])
            yield Claim(sentence, evidence, True, "answer", row["conversation_id"])
            other = max(rng.sample(others, min(60, len(others))), key=lambda text: shared(sentence, text))
            evidence = excerpt(sentence, split_sentences(other))
            if shared(sentence, evidence) < _STATED:
                yield Claim(sentence, evidence, False, "answer", row["conversation_id"])


def questioned_claims(data: Path, rng: random.Random) -> Iterator[Claim]:
    """Questions with their answer, against the passage that gives it; with another phrase of the passage in
    the answer's place; and, where the passage does not answer, with a phrase of it that might."""
    for row in rows(data / "answerability/squad2_dev.jsonl"):
        phrases = [*NAME.findall(row["context"]), *NUMBER.findall(row["context"])]
        evidence = excerpt(row["question"], split_sentences(row["context"]))
        right = row["answers"][:1]
        others = [phrase for phrase in phrases if not any(phrase in answer for answer in row["answers"])]
        for answer in right if right and right[0] in evidence else ():
            yield Claim(f"{row['question']} {answer}", evidence, True, "questioned", row["title"])
        for answer in rng.sample(others, min(1, len(others))):
            yield Claim(f"{row['question']} {answer}", evidence, False, "questioned", row["title"])


def rated_claims(data: Path) -> Iterator[Claim]:
    """Whole answers that people rated for faithfulness, against their passages."""
    passages = {row["id"]: row["text"] for row in rows(data / "mtrag/kb_dev.jsonl")}
    for row in rows(data / "mtrag/human_eval_dev.jsonl"):
        rating, response = row["faithfulness_mean"], row["response"]
        texts = [passages[key] for key in row["passage_ids"] if key in passages]
        if texts and not UNFAITHFUL_TO < rating < FAITHFUL_FROM and len(response.split()) <= _LONGEST:
            evidence = excerpt(response, [part for text in texts for part in split_sentences(text)])
            yield Claim(response, evidence, rating >= FAITHFUL_FROM, "rated", row["id"].split("<::>")[0])


def headline_claims(data: Path, rng: random.Random) -> Iterator[Claim]:
    """What an answer comes down to in one line: borne out by it, and not by the answer to another question;
    turned round, by neither."""
    entries = [row for row in rows(data / "vaccine_faq/kb.jsonl") if row.get("headline")]
    pool = Pool.of(row["headline"] for row in entries)
    for row in entries:
        headline, evidence = row["headline"], f"{row['question']} {window(row['answer'], '', rng)}"
        yield Claim(headline, evidence, True, "headline", row["id"])
        for _, text in list(altered(headline, pool, rng))[:2]:
            yield Claim(text, evidence, False, "headline", row["id"])
        related = {row["id"], *(row.get("related_ids") or ())}
        strangers = [other for other in entries if other["id"] not in related]
        other = max(
            rng.sample(strangers, min(40, len(strangers))), key=lambda one: shared(headline, one["answer"])
        )
        if shared(headline, other["answer"]) < _STATED:
            evidence = f"{other['question']} {window(other['answer'], '', rng)}"
            yield Claim(headline, evidence, False, "headline", row["id"])


def refuted_claims(data: Path, entries: Sequence[Entry]) -> Iterator[Claim]:
    """Misconceptions against the text that corrects them."""
    for row in rows(data / "misinformation/covid_misconceptions_dev.jsonl"):
        yield Claim(row["misconception"], row["correction"], False, "refuted", f"misconception {row['id']}")
    for entry in entries:
        for misconception in entry.misconceptions:
            yield Claim(misconception, f"{entry.question} {entry.answer}", False, "refuted", entry.id)


def curated_texts(data: Path, entries: Sequence[Entry]) -> Mapping[str, list[Curated]]:
    """By corpus: the texts that `made_claims` makes claims from."""
    faqs = {"vaccine_faq": "vaccine_faq", "covid_faq": "covid_faq", "medquad": "medquad_liveqa"}
    texts = {"seeds": [Curated(entry.id, entry.question, entry.answer) for entry in entries]}
    texts |= {
        name: [Curated(row["id"], row["question"], row["answer"]) for row in rows(data / folder / "kb.jsonl")]
        for name, folder in faqs.items()
    }
    passages, contexts = data / "mtrag/kb_dev.jsonl", data / "answerability/squad2_dev.jsonl"
    texts["passages"] = [Curated(row["id"], "", row["text"]) for row in rows(passages)]
    texts["encyclopaedia"] = [Curated(row["title"], "", row["context"]) for row in rows(contexts)]
    return texts


def made_claims(corpus: str, texts: Sequence[Curated], count: int, rng: random.Random) -> list[Claim]:
    """About `count` claims made from the sentences of a corpus, half of them supported."""
    sentences = [(text, one) for text in texts for one in claimable(text.text)]
    pool = Pool.of(sentence for _, sentence in sentences)
    claims: list[Claim] = []
    for text, sentence in rng.sample(sentences, len(sentences)):
        if len(claims) >= count:
            break
        evidence = text.evidence(window(text.text, sentence, rng))
        faithful = [*restated(sentence, rng)] or [sentence]
        twisted = [made for _, made in altered(sentence, pool, rng)]
        claims.append(Claim(rng.choice(faithful), evidence, True, corpus, text.group))
        if twisted:
            claims.append(Claim(rng.choice(twisted), evidence, False, corpus, text.group))
        if rng.random() < _MISPLACED:
            claims += _misplaced(corpus, text, sentence, rng)
    return claims


def _misplaced(corpus: str, text: Curated, sentence: str, rng: random.Random) -> Iterator[Claim]:
    """A true sentence, held against the rest of its own text, which does not state it."""
    rest = [one for one in split_sentences(text.text) if one != sentence]
    if rest and shared(sentence, " ".join(rest)) < _STATED:
        evidence = excerpt(sentence, rest)
        yield Claim(sentence, text.evidence(evidence), False, corpus, text.group)
        stated = [one for one in claimable(evidence) if one in rest]
        if stated:
            yield Claim(rng.choice(stated), text.evidence(evidence), True, corpus, text.group)


def claimable(text: str) -> list[str]:
    """Sentences that state something of a claim's length."""
    return [
        sentence
        for sentence in split_sentences(text)
        if _SHORTEST <= len(sentence.split()) <= _LONGEST and sentence[-1] == "." and sentence[0].isupper()
    ]


def shared(claim: str, text: str) -> float:
    """Share of the claim's content words that the text has too."""
    stems = {word.stem for word in content_words(claim)}
    return len(stems & {word.stem for word in content_words(text)}) / len(stems) if stems else 1.0


def excerpt(claim: str, sentences: Sequence[str], words: int = _WINDOW) -> str:
    """The sentences nearest to the claim by shared words, in their order, up to so many words."""
    stems = {word.stem for word in content_words(claim)}
    overlaps = [len(stems & {word.stem for word in content_words(sentence)}) for sentence in sentences]
    kept, length = set[int](), 0
    for index in sorted(range(len(sentences)), key=lambda index: -overlaps[index]):
        length += len(sentences[index].split())
        if kept and length > words:
            break
        kept.add(index)
    return " ".join(sentences[index] for index in sorted(kept))


def window(text: str, sentence: str, rng: random.Random, words: int = _WINDOW) -> str:
    """A stretch of whole sentences that holds the given one (any, where that is empty)."""
    sentences = split_sentences(text)
    if not sentences:
        return text
    first = last = sentences.index(sentence) if sentence in sentences else 0
    while last - first + 1 < len(sentences):
        forward = last + 1 < len(sentences) and (first == 0 or rng.random() < 0.5)
        longer = sentences[first : last + 2] if forward else sentences[first - 1 : last + 1]
        if sum(len(one.split()) for one in longer) > words:
            break
        first, last = (first, last + 1) if forward else (first - 1, last)
    return " ".join(sentences[first : last + 1])


def groups_of(claims: Iterable[Claim]) -> list[PairGroup]:
    """Evidence with its claims, which the pair model reads in this order; a few claims a group."""
    by_evidence: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_evidence[claim.evidence].append(claim)
    return [
        PairGroup(evidence, tuple(one.text for one in few), tuple(float(one.supported) for one in few))
        for evidence, held in by_evidence.items()
        for start in range(0, len(held), _CLAIMS_A_GROUP)
        for few in [held[start : start + _CLAIMS_A_GROUP]]
    ]


def split_claims(
    claims: Iterable[Claim], held: float, seed: int, unseen: Sequence[str] = ()
) -> tuple[list[Claim], list[Claim]]:
    """(to train on, held back): by group, so that no document is on both sides, and all of `unseen` kinds."""
    sides: tuple[list[Claim], list[Claim]] = ([], [])
    for claim in claims:
        drawn = random.Random(f"{seed} {claim.group}").random() < held  # noqa: S311
        sides[drawn or claim.kind in unseen].append(claim)
    return sides
