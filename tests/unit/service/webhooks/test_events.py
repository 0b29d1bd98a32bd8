import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.candidate import Qualifier
from service.domain.draft import Category, ExchangeKind, QuoteKind, Status
from service.domain.evidence import Span
from service.domain.record import (
    ArticleRecord,
    CountRecord,
    ExchangeDate,
    ExchangeRecord,
    Extraction,
    Notice,
    PersonRecord,
    Provenance,
    QuoteRecord,
    Rejected,
    TransferRecord,
    Usage,
)
from service.errors import InvalidField
from service.webhooks.events import (
    MOST_BYTES,
    ArticleDeleted,
    ArticleFacts,
    Completed,
    Count,
    Degraded,
    Event,
    EventType,
    ExchangeFacts,
    ExchangesDetected,
    ExtractionFacts,
    Failed,
    Ping,
    Transfer,
    Updated,
    exchange_facts,
    extraction_facts,
    payload,
    type_of,
)

AT = 1_767_225_600.25
ARTICLE = ArticleFacts(
    id="42",
    connection="conn_1",
    version="2026-01-01T00:00:00Z",
    sequence=3,
    language="uk",
    url="https://news.example/a/42",
    history_url="https://parley.example/articles/a1/history",
)
EXTRACTION = ExtractionFacts(
    id="ext_1",
    url="https://parley.example/extractions/ext_1",
    engine="rules",
    model=None,
    degraded=False,
    degraded_reason=None,
    exchanges=1,
    quotes=12,
    rejected=0,
    warnings=2,
)
EXCHANGE = ExchangeFacts(
    id="x1",
    kind=ExchangeKind.PRISONER_EXCHANGE,
    status=Status.COMPLETED,
    date="2025-12-31",
    transfers=(
        Transfer(
            released_by="Russia",
            returned_to="Україна",
            counts=(
                Count(category=Category.TOTAL, value=95, max=None, qualifier=Qualifier.EXACT),
                Count(category=Category.CIVILIAN, value=None, max=None, qualifier=Qualifier.VAGUE),
            ),
        ),
    ),
    confidence=0.91,
    warnings=0,
)
EVENTS: dict[EventType, Event] = {
    EventType.COMPLETED: Completed(article=ARTICLE, extraction=EXTRACTION),
    EventType.UPDATED: Updated(
        article=ARTICLE, extraction=EXTRACTION, previous_id="ext_0", diff_url=None, added=1, removed=0, changed=2
    ),
    EventType.DEGRADED: Degraded(
        article=ARTICLE, extraction=replace(EXTRACTION, degraded=True, degraded_reason="The model timed out.")
    ),
    EventType.FAILED: Failed(article=ARTICLE, reason="empty-article", message="The article has no text."),
    EventType.EXCHANGE_DETECTED: ExchangesDetected(article=ARTICLE, extraction=EXTRACTION, exchanges=(EXCHANGE,)),
    EventType.ARTICLE_DELETED: ArticleDeleted(article=ARTICLE),
    EventType.PING: Ping(endpoint="ep_1"),
}


def read(event: Event) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(payload(event, at=AT))
    return parsed


def test_there_is_a_message_for_every_type() -> None:
    assert EVENTS.keys() == set(EventType)
    for kind, event in EVENTS.items():
        assert type_of(event) is kind
        assert read(event)["type"] == kind


