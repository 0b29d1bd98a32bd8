"""The service's answer in the scoring shape."""

import json
from dataclasses import asdict

import pytest

from evals.case import CorpusInvalid
from evals.contract import predicted
from evals.corpora.gold import expected
from evals.record import Count, Named, Transfer, edtf
from tests.unit.evals.scoring import counts_of as outcomes
from tests.unit.evals.scoring import make_exchange, score

ANSWER = {
    "exchanges": [{
        "kind": "hostages_for_prisoners", "status": "ongoing", "date": {"start": "2031-04-09", "end": None},
        "places": [{"name": "Ferry Landing", "role": "handover"}, {"name": "Tallow", "role": "talks"}],
        "third_parties": [{"name": "Omu", "role": "mediator"}, {"name": "Blue Cross", "role": "carrier"}],
        "transfers": [{"released_by": "Kora", "returned_to": "Vesterland", "counts": [
            {"category": "total", "value": 40, "max": None, "qualifier": "about", "claimed_by": ["Ngozi Okafor"], "evidence": []},
            {"category": "civilian", "value": None, "qualifier": "vague",
             "evidence": [{"start": 3, "end": 20, "text": "dozens of farmers"}]},
        ]}],
    }],
    "quotes": [
        {"kind": "direct", "text": "Home.", "start": 7, "end": 12, "cue": {"start": 14, "end": 18, "text": "said"},
         "speaker": {"name": "Ngozi Okafor", "kind": "person", "mention": {"start": 19, "end": 25, "text": "Okafor"}}},
        {"kind": "mixed", "text": "late", "start": 30, "end": 34, "speaker": None, "cue": None},
    ],
}  # fmt: skip


def test_an_answer_becomes_records() -> None:
    records = predicted(ANSWER)
    exchange, (named, nobody) = records.exchanges[0], records.quotes

    assert exchange.date == "2031-04-09/.."
    assert exchange.places == (Named(name="Ferry Landing"),)
    assert exchange.mediators == (Named(name="Omu"),)
    assert exchange.transfers[0].counts == (
        Count(category="total", n=40, qualifier="about", claimed_by=("Ngozi Okafor",)),
        Count(category="civilian", qualifier="vague", word="dozens of farmers", claimed_by=()),
    )
    assert named.spans == ((7, 12),)
    assert named.voice is not None
    assert (named.voice.name, named.voice.mention, named.cue) == ("Ngozi Okafor", (19, 25), "said")
    assert nobody.voice is None


def test_an_answer_of_the_wrong_shape_names_the_field() -> None:
    with pytest.raises(CorpusInvalid, match=r"the service's answer: quotes\.0\.start"):
        predicted({"quotes": [{"kind": "direct", "start": "7", "end": 9}]})


def test_an_empty_answer_is_empty_records() -> None:
    assert predicted({}).exchanges == predicted({}).quotes == ()


def gold_article(**exchange: object) -> dict[str, object]:
    base = {"kind": "prisoners", "status": "completed", "date_start": "2031-04", "date_end": "2031-04", "location": "Ferry Landing",
            "transfers": [], "mediators": ["Omu"], "evidence": []}  # fmt: skip
    return {"id": "a", "text": "Text.", "quotes": [], "exchanges": [base | exchange]}


def test_gold_has_the_contracts_words_for_kinds() -> None:
    kinds = [
        expected(gold_article(kind=kind)).exchanges[0].kind for kind in ("prisoners", "hostages", "remains", "unilateral")
    ]

    assert kinds == ["prisoner_exchange", "hostages_for_prisoners", "remains_return", "unilateral_release"]


