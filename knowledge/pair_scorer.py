"""Pairs of texts to logits: the serving side of a cross-encoder (onnxruntime and tokenizers, never torch)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from knowledge.model_card import CardUnusable, ModelCard, read_card
from knowledge.onnx_session import OnnxSession
from knowledge.processor import available_cores
from knowledge.types import FloatArray, KnowledgeError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Pair = tuple[str, str]

_BATCH_TOKENS = 512  # padded tokens a batch: larger ones fall out of the processor's caches
MODEL = "model.onnx"
_FILES = frozenset({MODEL, "tokenizer.json"})
_PROBE = ("a", "b")


class PairScorerFailed(KnowledgeError):
    """The pair model cannot be loaded, or did not answer. The message is for operators."""


class PairModel(Protocol):
    """A loaded pair model; blocking and thread-safe."""

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int:
        """Logits a pair; the first is the log-odds of yes."""
        ...

    def score(self, pairs: Sequence[Pair]) -> FloatArray:
        """Raw logits, shape (len(pairs), width). Raises `PairScorerFailed`."""
        ...


class PairScorer:
    """A cross-encoder's folder (`model.onnx`, `tokenizer.json`, `card.json`), loaded.

    The two texts are read together, as [CLS] first [SEP] second [SEP]. Of a pair that exceeds the window the
    longer text gives way, token by token, as in training: a query or a sentence stays whole beside a long
    passage."""

    def __init__(self, card: ModelCard, tokenizer: Tokenizer, session: OnnxSession) -> None:
        self.card = card
        self.name = card.name
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(card.max_tokens, strategy="longest_first")
        self._tokenizer.no_padding()
        self._session = session
        self.width = self._run([self._read(_PROBE)]).shape[1]

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> PairScorer:
        """The model of a folder whose files are those of its card. `threads` 0: the cores at hand.
        Raises `CardUnusable`, `PairScorerFailed`."""
        from tokenizers import Tokenizer

        card = read_card(folder)
        if card.max_tokens < 1 or not card.files.keys() >= _FILES:
            raise CardUnusable(f"the card of {folder} is not that of a pair model")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        session = OnnxSession(folder / MODEL, threads or available_cores(), PairScorerFailed)
        return cls(card, tokenizer, session)

    def score(self, pairs: Sequence[Pair]) -> FloatArray:
        """Raw logits, shape (len(pairs), width), in the order of the pairs. Raises `PairScorerFailed`."""
        logits = np.empty((len(pairs), self.width), dtype=np.float32)
        tokens = [self._read(pair) for pair in pairs]
        for rows in _batches([len(each.ids) for each in tokens]):
            logits[rows] = self._run([tokens[row] for row in rows])
        return logits

    def _read(self, pair: Pair) -> Encoding:
        # Lone surrogates are no text: the tokenizer takes none.
        first, second = (text.encode("utf-8", "replace").decode("utf-8") for text in pair)
        return self._tokenizer.encode(first, second)

    def _run(self, tokens: Sequence[Encoding]) -> FloatArray:
        shape = (len(tokens), max(len(each.ids) for each in tokens))
        feed = {name: np.zeros(shape, dtype=np.int64) for name in self._session.inputs}
        for row, each in enumerate(tokens):
            columns = {"input_ids": each.ids, "attention_mask": each.attention_mask}
            columns["token_type_ids"] = each.type_ids
            for name, array in feed.items():
                array[row, : len(each.ids)] = columns[name]
        logits = self._session.run(feed)
        if logits.shape != (len(tokens), logits.shape[-1]) or not np.isfinite(logits).all():
            raise PairScorerFailed(f"{self.name} gave no usable logits")
        return logits


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, shortest first: little padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch
