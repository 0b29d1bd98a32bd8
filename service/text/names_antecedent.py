"""Who a pronoun stands for: the likeliest speaker before it by distance, syntax, gender, number, and whether it is a person."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from service.domain.candidate import MentionKind
from service.text.names_phrases import Phrase
from service.text.names_tokens import Tokens

PHRASES_BACK = 60
_SENTENCES_BACK = 6


@dataclass(slots=True)
class Cluster:
    """One speaker: its phrases' indices, its fullest name and what is known of it.

    `firm`: a title, a role or a known first name says that it is a person; `is_thing`: its look or use says that it hardly is one
    ("the next Land Cruiser", a single word that comes once); `human`: a description of somebody ("the cook").
    """

    kind: MentionKind
    name: str
    key: tuple[str, ...]
    phrases: list[int] = field(default_factory=list)
    role: str | None = None
    gender: str | None = None
    plural: bool = False
    head: str = ""
    body: bool = False
    firm: bool = False
    is_thing: bool = False
    human: bool = False


def antecedent(tokens: Tokens, phrases: list[Phrase], index: int, owner: list[Cluster | None]) -> Cluster | None:
    """The likeliest speaker behind a pronoun: recent, subject of its clause, of the same gender and number."""
    phrase = phrases[index]
    if phrase.head in ("i", "you", "we", "what", "which", "whom", "whose"):
        return None
    here = tokens.sentence[phrase.first]
    best, best_score = None, -9.0
    for back in range(index - 1, max(-1, index - PHRASES_BACK), -1):
        other, cluster = phrases[back], owner[back]
        distance = here - tokens.sentence[other.first]
        if distance > _SENTENCES_BACK:
            break
        if cluster is None or cluster.kind is MentionKind.PRONOUN or other.last > phrase.first:
            continue
        if phrase.head == "who":
            return cluster if phrase.first - other.last <= 2 else None
        if not _fits(phrase, other, cluster):
            continue
        score = -0.55 * distance + _prominence(tokens, other, cluster, phrase)
        score -= 0.02 * (phrase.first - other.first) / 10
        if score > best_score:
            best, best_score = cluster, score
    return best


def _fits(pronoun: Phrase, other: Phrase, cluster: Cluster) -> bool:
    head = pronoun.head
    if head in ("he", "she") or pronoun.kind is not MentionKind.PRONOUN:
        unnamed = cluster.kind is MentionKind.UNNAMED and not cluster.body and not other.document and cluster.human
        unnamed = unnamed and not cluster.name.lower().startswith(("any ", "no ", "every ", "each "))
        person = (cluster.kind is MentionKind.PERSON and (cluster.firm or not cluster.is_thing)) or unnamed
        return person and not cluster.plural and (pronoun.gender is None or cluster.gender in (None, pronoun.gender))
    if head == "they":
        return cluster.plural or cluster.body
    if head == "it":
        return cluster.kind is MentionKind.ORGANIZATION or other.body or other.document
    return False


# A subject: its verb comes next, or behind an apposition ("Ann Lee, a baker, looks for ...").
_HAS_VERB = re.compile(
    r",(?:0,)?h[^Q|¶]{1,60},[rTx]{0,3}[cvxe]|(?:\([^()|¶Q]{1,14}\))?(?:,[^Q|¶cx]{1,40},)?[hrTxe]{0,3}[cvxe]"
    r"|,[rTx]{0,3}[cv]|,[^Q|¶cx]{1,40},w|r?w(?=[PDpouNb0,Q])"
)
_SPEAKS = re.compile(r"(?:\([^()|¶Q]{1,14}\))?(?:,[^Q|¶cx]{1,40},)?[rTx]{0,3}c")


def _prominence(tokens: Tokens, other: Phrase, cluster: Cluster, pronoun: Phrase) -> float:
    """How likely the phrase is taken up: subjects, speakers and people named in full before others."""
    tags = tokens.tags
    score = 0.1 * min(4, len(cluster.phrases)) + 0.4 * (tokens.paragraph[other.first] == tokens.paragraph[pronoun.first])
    before = tags[other.first - 1] if other.first else "|"
    if before in "|¶,k&b" or (before == "D" and tags[other.first - 2 : other.first - 1] in ("|", "¶")):
        score += 0.3
    if _HAS_VERB.match(tags, other.last):
        score += 0.5
    if _SPEAKS.match(tags, other.last) or (before == "c" and tags[other.first - 2 : other.first - 1] in ("Q", ",")):
        score += 0.35
    if before in "Po" or tags[other.last : other.last + 1] == "s":
        score -= 0.35
    if other.document or tokens.lower[other.first] in ("his", "her", "their"):
        score -= 0.4
    if cluster.kind is MentionKind.UNNAMED:
        is_predicate = tokens.lower[other.first - 1] in ("is", "was", "as", "be", "become", "became")
        score -= 0.4 if is_predicate else 0.2 if tokens.lower[other.first] in ("a", "an", "one") else 0.0
    if cluster.kind is MentionKind.PERSON:
        score += 0.3
        if (pronoun.gender or pronoun.kind is not MentionKind.PRONOUN) and not cluster.firm:
            score -= _doubt(cluster, pronoun)
    if pronoun.gender and cluster.gender == pronoun.gender:
        score += 0.2
    return score


def _doubt(cluster: Cluster, pronoun: Phrase) -> float:
    """What speaks against an unknown name for "he" or "she": a single word, a plural; an ending of the other gender."""
    if len(cluster.key) == 1:
        return 0.9
    is_feminine = cluster.key[0].endswith("a")
    return 0.2 if pronoun.gender and is_feminine != (pronoun.gender == "f") else 0.0