def test_a_gold_total_that_counts_give_again_stands_once() -> None:
    transfer = {
        "released_by": "Kora", "returned_to": "Vesterland", "total": 900, "qualifier": "at_least",
        "breakdown": [{"category": "women", "count": 3}],
        "counts": [{"category": "total", "value": 900, "qualifier": "more_than", "claimed_by": ["Omu"]},
                   {"category": "total", "value": 940, "qualifier": "exact"}],
    }  # fmt: skip
    counts = expected(gold_article(transfers=[transfer])).exchanges[0].transfers[0].counts

    assert counts == (
        Count(category="women", n=3, accept=(Count(category="women", n=3, qualifier="at_least"),)),
        Count(category="total", n=900, qualifier="more_than", claimed_by=("Omu",)),
        Count(category="total", n=940, claimed_by=()),
    )


def counts_of_gold(**transfer: object) -> tuple[Count, ...]:
    whole = {"released_by": "Kora", "returned_to": "Vesterland"} | transfer
    return expected(gold_article(transfers=[whole])).exchanges[0].transfers[0].counts


def test_a_part_of_an_about_number_may_be_exact_or_about() -> None:
    _, part = counts_of_gold(total=60, qualifier="about", breakdown=[{"category": "women", "count": 20}])

    assert (part.qualifier, [other.qualifier for other in part.accept]) == ("exact", ["about"])


def test_a_total_that_a_category_only_repeats_is_optional() -> None:
    total, military = counts_of_gold(total=14, breakdown=[{"category": "military", "count": 14}])
    other, _ = counts_of_gold(total=14, breakdown=[{"category": "military", "count": 13}])

    assert (total.optional, military.accept) == (True, ())
    assert not other.optional


def test_prisoners_or_hostages_of_the_same_number_may_be_answered_as_the_total() -> None:
    gold = make_exchange(Transfer(source="A", target="B", counts=counts_of_gold(
        total=60, breakdown=[{"category": "hostages", "count": 60}],
    )))  # fmt: skip

    def answered(*counts: Count) -> tuple[int, int, int, int, int]:
        return outcomes(score([gold], [make_exchange(Transfer(source="A", target="B", counts=counts))]))

    hostages, total = Count(category="hostages", n=60), Count(category="total", n=60)

    assert answered(hostages) == answered(total) == answered(hostages, total) == (5, 0, 0, 0, 0)
    assert answered() == (4, 0, 0, 1, 0)
    assert answered(Count(category="military", n=60)) == (4, 0, 0, 1, 1)


def test_gold_alternatives_are_read() -> None:
    accept = {"status": ["ongoing"], "date": [None], "location": ["quay"], "mediators": ["Lir"], "kind": ["unilateral"]}
    exchange = expected(gold_article(accept=accept)).exchanges[0]

    assert set(exchange.alternatives) == {("status", "ongoing"), ("date", None), ("kind", "unilateral_release")}
    assert exchange.places == (Named(name="Ferry Landing", accept=("quay",)),)
    assert exchange.mediators == (Named(name="Omu"), Named(name="Lir", optional=True))


def test_one_day_a_start_and_an_interval_are_edtf() -> None:
    assert edtf("2031", "2032") == "2031/2032"
    assert edtf(None, None) is None


def test_records_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(asdict(predicted(ANSWER))))["exchanges"][0]["status"] == "ongoing"


def test_whole_contents_are_those_around_quotations_each_once_and_the_others() -> None:
    around = [{"start": 0, "end": 30, "text": "x" * 30}]
    speaker = {"name": "Ada Moll", "kind": "person", "mention": {"start": 40, "end": 48, "text": "Ada Moll"}}
    quotes = [
        {"kind": "mixed", "text": "x", "start": at, "end": at + 1, "speaker": speaker, "content": around} for at in (3, 9)
    ]
    other = {
        "spans": [{"start": 50, "end": 60, "text": "x" * 10}],
        "speaker": None,
        "cue": {"start": 48, "end": 50, "text": "vo"},
    }

    found = predicted({"quotes": quotes, "contents": [other]}).contents

    assert [(quote.spans, quote.voice and quote.voice.name, quote.cue) for quote in found] == [
        (((0, 30),), "Ada Moll", None), (((50, 60),), None, "vo"),
    ]  # fmt: skip
    assert predicted({"quotes": [{"kind": "mixed", "text": "x", "start": 3, "end": 4}]}).contents == ()
