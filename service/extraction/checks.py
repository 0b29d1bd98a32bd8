"""Checks on a draft: does what it says hold together, and does the text support it?

Ids follow domain.md section 7. A check never changes a value. It gives a finding: a sentence that tells a model what to look
at again, and what is done if nobody mends it (a warning, a value set to null, an item rejected).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from service.domain.candidate import Candidates, Clause, DateMention, Mention, Number, Party, Place, QuotedRegion, Sentence
from service.domain.draft import (
    Category,
    Draft,
    DraftCount,
    DraftExchange,
    DraftTransfer,
    ExchangeKind,
    QuoteKind,
    Status,
    ThirdPartyRole,
)
from service.domain.evidence import Span
from service.extraction.counting import AXES, interval, quantity
from service.extraction.finding import Action, Finding
from service.extraction.reference import fold

NOT_PEOPLE = {
    "year": "a year",
    "age": "an age",
    "date": "part of a date",
    "money": "an amount of money",
    "percent": "a percentage",
    "time": "a time or a duration",
    "ordinal": "an ordinal",
    "unit_name": "part of a name",
    "measure": "a measure",
    "event": "a number of events",
}
_SYMMETRY = re.compile(
    r"\b(?:each|both|either|same number|equal number|equal numbers|apiece|one[- ]for[- ]one|for every|respectively|mutual\w*"
    r"|identical|a side|man for man|as many|all for all)\b|-for-"
    r"|\b(?:exchanged|swapped|traded|they|two (?:sides|armies|countries))\b"
    r"|\bfor\s+(?:\d|an?\b|one|two|three|four|five|six|seven|eight|nine|ten)",
    re.IGNORECASE,
)
_MEDIATION = re.compile(
    r"mediat|broker|negotiat|facilitat|intermediar|go-between|good offices|help|thank|arrang|efforts|role|interce|auspices"
    r"|secur|oversaw|overseen|engagement|work(?:ed|ing)? (?:with|on)|shuttl|to and fro|back and forth"
    r"|(?:carr|convey|pass|relay|bring|brought)\w* .{0,20}(?:lists?|messages?|offers?|proposals?|terms|demands|word)\b",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"reject|suspend|call(?:ed|ing)? off|\boff\b|cancel|collaps|f[ea]ll(?:en)?\b|broke|refus|halt|postpon|scrap|fail"
    r"|den(?:y|ied|ies)|rul(?:ed|es|ing) out|abandon|stall|derail|block|never|\bno\b|\bnot\b|n[’']t\b|thr[eo]w\w* out|slam"
    r"|turned (?:it )?(?:down|back|away)|declin|withdr|back(?:ed|ing)? out|pull(?:ed|ing)? out"
    r"|dismiss|nothing|dead|wreck|without|vetoed?|walk(?:ed)? (?:out|away)",
    re.IGNORECASE,
)
_TODAY = re.compile(
    r"\b(?:today|tonight|this (?:morning|afternoon|evening)|(?:hours?|minutes|moments) ago)\b", re.IGNORECASE
)
_TELLING = 4
"""A shorter last word of a name ("Aid", "UN") says too little on its own."""
_AHEAD = re.compile(
    r"\b(?:will|would|could|may|might|shall|to be|plan(?:s|ned|ning)?|expect(?:s|ed)?|propos\w*|offer\w*|due to|set to|ready to"
    r"|prepared to|hop(?:es|ed|ing)|next|tomorrow|if|wants?|wanted|demand\w*|seek\w*|sought|asks?|asked|in talks?)\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:was|were|has|have|had|been|freed|released|returned|handed|exchanged|swapped|completed|received|repatriated|took"
    r"|carried|arrived|welcomed|brought|set free|turned over|traded|sent|gave|let go|secured|got|won|regained)\b",
    re.IGNORECASE,
)


def check_draft(draft: Draft, candidates: Candidates, *, published_at: date | None) -> tuple[Finding, ...]:
    """All findings on a draft, quotations first, in the order of its items."""
    findings = list(_check_quotes(draft, candidates))
    for index, exchange in enumerate(draft.exchanges):
        view = ExchangeView(exchange, index, candidates)
        findings += [
            *_check_numbers(view), *_check_symmetry(view), *_check_sums(view), *_check_dates(view, published_at),
            *_check_parties(view), *_check_status(view),
        ]  # fmt: skip
        findings += _check_phase(view, draft)
    return tuple(findings)


class ExchangeView:
    """An exchange with what the checks look up again and again."""

    def __init__(self, exchange: DraftExchange, index: int, candidates: Candidates) -> None:
        self.exchange, self.index, self.candidates = exchange, index, candidates
        self.item = f"exchange {index + 1}"
        self.sentences = [s for s in (candidates.get(id_, Sentence) for id_ in exchange.evidence) if s is not None]

    def finding(
        self, check: str, message: str, action: Action, *, field: str | None = None, part: tuple[int, int] | None = None,
        reask: bool = True,
    ) -> Finding:  # fmt: skip
        """A finding on this exchange."""
        return Finding(
            check=check, item=self.item, message=f"{self.item}: {message}", action=action, field=field,
            target=("exchanges", self.index), part=part, reask=reask,
        )  # fmt: skip

    def party(self, reference: str) -> str:
        """The plain name a party reference stands for."""
        return party_name(reference, self.candidates)

    def same(self, one: str, other: str) -> bool:
        """Whether two references stand for one party."""
        return fold(self.party(one)) == fold(self.party(other))

    def way(self, transfer: DraftTransfer) -> str:
        """A direction in words."""
        return f"{self.party(transfer.released_by)} to {self.party(transfer.returned_to)}"

    def counts(self) -> Iterator[tuple[int, int, DraftTransfer, DraftCount]]:
        """Every count with the positions of its transfer and its own."""
        for t, transfer in enumerate(self.exchange.transfers):
            for c, count in enumerate(transfer.counts):
                yield t, c, transfer, count


def party_name(reference: str, candidates: Candidates) -> str:
    """The plain name of a party, mention or place."""
    found = candidates.by_id.get(reference)
    if isinstance(found, Party | Place):
        return found.name
    if isinstance(found, Mention):
        entity = candidates.entity_of(found)
        return entity.name if entity is not None else found.span.text
    return found.span.text if isinstance(found, Clause) else reference


def _check_quotes(draft: Draft, candidates: Candidates) -> Iterator[Finding]:
    """Q1, Q2: nothing inside a direct quotation, no reported clause with quoted words, nothing twice."""
    spans = [target_span(quote.target, candidates) for quote in draft.quotes]
    near = _overlapping(spans)
    for index, (quote, span) in enumerate(zip(draft.quotes, spans, strict=True)):
        item = quote.target.lower()
        if span is None:
            yield _quote_finding("reference", item, index, "it refers to nothing in the article.")
            continue
        for other_index in near[index]:
            other, other_span = draft.quotes[other_index], spans[other_index]
            if other_span is None:
                continue
            problem = _conflict(quote.kind, span, index, other.kind, other_span, other_index)
            if problem == "nested" or (problem == "twice" and quote.speaker == other.speaker):
                message = f'"{_short(span.text)}" overlaps another passage that is already given.'
                yield _quote_finding("Q2", item, index, message)
                break
            if problem == "marks":
                message = f'"{_short(span.text)}" holds words in quotation marks; only those count there.'
                yield _quote_finding("Q2", item, index, message)
                break


def _overlapping(spans: Sequence[Span | None]) -> list[list[int]]:
    """For each span the positions of the others that overlap it, in order; found by one walk over the text."""
    found: list[list[int]] = [[] for _ in spans]
    around: list[tuple[int, Span]] = []
    for index, span in sorted(((i, s) for i, s in enumerate(spans) if s is not None), key=lambda item: item[1].start):
        around = [(other, earlier) for other, earlier in around if earlier.end > span.start]
        for other, earlier in around:
            if span.overlaps(earlier):
                found[index].append(other)
                found[other].append(index)
        around.append((index, span))
    for others in found:
        others.sort()
    return found


def _conflict(
    kind: QuoteKind, span: Span, index: int, other_kind: QuoteKind, other: Span, other_index: int
) -> str | None:  # fmt: skip
    if other_kind is QuoteKind.DIRECT and other.contains(span) and (other != span or other_index < index):
        return "nested"
    if kind is QuoteKind.INDIRECT and other_kind is not QuoteKind.INDIRECT and span.contains(other):
        return "marks"
    if kind is other_kind is QuoteKind.INDIRECT and (len(other.text), -other_index) > (len(span.text), -index):
        return "twice"
    return None


def _quote_finding(check: str, item: str, index: int, message: str) -> Finding:
    return Finding(
        check=check, item=item, message=f"{item}: {message}", action=Action.REJECT, target=("quotes", index), reask=False
    )  # fmt: skip


def target_span(reference: str, candidates: Candidates) -> Span | None:
    """The span a quotation's target stands for."""
    found = candidates.by_id.get(reference)
    return found.span if isinstance(found, QuotedRegion | Clause) else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def _check_numbers(view: ExchangeView) -> Iterator[Finding]:
    """A11, A14: a count must lead to a number of people; A12: one number, one fill."""
    for t, transfer in enumerate(view.exchange.transfers):
        seen: dict[tuple[str, int, str], Category] = {}
        for c, count in enumerate(transfer.counts):
            if quantity(count, transfer, view.candidates) is None:
                what = "the sum has no two parts on one axis to add" if count.summed else "it leads to no number"
                message = f"{count.category} from {view.way(transfer)}: {what}; give the stated number or leave it out."
                yield view.finding("A11", message, Action.NULL, field="n", part=(t, c))
                continue
            number = view.candidates.get(count.number or "", Number)
            if number is None:
                continue
            if number.role in NOT_PEOPLE:
                message = (
                    f'{number.id} ("{number.phrase.text}") is {NOT_PEOPLE[number.role]}, not a number of people; '
                    "use the number that counts the people handed over."
                )
                yield view.finding("A14", message, Action.NULL, field="n", part=(t, c))
            earlier = seen.setdefault((number.id, count.side, AXES[count.category]), count.category)
            if earlier is not count.category:
                message = (
                    f'{number.id} ("{number.phrase.text}") is given as {earlier} and as {count.category} in one direction; '
                    "keep the one that the text states."
                )
                yield view.finding("A12", message, Action.NULL, field="n", part=(t, c))


