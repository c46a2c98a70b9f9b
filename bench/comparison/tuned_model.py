"""A small language model from a GGUF file, fine-tuned with LoRA on the processor, and written as a GGUF file
again, which the service itself can run (`CANDOR_LLM_GGUF`)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ADAPTED = {
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}
"""Layers that learn, with their names in the file. Queries and keys stay as they are: the file holds their
rows in another order."""
_IGNORED = -100  # the label of a token that is not learned


@dataclass(frozen=True, slots=True)
class Tuning:
    """`minutes` of processor time at most; `tokens` of a batch, padding included."""

    minutes: float = 8.0
    epochs: int = 4
    rank: int = 32
    rate: float = 1e-3
    tokens: int = 1536
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Tuned:
    """The file that was written, and what it took."""

    file: Path
    steps: int
    tokens: int
    processor_s: float
    first_loss: float
    last_loss: float


def tuned(base: Path, rows: Sequence[Mapping[str, Any]], out: Path, tuning: Tuning) -> Tuned:
    """Trains on chat rows; only the last message of each is learned. Ends at the last epoch or when the time
    is used up. An unfinished training is taken up at its last epoch: its state is beside `out`."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(tuning.seed)
    where, name = str(base.parent), base.name
    tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=name)
    plain = AutoModelForCausalLM.from_pretrained(where, gguf_file=name, dtype=torch.bfloat16)
    lora = LoraConfig(r=tuning.rank, lora_alpha=2 * tuning.rank, target_modules=[*ADAPTED])
    model = get_peft_model(plain, lora)
    learning = {key: value for key, value in model.named_parameters() if value.requires_grad}
    optimizer = torch.optim.AdamW(learning.values(), lr=tuning.rate, weight_decay=0.0)
    examples = [_example(tokenizer, row) for row in rows]
    kept = out.with_suffix(".state.pt")
    done: dict[str, Any] = {"epoch": 0, "steps": 0, "tokens": 0, "processor_s": 0.0, "losses": []}
    if kept.exists():
        saved = torch.load(kept, weights_only=True)
        model.load_state_dict(saved.pop("weights"), strict=False)
        optimizer.load_state_dict(saved.pop("optimizer"))
        done = saved
    for epoch in range(done["epoch"], tuning.epochs):
        for batch in _batches(examples, tuning.tokens, random.Random(tuning.seed + epoch)):  # noqa: S311
            if done["processor_s"] >= 60 * tuning.minutes:
                break
            began = time.process_time()
            ids, labels = (torch.tensor(side) for side in _padded(batch, tokenizer.eos_token_id))
            with torch.autocast("cpu", torch.bfloat16):
                loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            done["losses"].append(float(loss))
            done["steps"] += 1
            done["tokens"] += ids.numel()
            done["processor_s"] += time.process_time() - began
            print(f"epoch {epoch + 1} step {done['steps']} loss {float(loss):.3f}", flush=True)
        done["epoch"] = epoch + 1
        weights = {key: value.detach() for key, value in learning.items()}
        torch.save({**done, "weights": weights, "optimizer": optimizer.state_dict()}, kept)
    _write(base, out, _deltas(model, lora.lora_alpha / lora.r))
    losses = done["losses"]
    ends = (sum(losses[:5]) / max(1, len(losses[:5])), sum(losses[-5:]) / max(1, len(losses[-5:])))
    result = Tuned(out, done["steps"], done["tokens"], done["processor_s"], *ends)
    told = {**asdict(result), "file": out.name}
    out.with_suffix(".json").write_text(json.dumps(told), "utf-8")
    return result


def _example(tokenizer: Any, row: Mapping[str, Any]) -> tuple[list[int], list[int]]:  # noqa: ANN401
    said = [{"role": each["role"], "content": each["content"]} for each in row["messages"]]
    prompt = tokenizer.apply_chat_template(said[:-1], tokenize=False, add_generation_prompt=True)
    before = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    reply = tokenizer(f"{said[-1]['content']}{tokenizer.eos_token}", add_special_tokens=False)["input_ids"]
    return before + reply, [_IGNORED] * len(before) + reply


def _batches(
    examples: Sequence[tuple[list[int], list[int]]], tokens: int, rng: random.Random
) -> Iterator[list[tuple[list[int], list[int]]]]:
    """Examples of about the same length together, so that little is padding; the batches in random order."""
    batches: list[list[tuple[list[int], list[int]]]] = [[]]
    for example in sorted(rng.sample(examples, len(examples)), key=lambda each: len(each[0])):
        if batches[-1] and (len(batches[-1]) + 1) * len(example[0]) > tokens:
            batches.append([])
        batches[-1].append(example)
    rng.shuffle(batches)
    yield from batches


def _padded(
    batch: Sequence[tuple[list[int], list[int]]], filler: int
) -> tuple[list[list[int]], list[list[int]]]:
    """Filled up behind, where nothing that counts can see it."""
    longest = max(len(ids) for ids, _ in batch)
    missing = [longest - len(ids) for ids, _ in batch]
    ids = [row + [filler] * gap for (row, _), gap in zip(batch, missing, strict=True)]
    return ids, [row + [_IGNORED] * gap for (_, row), gap in zip(batch, missing, strict=True)]


def _deltas(model: Any, scale: float) -> dict[str, Any]:  # noqa: ANN401
    """What was learned for each tensor of the file, by its name there."""
    found = {}
    for name, module in model.named_modules():
        kind = name.rsplit(".", 1)[-1]
        if kind in ADAPTED and hasattr(module, "lora_A"):
            layer = name.split(".layers.", 1)[1].split(".", 1)[0]
            product = module.lora_B["default"].weight @ module.lora_A["default"].weight
            found[f"blk.{layer}.{ADAPTED[kind]}.weight"] = (scale * product).detach().float().numpy()
    return found


def _write(base: Path, out: Path, deltas: Mapping[str, Any]) -> None:
    """The base file with these tensors changed, in 16 bits; all else as it is."""
    import gguf
    import numpy as np

    reader = gguf.GGUFReader(base)
    writer = gguf.GGUFWriter(out, arch=reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name == "general.architecture" or field.name.startswith("GGUF."):
            continue
        inner = field.types[-1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    for tensor in reader.tensors:
        if tensor.name in deltas:
            weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type) + deltas[tensor.name]
            writer.add_tensor(tensor.name, weights.astype(np.float16))
        else:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
