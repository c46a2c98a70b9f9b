"""The models that the chain runs, each behind its port; those that are not shipped are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from app.compose.adapters import ServingEncoder
from app.settings import Settings
from knowledge.encoders.batching import BatchedEncoder
from knowledge.encoders.model_card import CARD, CardUnusable, ModelCard, read_card
from knowledge.encoders.types import MULTILINGUAL_ENCODER, TextEncoder
from pipeline.ports import ChatModel
from pipeline.stages.gate.alarm_model import AlarmModel
from pipeline.stages.gate.intent_classifier import IntentClassifier
from pipeline.stages.relevance.unsupported_terms import MissingTerms
from pipeline.stages.rewriting.term_resolution import TermResolver

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Models:
    """`kinds` is None where no gate was trained for this encoder; `llm` is the large language model, where
    the owner has one. `multilingual`: the encoder reads languages that the knowledge base is not in, as its
    name says."""

    encoder: ServingEncoder
    terms: TermResolver
    kinds: IntentClassifier | None = None
    alarms: AlarmModel | None = None
    missing: MissingTerms | None = None
    llm: ChatModel | None = None
    multilingual: bool = False

    @classmethod
    def load(cls, settings: Settings, encoder: TextEncoder, llm: ChatModel | None = None) -> Models:
        """Around an encoder that is loaded. Blocks for a second. Raises `CardUnusable` where a
        model is there but damaged: that another one took its place would go unnoticed."""
        folder = settings.seeds_dir / "models"
        gate, missing = card_for(encoder, folder / "gate"), card_for(encoder, folder / "missing")
        return cls(
            encoder=ServingEncoder(BatchedEncoder(encoder)),
            terms=of_card(read_card(folder / "rewriter"), TermResolver.of),
            kinds=_kinds(gate),
            alarms=_alarms(gate),
            missing=of_card(missing, MissingTerms.of) if missing else None,
            llm=llm,
            multilingual=MULTILINGUAL_ENCODER in encoder.info.name.lower(),
        )

    async def close(self) -> None:
        """Ends the encoder's thread, once no turn runs any more."""
        await self.encoder.close()


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


def _kinds(card: ModelCard | None) -> IntentClassifier | None:
    return of_card(card, lambda weights: IntentClassifier.of(weights["kinds"])) if card else None


def _alarms(card: ModelCard | None) -> AlarmModel | None:
    """None for a card of before there was one."""
    known = card is not None and "alarms" in card.weights
    return of_card(card, lambda weights: AlarmModel.of(weights["alarms"])) if card and known else None
