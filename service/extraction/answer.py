"""What a language model fills in: compact, in references, evidence first. Pydantic stands at this border only.

Field texts are short on purpose: the prompt explains them (a schema is not shown to the model by every server), and each
token of an answer costs. `extra="forbid"` because some constrained decoders otherwise allow invented keys, and the
white-space pattern because others may loop on blanks.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

SentenceId = Annotated[str, StringConstraints(pattern=r"^S[0-9]{1,5}$")]
RegionId = Annotated[str, StringConstraints(pattern=r"^Q[0-9]{1,5}$")]
DateId = Annotated[str, StringConstraints(pattern=r"^D[0-9]{1,5}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]

CATEGORIES = "total|military|civilian|women|men|children|wounded|bodies|hostages|prisoners|other"
SCOPES = "both|so_far|held|plan|none"
CountText = Annotated[
    str, StringConstraints(pattern=rf"^(N[0-9]{{1,5}}[ab]?|people|sum) ({CATEGORIES})( by [^\n]{{1,80}})?$", max_length=120)
]
UnusedText = Annotated[str, StringConstraints(pattern=rf"^N[0-9]{{1,5}} ({SCOPES})$")]
ThirdText = Annotated[str, StringConstraints(pattern=r"^[^\n]{1,120} [a-z]{2,20}$")]

GUIDANCE = {"x-guidance": {"whitespace_pattern": " ?"}}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=GUIDANCE)  # type: ignore[typeddict-item]


class QuoteAnswer(_Part):
    """One quoted region that is a quotation, and who said it."""

    q: RegionId
    use: Literal["direct", "mixed"] = "direct"
    by: Words | None


class MissedAnswer(_Part):
    """A quotation that no region covers, by its sentence and its first and last words."""

    s: SentenceId
    first: Words
    last: Words
    use: Literal["direct", "mixed"] = "direct"
    by: Words | None


class IndirectAnswer(_Part):
    """A reported clause, by its sentence, its cue and its first and last words."""

    s: SentenceId
    cue: Words
    first: Words
    last: Words
    by: Words | None


class WayAnswer(_Part):
    """One direction of an exchange. `n` holds texts such as "N4 total", "N7 women by Coordination Center", "sum total"."""

    released_by: Words
    returned_to: Words
    n: list[CountText] = Field(default_factory=list, max_length=40)
    people: list[Words] = Field(default_factory=list, max_length=100)


class ExchangeAnswer(_Part):
    """One event."""

    ev: list[SentenceId] = Field(min_length=1, max_length=60)
    kind: Literal["prisoners", "hostages", "remains", "unilateral"]
    status: Literal["completed", "ongoing", "agreed", "planned", "proposed", "failed"]
    start: DateId | None
    end: DateId | None
    place: Words | None = None
    ways: list[WayAnswer] = Field(max_length=12)
    unused: list[UnusedText] = Field(default_factory=list, max_length=80)
    third: list[ThirdText] = Field(default_factory=list, max_length=20)
    part_of: int | None = Field(default=None, ge=1, le=50)


class QuotesAnswer(_Part):
    """The quotations of an article."""

    quotes: list[QuoteAnswer] = Field(max_length=2000)
    none: list[RegionId] = Field(default_factory=list, max_length=2000)
    missed: list[MissedAnswer] = Field(default_factory=list, max_length=500)
    indirect: list[IndirectAnswer] = Field(default_factory=list, max_length=2000)


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
