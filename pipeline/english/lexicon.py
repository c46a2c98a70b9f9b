"""The closed word lists of the rule-based stages: general English, nothing of any one domain."""

from __future__ import annotations

NEGATIONS = frozenset(
    "not no never none nobody nothing nowhere neither nor without cannot hardly scarcely barely".split()
)
NOT_NEGATING = ("not only", "not just", "not merely", "no matter", "no doubt", "not to mention")

OPPOSITES = """
safe: unsafe dangerous hazardous harmful risky
effective: ineffective useless
likely: unlikely
possible: impossible
necessary: unnecessary needless
able: unable
proven: unproven disproven
known: unknown
approve accept: unapproved refuse reject
related: unrelated
increase higher rise raise: decrease reduce lower lessen fall drop decline
gain: lose
strengthen: weaken
strong: weak
prevent: cause
protect shield guard: endanger expose
more: less fewer
most: least
high: low
above: below
before: after
earlier: later
early: late
common frequent often: rare rarely uncommon seldom
many: few
better: worse
best: worst
mild: severe serious grave
long: short
longer: shorter
start begin commence: stop end finish
enter: leave exit
allow permit: forbid prohibit ban
recommend: discourage
true: false untrue
correct: incorrect wrong
real: fake
temporary: permanent
live: dead inactivated
positive: negative
large big huge larger: small tiny smaller
heavy: light
fast quick quickly rapid rapidly: slow slowly
easy: difficult
good: bad
healthy: unhealthy sick ill
open: close
free: costly expensive
full: empty
confirm: refute deny
support: oppose contradict
improve: worsen
agree: disagree
succeed: fail
inside: outside
benefit: risk
advantage: disadvantage
everywhere: nowhere
help: hurt hinder
legal: illegal
indoors: outdoors
"""
"""Each line: words that say much the same, then words that say the opposite. Compared by stem."""

GROUPS = """
adult: child children infant baby kid
woman women: man men
male: female
older: younger
old: young
"""
"""Groups that exclude each other, as `OPPOSITES`. To speak of one does not deny the other; only to put one in
the other's place is wrong."""

SYNONYMS = """
people person individual folk
doctor physician
get receive obtain
need require
important essential crucial vital
usual normal typical
show demonstrate reveal
say state tell
stay remain
complete whole entire
study research
contain include
buy purchase
ask talk speak
test examine check
authority agency
use employ
call name
lead result
spread transmit transmission
injection jab shot
roughly about approximately around
also additionally
reaction response
pain ache
tired fatigued
answer reply
"""
"""Each line: words that may stand for each other in a near copy."""

SCALES = {
    "possibility": "may might can could possibly perhaps potentially < likely probably < must will certainly",
    "frequency": "rarely seldom < sometimes occasionally < often < usually generally typically mostly"
    " < always",
    "quantity": "few < some several < many < most < all every everyone",
}
"""Words that limit a statement, by what they limit, from the weakest to the strongest. A statement with a
stronger word than its evidence, or with none where the evidence has one, claims more than the evidence."""

ABSOLUTES = frozenset(
    """all every everyone everybody everything always completely entirely totally definitely certainly
    absolutely guarantee guaranteed undoubtedly invariably only must proven proof perfectly forever
    instantly""".split()
)
"""Words that may be said only where the evidence says them."""

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

BE = frozenset("is are am was were".split())
DO = frozenset("do does did".split())
HAVE = frozenset("have has had".split())
MODALS = frozenset("can could will would should shall may might must".split())
AUXILIARIES = BE | DO | HAVE | MODALS

BARE_CONTRACTIONS = frozenset(
    """dont doesnt didnt isnt arent wasnt werent cant wont shouldnt wouldnt couldnt hasnt havent hadnt aint
    mustnt""".split()
)
IRREGULAR = {"ca": "can", "wo": "will", "sha": "shall"}

