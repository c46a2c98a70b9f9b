"""`candor synthesize`: questions and conversations made up from a knowledge base, and how people really
type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.cli.tuning.synthesis_sets import Kind

synthesis = typer.Typer(
    help="Make up questions and conversations, labelled and checked.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

SETS: dict[Kind, str] = {
    "questions": """\
Single messages: paraphrases, typos, fragments, indirect and loaded questions, misconceptions.

Also questions that nothing answers, small talk, and what is off topic. Each is kept only if it leads back to
the entry that it was made for.""",
    "conversations": """\
Conversations, labelled at their last message: follow-ups with the question that they really ask.

Pronouns, "and for kids?", "why?", changes of subject, small talk, questions that nothing answers.""",
}


def _command(kind: Kind) -> Callable[..., None]:
    def command(
        out: Annotated[
            Path, typer.Argument(metavar="OUT", help="The folder to fill: a suite for `candor eval`.")
        ],
        kb: Annotated[
            Path | None,
            typer.Option(metavar="FILE|FOLDER", help="As import reads it. Default: your own."),
        ] = None,
        count: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="How many.")] = 2000,
        seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same set.")] = 1,
        withhold: Annotated[
            float,
            typer.Option(
                min=0, max=0.5, metavar="SHARE", help="Entries to take out, so that nothing answers."
            ),
        ] = 0.1,
        llm: Annotated[
            bool, typer.Option("--llm", help="Have the language model word questions, too.")
        ] = False,
        calls: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many calls to it.")] = 300,
        real: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Real messages, to say how close the noise comes.")
        ] = None,
    ) -> None:
        from app.cli.tuning.synthesis_sets import Order, synthesize, told

        report = synthesize(kind, Order(out, kb, count, seed, withhold, calls if llm else 0, real))
        for line in told(report):
            typer.echo(line)
        typer.echo(f"The set is in {out}: candor eval {out}")

    return command


for _kind, _help in SETS.items():
    synthesis.command(_kind, help=_help)(_command(_kind))


@synthesis.command()
def intents(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines for `candor train rewriter`.")],
    made: Annotated[
        list[Path] | None, typer.Option("--from", metavar="FOLDER", help="A set of made-up conversations.")
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Conversations of this service whose answer was rated up.")
    ] = False,
) -> None:
    """What messages really ask, after their conversation: pairs to train the rewriter on."""
    from app.cli.tuning.intent_pairs import extract

    if not made and not stored:
        raise typer.BadParameter("give --from, --stored, or both.")
    written, needed = extract(out, made or (), stored)
    typer.echo(f"{written:,} messages are in {out}; {needed:,} lean on what was said before.")


@synthesis.command()
def noise(
    messages: Annotated[
        Path, typer.Argument(metavar="DATA|FILE", help="The data folder; or JSONL or lines of your own.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default: the profile that questions are typed by.")
    ] = None,
) -> None:
    """Measure how people really type: rates alone, none of their text is kept."""
    from app.cli.tuning.synthesis_sets import measure_noise

    file = measure_noise(messages, out)
    typer.echo(f"The profile is in {file}.")
