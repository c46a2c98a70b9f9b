"""One fine-tuned model against the chain.

    python -m bench.comparison --base small.gguf --out FOLDER [--composer model.gguf] [--minutes 8] [SUITE …]

For each suite: conversations about its entries are made up and answered by the chain, a small model is
fine-tuned on them alone, and the suite's own questions, which nothing was trained on, are put to the chain,
the chain with `--composer` writing, the tuned model, and the tuned model with the entries that retrieval
finds. What is done lies in `--out` and is not done again. Nothing of it is part of the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from app.cli.curating.building import encoder
from app.cli.evaluation import Bench, opened_bench, read_suite
from app.cli.tuning.synthesis_sets import Order
from app.compose.local_llm import LocalServer
from app.settings import Profile, Settings, read_settings
from bench.comparison.arms import Arm, by_chain, by_model
from bench.comparison.measures import Judge, house_lines
from bench.comparison.table import print_table
from bench.comparison.talks import made_up, samples, spoken
from bench.comparison.tuned_model import Tuning, tuned
from bench.grounding import SILENT
from learning.evaluation.records import Case, Suite
from learning.evaluation.statistics.measures import must_not_answer
from learning.voice.transcript_files import read_transcripts
from pipeline.stages.grounding.grounding_check import SpecialistGroundingCheck

_LOADS_WITHIN_S = 300.0


def _unheard(share: float, doing: str) -> None:
    """Nobody looks on."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", type=Path)
    parser.add_argument("--base", type=Path, help="the small model to fine-tune, a GGUF file")
    parser.add_argument("--composer", type=Path, help="the model that writes for the chain, a GGUF file")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0, help="of processor time, for the training")
    parser.add_argument("--count", type=int, default=200, help="conversations to make up")
    parser.add_argument("--limit", type=int, default=8, help="questions of each kind")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    settings = read_settings()
    suites = options.suites or sorted((settings.seeds_dir / "practical" / "held").iterdir())
    for folder in suites:
        suite = read_suite(folder, options.limit)
        run_suite(suite, settings.model_copy(update={"profile": Profile.SPECIALIST}), options)
    print_table([options.out / folder.name for folder in suites], settings.seeds_dir / "conversations")


def run_suite(suite: Suite, settings: Settings, options: argparse.Namespace) -> None:
    """All arms on one suite; the chain's own comes first, since it speaks what the model learns."""
    out = options.out / suite.name
    out.mkdir(exist_ok=True)
    ask_chain(suite, settings, out / "chain.jsonl", options)
    if options.composer:
        writing = {
            "llm_gguf": options.composer, "profile": Profile.ASSISTED, "llm_threads": options.threads,
            "llm_timeout_s": 600.0, "llm_idle_s": 600.0,
        }  # fmt: skip
        ask_chain(suite, settings.model_copy(update=writing), out / "chain_writing.jsonl", options)
    if options.base:
        _ask_tuned(suite, settings, out, options)


def ask_chain(suite: Suite, settings: Settings, file: Path, options: argparse.Namespace) -> None:
    """The chain of these settings; without a language model, it also speaks what is trained on."""
    with asyncio.Runner() as runner, opened_bench(settings, runner, _unheard) as bench:
        bench.serve(suite, _unheard)
        ask(bench, suite, by_chain(bench.chain), file)
        rows = file.parent / "train.jsonl"
        if options.base and settings.profile is Profile.SPECIALIST and not rows.exists():
            _write_samples(suite, bench, rows, options.count)


def _write_samples(suite: Suite, bench: Bench, file: Path, count: int) -> None:
    loaded = encoder(bench.settings, _unheard)
    made = made_up(suite, bench, loaded, Order(file.parent, None, count, 0, 0.0), _unheard)
    examples = read_transcripts(bench.settings.seeds_dir / "conversations").conversations
    exported = samples([*spoken(made, bench), *examples], seed=0)
    file.write_text("".join(json.dumps(row) + "\n" for row in exported.train), "utf-8")
    print(
        f"{suite.name}: {len(exported.train)} samples of {exported.conversations} conversations", flush=True
    )


def _ask_tuned(suite: Suite, settings: Settings, out: Path, options: argparse.Namespace) -> None:
    model = out / "tuned.gguf"
    if not model.exists():
        rows = [json.loads(line) for line in (out / "train.jsonl").read_text("utf-8").splitlines()]
        print(tuned(options.base, rows, model, Tuning(options.minutes)), flush=True)
    key = secrets.token_urlsafe(24)
    order = {"model": str(model), "threads": options.threads, "slots": 1, "context": 4096, "key": key}
    with asyncio.Runner() as runner, ExitStack() as stack:
        server = LocalServer(order)
        stack.callback(server.close)
        server.start()
        assert server.wait_ready(_LOADS_WITHIN_S), server.last_lines
        bench = stack.enter_context(opened_bench(settings, runner, _unheard))
        bench.serve(suite, _unheard)
        address = server.base_url()
        ask(bench, suite, by_model(address, key), out / "tuned.jsonl")
        ask(bench, suite, by_model(address, key, bench.chain), out / "tuned_retrieving.jsonl")


def asked(suite: Suite) -> Sequence[Case]:
    """The cases of which the suite says whether they have an answer."""
    return [case for case in suite.cases if case.answerable or must_not_answer(case)]


def ask(bench: Bench, suite: Suite, arm: Arm, file: Path) -> None:
    """Puts each case to the arm and judges its reply, a line each; what is there is not asked again."""
    check = SpecialistGroundingCheck(bench.chain.encoder, SILENT)
    entries = bench.chain.knowledge.current.entries
    judge = Judge(check, entries, house_lines(bench.settings.seeds_dir / "voice.yaml"))
    done = (
        {json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()} if file.exists() else set()
    )
    with file.open("a", encoding="utf-8") as lines:
        for case in asked(suite):
            if case.id not in done:
                said = bench.runner.run(arm(case.question))
                judged = bench.runner.run(judge(said.text, case.entry_ids))
                asked_of = {
                    "id": case.id,
                    "kind": case.kind,
                    "message": case.question.text,
                    "answerable": case.answerable,
                }
                row = {**asked_of, **asdict(said), **asdict(judged)}
                lines.write(json.dumps(row) + "\n")
                lines.flush()


if __name__ == "__main__":
    main()
