"""Names to ids: a versioned table of aliases, and how names are bound within one article. No fuzzy matching.

The table (`data/aliases.tsv`) has the columns alias, id, kind, lang, context, ambiguous. An ambiguous alias counts only where
its context is present: an id among the parties of the same record, or a phrase of the article.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from evals.normalise import fold, key

COLUMNS = ("alias", "id", "kind", "lang", "context", "ambiguous")
_PARTY = frozenset(("state", "group", "metonym"))
_BODY = frozenset(("organization",))
_PLACE = frozenset(("state", "place"))
_SPEAKER = frozenset(("state", "group", "organization", "person"))
_TITLE_WORDS = """
mr mrs ms miss dr sir dame lord lady prof professor president vice-president former senator sen rep representative congressman
congresswoman governor gov mayor secretary minister premier chancellor king queen prince princess pope bishop archbishop cardinal
father sister judge justice general gen colonel col captain capt major maj lieutenant lt corporal sergeant sgt private officer
commander admiral brigadier inspector detective sheriff chief ambassador spokesman spokeswoman spokesperson chairman chairwoman
sheikh imam rabbi mullah
"""
_TITLES = frozenset(_TITLE_WORDS.split())
_GENERATIONS = frozenset(("jr", "jr.", "sr", "sr.", "junior", "senior", "ii", "iii", "iv"))
_INITIAL = re.compile(r"[^\W\d_]\.?")


@dataclass(frozen=True, slots=True)
class Alias:
    """One row of the table."""

    alias: str
    id: str
    kind: str
    lang: str
    context: tuple[str, ...]
    ambiguous: bool


@dataclass(frozen=True)
class AliasTable:
    """All rows by look-up key; `version` is the first 12 hex digits of the SHA-256 of the data."""

    version: str
    rows: Mapping[str, tuple[Alias, ...]]

    def find(self, name: str, kinds: frozenset[str]) -> tuple[Alias, ...]:
        """The rows of these kinds whose alias is this name."""
        return tuple(row for row in self.rows.get(key(name), ()) if row.kind in kinds)


def parse_aliases(data: str) -> AliasTable:
    """The table in tab-separated text; lines that begin with # are comments, the first other line names the columns."""
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip() and not line.startswith("#")]
    if not lines or tuple(lines[0][1].split("\t")) != COLUMNS:
        raise ValueError(f"the alias table must begin with the columns {', '.join(COLUMNS)}")
    rows: dict[str, tuple[Alias, ...]] = {}
    for number, line in lines[1:]:
        cells = line.split("\t")
        if len(cells) != len(COLUMNS):
            raise ValueError(f"line {number} of the alias table has {len(cells)} columns, expected {len(COLUMNS)}")
        alias, id_, kind, lang, context, ambiguous = cells
        row = Alias(alias, id_, kind, lang, tuple(part for part in context.split("|") if part), ambiguous == "yes")
        rows[key(alias)] = (*rows.get(key(alias), ()), row)
    ids = {row.id: row.kind for group in rows.values() for row in group}
    for id_, kind in ids.items():  # an id stands for itself
        if not any(row.id == id_ for row in rows.get(key(id_), ())):
            rows[key(id_)] = (*rows.get(key(id_), ()), Alias(id_, id_, kind, "", (), ambiguous=False))
    return AliasTable(hashlib.sha256(data.encode()).hexdigest()[:12], rows)


def load_aliases() -> AliasTable:
    """The table that the project ships."""
    return parse_aliases((files("evals") / "data" / "aliases.tsv").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Names:
    """How names are bound in one article.

    `people` are the full names (two words or more) that gold and answer use for speakers and claimants. A shorter form
    ("Okafor", "Ngozi") is the same person if it begins or ends exactly one of them; otherwise it stands for itself.
    """

    table: AliasTable
    text: str = ""
    people: tuple[str, ...] = ()
    _cache: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)

    def party(self, name: str, near: Collection[str] = ()) -> str:
        """The id of a state, group or organisation; metonyms (a capital or an organ for its government) count first."""
        return self._bind(name, _PARTY, near) or self._bind(name, _BODY, near) or key(name)

    def place(self, name: str) -> str:
        """The id of a place."""
        return self._bind(name, _PLACE, ()) or key(name)

    def speaker(self, name: str) -> str:
        """The id of a speaker. A ministry or capital is not its state here: the article named that source."""
        known = self._cache.get(("speaker", name))
        if known is None:
            known = self._cache["speaker", name] = self._speaker(name)
        return known

    def is_known(self, name: str) -> bool:
        """Whether the table has this party under an unambiguous or bound alias."""
        return self._bind(name, _PARTY | _BODY, ()) is not None or self._bind(name, _PARTY, ()) is not None

    def _speaker(self, name: str) -> str:
        bound = self._bind(name, _SPEAKER, ()) or self._bind(_untitled(name), _SPEAKER, ())
        if bound is not None:
            return bound
        own = person_key(name)
        wholes = {person_key(full): full for full in self.people if _is_short_for(own, person_key(full))}
        ids = {self._bind(full, _SPEAKER, ()) or whole for whole, full in wholes.items()}
        return ids.pop() if len(ids) == 1 else own

    def _bind(self, name: str, kinds: frozenset[str], near: Collection[str]) -> str | None:
        found = self.table.find(name, kinds)
        certain = {row.id for row in found if not row.ambiguous}
        if not certain:
            certain = {row.id for row in found if any(self._is_present(part, near) for part in row.context)}
        return certain.pop() if len(certain) == 1 else None

    def _is_present(self, part: str, near: Collection[str]) -> bool:
        return part in near or bool(re.search(rf"\b{re.escape(part)}\b", self.text))


def person_key(name: str) -> str:
    """A personal name as it is compared: without titles, middle initials and possessive.

    >>> person_key("Gen. Ada J. Okafor’s")
    'ada okafor'
    """
    words = key(_untitled(name)).split()
    return " ".join(word for i, word in enumerate(words) if i in (0, len(words) - 1) or not _INITIAL.fullmatch(word))


def full_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those names that are full names of one person: two to five words, each of them (particles aside) with a capital."""
    return tuple(dict.fromkeys(name for name in names if _is_full(_untitled(name))))


def _is_full(name: str) -> bool:
    words = fold(name).split()
    particles = ("de", "del", "la", "van", "von", "der", "den", "di", "da", "bin", "al", "el", "ben", "dos", "du", "le", "y")
    return (
        2 <= len(words) <= 5
        and "," not in name
        and all(word[:1].isupper() or word in particles or "-" in word for word in words)
        and words[0][:1].isupper()
        and not {"and", "of"} & set(words)
    )


def _untitled(name: str) -> str:
    """The name without the titles before it (never without all its words)."""
    words = fold(name).split()
    while len(words) > 1 and (words[0].casefold().rstrip(".") in _TITLES | {"the"}):
        words = words[1:]
    return " ".join(words)


def _is_short_for(short: str, full: str) -> bool:
    """Whether the short form begins or ends the full name, and what is left out is not a generation ("Jr")."""
    s, f = short.split(), full.split()
    if not s or len(s) >= len(f):
        return False
    ends = f[-len(s) :] == s
    begins = f[: len(s)] == s and not set(f[len(s) :]) <= _GENERATIONS
    return ends or begins
