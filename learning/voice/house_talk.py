"""Which phrases may be said without evidence: those of words that only talk about the talk. In a language
that is not listed here every phrase could carry a fact, and waits for the owner to accept it."""

from __future__ import annotations

import re
from functools import cache

from pipeline.english.entities import names, quantities
from pipeline.english.language import content_words, plain, stem
from pipeline.english.lexicon import NEGATIONS
from pipeline.english.words import LETTERS
from pipeline.stages.composing.style_mask import TALK

_GREETING = """
hello hi hey hiya howdy ahoy greetings goodbye bye farewell cheers morning afternoon evening night day weekend
nice lovely pleasure pleased meet friend dear folks best wishes wish luck soon later today conversation chat
chatting topic subject message problem trouble care gladly assist assistance service read write visit have see
check shall let else like would keep touch take
"""
_STATING = frozenset(
    """free open common popular often many people lots natural normal important certain simple easy short real
    usual usually always never every all none most few""".split()
)
"""Words of talk in English with which something can be stated of the world: "help is free"."""
_OF_A_THIRD = re.compile(r"(?:they|he|she|it(?!['’]s | is ))\b|it(?:['’]s| is) \w+\W*$", re.IGNORECASE)
"""Begins what is said of something, not to somebody: "it holds", but not "it's good to have you here"."""
_INVITING = re.compile(r"\bfeel free\b|\ball (?:right|the best)\b|\b(?:most|best) of all\b", re.IGNORECASE)