def _check_symmetry(view: ExchangeView) -> Iterator[Finding]:
    """A13: one number in both directions needs words such as "each" or "both" near it."""
    used: dict[str, set[int]] = {}
    for t, _c, _transfer, count in view.counts():
        if count.number is not None:
            used.setdefault(count.number, set()).add(t)
    text = view.candidates.text
    for reference, transfers in used.items():
        number = view.candidates.get(reference, Number)
        if len(transfers) < 2 or number is None or number.other is not None:
            continue
        sentence = view.candidates.sentence_at(number.span.start)
        around = (
            sentence.span.text if sentence is not None else text[max(0, number.span.start - 200) : number.span.end + 200]
        )
        if not _SYMMETRY.search(around) and not re.search(
            r"\bfrom (?:each|both)|\bthey\b|\bexchanged\b|\bswapped\b", around
        ):
            message = (
                f'{reference} ("{number.phrase.text}") is given for both directions, but its sentence does not say "each" or '
                '"both"; give it to the side whose people it counts.'
            )
            yield view.finding("A13", message, Action.WARN, field="n")


def _check_sums(view: ExchangeView) -> Iterator[Finding]:
    """A1, A2, A3: parts against the total, only within one axis."""
    for transfer in view.exchange.transfers:
        stated = [(count, quantity(count, transfer, view.candidates)) for count in transfer.counts]
        totals = [q for count, q in stated if count.category is Category.TOTAL and q is not None and not count.claimed_by]
        totals = totals or [q for count, q in stated if count.category is Category.TOTAL and q is not None]
        if not totals or any(count.summed for count in transfer.counts):
            continue
        highest = max(interval(total)[1] for total in totals)
        for axis in ("legal", "sex", "age", "health"):
            parts = [(count, q) for count, q in stated if AXES[count.category] == axis and q is not None]
            lows = {count.category: interval(q)[0] for count, q in parts}
            names = " + ".join(f"{category} {low}" for category, low in lows.items())
            if len(lows) == 1 and sum(lows.values()) > highest:
                message = (
                    f"from {view.way(transfer)}, {names} is more than the total {highest}; a part cannot exceed its whole: "
                    "check which number counts whom, in which direction."
                )
                yield view.finding("A2", message, Action.WARN, field="n")
            elif len(lows) > 1 and sum(lows.values()) > highest:
                message = (
                    f"from {view.way(transfer)}, {names} = {sum(lows.values())} is more than the total {highest}; "
                    "check which numbers are parts of this total and in which direction."
                )
                yield view.finding("A1", message, Action.WARN, field="n")


