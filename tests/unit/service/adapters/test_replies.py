"""Replies of servers that are compatible in name."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, ValidationError

from service.adapters.replies import (
    MAX_PROBLEMS,
    Completion,
    ErrorReply,
    json_object_in,
    problems_of,
    read_completion,
    without_fence,
)
from service.domain.record import Usage


@pytest.mark.parametrize(
    "choices",
    [[{}], [None], [{"message": None}], [{"message": {"content": 3, "tool_calls": "x", "refusal": []}}], [7], []],
)
def test_missing_and_mistyped_parts_read_as_nothing(choices: object) -> None:
    completion = read_completion(json.dumps({"choices": choices, "usage": {"prompt_tokens": "many"}}).encode())

    assert completion == Completion(text="", arguments=None, finish_reason=None, refusal=None, usage=Usage())


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b'{"choices": null}', b"[" * 200_000])
def test_what_is_not_a_completion_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_completion(body)


def test_an_error_in_a_200_is_read_with_its_own_status() -> None:
    assert read_completion(b'{"error": {"code": 502, "message": "x"}}') == ErrorReply(status=502, code=None)
    assert read_completion(b'{"error": {"code": "content_filter"}}') == ErrorReply(status=500, code="content_filter")
    assert read_completion(b'{"error": "broken"}') == ErrorReply(status=500, code=None)


@pytest.mark.parametrize("fence", ["```json\n{}\n```", "```\n{}\n```", " \n```JSON \r\n{}\r\n```\n\n", "```json\n{}```"])
def test_a_fence_around_the_whole_reply_is_taken_off(fence: str) -> None:
    assert without_fence(fence).strip() == "{}"


@pytest.mark.parametrize("text", ["{}", "`{}`", "a ```json\n{}\n```", "```json\n{}\n``` b", '{"a": "```json\\n{}\\n```"}'])
def test_other_replies_stay_as_they_are(text: str) -> None:
    assert without_fence(text) == text


def test_only_an_object_is_kept_as_partial() -> None:
    assert json_object_in('{"a": 1}') == {"a": 1}
    assert json_object_in("[1]") is None
    assert json_object_in("{") is None
    assert json_object_in("[" * 200_000) is None


def test_a_flood_of_problems_is_cut_and_says_so() -> None:
    class Numbers(BaseModel):
        numbers: list[int]

    with pytest.raises(ValidationError) as raised:
        Numbers.model_validate_json(json.dumps({"numbers": ["x" * 500] * 100}))

    problems = problems_of(raised.value)
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == "And 80 more problems of these kinds."
    assert problems[0].startswith("numbers[0]: Input should be a valid integer")
    assert all(len(problem) < 200 for problem in problems)
