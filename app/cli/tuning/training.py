"""`candor train`: each command trains one model, measures it, and puts it in place where it is no worse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from knowledge.encoders.model_card import ModelCard

MODELS = {
    "relevance": "Fit from which score on a message is answered, across knowledge bases.",
    "missing": "Fit how an answer is doubted that lacks words of the message.",
    "rewriter": "Fit which terms of a conversation belong into the query.",
    "gate": "Fit what is on topic, across knowledge bases.",
}

TRAINERS = {
    "retriever": "learning.training.retrieval.retriever",
    "relevance": "learning.training.judging.relevance",
    "missing": "learning.training.judging.missing",
    "rewriter": "learning.training.rewriter",
    "gate": "learning.training.gate",
}

training = typer.Typer(
    help="Train the models of the stages, each with a card of figures.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
_Config = Annotated[Path | None, typer.Option(metavar="FILE", help="Default: the configuration that ships.")]
_Out = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Default: where the service looks for it.")]
_Resume = Annotated[bool, typer.Option("--resume", help="Take up an interrupted training.")]
_Force = Annotated[bool, typer.Option("--force", help="Replace a model that is better.")]


def _command(name: str) -> Callable[..., None]:
    def command(
        data: Annotated[Path, typer.Argument(metavar="DATA", help="The folder with the data sets.")],
        config: _Config = None,
        out: _Out = None,
        resume: _Resume = False,
        force: _Force = False,
    ) -> None:
        _train(name, data, config, out, resume, force)

    return command


for _name, _help in MODELS.items():
    training.command(_name, help=_help)(_command(_name))


@training.command("retriever")
def _retriever(
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="The folder with the data sets.", show_default=False),
    ] = None,
    kb: Annotated[
        str | None, typer.Option(metavar="FILE|FOLDER|own", help="Train on questions made up from this.")
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE|SUITE", help="With --kb: real questions, to measure on.")
    ] = None,
    calls: Annotated[
        int, typer.Option(min=0, metavar="N", help="With --kb: at most so many calls to the language model.")
    ] = 0,
    config: _Config = None,
    out: _Out = None,
    resume: _Resume = False,
    force: _Force = False,
) -> None:
    """Train the encoder on messages and the entries that answer them.

    With DATA, the one that ships. With --kb, one of your own: the one that ships, trained on with questions
    made up from your knowledge base and what your users rated up; it is kept only where it is better there
    and no worse elsewhere, and serves from the next reindex on."""
    if (data is None) == (kb is None):
        raise typer.BadParameter("give either DATA or --kb.")
    if data is not None:
        _train("retriever", data, config, out, resume, force)
    else:
        _train_own(None if kb == "own" else Path(str(kb)), questions, calls, config, out, force)


def _train_own(
    kb: Path | None, questions: Path | None, calls: int, config: Path | None, out: Path | None, force: bool
) -> None:
    import learning.training
    from app.cli.tuning.own_retriever import MatcherOrder, train_own_retriever

    chosen = config or Path(learning.training.__path__[0], "configs", "matcher.yaml")
    card, target = train_own_retriever(MatcherOrder(kb, questions, chosen, out, calls, force))
    _tell_figures(card)
    typer.echo(f"{card.name} is in {target}: candor reindex")


def _train(name: str, data: Path, config: Path | None, out: Path | None, resume: bool, force: bool) -> None:
    """Trains below the data folder and publishes to `out`. Raises `TrainingFailed`."""
    from importlib import import_module

    import learning.training
    from app.cli.progress import progress
    from app.settings import read_settings
    from learning.training.cards import publish

    settings = read_settings()
    chosen = config or Path(learning.training.__path__[0], "configs", f"{name}.yaml")
    made = settings.data_dir.absolute() / "training" / name / "model"
    if not resume:
        shutil.rmtree(made, ignore_errors=True)
    with progress() as show:
        trainer = import_module(TRAINERS[name])
        card = trainer.train(chosen, data, made, resume=resume, show=show)
    _tell_figures(card)
    target = out or settings.seeds_dir / "models" / name
    publish(made, target, force=force)
    typer.echo(f"{card.name} is in {target}.")


def _tell_figures(card: ModelCard) -> None:
    for figure, value in card.figures.items():
        typer.echo(f"{figure:<40} {value:.4f}")
