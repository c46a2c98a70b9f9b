"""A small cross-encoder: a text and a passage are read together and given one score (a logit).

It learns from groups: each passage of a group is right or not (cross-entropy of the logit, as in monoBERT,
Nogueira and Cho 2019), and where a group has both, the right ones must stand out among the rest (softmax over
the group, as in Gao, Dai and Callan 2021, "Rethink training of BERT rerankers"). A plain loop: the same seed
gives the same model, and a stopped run goes on from its last checkpoint."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.processor import multiplies_bfloat16
from knowledge.types import FloatArray
from learning.training.pair_net import pair_net

if TYPE_CHECKING:
    import torch

Show = Callable[[float, str], None]
"""Called with the share of the work done, 0..1, and what is being done."""
_SORTED_STEPS = 40  # steps whose groups are sorted by length together, so that little is padding
_SHOWN_EVERY = 25


@dataclass(frozen=True, slots=True)
class PairGroup:
    """A text with passages and, for each, how far it is right (0 to 1). `weight` scales its loss."""

    text: str
    passages: tuple[str, ...]
    labels: tuple[float, ...]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PairSettings:
    """How a pair model is trained. `pairs` a step, `listwise` the weight of the softmax over a group beside
    the cross-entropy of each pair, `checkpoint` steps between two checkpoints."""

    seed: int
    epochs: float
    pairs: int
    rate: float
    max_tokens: int
    listwise: float
    threads: int = 1
    checkpoint: int = 200


class PairModel:
    """A cross-encoder in torch, on the processor."""

    def __init__(self, base: Path, *, max_tokens: int, seed: int = 0, frozen: int = 0) -> None:
        """The encoder in the folder `base` under a new head. Of `frozen` layers from the bottom, and of the
        embeddings below them, the weights stay as they are."""
        import torch
        from tokenizers import Tokenizer

        torch.manual_seed(seed)
        self.max_tokens = max_tokens
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self.tokenizer.enable_truncation(max_tokens, strategy="longest_first")
        self.tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106
        self.net = pair_net(base, frozen)

    def batch(self, pairs: Sequence[tuple[str, str]]) -> tuple[torch.Tensor, ...]:
        """Token numbers, mask and token types, each of shape (pairs, tokens)."""
        import torch

        encodings = self.tokenizer.encode_batch(list(pairs))
        rows = [[one.ids, one.attention_mask, one.type_ids] for one in encodings]
        return tuple(torch.tensor(rows, dtype=torch.int64).permute(1, 0, 2))

    def score(
        self, pairs: Sequence[tuple[str, str]], *, at_once: int = 64, exact: bool = False
    ) -> FloatArray:
        """Logits, shape (pairs,); `exact` in single precision throughout."""
        import torch

        order = sorted(range(len(pairs)), key=lambda index: sum(map(len, pairs[index])))
        scores = np.zeros(len(pairs), dtype=np.float32)
        self.net.eval()
        with torch.inference_mode(), nullcontext() if exact else _halved():
            for start in range(0, len(order), at_once):
                part = order[start : start + at_once]
                logits = self.net(*self.batch([pairs[index] for index in part]))
                scores[part] = logits.float().squeeze(1).numpy()
        return scores

    def train(
        self,
        groups: Sequence[PairGroup],
        settings: PairSettings,
        *,
        checkpoint: Path,
        resume: bool,
        show: Show,
    ) -> float:
        """Trains in place; the mean loss of the last tenth of all steps. Raises `ValueError` where there is
        nothing to train on."""
        return _Run(self, groups, settings, show).go(checkpoint, resume=resume)


class _Run:
    """One training run: optimiser, schedule, place in the data."""

    def __init__(
        self, model: PairModel, groups: Sequence[PairGroup], settings: PairSettings, show: Show
    ) -> None:
        import torch

        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.model, self.groups, self.settings, self.show = model, groups, settings, show
        if not groups:
            raise ValueError("there are no examples to train on")
        self.per_epoch = sum(1 for _ in self._epoch(0))
        self.total = int(settings.epochs * self.per_epoch)
        if not self.total:
            raise ValueError("there are too few examples for a single step")
        self.optimiser = torch.optim.AdamW(model.net.parameters(), lr=settings.rate, weight_decay=0.01)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, settings.rate, total_steps=self.total + 1, pct_start=0.1
        )
        self.done = 0
        self.losses: list[float] = []

    def go(self, checkpoint: Path, *, resume: bool) -> float:
        if resume and checkpoint.exists():
            self._load(checkpoint)
        self.model.net.train()
        for batch in self._batches():
            self.losses.append(self._step(batch))
            self.done += 1
            if self.done % _SHOWN_EVERY == 0 or self.done == self.total:
                self.show(
                    self.done / self.total,
                    f"step {self.done} of {self.total}, loss {np.mean(self.losses[-_SHOWN_EVERY:]):.3f}",
                )
            if self.done % self.settings.checkpoint == 0 or self.done == self.total:
                self._save(checkpoint)
        return float(np.mean(self.losses[-max(1, self.total // 10) :]))

    def _batches(self) -> Iterator[list[PairGroup]]:
        """The batches that are still to be done."""
        epoch, place = divmod(self.done, self.per_epoch)
        while self.done < self.total:
            for index, batch in enumerate(self._epoch(epoch)):
                if index >= place and self.done < self.total:
                    yield batch
            epoch, place = epoch + 1, 0

    def _epoch(self, epoch: int) -> Iterator[list[PairGroup]]:
        rng = random.Random(self.settings.seed * 1000 + epoch)  # noqa: S311
        groups = list(self.groups)
        rng.shuffle(groups)
        pairs = self.settings.pairs
        size = max(1, round(_SORTED_STEPS * pairs * len(groups) / sum(len(one.passages) for one in groups)))
        batches = [
            batch
            for start in range(0, len(groups), size)
            for batch in _cut(sorted(groups[start : start + size], key=_length), pairs)
        ]
        rng.shuffle(batches)
        yield from batches

    def _step(self, batch: list[PairGroup]) -> float:
        import torch

        with _halved():
            flat = [(group.text, passage) for group in batch for passage in group.passages]
            logits = self.model.net(*self.model.batch(flat)).float().squeeze(1)
        loss = _loss(logits, batch, self.settings.listwise)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.net.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.schedule.step()
        return float(loss.item())

    def _save(self, path: Path) -> None:
        import torch

        state: dict[str, Any] = {"net": self.model.net.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"schedule": self.schedule.state_dict(), "done": self.done, "losses": self.losses}
        state |= {"random": torch.get_rng_state()}
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def _load(self, path: Path) -> None:
        import torch

        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.model.net.load_state_dict(state["net"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.done, self.losses = state["done"], state["losses"]
        torch.set_rng_state(state["random"])


def _halved() -> torch.autocast:
    """bfloat16 for the large products, where the processor multiplies it."""
    import torch

    return torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16())


def _length(group: PairGroup) -> int:
    return max(len(group.text) + len(passage) for passage in group.passages)


def _cut(groups: Sequence[PairGroup], pairs: int) -> Iterator[list[PairGroup]]:
    batch: list[PairGroup] = []
    for group in groups:
        batch.append(group)
        if sum(len(one.passages) for one in batch) >= pairs:
            yield batch
            batch = []
    if batch:
        yield batch


def _loss(logits: torch.Tensor, batch: Sequence[PairGroup], listwise: float) -> torch.Tensor:
    """Cross-entropy of each pair, and of the right passages among their group."""
    import torch

    labels = torch.tensor([label for group in batch for label in group.labels])
    weights = torch.tensor([group.weight for group in batch for _ in group.labels])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, weights)
    if not listwise:
        return loss
    start, ranks = 0, []
    for group in batch:
        end = start + len(group.labels)
        right = labels[start:end]
        if max(group.labels) > 0.5 and min(group.labels) < 0.5:
            chances = torch.log_softmax(logits[start:end], dim=0)
            ranks.append(-group.weight * (right * chances).sum() / right.sum())
        start = end
    return loss + listwise * torch.stack(ranks).mean() if ranks else loss
