"""A result as a CMS keeps it beside its article: short, complete in itself, harmless inside a page.

Everything in it is what an engine read in the article and checks let pass; no person has looked at it. The same extraction always
gives the same characters, so that a CMS which has them already need not be written to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from service.domain.record import Extraction, QuoteRecord
from service.webhooks.events import exchange_facts, extraction_facts

Json = dict[str, object]

_CONTEXT = ["https://schema.org", {"parley": {"@id": "urn:parley:result", "@type": "@json"}}]
_TYPES = {"person": "Person", "organization": "Organization"}
# As JSON these letters may be written so anywhere inside a string, and they are nowhere else in it.
_UNSAFE = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
_FIGURES = 24  # what the counts of `left_out` may need beyond two zeros


def compact(extraction: Extraction, *, url: str, most: int) -> Json:
    """Id, provenance, counts, exchanges and quotes with their speakers, in at most `most` ASCII characters of JSON.

    Exchanges come first; what does not fit is counted in `left_out`, and read at `url`.
    """
    exchanges = [asdict(exchange_facts(exchange)) for exchange in extraction.exchanges]
    quotes = [_quote(quote) for quote in extraction.quotes]
    room = most - _size({**_summary(extraction, url), "exchanges": [], "quotes": [], "left_out": _left(0, 0)}) - _FIGURES
    kept_exchanges, room = _fitting(exchanges, room, ascii_only=True)
    kept_quotes, _ = _fitting(quotes, room, ascii_only=True)
    return {
        **_summary(extraction, url),
        "exchanges": kept_exchanges,
        "quotes": kept_quotes,
        "left_out": _left(len(exchanges) - len(kept_exchanges), len(quotes) - len(kept_quotes)),
    }


def linked_data(extraction: Extraction, *, url: str, most: int) -> str | None:
    """The same as JSON-LD for a page's head, in at most `most` bytes; None if not even the summary fits.

    Quotations are schema.org's; the rest, for which it has no words, is plain JSON under a name of ours.
    """
    exchanges = [asdict(exchange_facts(exchange)) for exchange in extraction.exchanges]
    quotes = [_quotation(quote) for quote in extraction.quotes]
    room = most - len(html_safe_json(_linked(extraction, url, [], [], _left(0, 0))).encode()) - _FIGURES
    if room < 0:
        return None
    kept_exchanges, room = _fitting(exchanges, room, ascii_only=False)
    kept_quotes, _ = _fitting(quotes, room, ascii_only=False)
    left_out = _left(len(exchanges) - len(kept_exchanges), len(quotes) - len(kept_quotes))
    return html_safe_json(_linked(extraction, url, kept_exchanges, kept_quotes, left_out))


def html_safe_json(value: object, *, ascii_only: bool = False) -> str:
    r"""JSON that ends no script and opens no tag wherever it stands in HTML.

    >>> html_safe_json({"text": "</script> & “more”"})
    '{"text":"\\u003c/script\\u003e \\u0026 “more”"}'
    """
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace").decode().translate(_UNSAFE)


def _linked(extraction: Extraction, url: str, exchanges: list[Json], quotations: list[Json], left_out: Json) -> Json:
    ours = {**_summary(extraction, url), "exchanges": exchanges, "left_out": left_out}
    return {"@context": _CONTEXT, "@type": "CreativeWork", "hasPart": quotations, "parley": ours}


def _summary(extraction: Extraction, url: str) -> Json:
    facts = extraction_facts(extraction, url=url)
    return {
        "id": facts.id,
        "url": url,
        "text_sha256": extraction.article.sha256,
        "provenance": {
            "engine": facts.engine,
            "model": facts.model,
            "prompt": extraction.provenance.prompt,
            "degraded": facts.degraded,
            "degraded_reason": facts.degraded_reason,
        },
        "counts": {
            "exchanges": facts.exchanges,
            "quotes": facts.quotes,
            "rejected": facts.rejected,
            "warnings": facts.warnings,
        },
    }


def _quote(quote: QuoteRecord) -> Json:
    return {
        "id": quote.id,
        "kind": quote.kind.value,
        "text": quote.text,
        "speaker": None if quote.speaker is None else quote.speaker.name,
        "speaker_kind": None if quote.speaker is None else quote.speaker.kind,
        "confidence": quote.confidence,
        "warnings": len(quote.warnings),
    }


def _quotation(quote: QuoteRecord) -> Json:
    """A quotation in schema.org's words; a speaker who is not named in the article is not made a person."""
    told: Json = {"@type": "Quotation", "identifier": quote.id, "text": quote.text}
    if quote.speaker is not None:
        told["spokenByCharacter"] = {"@type": _TYPES.get(quote.speaker.kind, "Thing"), "name": quote.speaker.name}
    return told


def _left(exchanges: int, quotes: int) -> Json:
    return {"exchanges": exchanges, "quotes": quotes}


def _fitting(items: Iterable[Json], room: int, *, ascii_only: bool) -> tuple[list[Json], int]:
    """The first items that fit, and the room that is left."""
    kept = []
    for item in items:
        size = len(html_safe_json(item, ascii_only=ascii_only).encode()) + 1
        if size > room:
            break
        room -= size
        kept.append(item)
    return kept, room


def _size(value: object) -> int:
    return len(html_safe_json(value, ascii_only=True))
