"""Each check's message leads a (scripted) model to an accepted second draft, and unmended faults never pass silently."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from service.extraction.engine import EngineAnswer
from service.extraction.full import FullEngine
from service.ports import Prompt
from tests.builders import SWAP, dated, make_question, number, region, sentence
from tests.fakes import ScriptedModel

USER = "$wanted$published$title$names$fence$article$fence"
PROMPT = Prompt(name="extract", version=1, system="static", user=USER, sha256="0" * 64)
Change = Callable[[dict[str, Any]], None]


def right_answer(text: str = SWAP) -> dict[str, Any]:
    c = make_question(text).candidates
    monday = dated(c, "Monday")
    return {
        "quotes": [{"q": region(c, "Nobody"), "use": "direct", "by": "Mira Tolan"}],
        "none": [region(c, "people")],
        "indirect": [
            {"s": sentence(c, "30 more"), "cue": "added", "first": "30 more", "last": "in May", "by": "Mira Tolan"},
        ],
        "exchanges": [
            {
                "ev": [sentence(c, "exchanged prisoners"), sentence(c, "released 40")],
                "kind": "prisoners",
                "status": "completed",
                "start": monday,
                "end": monday,
                "place": "Orlen bridge",
                "ways": [
                    {
                        "released_by": "Valdoria",
                        "returned_to": "Kessa Front",
                        "n": [f"{number(c, '40')} total", f"{number(c, 'four women')} women"],
                    },
                    {"released_by": "Kessa Front", "returned_to": "Valdoria", "n": [f"{number(c, '12')} total"]},
                ],
                "unused": [f"{number(c, '30 more')} plan", f"{number(c, '52')} both"],
                "third": ["Qatar mediator"],
            }
        ],
    }


async def answer(replies: list[Any], text: str = SWAP) -> tuple[EngineAnswer, ScriptedModel]:
    model = ScriptedModel(replies)
    return await FullEngine(model, PROMPT).answer(make_question(text)), model


def exchange(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["exchanges"][0]
    return found


def wrong_year(a: dict[str, Any]) -> None:
    # "In all, 52" is a number of people; 1995 is tagged as a date only, so the model invents a tag of its own for it.
    exchange(a)["ways"][0]["n"] = ["N99 total"]


def part_above_whole(a: dict[str, Any]) -> None:
    n40, n12 = exchange(a)["ways"][0]["n"][0].split()[0], exchange(a)["ways"][1]["n"][0].split()[0]
    exchange(a)["ways"][0]["n"] = [f"{n12} total", f"{n40} military"]


def parts_above_whole(a: dict[str, Any]) -> None:
    n40, n12 = exchange(a)["ways"][0]["n"][0].split()[0], exchange(a)["ways"][1]["n"][0].split()[0]
    exchange(a)["ways"][0]["n"] = [f"{n40} total", f"{n40} military", f"{n12} civilian"]


def same_number_both_ways(a: dict[str, Any]) -> None:
    exchange(a)["ways"][1]["n"] = [exchange(a)["unused"][0].split()[0] + " total"]
    exchange(a)["ways"][0]["n"] = [exchange(a)["unused"][0].split()[0] + " total"]


def total_as_prisoners(a: dict[str, Any]) -> None:
    n40 = exchange(a)["ways"][0]["n"][0].split()[0]
    exchange(a)["ways"][0]["n"] = [f"{n40} total", f"{n40} prisoners"]


def sum_of_nothing(a: dict[str, Any]) -> None:
    exchange(a)["ways"][0]["n"] = ["sum total"]


def people_without_names(a: dict[str, Any]) -> None:
    exchange(a)["ways"][0]["n"] = ["people total"]


def future_date(a: dict[str, Any]) -> None:
    c = make_question().candidates
    exchange(a)["start"] = exchange(a)["end"] = dated(c, "May")


def ends_before_start(a: dict[str, Any]) -> None:
    c = make_question().candidates
    exchange(a)["end"] = dated(c, "last week")


def own_party(a: dict[str, Any]) -> None:
    exchange(a)["ways"][0]["returned_to"] = "Valdoria"


def one_way(a: dict[str, Any]) -> None:
    del exchange(a)["ways"][1]


def two_way_unilateral(a: dict[str, Any]) -> None:
    exchange(a)["kind"] = "unilateral"


def visiting_envoy(a: dict[str, Any]) -> None:
    exchange(a)["third"] = ["Norway mediator"]


def party_as_mediator(a: dict[str, Any]) -> None:
    exchange(a)["third"] = ["Valdoria mediator"]


def wrong_status(a: dict[str, Any]) -> None:
    exchange(a)["status"] = "failed"


def part_of_itself(a: dict[str, Any]) -> None:
    exchange(a)["part_of"] = 1


def unknown_sentence(a: dict[str, Any]) -> None:
    exchange(a)["ev"] = ["S77"]


def unknown_date(a: dict[str, Any]) -> None:
    exchange(a)["start"] = "D77"


def unknown_place(a: dict[str, Any]) -> None:
    exchange(a)["place"] = "Lake Ontario"


def unknown_party(a: dict[str, Any]) -> None:
    exchange(a)["ways"][0]["released_by"] = "Narnia"


def unknown_person(a: dict[str, Any]) -> None:
    exchange(a)["ways"][0]["people"] = ["Harvey Smith"]


def unknown_region(a: dict[str, Any]) -> None:
    a["quotes"].append({"q": "Q9", "use": "direct", "by": "Mira Tolan"})


def doubled_region(a: dict[str, Any]) -> None:
    a["quotes"].append(dict(a["quotes"][0]))


def unknown_speaker(a: dict[str, Any]) -> None:
    a["quotes"][0]["by"] = "Harvey Smith"


def unknown_clause(a: dict[str, Any]) -> None:
    a["indirect"][0]["last"] = "in June"


FAULTS: list[tuple[Change, str]] = [
    (wrong_year, "there is no number N99"),
    (part_above_whole, "is more than the total 12"),
    (parts_above_whole, "is more than the total 40"),
    (same_number_both_ways, 'does not say "each" or "both"'),
    (total_as_prisoners, "is given as total and as prisoners"),
    (sum_of_nothing, "no two parts on one axis"),
    (people_without_names, "needs the names in people"),
    (future_date, "after publication (1996-03-13)"),
    (ends_before_start, "before it starts"),
    (own_party, "are the same"),
    (one_way, "only one direction is given"),
    (two_way_unilateral, "people go in two directions"),
    (visiting_envoy, "no sentence says that Norway mediated"),
    (party_as_mediator, "cannot be its mediator"),
    (wrong_status, "rejected, suspended or broken off"),
    (part_of_itself, "names no other exchange"),
    (unknown_sentence, "there are no sentences S77"),
    (unknown_date, "there is no date D77"),
    (unknown_place, 'place "Lake Ontario" does not stand'),
    (unknown_party, '"Narnia" does not stand'),
    (unknown_person, 'person "Harvey Smith"'),
    (unknown_region, "there is no Q9"),
    (doubled_region, "is listed twice"),
    (unknown_speaker, 'speaker "Harvey Smith"'),
    (unknown_clause, "stands in S"),
]
IDS = [change.__name__ for change, _ in FAULTS]


async def test_a_right_answer_needs_one_call_and_gives_no_warning() -> None:
    result, model = await answer([right_answer()])

    assert len(model.asked) == 1
    assert [q.verdict.notices for q in result.quotes] == [(), ()]
    assert [x.verdict.notices for x in result.exchanges] == [()]
    assert result.rejected == ()


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=IDS)
async def test_a_fault_is_named_in_the_re_ask_and_its_mending_is_accepted(change: Change, message: str) -> None:
    faulty = copy.deepcopy(right_answer())
    change(faulty)

    result, model = await answer([faulty, right_answer()])

    assert len(model.asked) == 2
    assert message in model.asked[1][-1].content
    assert model.asked[1][: len(model.asked[0])] == model.asked[0]
    assert result.exchanges[0].verdict.notices == ()
    assert len(result.quotes) == 2


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=IDS)
async def test_a_fault_that_is_never_mended_ends_in_a_warning_or_a_rejection(change: Change, message: str) -> None:
    faulty = copy.deepcopy(right_answer())
    change(faulty)

    result, model = await answer([faulty])

    assert len(model.asked) == 3
    told = [n.message for item in (*result.quotes, *result.exchanges) for n in item.verdict.notices]
    told += [rejected.reason for rejected in result.rejected] + [n.message for n in result.notices]
    assert any(message in text for text in told)
