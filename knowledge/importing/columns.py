"""What the columns of other people's tables are called, and which field of an entry each of them is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a column holds."""

    ID = "id"
    QUESTION = "question"
    ANSWER = "answer"
    TOPIC = "topic"
    ALTERNATES = "alternates"
    KEYWORDS = "keywords"  # alternates too, but a comma parts them
    MISCONCEPTIONS = "misconceptions"
    SOURCES = "sources"
    LINK = "link"
    SOURCE_TITLE = "source title"
    REVIEWED_ON = "reviewed_on"
    VALID_UNTIL = "valid_until"
    STATUS = "status"
    REVIEW_BY = "review_by"
    ABOUT = "about"
    NOT_ABOUT = "not_about"
    LANGUAGE = "language"
    TRANSLATION_OF = "translation_of"
    DRAFT = "draft"  # yes or no
    PUBLISHED = "published"  # yes or no
    QNA_ID = "qna id"  # of QnA Maker: rows with the same one are wordings of one entry
    METADATA = "metadata"
    CONTEXT_ONLY = "context only"


_SEVERAL = {
    Role.ALTERNATES,
    Role.KEYWORDS,
    Role.MISCONCEPTIONS,
    Role.ABOUT,
    Role.NOT_ABOUT,
    Role.SOURCES,
    Role.LINK,
}
"""Roles that more than one column may have; they are put together."""

_NAMES: dict[Role, str] = {  # the first that is there wins; the rest are told as ignored
    Role.ID: "id, entry id, key, slug, external id, article id, faq id, record id, identifier",
    Role.QUESTION: "question, questions, faq question, question text, user question, frage, pregunta,"
    " domanda, pergunta, vraag, q, faq, prompt, query, title, article title, titel, titre, subject,"
    " issue, name",
    Role.ANSWER: "answer, answers, faq answer, answer text, approved answer, antwort, réponse, respuesta,"
    " risposta, resposta, antwoord, a, response, reply, solution, resolution, body, article body, body html,"
    " html body, content, article content, text, description, details",
    Role.TOPIC: "topic, topics, category, categories, section, theme, kategorie, thema, catégorie, categoría,"
    " categoria, categorie, rubrik, folder, group, area, subject, tag, tags, labels, label names",
    Role.ALTERNATES: "alternates, alternate, alternatives, alternative, alternate questions,"
    " alternate question, alternative questions, alternative question, alternate phrasings,"
    " alternative phrasings, alternate wordings, alternative wordings, other wordings, other wording,"
    " wordings, other questions, similar questions, similar question, also asked as, variations,"
    " variants, variant,"
    " variation, question variations, question variants, utterances, utterance, phrasings, rephrasings,"
    " paraphrases, alternativen, alternative fragen, weitere fragen",
    Role.KEYWORDS: "keywords, keyword, synonyms, synonym, search terms, stichwörter, schlagwörter, synonyme",
    Role.MISCONCEPTIONS: "misconceptions, misconception, common misconceptions, myths, myth",
    Role.ABOUT: "about, is about",
    Role.NOT_ABOUT: "not about, is not about",
    Role.LANGUAGE: "language, language code",
    Role.TRANSLATION_OF: "translation of",
    Role.SOURCES: "sources, source, reference, references, quelle, quellen, fuente, fonte, bron",
    Role.LINK: "link, links, url, urls, source url, source link, article url, html url, page url, web page,"
    " website, hyperlink, read more, more info, more information, public url",
    Role.SOURCE_TITLE: "source title, source name, link title, link text, publisher",
    Role.REVIEWED_ON: "reviewed on, last reviewed, last reviewed on, last review, reviewed, review date,"
    " date reviewed, last updated, last updated on, updated, updated at, updated on, last update,"
    " last modified, last modified at, modified, modified at, modified on, date modified,"
    " last edited, last edited at,"
    " edited at, last modified time, geprüft am, aktualisiert",
    Role.VALID_UNTIL: "valid until, valid to, valid through, expires, expires on, expires at, expiry,"
    " expiry date, expiration, expiration date, expire date, gültig bis",
    Role.REVIEW_BY: "review by, next review, next review date, next review on, review due, review due date",
    Role.STATUS: "status, state, publish status, publication status, publishing status, workflow status",
    Role.DRAFT: "draft, is draft",
    Role.PUBLISHED: "published, is published, approved, is approved, live, active, is active",
    Role.QNA_ID: "qnaid, qna id",
    Role.METADATA: "metadata",
    Role.CONTEXT_ONLY: "iscontextonly, is context only",
}
SYNONYMS: Mapping[Role, tuple[str, ...]] = {
    role: tuple(name.strip() for name in names.split(",")) for role, names in _NAMES.items()
}


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: the names as they stand there, and the role of each column that has one."""

    names: tuple[str, ...]
    roles: Mapping[int, Role]

    @property
    def usable(self) -> bool:
        return {Role.QUESTION, Role.ANSWER} <= set(self.roles.values())

    @property
    def is_qna_maker(self) -> bool:
        """As QnA Maker and its successor write it, with line breaks as backslash and n."""
        found = set(self.roles.values())
        return Role.QNA_ID in found or {Role.METADATA, Role.CONTEXT_ONLY} <= found

    def columns(self, *roles: Role) -> list[int]:
        return [index for index, role in self.roles.items() if role in roles]

    @property
    def ignored(self) -> set[str]:
        return {name for index, name in enumerate(self.names) if name and index not in self.roles}


def header_of(cells: Sequence[object]) -> Header:
    """What a row says where it is a header row; whether it can be one, `usable` says."""
    names = tuple(cell.strip() if isinstance(cell, str) else "" for cell in cells)
    known = [_known(name) for name in names]
    free = {index for index, name in enumerate(known) if name}
    roles: dict[int, Role] = {}
    for role, synonyms in SYNONYMS.items():
        several = role in _SEVERAL
        for synonym in synonyms:
            found = [index for index in sorted(free) if _fits(known[index], synonym, several)]
            roles |= dict.fromkeys(found if several else found[:1], role)
            free -= set(found if several else found[:1])
            if found and not several:
                break
    return Header(names, dict(sorted(roles.items())))


def twice(header: Header) -> str | None:
    """The name of a column that is there twice and of which only one can be meant."""
    used = [_known(header.names[index]) for index in header.roles if index < len(header.names)]
    left = {_known(name) for name in header.ignored}
    return next((name for name in used if name in left or used.count(name) > 1), None)


def _known(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold().replace("ß", "ss")
    without = re.sub(r"\([^)]*\)|\[[^]]*\]", " ", plain)
    return " ".join(re.findall(r"[^\W_]+", without)) or " ".join(re.findall(r"[^\W_]+", plain))


def _fits(name: str, synonym: str, several: bool) -> bool:
    return name == synonym or (several and re.sub(r" ?\d+$", "", name) == synonym)
