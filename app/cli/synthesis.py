"""`candor synthesize`: questions and conversations made up from a knowledge base, and how people really
type."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

synthesis = typer.Typer(
    help="Make up questions and conversations, labelled and checked.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

_Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to fill: a suite for `candor eval`.")]
_Kb = Annotated[
    Path | None, typer.Option("--kb", metavar="FILE|FOLDER", help="As import reads it. Default: your own.")
]
_Count = Annotated[int, typer.Option(min=1, max=1_000_000, metavar="N", help="How many.")]
_Seed = Annotated[int, typer.Option(metavar="N", help="The same seed gives the same set.")]
_Withhold = Annotated[
    float,
    typer.Option(min=0, max=0.5, metavar="SHARE", help="Entries to take out, so that nothing answers."),
]
_Llm = Annotated[bool, typer.Option("--llm", help="Have the language model word questions, too.")]
_Calls = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many calls to it.")]
_Real = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Real messages, to say how close the noise comes.")
]


@synthesis.command()
def questions(
    out: _Out,
    kb: _Kb = None,
    count: _Count = 2000,
    seed: _Seed = 1,
    withhold: _Withhold = 0.1,
    llm: _Llm = False,
    calls: _Calls = 300,
    real: _Real = None,
) -> None:
    """Single messages: paraphrases, typos, fragments, indirect and loaded questions, misconceptions.

    Also questions that nothing answers, small talk, and what is off topic. Each is kept only if it leads back
    to the entry that it was made for.
    """
    from app.synthesis import Order, synthesize

    _tell(synthesize("questions", Order(out, kb, count, seed, withhold, calls if llm else 0, real)), out)


@synthesis.command()
def conversations(
    out: _Out,
    kb: _Kb = None,
    count: _Count = 2000,
    seed: _Seed = 1,
    withhold: _Withhold = 0.1,
    llm: _Llm = False,
    calls: _Calls = 300,
    real: _Real = None,
) -> None:
    """Conversations, labelled at their last message: follow-ups with the question that they really ask.

    Pronouns, "and for kids?", "why?", changes of subject, small talk, questions that nothing answers.
    """
    from app.synthesis import Order, synthesize

    _tell(synthesize("conversations", Order(out, kb, count, seed, withhold, calls if llm else 0, real)), out)


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
    from app.intents import extract

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
    from app.synthesis import measure_noise

    file = measure_noise(messages, out)
    typer.echo(f"The profile is in {file}.")


def _tell(report: dict[str, object], out: Path) -> None:
    from app.synthesis import told

    for line in told(report):
        typer.echo(line)
    typer.echo(f"The set is in {out}: candor eval {out}")
