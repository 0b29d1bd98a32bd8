from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from service.domain.candidate import Qualifier
from service.domain.difference import Alteration, Difference, What, difference
from service.domain.draft import Basis, Category, ExchangeKind, PlaceRole, QuoteKind, Status
from service.domain.evidence import Span
from service.domain.record import (
    ArticleRecord,
    CountRecord,
    ExchangeDate,
    ExchangeRecord,
    Extraction,
    Notice,
    PlaceRecord,
    Provenance,
    QuoteRecord,
    Speaker,
    TransferRecord,
    Usage,
)

NOWHERE = Span(0, 1, "x")


def count(value: int | None, category: Category = Category.TOTAL) -> CountRecord:
    return CountRecord(
        category=category, value=value, max=None, qualifier=Qualifier.EXACT, claimed_by=(), evidence=(NOWHERE,)
    )


def transfer(by: str, to: str, *counts: CountRecord) -> TransferRecord:
    return TransferRecord(released_by=by, returned_to=to, counts=counts, people=())


def exchange(id: str = "x1", *, date: str | None = "2025-05-24", **fields: object) -> ExchangeRecord:
    values: dict[str, object] = {
        "kind": ExchangeKind.PRISONER_EXCHANGE, "status": Status.AGREED, "places": (),
        "date": ExchangeDate(start=date, end=None, text=None, basis=None),
        "transfers": (transfer("Valdoria", "Kessa", count(40)), transfer("Kessa", "Valdoria", count(12))),
        "third_parties": (), "part_of": None, "evidence": (NOWHERE,), "confidence": 0.9, "by": ("rules",), "warnings": (),
    }  # fmt: skip
    return ExchangeRecord(**{**values, "id": id, **fields})  # type: ignore[arg-type]


def quote(text: str, speaker: str | None = "Mira Tolan", *, id: str = "q1", start: int = 0) -> QuoteRecord:
    said = None if speaker is None else Speaker(name=speaker, kind="person", role=None, mention=NOWHERE, basis=Basis.NAMED)
    return QuoteRecord(
        id=id, kind=QuoteKind.DIRECT, text=text, start=start, end=start + len(text), speaker=said, cue=None, confidence=0.9,
        by=("rules",), warnings=(),
    )  # fmt: skip


def record(exchanges: tuple[ExchangeRecord, ...] = (), quotes: tuple[QuoteRecord, ...] = ()) -> Extraction:
    article = ArticleRecord(
        id="a", title=None, url=None, published_at=None, language=None, sha256="0", characters=1, text=None
    )
    made = Provenance(
        engine="rules", model=None, prompt=None, prompt_sha256=None, attempts=0, calls=0, usage=Usage(), elapsed_ms=1,
        degraded=False, degraded_reason=None,
    )  # fmt: skip
    return Extraction(
        id="ext_1", article=article, exchanges=exchanges, quotes=quotes, rejected=(), warnings=(), provenance=made
    )


def counts(changes: Difference) -> tuple[int, int, int]:
    return changes.added, changes.removed, changes.changed


def fields(changes: Difference) -> list[tuple[str, object, object]]:
    (alteration,) = changes.altered
    return [(change.path, change.old, change.new) for change in alteration.fields]


def test_a_record_does_not_differ_from_itself() -> None:
    one = record((exchange(), exchange("x2", date=None)), (quote("Nobody was left behind"), quote("No", None)))

    assert counts(difference(one, one)) == (0, 0, 0)


def test_where_it_stands_and_how_sure_it_is_makes_no_difference() -> None:
    before = record((exchange("x1"),), (quote("Nobody was left behind"),))
    moved = replace(exchange("x7"), evidence=(Span(5, 6, "y"),), confidence=0.4, by=("model", "rules"))
    after = record((moved,), (quote("Nobody was left behind", id="q9", start=77),))

    assert counts(difference(before, after)) == (0, 0, 0)


def test_what_the_newer_record_has_more_was_added_and_what_it_lacks_removed() -> None:
    before = record((exchange(),), (quote("One"),))
    after = record((), (quote("One"), quote("Two of them", "Ilse Varga", id="q2")))

    changes = difference(before, after)

    assert counts(changes) == (1, 1, 0)
    assert (changes.new[0].what, changes.new[0].record) == (What.QUOTE, after.quotes[1])
    assert (changes.gone[0].what, changes.gone[0].record) == (What.EXCHANGE, before.exchanges[0])


def test_a_changed_status_names_its_field_with_both_values() -> None:
    changes = difference(record((exchange("x1"),)), record((exchange("x3", status=Status.COMPLETED),)))

    assert fields(changes) == [("/status", "agreed", "completed")]
    assert (changes.altered[0].before_id, changes.altered[0].after_id) == ("x1", "x3")


def test_a_corrected_number_is_named_by_its_place_whatever_the_order_of_the_sides() -> None:
    after = exchange(transfers=(transfer("Kessa", "Valdoria", count(12)), transfer("Valdoria", "Kessa", count(43))))

    assert fields(difference(record((exchange(),)), record((after,)))) == [("/transfers/1/counts/0/value", 40, 43)]


