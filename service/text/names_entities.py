"""Which phrases stand for the same speaker: names clustered by form, roles and pronouns resolved by agreement."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache

from service.domain.candidate import MentionKind
from service.text.names_antecedent import PHRASES_BACK, Cluster, antecedent
from service.text.names_lexicon import first_names, words
from service.text.names_phrases import Phrase
from service.text.names_tokens import Tokens

_FULL_NAME = re.compile(r"\b([A-Z][\w’'-]+) (?=([A-Z][\w’'-]+))")
_FOLD = str.maketrans({"’": "'", "ø": "o", "ł": "l", "ı": "i", "-": " "})
_SHORT_WORDS = frozenset(["of", "the", "and", "for", "on", "at", "in"])
_GENERIC_HEADS = frozenset(
    ["official", "officials", "source", "sources", "people", "person", "man", "woman", "member", "members"]
)
_OPTIONS = 50  # speakers that are compared for one name
_LONG = 6  # letters of a surname that may be misspelt
_DEFINITE = frozenset(["the", "this", "that", "their", "his", "her", "its"])
_WHERE = frozenset(("in", "near", "outside", "across", "throughout", "into"))
_TRUST = frozenset(
    ("confidence", "trust", "faith", "believe", "believes", "believed", "interest", "interested", "disappointed")
)


@dataclass(slots=True)
class _Book:
    """The clusters so far, with indices by name word, by the edges of the last word, by initials and by word of the role."""

    clusters: list[Cluster] = field(default_factory=list)
    by_word: dict[str, list[Cluster]] = field(default_factory=dict)
    by_edge: dict[tuple[str, str], list[Cluster]] = field(default_factory=dict)
    by_initials: dict[str, Cluster] = field(default_factory=dict)
    by_role: dict[str, list[Cluster]] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)

    def add(self, cluster: Cluster) -> Cluster:
        self.clusters.append(cluster)
        for word in set(cluster.key):
            self.by_word.setdefault(word, []).append(cluster)
        if cluster.kind is MentionKind.PERSON and cluster.key and len(cluster.key[-1]) >= _LONG:
            last = cluster.key[-1]
            for edge in (("first", last[:3]), ("last", last[-3:])):
                self.by_edge.setdefault(edge, []).append(cluster)
        if cluster.kind is MentionKind.ORGANIZATION and len(cluster.key) > 2:
            self.by_initials.setdefault("".join(word[:1] for word in cluster.key if word not in _SHORT_WORDS), cluster)
        return cluster

    def tell_role(self, cluster: Cluster, role: str) -> None:
        """Note a role of a person, so that a description can find it."""
        cluster.role = role
        for word in _role_words(cluster):
            self.by_role.setdefault(word, []).append(cluster)

    def near(self, last: str) -> list[Cluster]:
        """Persons whose surname begins or ends as this one."""
        found = self.by_edge.get(("first", last[:3]), [])[:_OPTIONS] + self.by_edge.get(("last", last[-3:]), [])[:_OPTIONS]
        return list({id(each): each for each in found}.values())


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """A spelling key: case, accents and the usual transliteration variants are dropped.

    >>> fold("Zelenskyy") == fold("Zelenskiy") == fold("Zelensky")
    True
    """
    low = word.lower().translate(_FOLD)
    if not low.isascii():
        low = "".join(letter for letter in unicodedata.normalize("NFKD", low) if not unicodedata.combining(letter))
    low = re.sub(r"(?:iy|yy|yi|ii|ij|y|i)$", "y", low) if len(low) > 4 else low
    return low.rstrip(".")


def clusters_of(tokens: Tokens, phrases: list[Phrase]) -> list[Cluster]:
    """Cluster the phrases of one article. Every phrase is in exactly one cluster; an unresolved pronoun has its own.

    Names first, longest first, so that "Lavrov" finds "Sergei Lavrov" wherever that stands; then roles and pronouns in order.
    """
    book = _Book()
    owner: list[Cluster | None] = [None] * len(phrases)
    named = [index for index, phrase in enumerate(phrases) if phrase.name and "and" not in phrase.name]
    for index in sorted(named, key=lambda index: _rank(phrases[index], index)):
        owner[index] = _place(book, phrases, index)
    _longer_names(tokens, book)
    _tell_places(tokens, phrases, owner, book)
    for index, phrase in enumerate(phrases):
        if owner[index] is None:
            owner[index] = _resolve(tokens, phrases, index, owner, book)
        cluster = owner[index]
        if cluster is not None:
            cluster.phrases.append(index)
            if phrase.role and (cluster.role is None or len(cluster.role) < 5):
                book.tell_role(cluster, phrase.role)
    for cluster in book.clusters:
        last_role = (cluster.role or "").rsplit(" ", 1)[-1]
        is_title = last_role.lower() in words("name_roles") and last_role[0].isupper()
        if cluster.kind is MentionKind.PERSON and len(cluster.key) == 1 and is_title:
            cluster.name = f"{last_role} {cluster.name}"
    return book.clusters


def _rank(phrase: Phrase, index: int) -> tuple[bool, bool, MentionKind, int, int]:
    """The order in which names are placed: what may be cut wrong last, the longest first."""
    return phrase.headline, phrase.label, phrase.kind, -len(phrase.name), index


def _place(book: _Book, phrases: list[Phrase], index: int) -> Cluster:
    """The cluster of a named phrase: an existing one or a new one."""
    phrase = phrases[index]
    key = tuple(fold(word) for word in phrase.name if word.lower() not in words("suffixes")) or phrase.name
    if phrase.headline:
        found = _within(book, key)
    elif phrase.label:
        found = _same_person(book, phrase, key[-1:])
    else:
        found = _same_person(book, phrase, key) if phrase.kind is MentionKind.PERSON else _same_body(book, phrase, key)
    if found is None:
        body = phrase.kind is MentionKind.ORGANIZATION
        found = book.add(Cluster(
            phrase.kind, _written(phrase.name), key, gender=phrase.gender, plural=phrase.plural, head=phrase.head, body=body
        ))  # fmt: skip
    elif found.gender is None:
        found.gender = phrase.gender
    return found


def _within(book: _Book, key: tuple[str, ...]) -> Cluster | None:
    """The speaker whose name stands somewhere in a run of capitals of a headline."""
    for word in key:
        options = [each for each in book.by_word.get(word, [])[:_OPTIONS] if each.key[-1] == word]
        if len(options) == 1:
            return options[0]
    return None


def _tell_places(tokens: Tokens, phrases: list[Phrase], owner: list[Cluster | None], book: _Book) -> None:
    """Tell unknown places from unknown persons: "in Dobrava", "Dobrava's government"; as speakers they are organisations."""
    firm: set[int] = set()
    placed: set[int] = set()
    times = Counter(id(cluster) for cluster in owner if cluster is not None)
    for index, phrase in enumerate(phrases):
        cluster = owner[index]
        if cluster is None or cluster.kind is not MentionKind.PERSON or phrase.kind is not MentionKind.PERSON:
            continue
        before, tag = tokens.lower[phrase.first - 1], tokens.tags[phrase.first - 1]
        is_named = len(phrase.name) > 1 and phrase.name[0].lower() in first_names()
        if phrase.role or phrase.gender or is_named or tag in "tRn":
            firm.add(id(cluster))
        if tag == "D" or (tag in "we" and tokens.tags[phrase.first - 2] == "D"):
            cluster.is_thing = True  # "the next Land Cruiser"
        owned = tokens.lower[phrase.last + 1 : phrase.last + 4] if tokens.tags[phrase.last : phrase.last + 1] == "s" else []
        is_within = before in _WHERE and tokens.lower[phrase.first - 2] not in _TRUST and not owned
        if is_within or not words("state_parts").isdisjoint(owned):
            placed.add(id(cluster))
    for cluster in book.clusters:
        cluster.firm = id(cluster) in firm
        cluster.is_thing = cluster.is_thing or (len(cluster.key) == 1 and times[id(cluster)] == 1)
        if id(cluster) in placed and not cluster.firm:
            cluster.kind, cluster.gender = MentionKind.ORGANIZATION, "n"
    for index, phrase in enumerate(phrases):
        cluster = owner[index]
        if phrase.kind is MentionKind.PERSON and cluster is not None and cluster.kind is MentionKind.ORGANIZATION:
            phrases[index] = replace(phrase, kind=MentionKind.ORGANIZATION, gender="n")


def _written(name: tuple[str, ...]) -> str:
    joined = " ".join(name)
    return re.sub(r" (['’]s?)(?=\s|$)", r"\1", joined).strip()


def _same_person(book: _Book, phrase: Phrase, key: tuple[str, ...]) -> Cluster | None:
    last = key[-1]
    options = [each for each in book.by_word.get(last, [])[:_OPTIONS] if each.kind is MentionKind.PERSON]
    if len(key) > 1:
        options = [each for each in options if each.key[-1] == last and _agree(each.key, key)]
    fitting = [each for each in options if not (phrase.gender and each.gender and phrase.gender != each.gender)]
    surnames = [each for each in fitting if each.key[-1] == last] or fitting
    if surnames:
        return surnames[0] if len(surnames) == 1 else _titled(surnames, phrase)
    close = [each for each in book.near(last) if _near(each.key[-1], last)
             and (len(key) == 1 or _agree((*each.key[:-1], last), key))]  # fmt: skip
    return close[0] if len(close) == 1 else None


def _titled(options: list[Cluster], phrase: Phrase) -> Cluster:
    """Among several with the same surname, the one whose role fits, else the first that the article names in full."""
    if phrase.role:
        want = set(phrase.role.lower().split())
        for each in options:
            if each.role and want & set(each.role.lower().split()):
                return each
    return options[0]


def _agree(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether two names with the same last word can be one: first names equal, one the other's initial, or one inside the other."""
    if len(longer) < len(shorter):
        longer, shorter = shorter, longer
    if set(shorter) <= set(longer):
        return True
    return longer[0] == shorter[0] or ((len(longer[0]) == 1 or len(shorter[0]) == 1) and longer[0][0] == shorter[0][0])


