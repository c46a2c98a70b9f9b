"""Conversations that a model is fine-tuned on: made-up questions with the replies of the chain, where those
are right, and the example conversations, exported as `candor finetune export` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

from app.cli.evaluation import Bench
from app.cli.tuning.synthesis_sets import Order, source_of
from knowledge.encoders.types import TextEncoder
from knowledge.progress import Show
from learning.evaluation.fates import without_marks
from learning.evaluation.records import Suite
from learning.finetuning.export import Exported, Options, export
from learning.finetuning.formats import ChatFormat
from learning.synthesis.conversations import Turns, make_conversations
from learning.synthesis.questions import Made, QuestionMaker
from learning.synthesis.round_trip import RoundTrip
from learning.voice.transcripts import Conversation
from pipeline.ports import unheard
from pipeline.types import Message, Outcome, Question, Reply, Role

SYSTEM = "You answer questions with what you have learned, and say so where you have no answer."
_NOT_KEPT = Turns(withheld=0.0, off_topic=0.15)


def made_up(suite: Suite, bench: Bench, loaded: TextEncoder, order: Order, show: Show) -> list[Made]:
    """Messages about the suite's entries, none of which is taken out. The same seed gives the same ones."""
    source, _ = source_of(bench.settings, suite.entries, loaded, order, show)
    trip = RoundTrip(suite.entries, loaded.encode)
    maker = QuestionMaker(source, trip, frozenset(), order.seed)
    return make_conversations(maker, order.count, _NOT_KEPT, show)


def spoken(made: Sequence[Made], bench: Bench) -> Iterator[Conversation]:
    """Each message with the chain's reply, where it is right: cites entries that answer and no others, or
    answers nothing where nothing answers. The chain has to be on the suite's entries."""
    for each in made:
        question = Question(each.message, each.history)
        reply = bench.runner.run(bench.chain.pipeline.run(uuid4().hex, question, unheard))
        if _is_right(each, reply):
            numbers = {citation.index for citation in reply.citations}
            said = Message(Role.ASSISTANT, without_marks(reply.text, numbers))
            before = (replace(past, text=past.text.removesuffix(" [1]")) for past in each.history)
            yield (*before, Message(Role.USER, each.message), said)


def samples(talks: Sequence[Conversation], seed: int) -> Exported:
    """All talks as training rows; none is held back, since the suite's own questions are."""
    return export(talks, ChatFormat(SYSTEM), Options(validation=0.0, seed=seed))


def _is_right(made: Made, reply: Reply) -> bool:
    cited = {citation.entry_id for citation in reply.citations}
    if made.expect is Outcome.ANSWERED:
        return bool(cited) and cited <= set(made.entry_ids)
    return not cited