def _check_phase(view: ExchangeView, draft: Draft) -> Iterator[Finding]:
    """A6: a phase is not larger than its deal; and it belongs to another entry of the draft."""
    whole = view.exchange.part_of
    if whole is None:
        return
    if whole == view.index or whole >= len(draft.exchanges):
        message = f"part_of {whole + 1} names no other exchange of the list."
        yield view.finding("reference", message, Action.NULL, field="part_of", reask=False)
        return
    deal = ExchangeView(draft.exchanges[whole], whole, view.candidates)
    for transfer in view.exchange.transfers:
        for other in deal.exchange.transfers:
            if view.way(transfer) != deal.way(other):
                continue
            phase, total = _total(transfer, view.candidates), _total(other, view.candidates)
            if phase is not None and total is not None and phase[0] > total[1]:
                message = (
                    f"it is part of exchange {whole + 1}, but its total from {view.way(transfer)} ({phase[0]}) is larger than "
                    f"the deal's ({total[1]}); check which number belongs to the phase and which to the deal."
                )
                yield view.finding("A6", message, Action.WARN, field="n")


def _total(transfer: DraftTransfer, candidates: Candidates) -> tuple[int, int] | None:
    for count in transfer.counts:
        stated = quantity(count, transfer, candidates) if count.category is Category.TOTAL else None
        if stated is not None and stated.value is not None:
            return interval(stated)
    return None


