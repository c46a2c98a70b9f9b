"""`candor eval`: suites put to the real chain in this process, and runs held against each other."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.curating.building import chat_model, encoder
from app.cli.failures import Failed
from app.cli.progress import progress
from app.compose.adapters import ServingKnowledge
from app.compose.chain import build_chat, profile_of
from app.compose.models import Models
from app.compose.release_service import KnowledgeBase
from app.compose.seeds import Seeds
from app.compose.services import knowledge_base, prepared_database
from app.compose.threads import one_thread_a_product
from app.settings import Profile, Settings, read_settings
from app.version import VERSION
from knowledge.entries import ApplyMode
from knowledge.importing.paths import parse_path
from knowledge.progress import Show
from knowledge.releases.releases import LiveRelease
from learning.evaluation.layouts.rows import SuiteError
from learning.evaluation.layouts.sampling import sampled
from learning.evaluation.layouts.suites import load_suite
from learning.evaluation.records import Suite, SuiteFigures, SuiteRun
from learning.evaluation.runner import Chain, LastTrace, run_cases, run_suite
from learning.evaluation.statistics.scored import RELEVANCE_THRESHOLD
from learning.evaluation.voice import spoken_turns
from learning.voice.transcripts import Conversation
from pipeline.stages.relevance.thresholds import COSTS, answering_line

if TYPE_CHECKING:
    from learning.evaluation.statistics.comparison import Comparison
    from pipeline.chat_pipeline import ChatPipeline

_STAGES = ("gate", "rewriter", "retrieval", "relevance", "composer", "grounding")


def evaluate(
    paths: Sequence[Path],
    limit: int | None,
    save: Path | None,
    page: Path | None,
    other: Path | None,
    profile: str | None = None,
) -> None:
    """Runs the suites among `paths`, reads the saved evaluations among them, and shows their figures; with
    `other`, what changed since that saved evaluation. `profile`: in place of that of the settings. Raises
    `Failed`, and what `run_suites` raises."""
    for file in filter(None, (save, page)):
        if not file.absolute().parent.is_dir():  # told now, rather than after a long run
            raise Failed(f"{file}: there is no such folder.")
    before = _saved(other) if other else ()
    runs = [run for path in paths if path.is_file() for run in _saved(path)]
    suites = [read_suite(path, limit) for path in paths if not path.is_file()]
    if suites:
        with progress() as show:
            runs += run_suites(suites, settings_with(profile), show)
    told = _tell(runs, _compared(before, runs) if other else [], save, page, tables=bool(suites) or not other)
    if suites:
        _keep(runs[-len(suites) :], told[-len(suites) :])
    for suite in suites:
        _tell_voice(suite)


def _tell_voice(suite: Suite) -> None:
    """What a suite's example conversations teach."""
    from learning.evaluation.report.report import print_phrases

    if suite.conversations:
        phrases = Seeds.read(read_settings(), suite.conversations).phrases
        print_phrases(phrases, [suite.files[talk] for talk in suite.conversations])


def settings_with(profile: str | None) -> Settings:
    """Those of the environment, with another profile where one is given."""
    settings = read_settings()
    return settings.model_copy(update={"profile": Profile(profile)}) if profile else settings


def run_suites(suites: Sequence[Suite], settings: Settings, show: Show) -> list[SuiteRun]:
    """Each suite on a release of its own knowledge base, or of the seeds' where it has none. All that is made
    for it, but the exported encoder, is gone afterwards. Raises what building and turns raise."""
    with asyncio.Runner() as runner, opened_bench(settings, runner, show) as bench:
        return [bench.run(suite, show) for suite in suites]


def run_questions(suites: Sequence[Suite], settings: Settings, show: Show) -> list[SuiteRun]:
    """As `run_suites`, but for the questions alone: no stage is asked by itself."""
    with asyncio.Runner() as runner, opened_bench(settings, runner, show) as bench:
        return [bench.ask(suite, show) for suite in suites]


@dataclass(frozen=True, slots=True)
class Bench:
    """The chain on a knowledge base that is made anew for each suite."""

    runner: asyncio.Runner
    settings: Settings
    base: KnowledgeBase
    live: LiveRelease
    chain: Chain
    speaking_like: Callable[[Sequence[Conversation]], ChatPipeline]
    system: Mapping[str, str]

    def run(self, suite: Suite, show: Show) -> SuiteRun:
        """The suite, put to the chain."""
        if suite.cases or suite.relevance_pairs or suite.conversations:
            self.serve(suite, show)
        run = self.runner.run(run_suite(self.chain, suite, self.system, show))
        voice = self.runner.run(spoken_turns(suite.conversations, self.speaking_like, show))
        return replace(run, voice=voice)

    def ask(self, suite: Suite, show: Show) -> SuiteRun:
        """The suite's questions, put to the chain."""
        self.serve(suite, show)
        cases = self.runner.run(run_cases(self.chain, suite, show))
        return SuiteRun(suite.name, self.system, tuple(cases))

    def serve(self, suite: Suite, show: Show) -> None:
        """Builds a release of the suite's knowledge base, or the seeds', and takes it over."""
        entries = suite.entries or parse_path(self.settings.seeds_dir / "kb").entries
        self.base.entries.apply(entries, ApplyMode.REPLACE)
        _, snapshot = self.base.builder.build(self.base.entries.servable(date.today()), show)
        self.live.swap(snapshot)


