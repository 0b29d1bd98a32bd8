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
    n40, women, n12 = number(c, "40"), number(c, "four women"), number(c, "12")
    return {
        "quotes": [f"{region(c, 'people')} -", f"{region(c, 'Nobody')} A=Mira Tolan"],
        "indirect": [f"{sentence(c, '30 more')} A|added|30 more .. in May"],
        "exchanges": [
            {
                "ev": f"{sentence(c, 'exchanged prisoners')} {sentence(c, 'released 40')}",
                "what": "prisoners completed",
                "when": dated(c, "Monday"),
                "place": "Orlen bridge",
                "ways": [
                    f"Valdoria > Kessa Front: {n40} total; {women} women",
                    f"Kessa Front > Valdoria: {n12} total",
                ],
                "unused": f"{number(c, '30 more')} plan; {number(c, '52')} both",
                "third": "Qatar mediator",
            }
        ],
    }


async def answer(replies: list[Any], text: str = SWAP) -> tuple[EngineAnswer, ScriptedModel]:
    model = ScriptedModel(replies)
    return await FullEngine(model, PROMPT).answer(make_question(text)), model


def exchange(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["exchanges"][0]
    return found


def tags(a: dict[str, Any]) -> tuple[str, str]:
    """The N tags of the two totals."""
    one, other = (way.split(": ")[1].split()[0] for way in exchange(a)["ways"])
    return one, other


def first_way(a: dict[str, Any], items: str, parties: str = "Valdoria > Kessa Front") -> None:
    exchange(a)["ways"][0] = f"{parties}: {items}" if items else parties


def wrong_year(a: dict[str, Any]) -> None:
    # "In all, 52" is a number of people; 1995 is tagged as a date only, so the model invents a tag of its own for it.
    first_way(a, "N99 total")


def part_above_whole(a: dict[str, Any]) -> None:
    n40, n12 = tags(a)
    first_way(a, f"{n12} total; {n40} military")


def parts_above_whole(a: dict[str, Any]) -> None:
    n40, n12 = tags(a)
    first_way(a, f"{n40} total; {n40} military; {n12} civilian")


def same_number_both_ways(a: dict[str, Any]) -> None:
    n30 = exchange(a)["unused"].split()[0]
    exchange(a)["ways"] = [f"Valdoria > Kessa Front: {n30} total", f"Kessa Front > Valdoria: {n30} total"]


def soldiers_and_civilians(a: dict[str, Any]) -> None:
    n40, _ = tags(a)
    first_way(a, f"{n40} military; {n40} civilian")


def half_of_no_formula(a: dict[str, Any]) -> None:
    n40, _ = tags(a)
    first_way(a, f"{n40}b total")


def sum_of_nothing(a: dict[str, Any]) -> None:
    first_way(a, "sum total")


def unreadable_count(a: dict[str, Any]) -> None:
    first_way(a, "40 prisoners of war")


def unreadable_passage(a: dict[str, Any]) -> None:
    a["indirect"][0] = a["indirect"][0].replace("|", " ")


def unreadable_status(a: dict[str, Any]) -> None:
    exchange(a)["what"] = "prisoners done"


def unnamed_letter(a: dict[str, Any]) -> None:
    a["quotes"][1] = a["quotes"][1].replace("A=Mira Tolan", "B")


def letter_given_twice(a: dict[str, Any]) -> None:
    a["indirect"][0] = a["indirect"][0].replace("A|", "A=Qatar|")


def unknown_claimant(a: dict[str, Any]) -> None:
    n40, _ = tags(a)
    first_way(a, f"{n40} total by Harvey Smith")


def wrong_value(a: dict[str, Any]) -> None:
    c = make_question().candidates
    exchange(a)["when"] = f"{dated(c, 'May')}=1996-06"


def words_without_number(a: dict[str, Any]) -> None:
    first_way(a, f"{exchange(a)['ev'].split()[0]} many total")


def unknown_third_party(a: dict[str, Any]) -> None:
    exchange(a)["third"] = "Narnia mediator"


def future_date(a: dict[str, Any]) -> None:
    c = make_question().candidates
    exchange(a)["when"] = dated(c, "May")


def ends_before_start(a: dict[str, Any]) -> None:
    c = make_question().candidates
    exchange(a)["when"] += f" {dated(c, 'last week')}"


def own_party(a: dict[str, Any]) -> None:
    first_way(a, f"{tags(a)[0]} total", "Valdoria > Valdoria")


def own_people_besides(a: dict[str, Any]) -> None:
    exchange(a)["ways"].append(f"Valdoria > Valdoria: {exchange(a)['unused'].split()[0]} total")


def one_way(a: dict[str, Any]) -> None:
    del exchange(a)["ways"][1]


def two_way_unilateral(a: dict[str, Any]) -> None:
    exchange(a)["what"] = "unilateral completed"


def visiting_envoy(a: dict[str, Any]) -> None:
    exchange(a)["third"] = "Norway mediator"


def party_as_mediator(a: dict[str, Any]) -> None:
    exchange(a)["third"] = "Valdoria mediator"


def wrong_status(a: dict[str, Any]) -> None:
    exchange(a)["what"] = "prisoners failed"


def part_of_itself(a: dict[str, Any]) -> None:
    exchange(a)["part_of"] = 1


def unknown_sentence(a: dict[str, Any]) -> None:
    exchange(a)["ev"] = "S77"


def unknown_date(a: dict[str, Any]) -> None:
    exchange(a)["when"] = "D77"


def unknown_place(a: dict[str, Any]) -> None:
    exchange(a)["place"] = "Lake Ontario"


def unknown_party(a: dict[str, Any]) -> None:
    first_way(a, f"{tags(a)[0]} total", "Narnia > Kessa Front")


def unknown_person(a: dict[str, Any]) -> None:
    first_way(a, "only Harvey Smith")


def unknown_region(a: dict[str, Any]) -> None:
    a["quotes"].append("Q9 A")


def doubled_region(a: dict[str, Any]) -> None:
    a["quotes"].append(a["quotes"][1])


def unknown_speaker(a: dict[str, Any]) -> None:
    a["quotes"][1] = a["quotes"][1].replace("A=Mira Tolan", "Harvey Smith")
    a["indirect"][0] = a["indirect"][0].replace(" A|", " Mira Tolan|")


def unknown_clause(a: dict[str, Any]) -> None:
    a["indirect"][0] = a["indirect"][0].replace("in May", "in June")


FAULTS: list[tuple[Change, str]] = [
    (wrong_year, "there is no number N99"),
    (part_above_whole, "is more than the total 12"),
    (parts_above_whole, "is more than the total 40"),
    (same_number_both_ways, 'does not say "each" or "both"'),
    (soldiers_and_civilians, "is given as military and as civilian"),
    (sum_of_nothing, "no two parts on one axis"),
    (half_of_no_formula, "is not a formula of two numbers"),
    (unreadable_count, "ways.0: Value error, this line cannot be read"),
    (unreadable_passage, "indirect.0: Value error, this line cannot be read"),
    (unreadable_status, "what: Value error, this line cannot be read"),
    (unnamed_letter, "letter B was given no name"),
    (letter_given_twice, "letter A stands for"),
    (unknown_claimant, 'claimant "Harvey Smith"'),
    (wrong_value, "cannot be 1996-06"),
    (words_without_number, 'no number "many" stands in'),
    (unknown_third_party, 'third party "Narnia"'),
    (future_date, "after publication (1996-03-13)"),
    (ends_before_start, "before it starts"),
    (own_party, "are the same"),
    (one_way, "only one direction is given"),
    (two_way_unilateral, "people go in two directions"),
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
DOUBTS: list[tuple[Change, str]] = [
    (visiting_envoy, "no sentence says that Norway mediated"),
    (party_as_mediator, "cannot be its mediator"),
    (wrong_status, "rejected, suspended or broken off"),
    (part_of_itself, "names no other exchange"),
    (own_people_besides, "are the same"),
]
"""What a list of words cannot judge better than the model, or what asking again could only leave out: told, never asked."""


async def test_a_date_and_a_number_may_be_read_otherwise_where_the_words_allow_it() -> None:
    text = SWAP + "\n\nThe remains of thirty-eight rebels will be handed over by the end of January."
    c = make_question(text).candidates
    tag = dated(c, "January")
    plan = {
        "ev": sentence(c, "thirty-eight"), "what": "remains planned", "when": f"{tag}=1997-01",
        "ways": [f"Valdoria > Kessa Front: {sentence(c, 'thirty-eight')} thirty-eight bodies"],
    }  # fmt: skip
    right = right_answer(text)
    right["exchanges"].append(plan)

    result, model = await answer([right], text)

    assert len(model.asked) == 1
    draft = result.exchanges[1].draft
    assert [d.start for d in result.candidates.dates if d.id == draft.date_start] == ["1997-01"]
    (count,) = draft.transfers[0].counts
    assert [n.value for n in result.candidates.numbers if n.id == count.number] == [38]


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

    assert len(model.asked) == 2, "what the model stands by is not asked a third time"
    assert message in " ".join(warnings(result))


@pytest.mark.parametrize(("change", "message"), DOUBTS, ids=[change.__name__ for change, _ in DOUBTS])
async def test_a_doubt_costs_no_second_call_and_is_told(change: Change, message: str) -> None:
    doubtful = copy.deepcopy(right_answer())
    change(doubtful)

    result, model = await answer([doubtful])

    assert len(model.asked) == 1
    assert message in " ".join(warnings(result))


async def test_own_people_let_go_at_home_do_not_cost_the_other_directions() -> None:
    doubtful = copy.deepcopy(right_answer())
    own_people_besides(doubtful)

    result, _ = await answer([doubtful])

    assert len(result.exchanges[0].draft.transfers) == 2


async def test_a_release_to_several_countries_may_be_unilateral() -> None:
    text = "Valdoria freed 14 prisoners on Monday. It handed nine of them to Orlen and five to Brezia."
    c = make_question(text).candidates
    one, other = number(c, "nine"), number(c, "five")
    plain = {
        "quotes": [],
        "exchanges": [
            {
                "ev": "S1 S2", "what": "unilateral completed", "when": dated(c, "Monday"),
                "ways": [f"Valdoria > Orlen: {one} total", f"Valdoria > Brezia: {other} total"],
            }
        ],
    }  # fmt: skip

    result, model = await answer([plain], text)

    assert len(model.asked) == 1
    assert [len(x.draft.transfers) for x in result.exchanges] == [2]


async def test_one_number_given_twice_is_read_once() -> None:
    text = "Valdoria gave back the bodies of three soldiers on Monday; the Kessa Front released 12 men in return."
    c = make_question(text).candidates
    dead, alive = number(c, "three"), number(c, "12")
    twice = {
        "quotes": [],
        "exchanges": [
            {
                "ev": "S1", "what": "prisoners completed", "when": dated(c, "Monday"),
                "ways": [
                    f"Valdoria > Kessa Front: {dead} total; {dead} military; {dead} bodies",
                    f"Kessa Front > Valdoria: {alive} total; {alive} prisoners; {alive} men",
                ],
            }
        ],
    }  # fmt: skip

    result, model = await answer([twice], text)

    assert len(model.asked) == 1
    given = [[str(count.category) for count in way.counts] for way in result.exchanges[0].draft.transfers]
    assert given == [["total", "bodies"], ["total"]]


def warnings(result: EngineAnswer) -> list[str]:
    told = [n.message for quote in result.quotes for n in quote.verdict.notices]
    told += [n.message for event in result.exchanges for n in event.verdict.notices]
    return told + [rejected.reason for rejected in result.rejected] + [n.message for n in result.notices]
