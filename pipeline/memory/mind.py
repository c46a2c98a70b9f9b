"""States of mind, and verbs of thinking and talking, which tell nothing of what somebody is or has."""

from __future__ import annotations

from pipeline.english.language import stem

MIND_SAID = frozenset(
    """worried concerned scared afraid anxious nervous sure unsure certain uncertain curious
        confused interested happy glad sorry sad angry mad upset annoyed frustrated disappointed
        grateful thankful aware ready fine ok okay good great well bad here there back able unable
        supposed allowed told asking wondering looking thinking hoping wanting reading writing
        calling talking chatting kidding joking convinced skeptical sceptical hesitant right wrong
        serious done lost stuck tired sick surprised shocked impressed bored fed confident pleased
        satisfied dissatisfied unhappy excited relieved puzzled reluctant torn desperate hopeful
        asked struggling feeling trying going wanting needing considering checking contacting
        referring speaking using following starting following after against guessing assuming
        sceptic alone free welcome late early sitting standing waiting losing loving liking sorry
        terrified inclined willing keen eager not yes no what why how going so such like the that
        this it""".split()
)
MIND = frozenset(map(stem, MIND_SAID))
"""States of mind and of the conversation, which tell nothing of what somebody is: general English."""
DOING_MIND = frozenset(
    map(
        stem,
        """think know believe guess suppose feel want wish hope like love hate prefer need wonder ask
        say tell mean understand see hear read remember forget agree disagree doubt trust try look
        find watch call write talk speak worry care expect notice realise realize learn check search
        google thank appreciate apologise apologize bother promise swear bet imagine assume consider
        decide seem appear come let wonder dream dreamt thought knew believed felt wanted wished
        heard saw said told meant understood found wrote spoke dreamed figured figure reckon request
        demand insist plan regret enjoy admire fear dread mind refuse reject support oppose accept
        mention claim argue suggest joke warn complain recommend quote cite repeat reply answer post
        share click scroll followed tried pretend pretended might may could would should can must
        shall cannot ought dare""".split(),
    )
)
GENERAL_NOUNS = frozenset(
    map(
        stem,
        """question questions problem issue doubt concern idea feeling opinion thought time look chance
        clue sense point right favour favor fear worry hope interest reason trouble request query
        comment suggestion guess look fun fit access need nothing everything something anything
        impression faith trust trouble respect choice option word chat say confidence""".split(),
    )
)


def is_thought(verb: str) -> bool:
    """Whether a verb is one of thinking or talking."""
    return stem(verb.lower()) in MIND | DOING_MIND