@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: type_of(event))
def test_a_message_is_canonical_json_with_type_timestamp_and_data(event: Event) -> None:
    body = payload(event, at=AT)

    parsed = json.loads(body)
    assert list(parsed) == ["data", "timestamp", "type"]
    assert parsed["timestamp"] == "2026-01-01T00:00:00.250Z"
    assert body == json.dumps(parsed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert body == payload(replace(event), at=AT)
    assert len(body) < 2000


def test_a_whole_second_keeps_its_fraction_so_that_all_stamps_look_alike() -> None:
    assert json.loads(payload(EVENTS[EventType.PING], at=0))["timestamp"] == "1970-01-01T00:00:00.000Z"


def test_a_completed_extraction_in_full() -> None:
    assert read(EVENTS[EventType.COMPLETED])["data"] == {
        "article": {
            "id": "42",
            "connection": "conn_1",
            "version": "2026-01-01T00:00:00Z",
            "sequence": 3,
            "language": "uk",
            "url": "https://news.example/a/42",
            "history_url": "https://parley.example/articles/a1/history",
        },
        "extraction": {
            "id": "ext_1",
            "url": "https://parley.example/extractions/ext_1",
            "engine": "rules",
            "model": None,
            "degraded": False,
            "degraded_reason": None,
            "counts": {"exchanges": 1, "quotes": 12, "rejected": 0, "warnings": 2},
        },
    }


def test_an_update_says_what_came_before_and_how_much_changed() -> None:
    data = read(EVENTS[EventType.UPDATED])["data"]

    assert data["previous"] == {"id": "ext_0"}
    assert data["changes"] == {"added": 1, "removed": 0, "changed": 2, "url": None}


def test_a_degraded_extraction_says_why() -> None:
    extraction = read(EVENTS[EventType.DEGRADED])["data"]["extraction"]

    assert (extraction["degraded"], extraction["degraded_reason"]) == (True, "The model timed out.")


def test_a_failure_has_a_word_for_programs_and_a_sentence_for_people() -> None:
    data = read(EVENTS[EventType.FAILED])["data"]

    assert (data["reason"], data["message"]) == ("empty-article", "The article has no text.")
    assert len(read(Failed(article=ARTICLE, reason="x", message="y" * 9000))["data"]["message"]) == 500


def test_an_exchange_is_told_with_its_numbers_and_how_sure_they_are() -> None:
    data = read(EVENTS[EventType.EXCHANGE_DETECTED])["data"]

    assert data["left_out"] == 0
    assert data["exchanges"] == [
        {
            "id": "x1",
            "kind": "prisoner_exchange",
            "status": "completed",
            "date": "2025-12-31",
            "transfers": [
                {
                    "released_by": "Russia",
                    "returned_to": "Україна",
                    "counts": [
                        {"category": "total", "value": 95, "max": None, "qualifier": "exact"},
                        {"category": "civilian", "value": None, "max": None, "qualifier": "vague"},
                    ],
                }
            ],
            "confidence": 0.91,
            "warnings": 0,
        }
    ]


def test_exchanges_that_do_not_fit_are_counted_and_the_first_are_kept() -> None:
    exchanges = tuple(replace(EXCHANGE, id=f"x{index}") for index in range(500))

    body = payload(ExchangesDetected(article=ARTICLE, extraction=EXTRACTION, exchanges=exchanges), at=AT)

    data = json.loads(body)["data"]
    kept = [exchange["id"] for exchange in data["exchanges"]]
    assert MOST_BYTES - 500 < len(body) <= MOST_BYTES
    assert kept == [f"x{index}" for index in range(len(kept))]
    assert len(kept) + data["left_out"] == 500


WILD = st.text(st.sampled_from('a\x00\u2028"\\ї😀'), max_size=4000)
WILD_ID = st.text(st.sampled_from('a\x00"\\ї😀'), max_size=160)


@settings(max_examples=60)
@given(url=WILD, ident=WILD_ID, word=st.text(max_size=40), sentence=WILD, party=WILD, many=st.integers(0, 30))
def test_no_message_is_above_20_kb(url: str, ident: str, word: str, sentence: str, party: str, many: int) -> None:
    article = ArticleFacts(id=ident, connection=ident, version=word, sequence=10**9, language=word, url=url, history_url=url)
    extraction = replace(EXTRACTION, id=ident, url=url, engine=word, model=ident, degraded_reason=sentence)
    exchange = replace(EXCHANGE, transfers=(Transfer(released_by=party, returned_to="x", counts=()),))

    for event in (
        Updated(
            article=article, extraction=extraction, previous_id=ident, diff_url=url, added=9**9, removed=9**9, changed=9**9
        ),
        Failed(article=article, reason=word, message=sentence),
        ExchangesDetected(article=article, extraction=extraction, exchanges=(exchange,) * many),
    ):
        body = payload(event, at=AT)
        assert len(body) <= MOST_BYTES
        assert json.loads(body)["data"]["article"]["id"] == ident


def test_a_url_that_is_too_long_is_left_out_and_an_id_that_is_too_long_is_refused() -> None:
    assert read(ArticleDeleted(article=replace(ARTICLE, url="h" * 3000)))["data"]["article"]["url"] is None
    with pytest.raises(InvalidField, match=r"article\.id"):
        payload(ArticleDeleted(article=replace(ARTICLE, id="4" * 3000)), at=AT)


def test_a_lone_surrogate_does_not_stop_a_message() -> None:
    assert read(ArticleDeleted(article=replace(ARTICLE, id="a\ud800")))["data"]["article"]["id"] == "a?"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), 1e18, -1e18])
