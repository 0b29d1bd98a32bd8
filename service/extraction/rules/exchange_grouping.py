"""Which clauses of an article tell of the same event: the main one, the deal it is part of, coming ones and earlier ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date

from service.domain.candidate import Candidates, DateMention
from service.domain.draft import Scope, Status
from service.extraction.rules.exchange_counts import scope_of
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_events import NEXT, ActClause
from service.extraction.rules.exchange_setting import is_old, is_said_on


@dataclass
class Event:
    """The clauses of one event; `role` is "main", "past", "deal", "next" or "gift" (beside the exchange, for nothing).

    `ahead` is the status of a coming event where its words set it.
    """

    role: str
    clauses: list[ActClause] = field(default_factory=list)
    ahead: Status | None = None


_PREVIOUS = Cue(
    r"\b(?:previous|earlier|last|first|second)(?: such)?(?: big| large| major)? one\b|\b(?:previous|earlier(?! to\b)"
    r"|last|prior|past|most recent|similar|separate|preceding|historic|another"
    r"|second largest)(?: [\w-]+){0,2} (?:swaps?"
    r"|exchanges?|releases?|deals?|hand-?overs?|trades?)\b"
    r"|\b(?:have|has) (?:previously|already|repeatedly)\b"
)


def group(clauses: list[ActClause], candidates: Candidates, published_at: date | None) -> list[Event]:
    """The clauses by event: the main one first; the deal it is part of, a next one, and earlier ones with their own date or number.

    What only plans or only looks back is kept out of the main event once that has been told as done.
    """
    text = candidates.text
    main, deal = Event("main"), Event("deal")
    past: dict[str, Event] = {}
    later: dict[str, Event] = {}
    done = False
    values: set[int] = set()
    told: set[str] = set()
    main_day: str | None = None
    for clause in clauses:
        words = clause.words(text)
        numbers = _acted(clause, text)
        recent = [d for d in clause.dates if d.start and len(d.start) > 4 and not is_old(d, published_at)]
        if main.clauses and _is_gift(clause, words):
            later.setdefault(f"gift {_key(clause, words)}", Event("gift")).clauses.append(clause)
            continue
        key = _earlier(clause, words, numbers, recent, text, published_at) if main.clauses else None
        if key is not None:
            if key:
                past.setdefault(key, Event("past")).clauses.append(clause)
            continue
        day = _day_before(clause, main_day, words)
        named = {g.words for g in clause.row.people if g.mention is not None}
        if done and day and (numbers - values or named - told) and Status.COMPLETED in clause.tense:
            past.setdefault(day + _of_remains(clause), Event("past")).clauses.append(clause)
            continue
        main_day = main_day or next((d.start for d in recent if d.start and len(d.start) == 10 and d.start == d.end), None)
        told |= named
        if _goes_with(clause, main, text):
            main.clauses.append(clause)
            continue
        if done and clause.strength >= 0.4 and _FAILED_TRY.search(words) and not numbers & values:
            past.setdefault(f"failed {clause.place}", Event("past")).clauses.append(clause)
            continue
        kind = _ahead(clause, words, done=done, new=bool(numbers - values), started=bool(main.clauses and values))
        if kind == "deal":
            deal.clauses.append(clause)
        elif kind is not None:
            status = Status.PLANNED if kind == "planned" else None
            later.setdefault(kind, Event("next", ahead=status)).clauses.append(clause)
        else:
            main.clauses.append(clause)
            if clause.strength >= 1:
                done = (
                    done or Status.COMPLETED in clause.tense or (Status.ONGOING in clause.tense and bool(values | numbers))
                )
                values |= numbers
    return [main] + ([deal] if deal.clauses else []) + list(later.values()) + list(past.values())


def _goes_with(clause: ActClause, main: Event, text: str) -> bool:
    """Whether a clause is the other half of the one before it ("freed all hostages after India agreed to release three men")."""
    if not main.clauses or clause.dates or main.clauses[-1].row.sentence.id != clause.row.sentence.id:
        return False
    return bool(re.search(r"\b(?:after|as|while|once|following)\s+$", text[max(0, clause.start - 12) : clause.start]))


def _acted(clause: ActClause, text: str) -> set[int]:
    """The numbers of people in a clause who are let go in it, not those still held or counted over the years."""
    return {
        g.number.value
        for g in clause.row.people
        if g.number is not None
        and g.number.value is not None
        and scope_of(g, text, clause.start, clause.end) in {Scope.ACT, Scope.BOTH_SIDES}
    }


def _earlier(
    clause: ActClause, words: str, numbers: set[int], recent: list[DateMention], text: str, published_at: date | None
) -> str | None:
    """The key of the earlier event that a clause looks back to, "" where it is no event of its own; None for what is new."""
    old = [d for d in clause.dates if is_old(d, published_at)]
    months = _months_before(clause, text, published_at)
    earlier = bool(_PREVIOUS.search(words)) or months is not None
    if (
        not (clause.strength >= 1 or (clause.strength >= 0.5 and old and numbers))
        or not (earlier or old)
        or (recent and not earlier)
        or not _is_act_dated(clause, old, words)
    ):
        return None
    if not (old or numbers) or not (clause.strength >= 1.5 or numbers or any(g.mention for g in clause.row.people)):
        return ""
    return (old[0].start or "")[:7] + _of_remains(clause) if old else months or f"clause {clause.place}"


def _key(clause: ActClause, words: str) -> str:
    """The first date of a clause's act, "" where it has none."""
    times = [d for d in clause.dates if d.start and not is_said_on(words, 0, _shifted(d, clause.start))]
    return times[0].start or "" if times else ""


