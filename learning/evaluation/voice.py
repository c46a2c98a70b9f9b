"""Whether replies sound like the example conversations: held-out lines against replies, and against the same
claims without a house voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from statistics import fmean
from uuid import uuid4

import numpy as np

from learning.evaluation.records import SpokenTurn
from learning.evaluation.report.sections import Section, kept, of_kind
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.statistics import share
from learning.evaluation.statistics.style_distance import style_distances
from learning.voice.transcripts import Conversation
from pipeline.chat_pipeline import ChatPipeline
from pipeline.ports import unheard
from pipeline.types import Outcome, Question, Reply, Role

Show = Callable[[float, str], None]
NEARER = "replies nearer by"


async def spoken_turns(
    conversations: Sequence[Conversation],
    speaking_like: Callable[[Sequence[Conversation]], ChatPipeline],
    show: Show,
) -> tuple[SpokenTurn, ...]:
    """Puts each conversation's questions, with the conversation before them, to a chain whose voice was
    learned from all the others. Kept are the turns that are answered: other replies are the owner's own
    words. One conversation alone gives none. Raises what a turn raises."""
    turns: list[SpokenTurn] = []
    for place, talk in enumerate(conversations if len(conversations) > 1 else ()):
        chain = speaking_like([*conversations[:place], *conversations[place + 1 :]])
        for question, line in _asked(talk):
            reply = await chain.run(uuid4().hex, question, unheard)
            if reply.outcome is Outcome.ANSWERED:
                turns.append(SpokenTurn(f"conversation {place + 1}", line, *_with_and_without_voice(reply)))
        show((place + 1) / len(conversations), f"voice: conversation {place + 1} of {len(conversations)}")
    return tuple(turns)


def voice_figures(turns: Sequence[SpokenTurn], seed: int) -> Section:
    """How far the replies of a conversation are from its held-out lines, how far their plain claims, and by
    how much the replies are nearer, in all and in each family of features: means over the conversations."""
    names = sorted({turn.conversation for turn in turns})
    by_name = [[turn for turn in turns if turn.conversation == name] for name in names]
    replies, plain = (
        [
            style_distances([turn.line for turn in group], [getattr(turn, side) for turn in group])
            for group in by_name
        ]
        for side in ("reply", "plain")
    )
    nearer = [
        {name: other[name] - own[name] for name in own} for own, other in zip(replies, plain, strict=True)
    ]
    values = {
        "distance of replies": [fmean(each.values()) for each in replies],
        "distance of plain claims": [fmean(each.values()) for each in plain],
        NEARER: [fmean(each.values()) for each in nearer],
    }
    values |= {of_kind(NEARER, family): [each[family] for each in nearer] for family in (nearer or [{}])[0]}
    bootstrap, every = Bootstrap(names, seed=seed), np.ones(len(names))
    return kept({name: bootstrap.estimate(partial(share, found, every)) for name, found in values.items()})


def _asked(talk: Conversation) -> Iterator[tuple[Question, str]]:
    """Each line of the user that the chatbot answered, and how."""
    for place, (said, line) in enumerate(pairwise(talk)):
        if (said.role, line.role) == (Role.USER, Role.ASSISTANT):
            yield Question(said.text, talk[:place]), line.text


def _with_and_without_voice(reply: Reply) -> tuple[str, str]:
    """The reply without its citation marks, and its claims alone."""
    text = reply.text
    for index in {citation.index for citation in reply.citations}:
        text = text.replace(f" [{index}]", "")
    claims = dict.fromkeys((each.start, each.end) for each in reply.citations)
    return text, " ".join(reply.text[start:end] for start, end in sorted(claims))