def days(when: str) -> tuple[date, date]:
    """First and last day of "YYYY", "YYYY-MM" or "YYYY-MM-DD".

    >>> days("2024-02")
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    """
    parts = [int(part) for part in when.split("-")]
    if len(parts) == 1:
        return date(parts[0], 1, 1), date(parts[0], 12, 31)
    if len(parts) == 2:
        after = date(parts[0] + parts[1] // 12, parts[1] % 12 + 1, 1)
        return date(parts[0], parts[1], 1), after - timedelta(days=1)
    day = date(*parts)
    return day, day


def _check_dates(view: ExchangeView, published_at: date | None) -> Iterator[Finding]:
    """T1, T2, T6, T7: dates against status, publication and each other."""
    exchange = view.exchange
    start, end = (view.candidates.get(ref or "", DateMention) for ref in (exchange.date_start, exchange.date_end))
    for name, mention in (("start", start), ("end", end)):
        if mention is not None and mention.start is None:
            words = mention.span.text if mention.span is not None else mention.id
            message = f'{name}: {mention.id} ("{words}") cannot be resolved to a date; use another date or null.'
            yield view.finding("T6", message, Action.NULL, field=name)
    yield from _check_today(view, start, end)
    if start is None or start.start is None:
        return
    first = days(start.start)[0]
    last = days(end.end)[1] if end is not None and end.end is not None else None
    if last is not None and last < first:
        message = f"it ends ({end.end if end else ''}) before it starts ({start.start}); check both dates."
        yield view.finding("T7", message, Action.NULL, field="end")
    if published_at is None:
        return
    if exchange.status is Status.COMPLETED and first > published_at + timedelta(days=1):
        message = (
            f"status completed, but it starts on {start.start}, after publication ({published_at}); "
            "give the date of the act or another status."
        )
        yield view.finding("T1", message, Action.NULL, field="start")
    if first > published_at + timedelta(days=731) or first.year < 1900:
        message = f"start {start.start} lies too far from publication ({published_at}); use the date of the act or null."
        yield view.finding("T7", message, Action.NULL, field="start")
    ahead = (Status.PLANNED, Status.PROPOSED)
    if exchange.status in ahead and (last or days(start.end or start.start)[1]) < published_at:
        message = f"status {exchange.status}, but its date {start.start} lies before publication ({published_at})."
        yield view.finding("T2", message, Action.WARN, field="start", reask=False)


def _check_today(view: ExchangeView, start: DateMention | None, end: DateMention | None) -> Iterator[Finding]:
    """T5: the publication date dates an act only where the text says "today" or the like. There is nothing to ask again."""
    text = " ".join(sentence.span.text for sentence in view.sentences)
    for name, mention in (("start", start), ("end", end)):
        if mention is not None and mention.span is None and not _TODAY.search(text):
            message = f'{name}: no evidence sentence says "today" or the like, so the publication date does not date it.'
            yield view.finding("T5", message, Action.NULL, field=name, reask=False)


def _check_parties(view: ExchangeView) -> Iterator[Finding]:
    """P1, P2, P6: who may be on which side, and what a mediator needs."""
    exchange = view.exchange
    for t, transfer in enumerate(exchange.transfers):
        if view.same(transfer.released_by, transfer.returned_to):
            # Own people let go at home beside those who are handed over: there is no other side to name.
            besides = any(
                other != transfer and view.same(other.released_by, transfer.released_by) for other in exchange.transfers
            )
            message = f"{view.way(transfer)}: the releasing and the receiving party are the same; name the two sides."
            yield view.finding("P1", message, Action.REJECT, field="ways", part=(t, -1), reask=not besides)
    directions = {view.way(transfer) for transfer in exchange.transfers}
    releasing = {fold(view.party(transfer.released_by)) for transfer in exchange.transfers}
    if exchange.kind is ExchangeKind.UNILATERAL_RELEASE and len(releasing) > 1:
        message = "kind unilateral, but people go in two directions; it is prisoners or hostages, or one direction is wrong."
        yield view.finding("P2", message, Action.WARN, field="kind")
    mutual = (ExchangeKind.PRISONER_EXCHANGE, ExchangeKind.HOSTAGES_FOR_PRISONERS)
    if exchange.kind in mutual and len(directions) == 1:
        message = (
            "both sides release people in such an exchange, but only one direction is given; add the other (without numbers if "
            "none are stated), or use unilateral if nothing in return is reported."
        )
        yield view.finding("P2", message, Action.WARN, field="kind")
    parties = {fold(view.party(ref)) for t in exchange.transfers for ref in (t.released_by, t.returned_to)}
    for position, third in enumerate(exchange.third_parties):
        name = view.party(third.party)
        if fold(name) in parties and third.role is ThirdPartyRole.MEDIATOR:
            message = f"{name} is a party of this exchange and cannot be its mediator."
            yield view.finding("P1", message, Action.NULL, field="third", part=(position, -1), reask=False)
        elif third.role is ThirdPartyRole.MEDIATOR and not _mediates(third.party, name, view):
            message = f"no sentence says that {name} mediated or brokered."
            yield view.finding("P6", message, Action.NULL, field="third", part=(position, -1), reask=False)


def _mediates(reference: str, name: str, view: ExchangeView) -> bool:
    """Whether a sentence names the third party, under any of its names or by its last word, together with a word of mediation."""
    words = {name, *(p.span.text for p in view.candidates.parties if p.name == name)}
    found = view.candidates.by_id.get(reference)
    if isinstance(found, Party | Place | Mention | Clause):
        words.add(found.span.text)
    words |= {text.split()[-1] for text in words if len(text.split()[-1]) >= _TELLING}
    named = re.compile("|".join(re.escape(text) for text in sorted(words)), re.IGNORECASE)
    return any(_MEDIATION.search(s.span.text) and named.search(s.span.text) for s in view.candidates.sentences)


def _check_status(view: ExchangeView) -> Iterator[Finding]:
    """S1: status against the words of the evidence. A list of words is a poorer reader than a model: it warns, and never asks."""
    text = " ".join(sentence.span.text for sentence in view.sentences)
    status = view.exchange.status
    message = None
    if status is Status.FAILED and not _FAILURE.search(text):
        message = "status failed, but no evidence sentence says that it was rejected, suspended or broken off."
    elif status is Status.COMPLETED and not _DONE.search(text) and _AHEAD.search(text):
        message = "status completed, but the evidence only speaks of what will or may happen."
    elif status in (Status.PLANNED, Status.PROPOSED) and _DONE.search(text) and not _AHEAD.search(text):
        message = f"status {status}, but the evidence tells of what has happened."
    if message is not None:
        yield view.finding("S1", message, Action.WARN, field="status", reask=False)
