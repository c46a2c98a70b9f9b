"""The retriever's loss: in a batch from one knowledge base, each message belongs to its own passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge.encoders.processor import multiplies_bfloat16
from knowledge.progress import Show
from learning.training.config import RetrieverConfig
from learning.training.retrieval.batches import Example

if TYPE_CHECKING:
    import torch
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from transformers import TrainerCallback


_LOG_STEPS = 10
_PIECES = 4  # in which a batch is encoded, by length: half of a whole one would be padding


def entry_contrast(model: Any, examples: Sequence[Example], scale: float) -> torch.nn.Module:  # noqa: ANN401
    """InfoNCE over the batch (van den Oord et al. 2018) in both directions, where a passage of an entry that
    also answers the message, or can hardly be told from the one that does, counts neither for nor against.

    The label of a row is its place in `examples`. `scale` multiplies the cosines."""
    import torch
    from torch.nn.functional import cross_entropy, normalize

    class EntryContrast(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self, sentence_features: Sequence[Mapping[str, torch.Tensor]], labels: torch.Tensor
        ) -> torch.Tensor:
            messages, passages = (normalize(embedded(self.model, each), dim=-1) for each in sentence_features)
            rows = [examples[number] for number in labels.tolist()]
            neutral = torch.tensor(neutral_pairs(rows), device=messages.device)
            scores = (messages @ passages.T * scale).masked_fill(neutral, float("-inf"))
            right = torch.arange(len(rows), device=scores.device)
            return (cross_entropy(scores, right) + cross_entropy(scores.T, right)) / 2

    return EntryContrast()


def embedded(model: Any, features: Mapping[str, torch.Tensor]) -> torch.Tensor:  # noqa: ANN401
    """The model's vectors for tokenised texts, shape (texts, dimension): texts of like length are encoded
    together, without the padding that the longest of all asks for."""
    import torch

    lengths = features["attention_mask"].sum(dim=1)
    order = lengths.argsort()
    found = [
        model(
            {
                "input_ids": features["input_ids"][rows, :longest],
                "attention_mask": features["attention_mask"][rows, :longest],
            }
        )["sentence_embedding"].float()
        for rows in order.tensor_split(_PIECES)
        if len(rows)
        for longest in (int(lengths[rows].max()),)
    ]
    return torch.cat(found)[order.argsort()]


def neutral_pairs(rows: Sequence[Example]) -> list[list[bool]]:
    """For each message and each passage of the batch: is it not its own, but may answer it all the same?"""
    return [
        [
            one is not other and (other.entry_id in one.accepted or one.entry_id in other.accepted)
            for other in rows
        ]
        for one in rows
    ]


def fit(
    model: SentenceTransformer,
    batches: Sequence[Sequence[Example]],
    config: RetrieverConfig,
    checkpoints: Path,
    show: Show,
) -> list[float]:
    """Trains `model` in place on the batches in their order, and takes up the last of the `checkpoints` where
    there is one. Gives the mean loss of each ten steps."""
    from transformers.trainer_utils import get_last_checkpoint

    window, model.max_seq_length = model.max_seq_length, config.max_tokens
    examples = [example for batch in batches for example in batch]
    trainer = _trainer(model, examples, config, checkpoints, show)
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None  # type: ignore[no-untyped-call]
    trainer.train(resume_from_checkpoint=last)
    model.max_seq_length = window
    return [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]


def _trainer(
    model: SentenceTransformer,
    examples: Sequence[Example],
    config: RetrieverConfig,
    checkpoints: Path,
    show: Show,
) -> SentenceTransformerTrainer:
    from sentence_transformers import SentenceTransformerTrainer
    from sentence_transformers.base.sampler import DefaultBatchSampler
    from torch.utils.data import SequentialSampler
    from transformers import PrinterCallback

    class PlannedTrainer(SentenceTransformerTrainer):  # type: ignore[misc]
        """Takes the batches as they were planned, and leaves model cards to us."""

        def get_batch_sampler(self, dataset: Dataset, batch_size: int, **_given: object) -> object:
            return DefaultBatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=False)

        def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
            """None is added."""

    trainer = PlannedTrainer(
        model=model,
        args=_arguments(config, checkpoints),
        train_dataset=_dataset(examples),
        loss=entry_contrast(model, examples, config.scale),
        callbacks=[_progress(show)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _dataset(examples: Sequence[Example]) -> Dataset:
    from datasets import Dataset

    return Dataset.from_dict(
        {
            "message": [example.message for example in examples],
            "passage": [example.passage for example in examples],
            "label": [*range(len(examples))],
        }
    )


def _arguments(config: RetrieverConfig, checkpoints: Path) -> SentenceTransformerTrainingArguments:
    from sentence_transformers import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=1,  # the plan holds them all
        per_device_train_batch_size=config.batch,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=config.warmup,  # below 1: a share
        weight_decay=0.01,
        seed=config.seed,
        use_cpu=True,
        bf16=multiplies_bfloat16(),
        save_steps=config.save_steps,
        save_total_limit=2,
        logging_steps=_LOG_STEPS,
        logging_nan_inf_filter=False,  # it would show a broken run as a perfect one
        disable_tqdm=True,
        report_to="none",
        dataloader_pin_memory=False,
    )


def _progress(show: Show) -> TrainerCallback:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class Progress(TrainerCallback):
        def on_log(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            logs: Mapping[str, float] | None = None,
            **_given: object,
        ) -> None:
            if logs and "loss" in logs:
                step, steps = state.global_step, state.max_steps
                show(step / steps, f"training: step {step} of {steps}, loss {logs['loss']:.3f}")

    return Progress()