def test_a_number_that_came_and_one_that_went_are_whole_items() -> None:
    women = transfer("Valdoria", "Kessa", count(40), count(4, Category.WOMEN))
    other = transfer("Kessa", "Valdoria", count(12))

    came = fields(difference(record((exchange(),)), record((exchange(transfers=(women, other)),))))
    went = fields(difference(record((exchange(transfers=(women, other)),)), record((exchange(),))))

    item = {"category": "women", "value": 4, "max": None, "qualifier": "exact", "claimed_by": []}
    assert came == [("/transfers/0/counts/1", None, item)]
    assert went == [("/transfers/0/counts/1", item, None)]


def test_a_corrected_date_is_a_change_and_another_exchange_of_the_same_sides_is_not() -> None:
    corrected = difference(record((exchange(),)), record((exchange(date="2025-05-25"),)))
    second = difference(record((exchange(),)), record((exchange("x1", date="2025-06-01"), exchange("x2"))))
    other_kind = replace(exchange(date="2025-06-01"), kind=ExchangeKind.REMAINS_RETURN)

    assert fields(corrected) == [("/date/start", "2025-05-24", "2025-05-25")]
    assert counts(second) == (1, 0, 0)
    assert counts(difference(record((exchange(),)), record((other_kind,)))) == (1, 1, 0)


def test_exchanges_of_other_parties_are_others() -> None:
    others = exchange(transfers=(transfer("Norland", "Osten", count(40)),))

    assert counts(difference(record((exchange(),)), record((others,)))) == (1, 1, 0)


def test_a_place_that_became_known_and_a_warning_are_changes() -> None:
    known = exchange(
        places=(PlaceRecord(name="Orlen bridge", role=PlaceRole.HANDOVER, span=NOWHERE),),
        warnings=(Notice(check="sums", message="The numbers do not add up."),),
    )

    changes = difference(record((exchange(),)), record((known,)))

    assert [path for path, _, _ in fields(changes)] == ["/places/0", "/warnings/0"]


def test_a_quotation_of_another_speaker_or_in_other_words_is_the_same_one_changed() -> None:
    before = record(quotes=(quote("Nobody was left behind"), quote("We are home at last, all of us", "Ilse Varga", id="q2")))
    after = record(quotes=(quote("Nobody was left behind", "Ana Kos"), quote("We are home at last", "Ilse Varga", id="q2")))

    first, second = difference(before, after).altered

    assert [(change.path, change.old, change.new) for change in first.fields] == [("/speaker/name", "Mira Tolan", "Ana Kos")]
    assert [change.path for change in second.fields] == ["/text"]


def test_a_speaker_that_became_known_is_a_change_from_nothing() -> None:
    changes = difference(record(quotes=(quote("Nobody", None),)), record(quotes=(quote("Nobody"),)))

    assert fields(changes) == [("/speaker", None, {"name": "Mira Tolan", "kind": "person", "role": None})]


def test_other_words_of_another_speaker_are_another_quotation() -> None:
    changes = difference(record(quotes=(quote("Nobody was left"),)), record(quotes=(quote("Everybody is home", "Ana"),)))

    assert counts(changes) == (1, 1, 0)


def test_the_same_words_said_twice_are_two_quotations() -> None:
    twice = (quote("Never again"), quote("Never again", id="q2"))

    assert counts(difference(record(quotes=twice[:1]), record(quotes=twice))) == (1, 0, 0)


def test_parts_are_compared_by_which_exchange_they_belong_to() -> None:
    before = record((exchange("x1"), exchange("x2", date="2025-05-25", part_of="x1")))
    renamed = record((exchange("x2", date="2025-05-25", part_of="x5"), exchange("x5")))
    parted = record((exchange("x1"), exchange("x2", date="2025-05-25")))

    assert counts(difference(before, renamed)) == (0, 0, 0)
    assert fields(difference(before, parted)) == [("/part_of", "x1", None)]


def test_the_same_records_give_the_same_difference_and_it_is_json() -> None:
    before = record((exchange(),), (quote("One two three"), quote("Four five six", id="q2")))
    after = record((exchange(status=Status.FAILED),), (quote("Four five", id="q1"), quote("One two", id="q2")))

    first, second = difference(before, after), difference(before, after)

    assert first == second
    assert [json.loads(json.dumps([c.path, c.old, c.new])) for one in first.altered for c in one.fields]
    assert all(isinstance(one, Alteration) for one in first.altered)


@pytest.mark.parametrize("number", [300])
def test_a_flood_of_quotations_is_compared_in_time(number: int) -> None:
    before = record(quotes=tuple(quote(f"word{i} and some other words", id=f"q{i}") for i in range(number)))
    after = record(quotes=tuple(quote(f"other{i} and some other words", id=f"q{i}") for i in range(number)))

    started = time.perf_counter()
    changes = difference(before, after)

    assert changes.changed == number
    assert time.perf_counter() - started < 5
