"""The network of the pair models: BERT reads both texts together, and each token is then compared with what
the other text has nearest to it (decomposable attention, Parikh et al. 2016), so that a word without a
counterpart shows. On claims that differ from their evidence by a word, this learned from fewer examples than
a plain head."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_COMPARED = 128  # features of a token compared with its counterpart
_SHARPNESS = 10.0  # of the softmax that finds the counterpart by cosine


def pair_net(base: Path, frozen: int) -> torch.nn.Module:
    """The BERT in the folder `base` under a new head: token numbers, mask and token types, each of shape
    (pairs, tokens), to logits of shape (pairs, 1). Of `frozen` layers from the bottom, and of the embeddings
    below them, the weights stay as they are."""
    import torch
    from transformers import BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]

    class PairNet(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bert = BertModel.from_pretrained(
                str(base), local_files_only=True, add_pooling_layer=False, attn_implementation="eager"
            )
            width = self.bert.config.hidden_size
            self.key = torch.nn.Linear(width, width, bias=False)
            torch.nn.init.eye_(self.key.weight)  # at first, words are aligned by likeness
            self.compare = torch.nn.Linear(4 * width, _COMPARED)
            self.dropout = torch.nn.Dropout(0.1)
            self.head = torch.nn.Linear(4 * _COMPARED + width, 1)

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
        ) -> torch.Tensor:
            states = self.bert(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            )[0].float()
            there = attention_mask.to(states.dtype)
            second = there * token_type_ids.to(states.dtype)
            compared = self.aligned(states, there - second, second)
            pooled = [_mean(states, there)]
            for side in (there - second, second):
                pooled += [_mean(compared, side), (compared + _hidden(side).unsqueeze(-1)).amax(dim=1)]
            logits: torch.Tensor = self.head(self.dropout(torch.cat(pooled, dim=-1)))
            return logits

        def aligned(self, states: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
            """Each token compared with what the other text has nearest to it."""
            keys = torch.nn.functional.normalize(self.key(states).float(), dim=-1)
            hidden = first.unsqueeze(2) * _hidden(second).unsqueeze(1)
            hidden = hidden + second.unsqueeze(2) * _hidden(first).unsqueeze(1)
            nearness = _SHARPNESS * keys @ keys.transpose(1, 2) + hidden
            other = torch.softmax(nearness, dim=-1) @ states
            both = torch.cat([states, other, states - other, states * other], dim=-1)
            return torch.nn.functional.gelu(self.compare(both)).float()

    net = PairNet()
    for part in (net.bert.embeddings, *net.bert.encoder.layer[:frozen]) if frozen else ():
        part.requires_grad_(False)
    return net


def _mean(states: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    weights = there.unsqueeze(-1)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def _hidden(there: torch.Tensor) -> torch.Tensor:
    """0 where there is a token, otherwise what keeps it out of a maximum or a softmax."""
    return (there - 1.0) * 1e4
