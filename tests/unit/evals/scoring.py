"""Short ways to write records, for the tests of the scorer. All parties, people and figures are invented or bare ids."""

from __future__ import annotations

from typing import Any

from evals.case import Case
from evals.matching import align
from evals.metrics import ExchangeScore, score_exchanges
from evals.record import Count, Exchange, Named, Quote, Records, Transfer, Voice


def make_count(category: str = "total", n: int | None = 12, **fields: Any) -> Count:
    return Count(category=category, n=n, **fields)


def make_transfer(source: str | None, target: str | None, *counts: Count) -> Transfer:
    return Transfer(source=source, target=target, counts=counts)


def make_exchange(*transfers: Transfer, **fields: Any) -> Exchange:
    given = {"status": "completed", "kind": "prisoner_exchange", "date": "2031-04-09"} | fields
    for slot in ("places", "mediators"):
        given[slot] = tuple(Named(name=item) if isinstance(item, str) else item for item in given.get(slot, ()))
    return Exchange(transfers=transfers, **given)


def make_swap(there: int, back: int, **fields: Any) -> Exchange:
    """A swap between the invented parties KORA and VEST: seven fills."""
    return make_exchange(
        make_transfer("KORA", "VEST", make_count(n=there)), make_transfer("VEST", "KORA", make_count(n=back)), **fields
    )


def score(gold: list[Exchange], predicted: list[Exchange]) -> ExchangeScore:
    return score_exchanges(align(gold, predicted))


def counts_of(result: ExchangeScore) -> tuple[int, int, int, int, int]:
    """COR, PAR, INC, MIS, SPU."""
    t = result.total
    return t.cor, t.par, t.inc, t.mis, t.spu


def make_quote(
    text: str, words: str, speaker: str | None = None, *, kind: str = "direct", mention: str | None = None
) -> Quote:
    """A quotation of words in a text, found by looking for them."""
    start = text.index(words)
    span = (text.index(mention), text.index(mention) + len(mention)) if mention else None
    voice = Voice(name=speaker, kind="person", mention=span) if speaker else None
    return Quote(spans=((start, start + len(words)),), kind=kind, voice=voice)


def make_case(text: str, *, quotes: tuple[Quote, ...] = (), exchanges: tuple[Exchange, ...] = (), **fields: Any) -> Case:
    expected = Records(exchanges=exchanges, quotes=quotes)
    return Case(id="case", text=text, title=None, published_at="2031-04-10", expected=expected, cluster="event", **fields)
