"""The export of original models to ONNX, by torch.

Run as a child process, `python -m knowledge.encoders.onnx_export export|fetch ...`, by
`knowledge.encoders.model_store`."""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.encoders.model_card import sha256_of
from knowledge.encoders.model_store import Manifest, StoredModel
from knowledge.encoders.onnx_encoder import OnnxEncoder
from knowledge.encoders.probe_sentences import PROBE_SENTENCES
from knowledge.encoders.processor import Int8
from knowledge.encoders.torch_encoder import encode_original, load_original
from knowledge.types import FloatArray

if TYPE_CHECKING:
    import torch

_SAME_MODEL = 0.999  # a float export below this mean cosine is another model
_GOOD_ENOUGH = 0.99  # what quantisation may cost


def export(source: Path, name: str, folder: Path, arithmetic: Int8) -> Manifest:
    """Write the best export of the model in `source` that stays true to it into the new `folder`: int8, else
    float32, else a manifest alone that says to run the original."""
    folder.mkdir()
    model = load_original(source, attn_implementation="eager")  # in operations that ONNX has
    expected = encode_original(model, PROBE_SENTENCES)
    tokenizer = model.tokenizer
    exported = folder / "model.onnx"
    draft = Manifest(
        name=name,
        dimension=expected.shape[1],
        precision="pytorch",
        mean_cosine=1.0,
        reason=_obstacle(model),
        max_tokens=model.max_seq_length,
        pad_id=tokenizer.pad_token_id or 0,
        pad_token=tokenizer.pad_token or "[PAD]",
        files={},
    )
    if not draft.reason:
        draft = _export_float(model, expected, draft, folder)
    if draft.precision == "float32":
        draft = _quantise(model, expected, draft, folder, arithmetic)
    kept = [exported, folder / "tokenizer.json"] if draft.precision != "pytorch" else []
    manifest = draft.model_copy(update={"files": {file.name: sha256_of(file) for file in kept}})
    (folder / "manifest.json").write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return manifest


def _obstacle(model: Any) -> str:  # noqa: ANN401
    """Why the model cannot be exported, or an empty string."""
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return f"made of {', '.join(kinds)}"
    if model[1].pooling_mode not in {"mean", "cls"}:
        return f"pools by {model[1].pooling_mode}"
    if not getattr(model.tokenizer, "is_fast", False):
        return "has no fast tokenizer"
    return "puts a prompt before each text" if model.default_prompt_name else ""


def _export_float(model: Any, expected: FloatArray, draft: Manifest, folder: Path) -> Manifest:  # noqa: ANN401
    """Write model.onnx and tokenizer.json; the manifest says float32 if they are true to the model."""
    model.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    try:
        _write_graph(model, folder / "model.onnx")
    except (RuntimeError, TypeError, ValueError) as error:
        return draft.model_copy(update={"reason": f"torch cannot export it: {str(error).splitlines()[0]}"})
    cosine = _mean_cosine(folder, draft, expected)
    if cosine < _SAME_MODEL:
        return draft.model_copy(update={"reason": f"its export differs from it (mean cosine {cosine:.4f})"})
    return draft.model_copy(update={"precision": "float32", "mean_cosine": cosine})


def _write_graph(model: Any, path: Path) -> None:  # noqa: ANN401
    import torch

    ids = torch.ones(2, 8, dtype=torch.int64)
    mask = torch.ones(2, 8, dtype=torch.int64)
    mask[1, 5:] = 0
    rows_and_tokens = {0: "rows", 1: "tokens"}
    # The older exporter: it takes a quarter of the time, and onnxruntime runs its plain graph fastest.
    torch.onnx.export(
        _pooled(model).eval(),
        (ids, mask),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={
            "input_ids": rows_and_tokens,
            "attention_mask": rows_and_tokens,
            "vectors": {0: "rows"},
        },
        opset_version=17,
        dynamo=False,
    )