def _of_remains(clause: ActClause) -> str:
    """A mark for clauses that count nothing but the dead, who are handed over in acts of their own."""
    counted = [g for g in clause.row.people if g.number is not None]
    return " remains" if counted and all(g.bodies for g in counted if g.words) and any(g.bodies for g in counted) else ""


def _is_gift(clause: ActClause, words: str) -> bool:
    """Whether a clause tells of people let go beside the exchange, for nothing in return."""
    counted = any(g.number is not None for g in clause.row.people)
    return counted and any(code in clause.row.codes for code in "RrC") and bool(_GIFT.search(words))


def _ahead(clause: ActClause, words: str, *, done: bool, new: bool, started: bool) -> str | None:
    """Which coming event a clause speaks of beside the main one: "deal" the whole that it is part of, or "planned", "proposed"."""
    tense = clause.tense
    if Status.COMPLETED in tense and not NEXT.search(words):
        return "deal" if clause.strength >= 0.4 and new and started and _UNDER.search(words) else None
    coming = bool(tense.keys() & {Status.PLANNED, Status.AGREED, Status.PROPOSED})
    future = any(d.direction == "future" for d in clause.dates)
    if done and coming and clause.strength >= 0.5 and NEXT.search(words):
        return "planned" if Status.PLANNED in tense else "proposed"
    if clause.strength >= 0.4 and new and ((done and coming and _DEAL.search(words)) or (started and _UNDER.search(words))):
        return "deal"
    if done and coming and clause.strength >= 1 and Status.PLANNED in tense and (new or future):
        return "planned"
    if done and new and clause.strength >= 0.4 and Status.PLANNED in tense and _FURTHER.search(words):
        return "planned"
    acts = any(code in clause.row.codes for code in "RSrs")
    if done and new and (clause.strength >= 1 or acts) and (Status.PROPOSED in tense or Status.FAILED in tense):
        return "proposed"
    if done and clause.strength >= 1 and Status.PROPOSED in tense and _STANDING.search(words):
        return "proposed"
    return None


def _day_before(clause: ActClause, main_day: str | None, words: str) -> str | None:
    """When a clause's act lies before the day of the main one ("On Friday, 24 were freed", "Last month Moscow handed over ...")."""
    times = [d for d in clause.dates if d.start and d.start == d.end and not is_said_on(words, 0, _shifted(d, clause.start))]
    if not main_day or not times or not _is_act_dated(clause, times, words):
        return None
    before = [d for d in times if (d.end or "") < main_day[: len(d.end or "")] and (len(d.end or "") > 4 or len(times) == 1)]
    return before[0].start if len(before) == len(times) else None


