"""The rules of the house that can be read off the source: who imports whom, and how large things may grow."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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
    f"learning/training/{part}.py"
    for part in (
        "retrieval/retriever",
        "retrieval/contrastive",
        "retrieval/shipped_weights",
        "judging/matcher",
    )
}
ONE_ADAPTER = {
    "openai": {
        "pipeline/llm/client.py",
        "learning/finetuning/api.py",  # another half of the API, for another room
    },
    "faiss": {"knowledge/index/dense.py"},
    "bm25s": {"knowledge/index/lexical.py"},
    "onnxruntime": {
        "knowledge/encoders/onnx_session.py",
        "knowledge/encoders/onnx_export.py",  # only quantises
    },
    "sentence_transformers": {"knowledge/encoders/torch_encoder.py", *TRAINERS},
    "torch": {"knowledge/encoders/onnx_export.py", *TRAINERS},
    "datasets": TRAINERS,
    "accelerate": TRAINERS,
    "xllamacpp": {"app/compose/local_llm_child.py"},
    "sklearn": {"learning/training/judging/logistic.py"},
    "authlib": {"app/single_sign_on/provider.py"},
    "joserfc": {"app/single_sign_on/provider.py"},
    "py3langid": {"pipeline/stages/gate/spoken_language.py"},
}
MAX_LINES = 400
MAX_FILES = 14


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def imports(path: Path, *, top_level_only: bool = False) -> tuple[str, ...]:
    return tuple(_imports(path, top_level_only))


def _imports(path: Path, top_level_only: bool) -> Iterator[str]:
    tree = tree_of(path)
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


def imported(*, top_level_only: bool = False) -> Iterator[tuple[Path, str]]:
    """Each file of the rooms with each module that it imports."""
    for path in FILES:
        for module in imports(path, top_level_only=top_level_only):
            yield path, module


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def test_imports_point_one_way() -> None:
    ours = {*ROOMS, "tests", "bench"}
    wrong = {
        f"{name(path)}: {module}"
        for path, module in imported()
        if module.split(".")[0] in ours and not within(module, MAY_IMPORT[room(path)])
    }
    assert sorted(wrong) == []


def test_nothing_but_commands_knows_the_terminal() -> None:
    wrong = {
        f"{name(path)}: {module}"
        for path, module in imported()
        if within(module, {"app.cli"}) and not name(path).startswith("app/cli/")
    }
    assert sorted(wrong) == []


def test_heavy_libraries_have_one_adapter_each_and_load_when_used() -> None:
    strays = {
        f"{name(path)}: {module}"
        for path, module in imported()
        for library, homes in ONE_ADAPTER.items()
        if within(module, {library}) and name(path) not in homes
    }
    assert sorted(strays) == []
    at_once = {
        f"{name(path)}: {module}"
        for path, module in imported(top_level_only=True)
        if within(module, set(ONE_ADAPTER))
    }
    assert sorted(at_once) == []


def test_fastapi_stays_in_app_and_the_turn_in_pipeline() -> None:
    wrong = {
        f"{name(path)}: {module}"
        for path, module in imported()
        if (within(module, {"fastapi", "starlette", "uvicorn"}) and room(path) != "app")
        or (within(module, {"pipeline.turn"}) and room(path) in ("app", "knowledge"))
    }
    assert sorted(wrong) == []


def test_files_stay_readable() -> None:
    files = [*FILES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "bench").rglob("*.py")]
    lines = {name(path): len(path.read_text("utf-8").splitlines()) for path in files}
    assert {file: count for file, count in lines.items() if count > MAX_LINES} == {}


def test_folders_stay_readable() -> None:
    """An owner's entries alone lie as many in a folder as their topic has."""
    shelves = (ROOT / room for room in (*ROOMS, "bench", "docs", "seeds", "tests"))
    counts = Counter(
        name(path.parent)
        for shelf in shelves
        for path in shelf.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    crowded = {folder: count for folder, count in counts.items() if count > MAX_FILES}
    assert {folder: count for folder, count in crowded.items() if not folder.startswith("seeds/kb/")} == {}


def test_the_rules_see_the_code() -> None:
    assert {room(path) for path in FILES} == set(ROOMS)
    assert within("knowledge.types", {"knowledge"}) and not within("knowledge_x", {"knowledge"})