def test_a_time_that_is_no_date_is_refused(at: float) -> None:
    with pytest.raises(InvalidField, match="'at'"):
        payload(EVENTS[EventType.PING], at=at)


def _record() -> Extraction:
    span = Span(0, 3, "Ann")
    notice = Notice(check="c", message="m")
    exchange = ExchangeRecord(
        id="x1",
        kind=ExchangeKind.PRISONER_EXCHANGE,
        status=Status.AGREED,
        date=ExchangeDate(start="2025-12", end=None, text="in December", basis=None),
        places=(),
        transfers=(
            TransferRecord(
                released_by="Russia",
                returned_to="Ukraine",
                counts=(
                    CountRecord(
                        category=Category.TOTAL,
                        value=90,
                        max=100,
                        qualifier=Qualifier.RANGE,
                        claimed_by=("Kyiv",),
                        evidence=(span,),
                    ),
                ),
                people=(PersonRecord(name="Ann", span=span),),
            ),
        ),
        third_parties=(),
        part_of=None,
        evidence=(span,),
        confidence=0.5,
        by=("rules",),
        warnings=(notice,),
    )
    quote = QuoteRecord(
        id="q1",
        kind=QuoteKind.DIRECT,
        text="Ann",
        start=0,
        end=3,
        speaker=None,
        cue=None,
        confidence=0.9,
        by=("rules",),
        warnings=(notice, notice),
    )
    return Extraction(
        id="ext_9",
        article=ArticleRecord(
            id="42", title=None, url=None, published_at=None, language=None, sha256="0", characters=3, text=None
        ),
        exchanges=(exchange,),
        quotes=(quote, quote),
        rejected=(Rejected(what="w", reason="r"),),
        warnings=(notice,),
        provenance=Provenance(
            engine="model",
            model="openai/gpt-x",
            prompt=None,
            prompt_sha256=None,
            attempts=1,
            calls=1,
            usage=Usage(),
            elapsed_ms=5,
            degraded=False,
            degraded_reason=None,
        ),
    )


def test_the_facts_of_an_extraction_are_counted_from_its_record() -> None:
    facts = extraction_facts(_record(), url="https://parley.example/extractions/ext_9")

    assert (facts.id, facts.engine, facts.model) == ("ext_9", "model", "openai/gpt-x")
    assert (facts.exchanges, facts.quotes, facts.rejected, facts.warnings) == (1, 2, 1, 6)


def test_the_facts_of_an_exchange_name_nobody_and_hold_no_text() -> None:
    facts = exchange_facts(_record().exchanges[0])

    body = payload(ExchangesDetected(article=ARTICLE, extraction=EXTRACTION, exchanges=(facts,)), at=AT)
    told = json.loads(body)["data"]["exchanges"][0]
    assert told["transfers"][0]["counts"] == [{"category": "total", "value": 90, "max": 100, "qualifier": "range"}]
    assert (told["status"], told["date"], told["confidence"], told["warnings"]) == ("agreed", "2025-12", 0.5, 1)
    assert b"Ann" not in body