def _shifted(mention: DateMention, by: int) -> DateMention:
    """The mention with offsets counted from `by`."""
    span = mention.span
    return mention if span is None else replace(mention, span=replace(span, start=span.start - by, end=span.end - by))


_STANDING = Cue(
    r"\b(?:ha(?:s|ve) (?:also |now |since |already )?(?:offered|proposed|suggested|put forward|demanded|asked)|(?:is"
    r"|are) (?:offering|proposing"
    r"|demanding|ready|willing|seeking|pressing)|wants?|offers?|proposes?|demands?)\b(?: [^.;,]{0,60}?)?"
    r" (?:releas|free|exchang|swap|hand(?:ing)? over|giv(?:e|ing) (?:back|up)|trad|turn(?:ing)? over)"
)
_FURTHER = Cue(r"\b(?:a further|another|the (?:other|remaining|rest)|remaining|more)\b")
_FAILED_TRY = Cue(
    r"\b(?:attempts?|plans?|bid|efforts?|tr(?:y|ies)|offer)\b(?: [^.;]{0,90}?)? (?:c[ao]me to (?:nothing|grief"
    r"|naught)|collapsed|failed"
    r"|fell (?:through|apart)|foundered|was (?:rejected|refused|called off|cancelled|abandoned|turned down)"
    r"|broke (?:down|up))\b"
)
_DEAL = Cue(
    r"\b(?:agreement|agreed|deal|accord|formula|phase|stage|expected to (?:swap|exchange|release|free)"
    r"|in (?:all|total)|altogether|eventually|over the (?:next|coming)|from each side|truce|ceasefire)\b"
)
_GIFT = Cue(
    r"\b(?:without (?:asking|demanding|receiving|anything)\b|nothing (?:in return|for)|ask(?:ed|ing) for (?:nothing"
    r"|nobody|no one)"
    r"|unconditional(?:ly)?|goodwill|(?:as|was|is|be) (?:a|an) (?:\w+ )?gesture|asked for nobody"
    r"|^separately\b|not (?:a )?part of the (?:exchange|swap"
    r"|deal)|outside the (?:exchange|swap|deal|bargain)|separately from the (?:exchange|swap|deal)"
    r"|without (?:an )?exchange)"
)
_UNDER = Cue(r"\bunder (?:a|an|the) (?:\w+ ){0,2}(?:deal|agreement|accord|pact)\b")
_MONTHS_AFTER = re.compile(
    r"\b(a|an|one|two|three|four|five|six|seven|eight|nine|ten|eleven|\d+) (week|month|year)s? (?:after"
    r"|since|following)\s+$",
    re.IGNORECASE,
)
_UNITS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
}


def _months_before(clause: ActClause, text: str, published_at: date | None) -> str | None:
    """The month that "three months after ..." puts a clause in, counted from publication; "" where it only says after."""
    before = text[max(0, clause.start - 45) : clause.start]
    match = _MONTHS_AFTER.search(before)
    if match is None:
        return (
            ""
            if re.search(r"\b(?:came|comes|coming|happened|took place)\b.{0,30}\b(?:after|since|following)\s+$", before)
            else None
        )
    if published_at is None or match[2] == "week":
        return ""
    count = _UNITS.get(match[1].lower()) or int(match[1])
    months = published_at.year * 12 + published_at.month - 1 - count * (12 if match[2] == "year" else 1)
    return f"{months // 12}-{months % 12 + 1:02}"


def _is_act_dated(clause: ActClause, old: list[DateMention], words: str) -> bool:
    """Whether the old date is the exchange's and not the day of an arrest or a war's beginning."""
    if not old:
        return True
    first = old[0].span
    if first is None:
        return False
    before = words[max(0, first.start - clause.start - 70) : max(0, first.start - clause.start)]
    return not re.search(
        r"\b(?:captured|arrested|detained|convicted|sentenced|seized|kidnapped|abducted|taken|held|jailed|imprisoned"
        r"|began|invaded|invasion|invasion in|war|since|killed|founded|elected|accused|charged|disappeared|attack\w*"
        r"|coup|uprising|shot down|conflict)\b[^.;]*$",
        before,
        re.IGNORECASE,
    )
