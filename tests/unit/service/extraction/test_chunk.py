"""Long articles: every paragraph in one chunk, no quotation cut, one event told twice is one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from service.domain.candidate import Candidates
from service.domain.draft import (
    Category,
    Draft,
    DraftCount,
    DraftExchange,
    DraftTransfer,
    ExchangeKind,
    Status,
)
from service.extraction.chunk import chunks, merge
from service.text.scan import scan
from tests.builders import SWAP, make_question, number


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(5, 60))
def test_every_paragraph_stands_in_exactly_one_chunk(sizes: list[int], limit: int) -> None:
    candidates = scan("\n\n".join(" ".join(["word"] * size) + "." for size in sizes))

    parts = chunks(candidates, limit=limit)

    assert [p.id for part in parts for p in part.paragraphs] == [p.id for p in candidates.paragraphs]
    assert all(
        sum(p.span.text.count(" ") + 1 for p in part.paragraphs) <= limit for part in parts if len(part.paragraphs) > 1
    )


def test_a_quotation_over_several_paragraphs_is_not_cut() -> None:
    quotation = "“We waited for a day.\n\n“We waited for two.\n\n“And then we left,” said Ann Lee."
    text = f"Snow fell.\n\n{quotation}\n\nNobody came."
    candidates = scan(text)

    parts = chunks(candidates, limit=6)

    assert any({"P2", "P3", "P4"} <= {p.id for p in part.paragraphs} for part in parts)


def event(candidates: Candidates, *, total: str | None = None, status: Status = Status.COMPLETED) -> DraftExchange:
    parties = {party.name: party.id for party in candidates.parties}
    first, second = list(parties.values())[:2]
    counts = (DraftCount(category=Category.TOTAL, number=number(candidates, total)),) if total else ()
    return DraftExchange(
        evidence=("S1",), kind=ExchangeKind.PRISONER_EXCHANGE, status=status,
        transfers=(DraftTransfer(released_by=first, returned_to=second, counts=counts),),
    )  # fmt: skip


def test_one_event_told_in_two_chunks_is_merged_with_the_evidence_of_both() -> None:
    candidates = make_question(SWAP).scanned
    told, again = event(candidates, total="40"), replace(event(candidates), evidence=("S3",))

    merged = merge([Draft(exchanges=(told,)), Draft(exchanges=(again,))], candidates)

    (only,) = merged.exchanges
    assert only.evidence == ("S1", "S3")
    assert [count.category for count in only.transfers[0].counts] == [Category.TOTAL]


def test_events_with_different_numbers_or_status_stay_apart() -> None:
    candidates = make_question(SWAP).scanned
    drafts = [
        Draft(exchanges=(event(candidates, total="40"),)),
        Draft(exchanges=(event(candidates, total="12"),)),
        Draft(exchanges=(event(candidates, status=Status.PLANNED),)),
    ]

    assert len(merge(drafts, candidates).exchanges) == 3


def test_a_phase_keeps_its_deal_when_lists_are_joined() -> None:
    candidates = make_question(SWAP).scanned
    deal, phase = event(candidates, total="40", status=Status.AGREED), replace(event(candidates, total="12"), part_of=0)
    first = Draft(exchanges=(event(candidates, total="52"),))

    merged = merge([first, Draft(exchanges=(deal, phase))], candidates)

    assert [exchange.part_of for exchange in merged.exchanges] == [None, None, 1]
