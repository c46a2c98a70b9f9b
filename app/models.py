"""The models that the chain runs, each behind its port; those that are not shipped are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.adapters import ServingEncoder, ServingPairJudge
from app.settings import Settings
from knowledge.batching import BatchedEncoder, BatchedPairScorer
from knowledge.encoder import TextEncoder
from knowledge.model_card import CARD, CardUnusable, ModelCard, read_card
from knowledge.pair_scorer import MODEL, PairScorer
from knowledge.types import Logistic
from pipeline.ports import ChatModel
from pipeline.stages import grounding_check, relevance_check
from pipeline.stages.alarm_model import AlarmModel
from pipeline.stages.history_terms import HistoryTerms
from pipeline.stages.message_kinds import MessageKinds

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class TrainedJudge:
    """A pair model, and the weights that make a probability of its logit and of other features."""

    pairs: ServingPairJudge
    model: Logistic


@dataclass(frozen=True, slots=True)
class Models:
    """None stands for a judge without trained weights: its stage works on similarity and rules; `llm` is the
    large language model, where the owner has one."""

    encoder: ServingEncoder
    terms: HistoryTerms
    kinds: MessageKinds | None = None
    alarms: AlarmModel | None = None
    relevance: TrainedJudge | None = None
    grounding: TrainedJudge | None = None
    llm: ChatModel | None = None

    @classmethod
    def load(cls, settings: Settings, encoder: TextEncoder, llm: ChatModel | None = None) -> Models:
        """Around an encoder that is loaded. Blocks for a second. Raises `CardUnusable` and `PairScorerFailed`
        where a judge is there but damaged: that another one took its place would go unnoticed."""
        folder, threads = settings.seeds_dir / "models", settings.encoder_threads
        gate = card_for(encoder, folder / "gate")
        return cls(
            encoder=ServingEncoder(BatchedEncoder(encoder)),
            terms=of_card(read_card(folder / "rewriter"), HistoryTerms.of),
            kinds=_kinds(gate),
            alarms=_alarms(gate),
            relevance=_judge(folder / "relevance", threads, relevance_check.FEATURES),
            grounding=_judge(folder / "grounding", threads, grounding_check.FEATURES),
            llm=llm,
        )

    async def close(self) -> None:
        """Ends the models' threads, once no turn runs any more."""
        await self.encoder.close()
        for judge in (self.relevance, self.grounding):
            if judge is not None:
                await judge.pairs.close()


def of_card(card: ModelCard, read: Callable[[Mapping[str, Any]], _Read]) -> _Read:
    """What `read` makes of a card's weights. Raises `CardUnusable`."""
    try:
        return read(card.weights)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CardUnusable(f"the card of the {card.task} cannot be used: {error}") from error


def card_for(encoder: TextEncoder, folder: Path) -> ModelCard | None:
    """The card in `folder`, where there is one whose weights were learned from what this encoder gives, or
    the one that it was trained on from: what another one gives means nothing to them. Raises
    `CardUnusable`."""
    if not folder.is_dir():
        return None
    card = read_card(folder)
    return card if card.weights.get("encoder") in {encoder.fingerprint, _trained_from(encoder)} else None


def _trained_from(encoder: TextEncoder) -> str:
    """The fingerprint of the encoder that this one began as, empty where its card names none."""
    if not (encoder.info.path / CARD).is_file():
        return ""
    return str(read_card(encoder.info.path).weights.get("trained_from", ""))


def _kinds(card: ModelCard | None) -> MessageKinds | None:
    return of_card(card, lambda weights: MessageKinds.of(weights["kinds"])) if card else None


def _alarms(card: ModelCard | None) -> AlarmModel | None:
    """None for a card of before there was one."""
    known = card is not None and "alarms" in card.weights
    return of_card(card, lambda weights: AlarmModel.of(weights["alarms"])) if card and known else None


def _judge(folder: Path, threads: int, features: Set[str]) -> TrainedJudge | None:
    if not (folder / MODEL).is_file():
        return None
    scorer = PairScorer.load(folder, threads)
    model = scorer.card.calibration
    if model is None or not model.weights.keys() <= features:
        known = ", ".join(sorted(features))
        raise CardUnusable(f"{folder / CARD} has no calibration over these features: {known}")
    return TrainedJudge(ServingPairJudge(BatchedPairScorer(scorer)), model)
