"""What a language model fills in: compact lines in references, evidence first. Pydantic stands at this border only.

Lines instead of objects because each token of an answer costs; `lines` holds their grammar and reads them. Field texts are
short on purpose: the prompt explains them (a schema is not shown to the model by every server). `extra="forbid"` because some
constrained decoders otherwise allow invented keys, and the white-space pattern because others may loop on blanks.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from service.extraction import lines

Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]

GUIDANCE = {"x-guidance": {"whitespace_pattern": " ?"}}


def _line(pattern: str, form: str, *, longest: int) -> tuple[AfterValidator, WithJsonSchema]:
    """A check that a text fits a pattern; what does not is told in the words of `form`."""
    compiled = re.compile(pattern)
    plain = re.sub(r"\(\?P<\w+>", "(?:", pattern)

    def fits(line: str) -> str:
        line = line.strip()
        if len(line) > longest or compiled.fullmatch(line) is None:
            shown = line if len(line) <= 80 else line[:77] + "..."
            raise ValueError(f'this line cannot be read; "{shown}" should be {form}.')
        return line

    return AfterValidator(fits), WithJsonSchema({"type": "string", "pattern": f"^{plain}$", "maxLength": longest})


def _joined(value: object) -> object:
    """A list where one line is asked for: the line it makes."""
    return " ".join(value) if isinstance(value, list) and all(isinstance(part, str) for part in value) else value


def _listed(value: object) -> object:
    """As _joined, for entries parted by semicolons."""
    return "; ".join(value) if isinstance(value, list) and all(isinstance(part, str) for part in value) else value


QuoteText = Annotated[str, *_line(lines.QUOTE, 'a Q and its speaker: "Q1 A=Full Name", "Q3 mixed A", "Q2 -"', longest=340)]
MissedText = Annotated[
    str, *_line(lines.MISSED, 'sentence, speaker and passage: "S7 A|first words .. last words"', longest=1000)
]
IndirectText = Annotated[
    str, *_line(lines.INDIRECT, 'sentence, speaker, cue and passage: "S9 A|said|first words .. last words"', longest=1000)
]
WayText = Annotated[
    str,
    *_line(
        lines.WAY,
        'both parties, then numbers by tag and category and names, parted by semicolons: "Party > Party: N4 total; N5 women; '
        'N6 total by A; with Full Name"',
        longest=3000,
    ),
]
SentencesText = Annotated[str, *_line(lines.SENTENCES, 'S tags with blanks between them: "S1 S4"', longest=500),
                          BeforeValidator(_joined)]  # fmt: skip
WhatText = Annotated[
    str,
    *_line(
        lines.WHAT,
        "a kind (prisoners, hostages, remains, unilateral) and a status (completed, ongoing, agreed, planned, proposed, failed): "
        '"prisoners completed"',
        longest=40,
    ),
    BeforeValidator(_joined),
]
WhenText = Annotated[str, *_line(lines.WHEN, 'D tags: "D2" (one day), "D2 D4" (start, end) or "D2 -" (open end)', longest=40),
                     BeforeValidator(_joined)]  # fmt: skip
UnusedText = Annotated[str, *_line(lines.UNUSED, 'N tags with both, so_far, held, plan or none: "N8 both; N9 so_far"',
                                   longest=2000), BeforeValidator(_listed)]  # fmt: skip
ThirdText = Annotated[str, *_line(lines.THIRD, 'names, each with mediator, host, carrier or guarantor: "Name mediator; Name '
                                  'host"; leave others out', longest=3000), BeforeValidator(_listed)]  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=GUIDANCE)  # type: ignore[typeddict-item]


class ExchangeAnswer(_Part):
    """One event: evidence, kind and status, dates, place of hand-over, directions with their numbers."""

    ev: SentencesText
    what: WhatText
    when: WhenText | None = None
    place: Words | None = None
    ways: list[WayText] = Field(max_length=12)
    unused: UnusedText | None = None
    third: ThirdText | None = None
    part_of: int | None = Field(default=None, ge=1, le=50)


class QuotesAnswer(_Part):
    """The quotations of an article: marked regions, quotations that no region covers, reported clauses."""

    quotes: list[QuoteText] = Field(max_length=2000)
    missed: list[MissedText] = Field(default_factory=list, max_length=500)
    indirect: list[IndirectText] = Field(default_factory=list, max_length=2000)


class ExchangesAnswer(_Part):
    """The exchanges of an article."""

    exchanges: list[ExchangeAnswer] = Field(max_length=50)


class FullAnswer(QuotesAnswer, ExchangesAnswer):
    """Quotations and exchanges of an article."""


class Choice(_Part):
    """The small model's answer to one numbered question: the letter of an option."""

    question: int = Field(ge=1, le=50)
    option: Annotated[str, StringConstraints(pattern=r"^[A-H]$")]


class Choices(_Part):
    """The small model's answers."""

    answers: list[Choice] = Field(max_length=50)