def _pooled(model: Any) -> torch.nn.Module:  # noqa: ANN401
    """Token numbers and mask to unit vectors in one module."""
    import torch

    first_token = model[1].pooling_mode == "cls"

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = model[0].auto_model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            tokens = self.transformer(input_ids=input_ids, attention_mask=attention_mask)[0]
            weights = attention_mask.unsqueeze(-1).to(tokens.dtype)
            total = weights.sum(dim=1).clamp(min=1e-9)
            pooled = tokens[:, 0] if first_token else (tokens * weights).sum(dim=1) / total
            return torch.nn.functional.normalize(pooled, dim=1)

    return Pooled()


def _quantise(
    model: Any,  # noqa: ANN401
    expected: FloatArray,
    draft: Manifest,
    folder: Path,
    arithmetic: Int8,
) -> Manifest:
    """Replace model.onnx by an int8 version where that stays close enough to the original."""
    exact, scaled, float32 = folder / "model.onnx", folder / "scaled.onnx", folder / "float32.onnx"
    exact.rename(float32)
    transformer = model[0].auto_model
    scale_rows(transformer, largest_inputs(transformer, lambda: encode_original(model, PROBE_SENTENCES)))
    _write_graph(model, scaled)
    quantise_graph(scaled, exact, narrow=arithmetic is Int8.NARROW)
    scaled.unlink()
    cosine = _mean_cosine(folder, draft, expected)
    if cosine < _GOOD_ENOUGH:
        float32.replace(exact)
        return draft.model_copy(update={"reason": f"int8 would cost too much (mean cosine {cosine:.4f})"})
    float32.unlink()
    return draft.model_copy(update={"precision": "int8", "mean_cosine": cosine})


