"""What one would write first: the whole article, a plain nested response model, verbatim answers, one instructor call.

The yardstick for `benchmarks/local.py`. Nothing of the service is used.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import instructor
import openai
from instructor.core import IncompleteOutputException
from pydantic import BaseModel, ValidationError

MAX_TOKENS = 1100
"""Without a limit a small model may repeat itself until its context is full: this one is kind to the yardstick."""

INSTRUCTIONS = """You extract quotations and prisoner exchanges from news articles. Answer in JSON.
quotes: every direct, mixed and indirect quotation of the article: its exact text, its kind, the full name of the speaker, \
the speaker's role, and the verb that introduces it.
exchanges: every exchange or release of prisoners, hostages or remains: its kind, status, first and last date (YYYY-MM-DD), the \
place, the transfers (who released how many people to whom, with the numbers of each category), the mediators, and the exact \
sentences that state it."""


class Quote(BaseModel):
    text: str
    kind: Literal["direct", "mixed", "indirect"]
    speaker: str | None
    role: str | None
    cue: str | None


class Part(BaseModel):
    category: str
    count: int


class Transfer(BaseModel):
    released_by: str
    returned_to: str
    total: int | None
    breakdown: list[Part]


class Exchange(BaseModel):
    kind: Literal["prisoners", "hostages", "remains", "unilateral"]
    status: Literal["completed", "ongoing", "agreed", "planned", "proposed", "failed"]
    date_start: str | None
    date_end: str | None
    location: str | None
    transfers: list[Transfer]
    mediators: list[str]
    evidence: list[str]


class Extraction(BaseModel):
    quotes: list[Quote]
    exchanges: list[Exchange]


@dataclass(frozen=True)
class Outcome:
    """What the call cost, by the server's own count of tokens; `ended` is "answered", "cut off" or "invalid"."""

    seconds: float
    input_tokens: int
    output_tokens: int
    ended: str
    quotes: int = 0
    exchanges: int = 0


async def extract_naively(text: str, *, base_url: str, api_key: str, published_at: str | None) -> Outcome:
    """One call, no retries; a reply that is cut off at the limit counts with what it cost."""
    vendor = openai.AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=3600)
    client = instructor.from_openai(vendor, mode=instructor.Mode.JSON_SCHEMA)
    usage: list[openai.types.CompletionUsage] = []
    client.on("completion:response", lambda response: usage.append(response.usage))
    began = time.perf_counter()
    answer, ended = None, "answered"
    try:
        answer = await client.create(
            response_model=Extraction,
            messages=[
                {"role": "system", "content": INSTRUCTIONS},
                {"role": "user", "content": f"Published: {published_at or 'unknown'}\n\n{text}"},
            ],
            model="local",
            temperature=0.0,
            max_tokens=MAX_TOKENS,
            max_retries=0,
        )
    except IncompleteOutputException:
        ended = "cut off"
    except (instructor.core.InstructorRetryException, ValidationError) as error:
        ended = "cut off" if isinstance(error.__cause__, IncompleteOutputException) else "invalid"
    finally:
        seconds = time.perf_counter() - began
        await vendor.close()
    return Outcome(
        seconds=seconds,
        input_tokens=usage[0].prompt_tokens if usage else 0,
        output_tokens=usage[0].completion_tokens if usage else 0,
        ended=ended,
        quotes=len(answer.quotes) if answer else 0,
        exchanges=len(answer.exchanges) if answer else 0,
    )
