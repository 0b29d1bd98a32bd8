"""Settling a draft: what was found wrong and not mended is nulled with a warning or rejected with a reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace

from service.domain.draft import Draft, DraftExchange, DraftQuote, DraftTransfer
from service.domain.record import Notice, Rejected
from service.extraction.finding import Action, Finding


@dataclass(frozen=True, slots=True)
class Settled:
    """A draft without its unmended faults; warnings by position of the item in this draft."""

    draft: Draft
    quote_notices: dict[int, tuple[Notice, ...]]
    exchange_notices: dict[int, tuple[Notice, ...]]
    rejected: tuple[Rejected, ...]
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Faults:
    rejects: bool = False
    notices: list[Notice] = field(default_factory=list)
    nulls: list[Finding] = field(default_factory=list)
    parts: list[Finding] = field(default_factory=list)


def settle(draft: Draft, findings: tuple[Finding, ...]) -> Settled:
    """Apply every finding's action. Nothing disappears without a warning on its item or an entry in `rejected`."""
    faults: dict[tuple[str, int], _Faults] = defaultdict(_Faults)
    rejected: list[Rejected] = []
    notices: list[Notice] = []
    for finding in findings:
        if finding.target is None:
            if finding.action is Action.REJECT:
                rejected.append(Rejected(what=finding.item, reason=finding.problem))
            else:
                notices.append(_notice(finding))
            continue
        _sort(finding, faults[finding.target], rejected)
    quotes: list[DraftQuote] = []
    quote_notices: dict[int, tuple[Notice, ...]] = {}
    for index, quote in enumerate(draft.quotes):
        fault = faults.get(("quotes", index))
        if fault is None:
            quotes.append(quote)
        elif not fault.rejects:
            quote_notices[len(quotes)] = tuple(fault.notices)
            quotes.append(quote)
    exchanges, exchange_notices = _settle_exchanges(draft, faults)
    return Settled(
        Draft(quotes=tuple(quotes), exchanges=exchanges), quote_notices, exchange_notices, tuple(rejected), tuple(notices)
    )


def _sort(finding: Finding, fault: _Faults, rejected: list[Rejected]) -> None:
    if finding.action is Action.REJECT:
        rejected.append(Rejected(what=finding.item, reason=finding.problem))
        if finding.part is None:
            fault.rejects = True
            return
        fault.parts.append(finding)
    elif finding.action is Action.NULL:
        fault.nulls.append(finding)
    fault.notices.append(_notice(finding))


def _notice(finding: Finding) -> Notice:
    return Notice(check=finding.check, message=finding.problem)


def _settle_exchanges(
    draft: Draft, faults: dict[tuple[str, int], _Faults]
) -> tuple[tuple[DraftExchange, ...], dict[int, tuple[Notice, ...]]]:
    kept = [index for index in range(len(draft.exchanges)) if not faults[("exchanges", index)].rejects]
    position = {index: new for new, index in enumerate(kept)}
    exchanges: list[DraftExchange] = []
    notices: dict[int, tuple[Notice, ...]] = {}
    for index in kept:
        fault = faults[("exchanges", index)]
        mended = _without(draft.exchanges[index], fault)
        part_of = position.get(mended.part_of) if mended.part_of is not None else None
        if fault.notices:
            notices[len(exchanges)] = tuple(fault.notices)
        exchanges.append(replace(mended, part_of=part_of))
    return tuple(exchanges), notices


def _without(exchange: DraftExchange, fault: _Faults) -> DraftExchange:
    """The exchange without the values that findings null and the parts that they reject."""
    fields = {finding.field for finding in fault.nulls if finding.part is None}
    third = {finding.part[0] for finding in fault.nulls if finding.part is not None and finding.field == "third"}
    counts = {finding.part for finding in fault.nulls if finding.part is not None and finding.field == "n"}
    transfers = {finding.part[0] for finding in fault.parts if finding.part is not None}
    kept: list[DraftTransfer] = []
    for t, transfer in enumerate(exchange.transfers):
        if t not in transfers:
            left = tuple(count for c, count in enumerate(transfer.counts) if (t, c) not in counts)
            kept.append(replace(transfer, counts=left))
    return replace(
        exchange,
        # A start that is wrong leaves no end to stand alone.
        date_start=None if "start" in fields else exchange.date_start,
        date_end=None if fields & {"start", "end"} else exchange.date_end,
        part_of=None if "part_of" in fields else exchange.part_of,
        transfers=tuple(kept),
        third_parties=tuple(p for i, p in enumerate(exchange.third_parties) if i not in third),
    )
