"""The re-ask loop: bounded, precise, and it keeps what was valid."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ConfigDict

from service.errors import AnswerInvalid, AnswerTruncated, ModelOverloaded, ModelTimedOut
from service.extraction.ask import MAX_REASKS, Asked, Judged, Spent, ask, reask_text, salvage
from service.extraction.finding import Action, Finding
from service.ports import Message
from tests.fakes import FixedClock, ScriptedModel


class Fruit(BaseModel):
    model_config = ConfigDict(extra="forbid")
    names: list[str]
    ripe: bool = False


START = (Message("system", "static"), Message("user", "article"))


async def too_long(answer: Fruit) -> Judged[Fruit]:
    """Every name over four letters is a finding."""
    findings = tuple(
        Finding(check="long", item=name, message=f"{name}: at most four letters", action=Action.WARN)
        for name in answer.names
        if len(name) > 4
    )
    return Judged(answer, findings)


async def run(model: ScriptedModel, *, deadline: float = 200.0) -> tuple[Asked[Fruit], Spent]:
    spent = Spent()
    asked = await ask(
        model, START, response_model=Fruit, judge=too_long, max_tokens=50, deadline=deadline, clock=FixedClock(), spent=spent
    )
    return asked, spent


async def test_a_good_reply_is_asked_for_once() -> None:
    model = ScriptedModel([{"names": ["fig"]}])

    asked, spent = await run(model)

    assert asked.result.names == ["fig"]
    assert (spent.attempts, spent.calls, spent.usage.input_tokens) == (1, 1, 100)
    assert model.limits == [50]


async def test_a_re_ask_holds_the_conversation_and_the_problems() -> None:
    model = ScriptedModel([{"names": ["banana"]}, {"names": ["fig"]}])

    await run(model)

    first, second = model.asked
    assert first == START
    assert second[:2] == START
    assert second[2] == Message("assistant", '{"names": ["banana"]}')
    assert "- banana: at most four letters" in second[3].content


async def test_the_conversation_does_not_grow_with_every_re_ask() -> None:
    model = ScriptedModel([{"names": ["banana"]}, {"names": ["orange"]}, {"names": ["fig"]}])

    await run(model)

    assert [len(messages) for messages in model.asked] == [2, 4, 4]


async def test_what_a_model_stands_by_is_not_asked_a_third_time() -> None:
    model = ScriptedModel([{"names": ["banana", "orange"]}, {"names": ["banana"]}, {"names": ["fig"]}])

    asked, spent = await run(model)

    assert spent.attempts == 2
    assert asked.result.names == ["banana"]
    assert [finding.item for finding in asked.findings] == ["banana"]


async def test_it_stops_after_two_re_asks_with_the_best_reading() -> None:
    model = ScriptedModel([{"names": ["banana", "orange"]}, {"names": ["cherry"]}, {"names": ["papaya", "banana"]}])

    asked, spent = await run(model)

    assert spent.attempts == 1 + MAX_REASKS
    assert asked.result.names == ["cherry"]
    assert [finding.item for finding in asked.findings] == ["cherry"]


async def test_replies_that_are_never_valid_end_in_answer_invalid_with_their_cost() -> None:
    model = ScriptedModel(["no JSON at all"])

    with pytest.raises(AnswerInvalid, match="not valid") as failure:
        await run(model)

    assert failure.value.calls == 3
    assert failure.value.tokens == (300, 0, 30)


async def test_what_is_valid_in_a_partly_invalid_reply_is_kept() -> None:
    model = ScriptedModel([{"names": ["fig", 3], "colour": "red"}])

    asked, _ = await run(model)

    assert asked.result.names == ["fig"]


async def test_a_failure_during_a_re_ask_keeps_the_earlier_reading() -> None:
    model = ScriptedModel([{"names": ["banana"]}, ModelOverloaded()])

    asked, spent = await run(model)

    assert asked.result.names == ["banana"]
    assert spent.calls == 2


async def test_a_failure_of_the_first_question_is_raised_with_its_cost() -> None:
    with pytest.raises(AnswerTruncated, match="cut off") as failure:
        await run(ScriptedModel([AnswerTruncated()]))

    assert (failure.value.calls, failure.value.tokens) == (1, (10, 0, 0))


async def test_nothing_is_asked_behind_the_deadline() -> None:
    model = ScriptedModel([{"names": ["fig"]}])

    with pytest.raises(ModelTimedOut, match="deadline"):
        await run(model, deadline=100.0)

    assert model.asked == []


def test_a_re_ask_names_at_most_twelve_problems_and_counts_the_rest() -> None:
    text = reask_text(tuple(f"problem {n}" for n in range(20)))

    assert "problem 11\n" in text
    assert "problem 12" not in text
    assert "and 8 more" in text


def test_salvage_gives_up_where_nothing_fits() -> None:
    assert salvage("text", Fruit) is None
    assert salvage({"names": "fig", "ripe": "perhaps"}, Fruit) == Fruit(names=[])


async def test_what_cannot_be_read_is_asked_for_with_the_other_problems_and_told_if_it_stays() -> None:
    model = ScriptedModel([{"names": ["banana", 3]}])

    asked, _ = await run(model)

    assert asked.result.names == ["banana"]
    assert "names.1" in model.asked[1][-1].content
    assert "banana: at most four letters" in model.asked[1][-1].content
    assert [(finding.check, finding.action) for finding in asked.findings] == [
        ("form", Action.REJECT),
        ("long", Action.WARN),
    ]
