"""The little English morphology that wordings are made with: which words may be a verb or begin a predicate,
and how a verb ends."""

from __future__ import annotations

VERBS = frozenset(
    """accept access activate add affect agree allow alter answer apply appear appeal approve arrive ask
    attend avoid ban be bear become begin believe belong benefit block book borrow break bring bruise build
    burn buy call cancel carry catch cause change charge charge check choose claim clean close collect come
    complain complete confirm connect consider contact contain continue control cook cost count cover create
    cross cure cut damage deal decide decline delay deliver demand deny depend destroy develop die differ
    disappear discard dispose do donate download drain drink drive drop earn eat edit empty enable encourage
    end enrol enroll enter exchange exclude exercise exist expect expire explain extend face fail fall feed
    feel fight file fill find finish fit fix fly follow forbid force forget freeze fulfil gain get give go
    grow handle happen harm have heal hear help hide hold hurt impact impair implant import improve include
    increase infect influence inform inject insure interact interfere invest involve issue join keep kill
    know land last lead learn leave lend let lie lift list live look lose lower make manage manipulate
    matter mean measure meet mess miss mix modify monitor move mutate need notice notify obtain offer open
    order overload own pack park participate pass pay perform permit pick place plan play poison postpone
    prefer prepare present prevent print proceed process produce prohibit promise protect prove provide
    publish put qualify quit reach react read receive recognise recognize recommend recover recycle reduce
    refuse register reject relate release rely remain remove renew rent repair replace report request
    require reschedule reserve reset resist respond rest return reuse revoke rinse run save say see sell
    send separate serve set settle share shed show shrink sign skip sleep smoke sort speak speed spend split
    spread start stay stick stop store study submit suffer suppose survive suspend swap swim switch take
    talk tell test think throw track train transfer transmit transport travel treat trigger trust try turn
    undergo understand unlock update upgrade use vaccinate vary view visit vote wait walk want warn wash
    waste watch weaken wear withdraw work worry write""".split()
)
PREDICATIVE = frozenset(
    """able accurate afraid alive allergic allowed available aware bad banned best better big binding cheap
    clean closed common compulsory contagious correct covered dangerous dead deadly different difficult
    dirty dry due early easy effective eligible enough equal exempt expensive experimental expired fake
    false fast fatal fine fit free fresh full genuine good great guilty halal happy hard harmful harmless
    healthy high human illegal immune important impossible inaccurate incurable independent ineffective
    infected infectious infertile insured kosher large late legal liable liable likely linked long lost low
    mandatory mild natural necessary new normal obligatory ok okay old online open optional over painful
    permanent pointless poisonous popular possible pregnant private protected public rare ready real
    refundable reliable responsible right risky safe safer same satisfied secret secure sensitive serious
    severe short sick silent similar small stable stronger sufficient suitable superior sure taxable
    temporary toxic transferable true trustworthy unable unavailable unhealthy unlikely unnecessary unsafe
    unsure urgent useful useless valid visible voluntary vulnerable weak well worse worst worth
    wrong""".split()
)
OPENS_PREDICATE = frozenset(
    """a an the less more as so too very equally still really not always ever never also only just even
    currently usually generally likely at against in on with without within under before after because if
    when while part proof""".split()
)
ADVERBS = frozenset(
    "still really also ever always only just even actually usually never often currently".split()
)
HARMS = frozenset(
    """bad break breaks cancer crime damage damaged damages danger dangerous dead deadly death deaths die
    died dies disease diseases expired fail fails fake fatal forbidden fraud guilty harm harmful harms
    hurt hurts ill illegal illness infected infects injured injury kill killed kills lose loses lost
    pain painful poison poisonous risk risks risky ruin ruins sick steal steals stolen suffer suffers
    threat toxic unhealthy unsafe useless weaken weakens worse wrong""".split()
)
"""Words of what people are afraid of."""
_PARTICIPLES = frozenset(
    """been become begun bought brought built caught chosen come done driven eaten fallen felt found given
    gone grown had heard held hurt kept known left lent lost made meant met paid put read rushed said seen
    sent shown sold spent spoken sent taken taught told thrown understood used worn written""".split()
)
_DOUBLED = frozenset(
    "get put set stop plan run cut let swim drop fit ban shop skip split quit forget swap".split()
)


def is_participle(word: str) -> bool:
    """Whether a lower-case word may be a participle: "tested", "dying", "known"."""
    return word in _PARTICIPLES or (len(word) > 4 and word.endswith(("ed", "ing")) and word != "during")


def third_person(verb: str) -> str:
    """ "cause" to "causes", "carry" to "carries"."""
    if verb in {"be", "have", "do", "go"}:
        return {"be": "is", "have": "has", "do": "does", "go": "goes"}[verb]
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "x", "z", "ch", "sh")) else f"{verb}s"


def gerund(verb: str) -> str:
    """ "get" to "getting", "take" to "taking"."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb in {"be", "see", "agree"}:
        return f"{verb}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    return f"{verb[:-1]}ing" if verb.endswith("e") else f"{verb}ing"
