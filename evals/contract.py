"""The service's answer, read into the scoring shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.case import CorpusInvalid
from evals.record import Count, Exchange, Named, Quote, Records, Transfer, Voice, edtf


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Span(_Part):
    start: int
    end: int
    text: str = ""


class _Count(_Part):
    category: str
    value: int | None = None
    max: int | None = None
    qualifier: str = "exact"
    claimed_by: list[str] = Field(default_factory=list)
    evidence: list[_Span] = Field(default_factory=list)


class _Transfer(_Part):
    released_by: str | None = None
    returned_to: str | None = None
    counts: list[_Count] = Field(default_factory=list)


class _Role(_Part):
    name: str
    role: str


class _Date(_Part):
    start: str | None = None
    end: str | None = None


class _Exchange(_Part):
    kind: str | None = None
    status: str | None = None
    date: _Date | None = None
    places: list[_Role] = Field(default_factory=list)
    transfers: list[_Transfer] = Field(default_factory=list)
    third_parties: list[_Role] = Field(default_factory=list)


class _Speaker(_Part):
    name: str | None = None
    kind: str | None = None
    mention: _Span | None = None


class _Quote(_Part):
    kind: str
    text: str | None = None
    start: int | None = None
    end: int | None = None
    speaker: _Speaker | None = None
    cue: _Span | None = None
    content: list[_Span] = Field(default_factory=list)


class _Content(_Part):
    spans: list[_Span]
    speaker: _Speaker | None = None
    cue: _Span | None = None


class _Extraction(_Part):
    exchanges: list[_Exchange] = Field(default_factory=list)
    quotes: list[_Quote] = Field(default_factory=list)
    contents: list[_Content] = Field(default_factory=list)


def predicted(extraction: Mapping[str, Any]) -> Records:
    """The scoring shape of a response of `POST /extract` (or of its stored JSON). Other places and roles are not scored."""
    try:
        answer = _Extraction.model_validate(extraction)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CorpusInvalid(file="the service's answer", field=where, problem=first["msg"]) from None
    return Records(
        exchanges=tuple(_exchange(exchange) for exchange in answer.exchanges),
        quotes=tuple(_quote(quote) for quote in answer.quotes),
        contents=_contents(answer),
    )


def _contents(answer: _Extraction) -> tuple[Quote, ...]:
    """The whole contents of an answer that was asked for them: those around quotations, each once, and the others."""
    around = {tuple((span.start, span.end) for span in q.content): _quote(q) for q in reversed(answer.quotes) if q.content}
    found = [replace(quote, spans=spans, text=None) for spans, quote in around.items()]
    for content in answer.contents:
        spans = tuple((span.start, span.end) for span in content.spans)
        cue = content.cue.text if content.cue else None
        found.append(Quote(spans=spans, kind="indirect", voice=_voice(content.speaker), cue=cue))
    return tuple(sorted(found, key=lambda quote: quote.spans))


def _exchange(exchange: _Exchange) -> Exchange:
    date = exchange.date or _Date()
    return Exchange(
        status=exchange.status,
        kind=exchange.kind,
        date=edtf(date.start, date.end),
        places=tuple(Named(name=place.name) for place in exchange.places if place.role == "handover"),
        mediators=tuple(Named(name=party.name) for party in exchange.third_parties if party.role == "mediator"),
        transfers=tuple(
            Transfer(source=t.released_by, target=t.returned_to, counts=tuple(_count(count) for count in t.counts))
            for t in exchange.transfers
        ),
    )


def _count(count: _Count) -> Count:
    # The contract has no field for a vague word: it stands in the evidence ("dozens of sailors").
    words = " ".join(span.text for span in count.evidence) or None
    return Count(
        category=count.category,
        n=count.value,
        n_max=count.max,
        qualifier=count.qualifier,
        word=words if count.qualifier == "vague" else None,
        claimed_by=tuple(count.claimed_by),
    )


def _quote(quote: _Quote) -> Quote:
    return Quote(
        spans=((quote.start, quote.end),) if quote.start is not None and quote.end is not None else (),
        kind=quote.kind,
        voice=_voice(quote.speaker),
        cue=quote.cue.text if quote.cue else None,
        text=quote.text,
    )


def _voice(speaker: _Speaker | None) -> Voice | None:
    if speaker is None or speaker.name is None:
        return None
    mention = (speaker.mention.start, speaker.mention.end) if speaker.mention else None
    return Voice(name=speaker.name, kind=speaker.kind, mention=mention)
