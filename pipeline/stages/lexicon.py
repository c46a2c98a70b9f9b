"""The closed word lists of the rule-based stages: general English, nothing of any one domain."""

from __future__ import annotations

NEGATIONS = frozenset(
    "not no never none nobody nothing nowhere neither nor without cannot hardly scarcely barely".split()
)
NOT_NEGATING = ("not only", "not just", "not merely", "no matter", "no doubt", "not to mention")

OPPOSITES = """
safe: unsafe dangerous hazardous harmful
effective: ineffective useless
likely: unlikely
possible: impossible
necessary: unnecessary needless
able: unable
proven: unproven disproven
known: unknown
approve: unapproved
related: unrelated
increase: decrease reduce lower lessen
rise: fall drop decline
gain: lose
strengthen: weaken
strong: weak
prevent: cause
protect: endanger
more: less fewer
most: least
high: low
above: below
before: after
earlier: later
early: late
common: rare uncommon
often: rarely seldom
many: few
always: seldom
better: worse
mild: severe serious
long: short
longer: shorter
start: stop end
begin: finish
enter: leave exit
allow: forbid prohibit ban
recommend: discourage
accept: refuse reject
true: false untrue
correct: incorrect wrong
real: fake
temporary: permanent
live: dead inactivated
positive: negative
older: younger
old: young
large: small tiny
larger: smaller
heavy: light
fast: slow
quickly: slowly
easy: difficult
good: bad
healthy: unhealthy
open: close
free: costly paid
full: empty
confirm: refute deny
support: oppose contradict
improve: worsen
agree: disagree
inside: outside
help: harm hurt
legal: illegal
male: female
indoors: outdoors
"""
"""Each line: a word, then words that say the opposite of it. Compared by stem."""

HEDGES = {
    "possibility": "may might can could possibly perhaps potentially probably likely seem appear suggest",
    "frequency": "sometimes usually often generally typically occasionally normally mostly rarely seldom",
    "quantity": "some most many few several almost nearly about around approximately partly part",
}
"""Words that make a statement weaker, by what they weaken. Dropping one makes the statement stronger."""

ABSOLUTES = frozenset(
    """all every everyone everybody everything always completely entirely totally fully definitely certainly
    absolutely guarantee guaranteed undoubtedly invariably only must proven proof perfectly whole each any
    forever permanent permanently instantly immediately""".split()
)

FUNCTION_WORDS = frozenset(
    """a an the this that these those there here it its itself they them their theirs he him his she her
    hers we us our ours you your yours i me my mine who whom whose which what when where why how is are
    was were be been being am do does did doing done have has had having will would shall should may
    might can could must ought of in on at by for from to into onto with within about as than then so if
    or and but because while although though also too very just only even still yet both either such
    same other another own not no never nor neither without cannot none yes up down out off over under
    again once during through between among against per via s t re ve ll d m don now however therefore
    thus well really quite rather much more most less least many few some any all each every several lot
    get gets got make makes made like""".split()
)

BARE_CONTRACTIONS = frozenset(
    """dont doesnt didnt isnt arent wasnt werent cant wont shouldnt wouldnt couldnt hasnt havent hadnt aint
    mustnt""".split()
)
IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall"}