_TO_NINETEEN = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS: dict[str, float] = {word: float(value) for value, word in enumerate(_TO_NINETEEN.split())}
NUMBER_WORDS |= {word: 20.0 + 10 * place for place, word in enumerate(_TENS.split())}
NUMBER_WORDS |= {"half": 0.5, "once": 1, "twice": 2}
MAGNITUDES: dict[str, float] = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
}
UNITS = (
    "percent",
    "second secs",
    "minute mins",
    "hour hrs",
    "day",
    "week wks",
    "month mos",
    "year yrs",
    "century",
    "decade",
    "milligram mg",
    "microgram mcg µg",
    "kilogram kg",
    "gram g",
    "millilitre milliliter ml",
    "litre liter",
    "kilometre kilometer km",
    "mile",
    "metre meter",
    "foot feet",
    "degree",
    "dollar $",
    "euro €",
    "pound £",
    "dose shot injection jab",
    "people person patient",
    "case",
    "time",
    "point",
)
"""Each line: one unit by all its names, the first of which stands for it."""

FAVOURABLE = frozenset(
    """safe effective work works good great useful necessary important worth beneficial benefit healthy okay
    ok reliable trustworthy""".split()
)
UNFAVOURABLE = frozenset(
    """unsafe dangerous danger harmful harm hurt hurts bad useless ineffective pointless poison poisonous
    toxic deadly risky risk kill kills killing unnecessary unhealthy damage damaging wrong scam fake worse
    untrustworthy""".split()
)
DESCRIBING = (
    FAVOURABLE
    | UNFAVOURABLE
    | frozenset(
        """new newer old older young younger free best better worst last next other another same different
        special many several few certain current original available expensive cheap full partial latest late
        later early earlier recent previous extra annual yearly monthly real normal regular legitimate entire
        whole single double multiple various particular own possible local public private oral usual common
        standard foreign big small large short long high low quick fast slow hard easy main true false actual
        enough whichever both either first second third fourth fifth sixth get gets got gotten take takes took
        taken have has had give gives gave given make makes made receive receives refuse refuses avoid avoids
        want wants need needs offer offers buy buys trust trusts choose define explain know think allow allows
        require requires mandate call called substitute once without towards toward before after behind during
        since until through despite kid kids child children adult adults teen teens baby babies infant infants
        toddler toddlers man men woman women people person patient patients student students senior seniors
        hate hates mix match anti pro modern brand type types kind kinds version""".split()
    )
)
"""What may stand before a noun, or be done with it, and does not say which kind of thing it is."""
DANGLING = frozenset(
    """they them their theirs this that these those it its it's that's he she his her such however but also
    and so then instead therefore otherwise still yet both nevertheless thus moreover furthermore similarly
    likewise""".split()
)
"""First words of a sentence that lean on the sentence before it."""
CONNECTIVES = (
    *DANGLING,
    *"accordingly besides consequently conversely finally hence indeed meanwhile otherwise rather".split(),
    *("after that", "afterwards", "all the same", "as a consequence", "as a result", "at the same time"),
    *("before that", "by comparison", "by contrast", "by then", "either way", "even so", "for example"),
    *("for instance", "in addition", "in contrast", "in fact", "in other words", "in particular", "in short"),
    *("in turn", "on the contrary", "on the other hand", "on top of that", "since then", "until then"),
)
"""Openings of a sentence that take what the one before it says as their other argument: pronouns, and
adverbials of the Penn Discourse Treebank (Prasad et al. 2008) that are anaphoric (Webber et al. 2003)."""
KIN = (
    "son|daughter|kid|child|baby|toddler|newborn|infant|boy|girl|twins?|mother|mom|mum|mommy|mummy|father|dad|daddy"
    "|wife|husband|spouse|partner|fiance|fiancee|girlfriend|boyfriend|ex|parents?|kids|children|sons|daughters"
    "|sister|brother|siblings?|aunt|uncle|cousin|niece|nephew|friend|mate|flatmate|roommate|housemate|neighbou?r"
    "|grand\\w+|gran|nan|nana|granny|colleague|co-?worker|boss|step\\w+|in-laws?|mother-in-law|father-in-law"
)
"""Whom people call theirs: a pattern in small letters, to stand inside a group."""
