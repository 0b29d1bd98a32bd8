from __future__ import annotations

import pytest

from service.errors import InvalidField
from service.flows.idempotency import LONGEST, parse_key


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ('"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
        ('  "with, space; and more"\t', "with, space; and more"),
        (r'"a \"quoted\" and a \\ back"', r'a "quoted" and a \ back'),
        ('"' + "x" * LONGEST + '"', "x" * LONGEST),
    ],
)
def test_a_key_is_a_string_quoted_or_bare(value: str, key: str) -> None:
    assert parse_key(value) == key


@pytest.mark.parametrize(
    "value",
    [
        "",
        '""',
        '"',
        '"open',
        "two words",
        "a,b",
        "a;b=1",
        '"a"b"',
        r'"a\b"',
        '"a\\"',
        "x" * (LONGEST + 1),
        "clé",
        '"a\tb"',
        "a\x7f",
    ],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(InvalidField, match="Idempotency-Key"):
        parse_key(value)
