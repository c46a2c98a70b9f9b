"""`candor finetune`: training files from conversations, and jobs that train a model on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from learning.voice.transcript_files import Speakers

finetuning = typer.Typer(
    help="Make, check and submit training files for a language model.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
_Validation = Annotated[Path | None, typer.Option(metavar="FILE", help="The held-back samples.")]
_Epochs = Annotated[int | None, typer.Option(min=1, max=50, help="Default: the server chooses.")]
_Job = Annotated[str | None, typer.Argument(metavar="[JOB]", help="Default: the latest one.")]
_Use = Annotated[bool, typer.Option("--use", help="Write the model into .env once it is there.")]
_Regions = Annotated[
    str, typer.Option(metavar="US,GB", help="Where phone numbers without a country code may be from.")
]


@finetuning.command("export")
def export_(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="Gets train.jsonl and validation.jsonl.")],
    transcripts: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE|FOLDER]...", help="Default: those of the seeds.")
    ] = None,
    format: Annotated[Literal["chat", "completion"], typer.Option(help="Of the lines.")] = "chat",
    stored: Annotated[bool, typer.Option("--stored", help="Take Candor's own conversations too.")] = False,
    stage: Annotated[
        Literal["gate", "query", "relevance", "answer", "choices"] | None,
        typer.Option(
            help="Instead: samples for one stage, from the turns that users rated up; choices: for the"
            " retriever, from what users chose among the entries they were offered."
        ),
    ] = None,
    chatbot: Annotated[str, typer.Option(help="The chatbot's name in the transcripts.")] = "Chatbot",
    user: Annotated[str, typer.Option(help="The user's name in the transcripts.")] = "User",
    system: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Put this text in front of every sample.")
    ] = None,
    passages: Annotated[
        bool, typer.Option("--passages", help="Add the entries that the chain finds for each question.")
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(metavar="USER,RAVEN", help="The names in prompts. Default: as in the transcripts."),
    ] = None,
    stop: Annotated[str, typer.Option(help="What ends a completion; \\n is a line break.")] = "\\n",
    max_tokens: Annotated[
        int, typer.Option(min=16, help="Of a sample; the oldest messages give way.")
    ] = 2048,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of conversations held back.")
    ] = 0.15,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 0,
    regions: _Regions = "US,GB",
) -> None:
    """Write a sample for each line of the chatbot, with the conversation before it as the prompt.

    Transcripts are .txt, .jsonl or .csv files. Personal data is taken out; please look the files over all the
    same before you send them to anybody.
    """
    from app.cli.tuning.finetune_files import Request, export_samples
    from learning.finetuning.export import Options
    from learning.voice.transcript_files import Speakers

    if stage and (transcripts or stored or passages or format == "completion"):
        raise typer.BadParameter("--stage takes rated turns alone, in the chat format.")
    end, given = _ending(stop), Speakers(chatbot, user)
    written = _speakers(labels) if labels is not None else given
    chosen = Request(transcripts or [], format, stored, given, written, system, passages, end)
    export_samples(out, chosen, stage, Options(max_tokens, validation, seed, _split(regions)))


@finetuning.command("check")
def check_(
    train: Annotated[Path, typer.Argument(metavar="FILE", help="The training file.")],
    validation: _Validation = None,
    max_tokens: Annotated[int, typer.Option(min=16, help="Of a sample.")] = 65_536,
    epochs: Annotated[int, typer.Option(min=1, max=50, help="For the estimate of costs.")] = 3,
    price: Annotated[
        float | None, typer.Option(min=0, help="Of a million training tokens, to estimate the costs.")
    ] = None,
    regions: _Regions = "US,GB",
) -> None:
    """Look for what would spoil a training, or be refused. The exit status is 1 if there is an error."""
    from app.cli.tuning.finetune_files import check_samples

    if not check_samples(train, validation, max_tokens, epochs, price, _split(regions)):
        raise typer.Exit(1)


@finetuning.command()
def submit(
    train: Annotated[Path, typer.Argument(metavar="FILE", help="The training file.")],
    validation: _Validation = None,
    model: Annotated[str | None, typer.Option(help="To start from. Default: CANDOR_LLM_MODEL.")] = None,
    suffix: Annotated[str, typer.Option(help="Becomes part of the new model's name.")] = "",
    epochs: _Epochs = None,
    seed: Annotated[int, typer.Option(help="Of the training.")] = 0,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for the end.")] = True,
    use: _Use = False,
) -> None:
    """Upload the files and start a job, over the API at CANDOR_LLM_BASE_URL with CANDOR_LLM_API_KEY.

    Files with errors are not sent. Interrupted, it can be taken up by `candor finetune status`.
    """
    from app.cli.tuning.finetune_jobs import submit

    submit(train, validation, model, suffix, epochs, seed, follow=follow, use=use)


@finetuning.command()
def status(
    job: _Job = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for the end.")] = False,
    use: _Use = False,
) -> None:
    """Say how far a job is. The exit status is 1 if it failed or was cancelled."""
    from app.cli.tuning.finetune_jobs import status

    status(job, follow=follow, use=use)


@finetuning.command()
def cancel(job: _Job = None) -> None:
    """End a job that still runs."""
    from app.cli.tuning.finetune_jobs import cancel

    cancel(job)


def _ending(stop: str) -> str:
    text = stop.replace("\\n", "\n")
    if not text.strip(" "):
        raise typer.BadParameter("A completion needs something to end it.", param_hint="--stop")
    return text


def _speakers(labels: str) -> Speakers:
    from learning.voice.transcript_files import Speakers

    names = [name.strip() for name in labels.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter("Give two names, the user's first.", param_hint="--labels")
    return Speakers(chatbot=names[1], user=names[0])


def _split(regions: str) -> tuple[str, ...]:
    from phonenumbers import SUPPORTED_REGIONS

    named = tuple(region.strip().upper() for region in regions.split(",") if region.strip())
    if unknown := [region for region in named if region not in SUPPORTED_REGIONS]:
        raise typer.BadParameter(f"{', '.join(unknown)}: no such country code.", param_hint="--regions")
    return named