def quantise_graph(scaled: Path, path: Path, *, narrow: bool) -> None:
    """Write the graph in `scaled`, its rows scaled, to `path` in int8; weights in 7 bits if `narrow`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        scaled,
        path,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        reduce_range=narrow,
        weight_type=QuantType.QInt8,
    )
    _fix_activation_range(path)
    _quantise_tables(path)


def largest_inputs(transformer: Any, run: Callable[[], object]) -> dict[str, torch.Tensor]:  # noqa: ANN401
    """For each linear layer by name, the largest size of each of its inputs while `run` runs the model."""
    import torch

    found: dict[str, torch.Tensor] = {}

    def watch(name: str) -> Any:  # noqa: ANN401
        def seen(_: object, inputs: tuple[torch.Tensor, ...]) -> None:
            sizes = inputs[0].detach().flatten(0, -2).abs().amax(dim=0)
            found[name] = torch.maximum(found.get(name, sizes), sizes)

        return seen

    layers = [each for each in transformer.named_modules() if isinstance(each[1], torch.nn.Linear)]
    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers]
    run()
    for hook in hooks:
        hook.remove()
    return found


def scale_rows(transformer: Any, largest: Mapping[str, torch.Tensor]) -> None:  # noqa: ANN401
    """Divide each token's activations by their largest before each linear layer and multiply after it.

    That changes nothing in exact arithmetic, but lets one fixed int8 range fit every token: an outlier no
    longer coarsens its neighbours, and a text has one vector, whatever it shares a batch with. Plain dynamic
    quantisation picks its range from the whole batch. What is large in every token, by the `largest_inputs`,
    is moved into the weights, half of it (SmoothQuant, Xiao et al. 2023, alpha .5)."""
    import torch

    class RowScaled(torch.nn.Module):
        shrink: torch.Tensor

        def __init__(self, linear: torch.nn.Linear, inputs: torch.Tensor) -> None:
            super().__init__()
            sizes = linear.weight.detach().abs().amax(dim=0)
            smooth = (inputs.clamp(min=1e-5) / sizes.clamp(min=1e-5)).sqrt()
            self.register_buffer("shrink", 1 / smooth)
            self.weight = torch.nn.Parameter(linear.weight * smooth)
            self.bias = linear.bias

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            rows = rows * self.shrink
            largest = rows.abs().amax(dim=-1, keepdim=True).clamp(min=1e-6)
            product = torch.matmul(rows / largest, self.weight.t()) * largest
            return product if self.bias is None else product + self.bias

    for path, module in list(transformer.named_modules()):
        for name, child in list(module.named_children()):
            inputs = largest.get(f"{path}.{name}".lstrip("."))
            if (
                isinstance(child, torch.nn.Linear) and inputs is not None
            ):  # else it takes no part in the vectors
                setattr(module, name, RowScaled(child, inputs))


def _quantise_tables(path: Path) -> None:
    """Tables of vectors, those of the words above all, to 8 bits with a scale for each vector."""
    import onnx
    from onnx import helper
    from onnx.numpy_helper import from_array, to_array

    model = onnx.load(path)
    graph = model.graph
    readers = Counter(name for node in graph.node for name in node.input)
    by_name = {each.name: each for each in graph.initializer if readers[each.name] == 1}
    for place, node in reversed(list(enumerate(graph.node))):
        name = node.input[0] if node.op_type == "Gather" and not any(a.i for a in node.attribute) else ""
        if name not in by_name or (table := to_array(by_name[name])).ndim != 2 or table.dtype != np.float32:
            continue
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        stored = {f"{name}_quantized": np.rint(table / scale).astype(np.int8), f"{name}_scale": scale}
        graph.initializer.remove(by_name[name])
        graph.initializer.extend(from_array(array, key) for key, array in stored.items())
        out = node.output[0]
        whole, own, real = f"{out}_whole", f"{out}_scale", f"{out}_real"
        rows, scales = stored
        graph.node.remove(node)
        for new in (
            helper.make_node("Mul", [real, own], [out]),
            helper.make_node("Gather", [scales, node.input[1]], [own]),
            helper.make_node("Cast", [whole], [real], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [rows, node.input[1]], [whole]),
        ):
            graph.node.insert(place, new)
    onnx.save(model, path)


def _fix_activation_range(path: Path) -> None:
    """Quantise activations, which `scale_rows` keeps in [-1, 1], by that range instead of a measured one."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    scale = onnx.numpy_helper.from_array(np.array(1 / 127, dtype=np.float32), "activation_scale")
    zero = onnx.numpy_helper.from_array(np.array(128, dtype=np.uint8), "activation_zero")
    graph.initializer.extend([scale, zero])
    renamed: dict[str, str] = {}
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            renamed |= {node.output[1]: scale.name, node.output[2]: zero.name}
            quantize = onnx.helper.make_node(
                "QuantizeLinear", [node.input[0], scale.name, zero.name], [node.output[0]], name=node.name
            )
            node.CopyFrom(quantize)
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    onnx.save(model, path)


def _mean_cosine(folder: Path, draft: Manifest, expected: FloatArray) -> float:
    encoder = OnnxEncoder(StoredModel(draft, "", folder, folder), threads=1)
    return float(np.mean(np.sum(encoder.encode(PROBE_SENTENCES) * expected, axis=1)))


def fetch(name: str, folder: Path) -> None:
    """Download a hub model into the new `folder`: weights as safetensors, no code."""
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    wanted = ["*.json", "*.txt", "*.safetensors", "*.model"]
    snapshot_download(
        repository, local_dir=folder, allow_patterns=wanted, ignore_patterns=["onnx/*", "openvino/*"]
    )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="knowledge.encoders.onnx_export")
    commands = parser.add_subparsers(dest="command", required=True)
    exporting = commands.add_parser("export")
    exporting.add_argument("source", type=Path)
    exporting.add_argument("name")
    exporting.add_argument("folder", type=Path)
    exporting.add_argument("arithmetic", type=Int8)
    fetching = commands.add_parser("fetch")
    fetching.add_argument("name")
    fetching.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    # Whatever the libraries have to say belongs to the export, not to the server that waits for it.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    if options.command == "fetch":
        fetch(options.name, options.folder)
    else:
        export(options.source, options.name, options.folder, options.arithmetic)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