@contextmanager
def opened_bench(settings: Settings, runner: asyncio.Runner, show: Show) -> Iterator[Bench]:
    """A chain of these settings; all that is made for it, but the exported encoder, is gone afterwards."""
    one_thread_a_product()
    loaded = encoder(settings, show)
    live, traces = LiveRelease(), LastTrace()
    knowledge = ServingKnowledge(live)
    with (
        chat_model(settings, runner, show) as llm,
        tempfile.TemporaryDirectory(prefix="candor-eval-") as folder,
    ):
        scratch = settings.model_copy(update={"data_dir": Path(folder), "database_url": None})
        engine, models = prepared_database(scratch), Models.load(settings, loaded, llm)
        try:
            base = knowledge_base(scratch, engine, loaded)
            pipeline = build_chat(settings, base, models, knowledge, traces)
            chain = Chain(pipeline, models.encoder, knowledge, traces, settings.whole_answer_words)
            system = _system(settings, models, pipeline, loaded.info.name)

            def speaking_like(talks: Sequence[Conversation]) -> ChatPipeline:
                return build_chat(settings, base, models, knowledge, traces, Seeds.read(settings, talks))

            yield Bench(runner, settings, base, live, chain, speaking_like, system)
        finally:
            runner.run(models.close())
            engine.dispose()


def _system(settings: Settings, models: Models, pipeline: ChatPipeline, encoder_name: str) -> dict[str, str]:
    """What is measured, for the head of a report."""
    engines = {stage: getattr(pipeline.stages, stage).engine for stage in _STAGES}
    profile = profile_of(settings, models)
    named = {"version": VERSION, "profile": profile.value, "encoder": encoder_name, **engines}
    if models.llm is not None and profile is not Profile.SPECIALIST:
        named["language model"] = models.llm.name
    return named | {RELEVANCE_THRESHOLD: str(answering_line(COSTS[settings.when_unsure]))}


def read_suite(folder: Path, limit: int | None) -> Suite:
    """The suite in a folder, at most `limit` of each kind. Raises `Failed`."""
    try:
        suite = load_suite(folder)
    except SuiteError as error:
        raise Failed(f"{error}.") from None
    return suite if limit is None else sampled(suite, limit)


def _saved(file: Path) -> Sequence[SuiteRun]:
    from learning.evaluation.saved_runs import UnreadableRun, runs_from_json

    try:
        return runs_from_json(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise Failed(f"{file}: This is not a saved evaluation.") from None
    except UnreadableRun as error:
        raise Failed(f"{file}: {error}") from None


def _tell(
    runs: Sequence[SuiteRun],
    comparisons: Sequence[Comparison],
    save: Path | None,
    page: Path | None,
    *,
    tables: bool,
) -> list[SuiteFigures]:
    from learning.evaluation.report.html_report import write_html
    from learning.evaluation.report.report import print_comparison, print_table
    from learning.evaluation.saved_runs import runs_to_json
    from learning.evaluation.statistics.figures import figures_of

    figures = [figures_of(run) for run in runs] if tables or save or page else []
    if save:  # before what may fail: a long run must not be lost
        save.write_text(runs_to_json(runs, figures), "utf-8")
    for each in figures if tables else ():
        print_table(each)
    for comparison in comparisons:
        print_comparison(comparison)
    if page:
        write_html(page, figures, comparisons)
    return figures


def _keep(runs: Sequence[SuiteRun], figures: Sequence[SuiteFigures]) -> None:
    """For the console to show. A folder that cannot be written is no reason to fail: all was told."""
    from learning.evaluation.report.last_report import keep_report

    with suppress(OSError):
        keep_report(read_settings().data_dir, runs, figures)


def _compared(before: Sequence[SuiteRun], after: Sequence[SuiteRun]) -> list[Comparison]:
    from learning.evaluation.statistics.comparison import NothingToCompare, compare

    earlier = {run.suite: run for run in before}
    both = [(earlier[run.suite], run) for run in after if run.suite in earlier]
    if not both:
        raise Failed("The two evaluations have no suite in common, so there is nothing to compare.")
    try:
        return [compare(first, second) for first, second in both]
    except NothingToCompare as error:
        raise Failed(str(error)) from None