_OTHER = {
    "german": (
        """ich du sie er es wir ihr mich mir dich dir ihnen ihm uns euch mein dein ihr unser der die das den
        dem des ein eine einen einem einer und oder aber auch noch nur so sehr ja doch mal da hier
        dort wenn dass was wie wo wer warum ist sind bin bist war habe hat haben hast kann können
        kannst könnt darf dürfen soll sollen will möchte möchten mag würde würden werde wird
        werden lass lassen zu zum zur von vom mit für über auf an am im in bei bis nach aus um vor
        weiter etwas alles dies dieser diese dieses dazu dafür davon darüber gern gerne bitte
        schon jetzt mehr sonst s ns""",
        """frage fragen fragst gefragt antwort antworten hallo guten tag morgen abend moin servus willkommen
        herzlich danke dank vielen gern gerne bitte gute guter gutes freut freuen freue hoffe
        hoffen hilft helfen hilfe geholfen wünsche wünschen schönen schönes tschüss wiedersehen
        bald melde meldet melden verstehe verstehen sorge sorgen leid tut interessante berechtigte
        sagen erzählen erklären gerne wissen weiß klingt schwer machs liebe grüße gruß mach bis
        dahin schauen""",
    ),
    "spanish": (
        """yo tú usted ustedes él ella me te le les nos se mi su tu un una unos unas el la los las lo y o
        pero también que qué cómo como cuando cuándo dónde es son soy eres está estoy están ha han
        he haber tener tiene tengo puedo puede pueden podemos quiere quieres quiero ser estar para
        por con de del en a al si más muy tan aquí ahí esto este esta eso algo alguna otra otro
        todo sus voy vamos va""",
        """pregunta preguntas preguntar respuesta responder hola buenos buenas días tardes noches bienvenido
        bienvenida gracias gusto encantado encantada ayudar ayuda ayude ayudarle ayudarte espero
        esperamos adiós hasta luego pronto cuídate cuídese buena bueno bien interesante siento
        entiendo comprendo preocupación preocupa duda dudas decir cuento saber saludos día placer
        sirva útil mucho lindo bonito""",
    ),
    "french": (
        """je tu vous il elle nous on me te se moi toi mon ma mes votre vos ton ta un une le la les l d j c
        qu s n m t et ou mais aussi que quoi comment quand où est suis êtes sommes es ai avez a
        avons avoir être peux peut pouvez puis voulez veux pour par avec de du des en à au aux si
        plus très ici là ce cet cette cela ça y autre autres tout toute chose""",
        """question questions demander demande réponse répondre bonjour bonsoir salut bienvenue merci plaisir
        aider aide espère espérons revoir bientôt bonne bon journée soirée intéressante comprends
        comprend inquiétude inquiète désolé désolée dire savoir écoute content contente enchanté
        cordialement prenez soin hésitez""",
    ),
    "italian": (
        """io tu lei lui noi voi mi ti le ci vi si mio tuo suo un una uno il lo la i gli l d c e o ma anche
        che cosa come quando dove è sono sei siamo ho ha hai abbiamo avere essere posso può puoi
        vuole vuoi per con di del della in a al se più molto qui qua questo questa ciò altro altra
        tutto""",
        """domanda domande chiedere risposta rispondere ciao salve buongiorno buonasera benvenuto benvenuta
        grazie piacere aiutare aiuto aiutarla aiutarti spero speriamo arrivederci presto buona
        buon bella bel giornata serata interessante capisco preoccupazione dispiace dire sapere
        volentieri prego saluti""",
    ),
    "portuguese": (
        """eu tu você vocês ele ela nós me te lhe se meu minha seu sua um uma o a os as e ou mas também que
        como quando onde é são sou está estou tem tenho ter ser estar posso pode podemos quer
        quero para por com de do da em no na ao se mais muito aqui aí isto isso este esta algo
        outra outro tudo""",
        """pergunta perguntas perguntar resposta responder olá oi bom boa dia tarde noite vindo vinda
        obrigado obrigada prazer ajudar ajuda espero esperamos adeus até logo breve cuide
        interessante entendo compreendo preocupação sinto lamento dúvida dizer saber abraço""",
    ),
    "dutch": (
        """ik je jij u hij zij ze wij we mij jou uw mijn ons een de het en of maar ook dat wat hoe waar
        wanneer is zijn ben bent heb heeft hebben kan kunt kunnen wil wilt zal zou voor met van in
        op aan te tot bij als meer zeer heel hier daar dit deze iets anders alles nog""",
        """vraag vragen antwoord antwoorden hallo hoi dag goedemorgen goedemiddag goedenavond welkom dank
        dankje bedankt graag gedaan helpen hulp help hoop tot ziens gauw goede goed fijne fijn
        mooie mooi interessante begrijp zorg zorgen spijt zeggen weten groet groeten""",
    ),
}
"""By language, words without a content of their own, and words of talk; written out anew for this list."""
_SIDES = re.compile(
    r"""\b(?:yes|yeah|yep|yup|nope|nah|right|correct(?:ly)?|true|truth|false|untrue|wrong|mistaken|exactly
    |precisely|indeed|absolutely|certainly|definitely|totally|sure|surely|(?:of\ )?course|(?:dis)?agreed?
    |myths?|rumou?rs?|hoax|lies?|fake|misunderstandings?|misunderstood|misconceptions?
    |makes\ (?:\w+\ )?sense|good\ (?:point|idea)
    |ja|jawohl|jo|nein|doch|richtig|stimmt|genau|falsch|unsinn|wahr|sicher|natürlich|klar|freilich
    |sí|si|claro|cierto|correcto|verdad|falso|exacto|exactamente|mentira|desde\ luego|por\ supuesto
    |oui|vrai|exact|exactement|faux|bien\ sûr|certes|tout\ à\ fait
    |vero|esatto|giusto|certo|sim|verdade|correto|exato|klopt|inderdaad|juist|waar|onwaar|nee)\b
    |\b(?:quite\ |just\ )?so[.!]*$
    |^(?:it|that|this|they)(?:['’]s|['’]re|\ is|\ are)\ (?:\w+\ )?(?:good|great|fine|ok|okay|bad|fair)[.!]*$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DENIALS = NEGATIONS | frozenset(
    """nicht kein keine keinen keiner nichts nie niemals nunca jamás nada ni ne pas jamais rien non niente mai
    não nem niet geen nooit niets""".split()
)


def takes_side(text: str) -> bool:
    """Whether a phrase affirms or denies anything: before an entry it would be a claim without evidence."""
    words = {word.lower() for word in LETTERS.findall(plain(text))}
    return bool(_SIDES.search(text)) or not words.isdisjoint(_DENIALS)


def may_carry_fact(text: str) -> bool:
    """Whether a phrase could say something about the world: by a number, a name, or any word that is not
    talk. A sentence without a word of talk could refer to anything ("it does")."""
    if any(char.isdigit() for char in text) or "@" in text or "://" in text:
        return True
    words = frozenset(word.lower() for word in LETTERS.findall(text))
    is_talk = _is_english_talk(text) or any(_is_talk_in(language, words) for language in _OTHER)
    return not is_talk


def _is_english_talk(text: str) -> bool:
    known = _english()
    named = [name for name in names(text) if stem(name.lower()) not in known]
    content = [stem(word.text.lower()) for word in content_words(text)]
    stated = _STATING.intersection(word.lower() for word in LETTERS.findall(_INVITING.sub("", text)))
    if _OF_A_THIRD.match(text):
        return False
    return not known.isdisjoint(content) and not (quantities(text) or named or stated or set(content) - known)


def _is_talk_in(language: str, words: frozenset[str]) -> bool:
    function, talk = _vocabulary(language)
    stems = {_stemmed(language, word) for word in words}
    return bool(stems & talk) and stems <= function | talk


@cache
def _english() -> frozenset[str]:
    return TALK | frozenset(map(stem, _GREETING.split()))


@cache
def _vocabulary(language: str) -> tuple[frozenset[str], frozenset[str]]:
    function, talk = _OTHER[language]
    return (
        frozenset(_stemmed(language, word) for word in function.split()),
        frozenset(_stemmed(language, word) for word in talk.split()),
    )


def _stemmed(language: str, word: str) -> str:
    import Stemmer

    return str(Stemmer.Stemmer(language).stemWord(word))
