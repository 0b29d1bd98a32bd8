"""The draft: what an engine answers, in references to candidates only. Grounding turns it into records.

Both engines, `rules` and a model, produce this; it holds no text of its own, so nothing in it can be mis-copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QuoteKind(StrEnum):
    """Direct (a whole clause in marks), mixed (a quoted fragment) or indirect (reported clause without marks)."""

    DIRECT = "direct"
    MIXED = "mixed"
    INDIRECT = "indirect"


class Basis(StrEnum):
    """What ties a quotation to its speaker."""

    NAMED = "named"
    PRONOUN = "pronoun"
    FOLLOW_UP = "follow_up"
    ATTRIBUTION_LINE = "attribution_line"


class ExchangeKind(StrEnum):
    """What was exchanged or released."""

    PRISONER_EXCHANGE = "prisoner_exchange"
    HOSTAGES_FOR_PRISONERS = "hostages_for_prisoners"
    REMAINS_RETURN = "remains_return"
    UNILATERAL_RELEASE = "unilateral_release"


class Status(StrEnum):
    """How far an exchange has come, as the article tells it."""

    COMPLETED = "completed"
    ONGOING = "ongoing"
    AGREED = "agreed"
    PLANNED = "planned"
    PROPOSED = "proposed"
    FAILED = "failed"


class Category(StrEnum):
    """Whom or what a number counts."""

    TOTAL = "total"
    MILITARY = "military"
    CIVILIAN = "civilian"
    WOMEN = "women"
    MEN = "men"
    CHILDREN = "children"
    WOUNDED = "wounded"
    BODIES = "bodies"
    HOSTAGES = "hostages"
    PRISONERS = "prisoners"
    OTHER = "other"


class Scope(StrEnum):
    """Which whole a number belongs to. Only `act` and `deal` numbers are put into a transfer."""

    ACT = "act"
    DEAL = "deal"
    BOTH_SIDES = "both_sides"
    CUMULATIVE = "cumulative"
    HELD = "held"


class PlaceRole(StrEnum):
    """What happened at a place."""

    HANDOVER = "handover"
    TALKS = "talks"
    TRANSIT = "transit"
    RECEPTION = "reception"


class ThirdPartyRole(StrEnum):
    """What somebody who is not a party did for an exchange."""

    MEDIATOR = "mediator"
    HOST = "host"
    CARRIER = "carrier"
    GUARANTOR = "guarantor"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftQuote:
    """A quotation: `target` is a region (Q..) or a clause (C..); `speaker` a mention (M..) or None; `cue` a clause (C..) or None.

    `entity` is the speaker's entity (E..) where the engine knows better than the mention's own resolution.
    `score` is the engine's raw confidence in 0..1.
    """

    target: str
    kind: QuoteKind
    speaker: str | None
    entity: str | None = None
    cue: str | None = None
    basis: Basis = Basis.NAMED
    score: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftContent:
    """All that a cue gives to its source, clause or not, fragments in marks too: a clause (C..); `speaker` is a mention (M..)."""

    target: str
    speaker: str | None
    cue: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCount:
    """A count: a number (N..), or named people (M..) who are counted one by one; `claimed_by` are mentions (M..) or entities (E..).

    `side` picks the number of a formula "X for Y": 0 the first, 1 the second.
    """

    category: Category
    number: str | None = None
    people: tuple[str, ...] = ()
    scope: Scope = Scope.ACT
    claimed_by: tuple[str, ...] = ()
    side: int = 0
    summed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftTransfer:
    """One direction: parties are references to a party (R..) or a mention (M..)."""

    released_by: str
    returned_to: str
    counts: tuple[DraftCount, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPlace:
    """A place (L..) or mention (M..) with its role."""

    place: str
    role: PlaceRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftThirdParty:
    """A party (R..), mention (M..) or place (L..) with its role."""

    party: str
    role: ThirdPartyRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftExchange:
    """An exchange: `evidence` are sentences (S..), the dates D.., `part_of` the index of another exchange in the draft."""

    evidence: tuple[str, ...]
    kind: ExchangeKind
    status: Status
    date_start: str | None = None
    date_end: str | None = None
    places: tuple[DraftPlace, ...] = ()
    transfers: tuple[DraftTransfer, ...] = ()
    third_parties: tuple[DraftThirdParty, ...] = ()
    part_of: int | None = None
    score: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that an engine answered for one article."""

    quotes: tuple[DraftQuote, ...] = ()
    exchanges: tuple[DraftExchange, ...] = ()
    contents: tuple[DraftContent, ...] = ()
