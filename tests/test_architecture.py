"""The rules of the house that can be read off the source: who imports whom, and how large things may grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("app", "learning", "pipeline", "knowledge")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MAY_IMPORT = {
    "knowledge": {"knowledge"},
    "pipeline": {"pipeline", "knowledge.types", "knowledge.blocks", "knowledge.sentences"},
    "learning": {"learning", "pipeline", "knowledge"},
    "app": {"app", "learning", "pipeline", "knowledge"},
}
TRAINERS = {
    f"learning/training/{part}.py" for part in ("retriever", "contrastive", "shipped_weights", "matcher")
}
ONE_ADAPTER = {
    "openai": {
        "pipeline/llm.py",
        "learning/finetuning/api.py",  # another half of the API, for another room
    },
    "faiss": {"knowledge/dense_index.py"},
    "bm25s": {"knowledge/lexical_index.py"},
    "onnxruntime": {
        "knowledge/onnx_session.py",
        "knowledge/onnx_export.py",  # only quantises
    },
    "sentence_transformers": {"knowledge/onnx_export.py", *TRAINERS},
    "torch": {"knowledge/onnx_export.py", *TRAINERS},
    "datasets": TRAINERS,
    "accelerate": TRAINERS,
    "xllamacpp": {"app/local_llm_child.py"},
    "sklearn": {"learning/training/logistic.py"},
    "py3langid": {"pipeline/stages/spoken_language.py"},
}
MAX_LINES = 400


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def within(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_one_way(path: Path) -> None:
    allowed = MAY_IMPORT[path.relative_to(ROOT).parts[0]]
    ours = {module for module in imports(path) if module.split(".")[0] in (*ROOMS, "tests", "bench")}
    assert [module for module in sorted(ours) if not within(module, allowed)] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_but_commands_knows_the_terminal(path: Path) -> None:
    if not name(path).startswith("app/cli/"):
        assert not [module for module in imports(path) if within(module, {"app.cli"})]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_heavy_libraries_have_one_adapter_each_and_load_when_used(path: Path) -> None:
    for library, homes in ONE_ADAPTER.items():
        used = any(within(module, {library}) for module in imports(path))
        assert not used or name(path) in homes, f"{library} belongs in {sorted(homes)}"
        assert not any(within(module, {library}) for module in imports(path, top_level_only=True))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_fastapi_stays_in_app_and_the_turn_in_pipeline(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    modules = set(imports(path))
    if room != "app":
        assert not any(within(module, {"fastapi", "starlette", "uvicorn"}) for module in modules)
    if room in ("app", "knowledge"):
        assert not any(within(module, {"pipeline.turn"}) for module in modules)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


def test_the_rules_see_the_code() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(ROOMS)
    assert within("knowledge.types", {"knowledge"}) and not within("knowledge_x", {"knowledge"})
