"""Gold articles: one JSON file each, the format of `evals/gold/README.md`, read into the scoring shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evals.case import Case, CorpusInvalid
from evals.normalise import qualifier_class
from evals.record import Count, Exchange, Named, Quote, Records, Transfer, Voice, edtf

KINDS = {
    "prisoners": "prisoner_exchange",
    "hostages": "hostages_for_prisoners",
    "remains": "remains_return",
    "unilateral": "unilateral_release",
}
_PEOPLE = frozenset(("prisoners", "hostages", "bodies"))
"""Categories that say no more than the kind of the exchange does."""
Span = tuple[int, int]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class GoldSpeaker(_Part):
    """Who said a quotation."""

    name: str
    kind: str
    role: str | None = None
    mention: Span | None = None


class GoldQuote(_Part):
    """A quotation; `text` must be `article.text[start:end]`."""

    start: int
    end: int
    text: str
    kind: str
    speaker: GoldSpeaker | None = None
    cue: str | None = None


class GoldCount(_Part):
    """A number that `total` and `breakdown` cannot hold: a range, a vague word, one side's claim."""

    category: str
    value: int | None = None
    max: int | None = None
    qualifier: str = "exact"
    word: str | None = None
    claimed_by: tuple[str, ...] = ()
    accept: tuple[GoldCount | None, ...] = ()


class GoldPart(_Part):
    """A part of a total."""

    category: str
    count: int


class GoldTransfer(_Part):
    """Who released how many to whom."""

    released_by: str | None
    returned_to: str | None
    total: int | None = None
    qualifier: str | None = None
    breakdown: tuple[GoldPart, ...] = ()
    counts: tuple[GoldCount, ...] = ()


class GoldExchange(_Part):
    """An event. `accept` holds other right answers by field (status, kind, date, location, mediators); null makes it optional."""

    kind: str
    status: str
    date_start: str | None = None
    date_end: str | None = None
    location: str | None = None
    transfers: tuple[GoldTransfer, ...] = ()
    mediators: tuple[str, ...] = ()
    evidence: tuple[Span, ...] = ()
    accept: Mapping[str, tuple[str | None, ...]] = Field(default_factory=dict)


class GoldArticle(_Part):
    """An annotated article. `event` is its cluster; `desk`, `split` and `tags` only our own gold has."""

    id: str
    published_at: str | None = None
    language: str | None = None
    title: str | None = None
    text: str
    quotes: tuple[GoldQuote, ...]
    exchanges: tuple[GoldExchange, ...]
    event: str | None = None
    split: str | None = None
    desk: str | None = None
    tags: tuple[str, ...] = ()


def read_article(path: Path) -> GoldArticle:
    """The annotated article in a file; CorpusInvalid names the file and the field that is wrong."""
    try:
        return GoldArticle.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "file"
        raise CorpusInvalid(file=path.name, field=field, problem=first["msg"]) from None


def load_gold(path: Path) -> Iterator[Case]:
    """The cases of a gold file, or of a folder of them in the order of their names."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    for file in files:
        article = read_article(file)
        folder = file.parent.name if file.parent.name in ("dev", "test", "train") else None
        yield Case(
            id=article.id,
            text=article.text,
            title=article.title,
            published_at=article.published_at,
            expected=expected(article),
            tags=article.tags,
            cluster=article.event or article.id,
            split=article.split or folder,
            language=article.language,
        )


def expected(gold: GoldArticle | Mapping[str, Any]) -> Records:
    """The scoring shape of an annotated article."""
    article = gold if isinstance(gold, GoldArticle) else GoldArticle.model_validate(gold)
    return Records(
        exchanges=tuple(_exchange(exchange) for exchange in article.exchanges),
        quotes=tuple(_quote(quote) for quote in article.quotes),
    )


def _quote(quote: GoldQuote) -> Quote:
    speaker = quote.speaker
    voice = None if speaker is None else Voice(name=speaker.name, kind=speaker.kind, mention=speaker.mention)
    return Quote(spans=((quote.start, quote.end),), kind=quote.kind, voice=voice, cue=quote.cue)


def _exchange(exchange: GoldExchange) -> Exchange:
    accept = exchange.accept
    alternatives = [(slot, value) for slot in ("status", "date") for value in accept.get(slot, ())]
    alternatives += [("kind", KINDS.get(value, value) if value else None) for value in accept.get("kind", ())]
    places = tuple(value for value in accept.get("location", ()) if value is not None)
    free = None in accept.get("location", ())
    mediators = [Named(name=name) for name in exchange.mediators]
    mediators += [Named(name=name, optional=True) for name in accept.get("mediators", ()) if name is not None]
    named: tuple[Named, ...]
    if exchange.location is not None:
        named = (Named(name=exchange.location, accept=places, optional=free),)
    else:
        named = (Named(name=places[0], accept=places[1:], optional=True),) if places else ()
    return Exchange(
        status=exchange.status,
        kind=KINDS.get(exchange.kind, exchange.kind),
        date=edtf(exchange.date_start, exchange.date_end),
        places=named,
        mediators=tuple(mediators),
        transfers=tuple(
            Transfer(source=t.released_by, target=t.returned_to, counts=_counts(t)) for t in exchange.transfers
        ),
        alternatives=tuple(alternatives),
    )  # fmt: skip


def _counts(transfer: GoldTransfer) -> tuple[Count, ...]:
    """The total, the parts and the further counts; one that `counts` gives again with more detail stands once."""
    plain = []
    if transfer.total is not None:
        plain.append(Count(category="total", n=transfer.total, qualifier=transfer.qualifier or "exact"))
    plain += [_part(part, transfer.qualifier or "exact") for part in transfer.breakdown]
    detailed = [_count(count) for count in transfer.counts]
    return _either((*(count for count in plain if not any(_repeats(count, other) for other in detailed)), *detailed))


def _part(part: GoldPart, qualifier: str) -> Count:
    """A part of a total. The format has no qualifier for parts ("about 60, 20 of them women"): exact or as the total is right."""
    exact = Count(category=part.category, n=part.count)
    return exact if qualifier == "exact" else replace(exact, accept=(replace(exact, qualifier=qualifier),))


def _either(counts: tuple[Count, ...]) -> tuple[Count, ...]:
    """A total that one category only repeats ("14 soldiers") is optional; "60 hostages" may be answered as a total instead."""
    totals = [count for count in counts if count.category == "total" and count.n is not None]
    same = {
        total: [c for c in counts if c is not total and _repeats(total, replace(c, category="total"))] for total in totals
    }
    found = []
    for count in counts:
        if same.get(count):
            count = replace(count, optional=True)
        elif count.category in _PEOPLE:
            count = replace(count, accept=(*count.accept, *(total for total, repeats in same.items() if count in repeats)))
        found.append(count)
    return tuple(found)


def _repeats(plain: Count, detailed: Count) -> bool:
    """Whether a plain count is the same number as a detailed one (a range has its lower bound as the plain total)."""
    if plain.category != detailed.category or plain.n != detailed.n:
        return False
    classes = {qualifier_class(count) for count in (plain, *plain.accept)}
    return detailed.qualifier == "range" or qualifier_class(detailed) in classes


def _count(count: GoldCount) -> Count:
    others = tuple(_count(other) for other in count.accept if other is not None)
    return Count(
        category=count.category, n=count.value, n_max=count.max, qualifier=count.qualifier, word=count.word,
        claimed_by=count.claimed_by, accept=others, optional=None in count.accept,
    )  # fmt: skip