def _near(one: str, other: str) -> bool:
    """Whether two surnames differ by one letter (long ones only)."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < _LONG or one[0] != other[0] or one == other:
        return False
    short, long = sorted((one, other), key=len)
    for index, letter in enumerate(short):
        if letter != long[index]:
            return short[index + (len(short) == len(long)) :] == long[index + 1 :]
    return len(long) > len(short) and long[-1] not in "s"


def _same_body(book: _Book, phrase: Phrase, key: tuple[str, ...]) -> Cluster | None:
    plain = tuple(word for word in key if word not in _SHORT_WORDS)
    for each in book.by_word.get(key[-1], [])[:_OPTIONS]:
        if each.kind is MentionKind.ORGANIZATION and (each.key == key or (len(plain) > 1 and set(plain) <= set(each.key))):
            return each
        if (
            each.kind is MentionKind.ORGANIZATION
            and each.key[-1] == key[-1]
            and len(plain) == 1
            and key[0] in words("org_words")
        ):
            return each
    if len(key) == 1 and phrase.name[0].isupper() and phrase.name[0].isalpha() and 2 < len(phrase.name[0]) <= 6:
        return book.by_initials.get(key[0])
    return None


def _longer_names(tokens: Tokens, book: _Book) -> None:
    """A person named by surname alone may stand in full inside a quotation."""
    known = first_names()
    quoted: dict[str, str] = {}
    for region in tokens.regions.values():
        for match in _FULL_NAME.finditer(region.span.text):
            if match.group(1).lower() in known:
                quoted.setdefault(match.group(2), match.group(1))
    for cluster in book.clusters:
        if cluster.kind is MentionKind.PERSON and len(cluster.key) == 1 and cluster.name in quoted:
            first = quoted[cluster.name]
            cluster.name = f"{first} {cluster.name}"
            cluster.gender = cluster.gender or ("m" if first.lower() in words("male") else "f")


def _resolve(tokens: Tokens, phrases: list[Phrase], index: int, owner: list[Cluster | None], book: _Book) -> Cluster:
    phrase = phrases[index]
    found: Cluster | None = None
    if phrase.kind is MentionKind.PRONOUN:
        found = antecedent(tokens, phrases, index, owner)
    elif "and" in phrase.name:
        return book.add(_joint(phrases, index, owner))
    elif phrase.document:
        book.documents.setdefault(phrase.head, index)
        found = _author(tokens, phrases, index, owner, book)
    else:
        found = _definite(tokens, phrases, index, owner, book)
    if found is not None:
        return found
    name = tokens.text[tokens.starts[phrase.first] : tokens.ends[phrase.last - 1]]
    return book.add(Cluster(
        phrase.kind, name, (), gender=phrase.gender, plural=phrase.plural, head=phrase.head, body=phrase.body,
        human=_is_human(phrase.head),
    ))  # fmt: skip


_AGENTS = ("er", "or", "ist", "ian", "man", "woman", "eer", "ee", "wife", "-old", "ess", "ant", "one", "other", "another")


def _is_human(head: str) -> bool:
    """Whether a noun names somebody: a listed one, or by the look of it."""
    return head in words("humans") or head in words("roles") or head.endswith(_AGENTS)


def _author(
    tokens: Tokens, phrases: list[Phrase], index: int, owner: list[Cluster | None], book: _Book
) -> Cluster | None:  # fmt: skip
    """Whoever wrote "the letter": the subject of the sentence that first tells of it ("employees have signed an open letter")."""
    phrase = phrases[index]
    if phrase.head not in words("authored") or tokens.lower[phrase.first] not in _DEFINITE:
        return None
    first = book.documents.get(phrase.head, index)
    if first == index:
        return None
    sentence = tokens.sentence[phrases[first].first]
    around = range(max(0, first - PHRASES_BACK), min(index, first + PHRASES_BACK))
    subjects = [each for each in around if tokens.sentence[phrases[each].first] == sentence and not phrases[each].document
                and phrases[each].kind is not MentionKind.PRONOUN and owner[each] is not None]  # fmt: skip
    for verbs in ("c", "cvxe"):
        for each in subjects:
            if tokens.tags[phrases[each].last : phrases[each].last + 4].lstrip("rxT")[:1] in tuple(verbs):
                return owner[each]
    return None


def _joint(phrases: list[Phrase], index: int, owner: list[Cluster | None]) -> Cluster:
    phrase = phrases[index]
    parts = [
        owner[each] for each, part in enumerate(phrases[index + 1:index + 9], index + 1)
        if part.name and part.first >= phrase.first and part.last <= phrase.last
    ]  # fmt: skip
    name = " and ".join(part.name for part in parts if part is not None) or _written(phrase.name)
    return Cluster(phrase.kind, name, (), plural=True, head=phrase.head)


def _definite(
    tokens: Tokens, phrases: list[Phrase], index: int, owner: list[Cluster | None], book: _Book
) -> Cluster | None:  # fmt: skip
    """The named speaker behind "the minister", "Russian Foreign Minister"; an unnamed one behind "the source"."""
    phrase = phrases[index]
    start = phrase.first
    determiner = tokens.lower[start] if tokens.tags[start] == "D" else ""
    if not determiner and start and tokens.tags[start - 1] == "D":
        determiner = tokens.lower[start - 1]
    if determiner and determiner not in ("the", "this", "that"):
        return None
    if phrase.plural and not determiner and (phrase.last - phrase.first > 1 or phrase.head in _GENERIC_HEADS):
        return None
    content = {_singular(tokens.lower[at]) for at in range(phrase.first, phrase.last) if tokens.tags[at] not in "D0s"}
    if not content or (_singular(phrase.head) not in content and not phrase.plural):
        return None
    is_age_or_origin = phrase.head.endswith("-year-old") or phrase.head in words("nationalities")
    if is_age_or_origin and determiner == "the" and not phrase.plural:
        return antecedent(tokens, phrases, index, owner)
    capital = tokens.words[start][0].isupper() and not determiner
    if phrase.body or (not determiner and not capital):
        return _body_behind(phrases, index, owner, phrase) if phrase.body and determiner else None
    for back in range(index - 1, max(-1, index - PHRASES_BACK), -1):
        cluster = owner[back]
        is_open = bool(determiner) or phrase.plural
        if cluster is not None and _is_described(phrase, content, cluster, phrases[back], is_open=is_open):
            return cluster
    told = book.by_role.get(_singular(phrase.head), [])[:_OPTIONS] if len(content) > 1 else []
    return next((each for each in told if each.kind is MentionKind.PERSON and content <= _role_words(each)), None)


def _is_described(phrase: Phrase, content: set[str], cluster: Cluster, last: Phrase, *, is_open: bool) -> bool:
    """Whether the words of a description fit a speaker named before: a person's role, or an unnamed speaker's own words."""
    if cluster.plural is not phrase.plural or (phrase.gender and cluster.gender not in (None, phrase.gender)):
        return False
    if cluster.kind is MentionKind.PERSON and cluster.role and content <= _role_words(cluster):
        return True
    unnamed = cluster.kind is MentionKind.UNNAMED and last.kind is MentionKind.UNNAMED
    return unnamed and is_open and content <= _words_of(cluster)


def _role_words(cluster: Cluster) -> set[str]:
    return {_singular(word.strip(",.")) for word in re.split(r"[\s-]+|['’]s\b", cluster.role or "") if word}


def _words_of(cluster: Cluster) -> set[str]:
    return {_singular(word) for word in cluster.name.split()}


def _singular(word: str) -> str:
    key = fold(word)
    return key[:-1] if len(key) > 4 and key.endswith("s") else key


def _body_behind(phrases: list[Phrase], index: int, owner: list[Cluster | None], phrase: Phrase) -> Cluster | None:
    """The organisation behind "the company", "the ministry": the last one whose name holds the word."""
    for back in range(index - 1, max(-1, index - PHRASES_BACK), -1):
        cluster = owner[back]
        if cluster is not None and cluster.kind is MentionKind.ORGANIZATION and fold(phrase.head) in cluster.key:
            return cluster
    return None
