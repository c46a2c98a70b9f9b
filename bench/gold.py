"""The gold questions of the seeds, put to the real service in this process.

    python -m bench.gold [--verbose]

Prints the figures of both halves, and the failures of the half that may be tuned on; `--verbose` prints
those of the other half too, which then counts for less.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.schemas import ChatRequest, HistoryMessage
from app.services import Services, build_services
from app.settings import Settings
from learning.evaluation.gold import GoldFigures, GoldQuestion, GoldResult, Side, load_gold, score

GOLD = Path(__file__).parent.parent / "seeds" / "gold"
_READY_S = 300


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Services]:
    """The service, once it can answer. Raises `TimeoutError` with its state."""
    services = build_services(settings)
    await services.start()
    try:
        await _ready(services)
        yield services
    finally:
        await services.stop()


async def put_to(services: Services, questions: Sequence[GoldQuestion]) -> tuple[GoldResult, ...]:
    """Asks one after another, each as a stateless caller with its history."""
    return tuple([await _ask(services, gold) for gold in questions])


async def _ask(services: Services, gold: GoldQuestion) -> GoldResult:
    async def unheard(text: str) -> None:
        pass

    history = [HistoryMessage(role=said.role, content=said.text) for said in gold.question.history]
    request = ChatRequest(message=gold.question.text, history=history or None)
    response = await services.turns.start(request, unheard)
    cited = {citation.index: citation.entry_id for citation in response.citations}
    return GoldResult(gold, response.outcome, tuple(cited[index] for index in sorted(cited)))


async def _ready(services: Services) -> None:
    for _ in range(_READY_S * 20):
        if services.releases.ready:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"the service did not become ready: {services.releases.state}")


def print_figures(figures: dict[str, GoldFigures]) -> None:
    def row(name: str, shares: Sequence[object]) -> None:
        print(f"{name:<28}" + "".join(f"{share or '':>20}" for share in map(str, shares)))

    row("", list(figures))
    for name in ("right_cited", "right_first", "refused", "not_answered", "exact"):
        row(name.replace("_", " "), [getattr(column, name) for column in figures.values()])
    for kind in figures["all"].by_kind:
        row(f"  {kind}", [column.by_kind.get(kind, "") for column in figures.values()])


def print_failures(results: Sequence[GoldResult]) -> None:
    for result in results:
        if not result.right:
            gold = result.gold
            wanted = ", ".join(gold.entry_ids) or f"not answered ({gold.expect})"
            got = ", ".join(result.cited) or result.outcome
            print(f"{gold.id} {gold.kind} {gold.question.text!r}\n       wanted {wanted}; got {got}")


async def measure(*, verbose: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running(Settings(data_dir=Path(folder), log_level="ERROR")) as services:
            results = await put_to(services, load_gold(GOLD))
    sides = {side: [result for result in results if result.gold.side is side] for side in Side}
    print_figures({"all": score(results)} | {side.value: score(part) for side, part in sides.items()})
    print("\nFailures" if verbose else "\nFailures (dev side)")
    print_failures(results if verbose else sides[Side.DEV])


def main() -> None:
    parser = argparse.ArgumentParser(description="Put the gold questions of the seeds to the real service.")
    parser.add_argument("--verbose", action="store_true", help="list the failures of the held half too")
    asyncio.run(measure(verbose=parser.parse_args().verbose))


if __name__ == "__main__":
    main()
