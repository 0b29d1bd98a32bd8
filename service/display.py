"""What a person sees on a terminal: the article with its findings marked, and a table of each kind."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from service.domain.candidate import Qualifier
from service.domain.draft import QuoteKind
from service.domain.evidence import Span
from service.domain.record import CountRecord, ExchangeDate, ExchangeRecord, Extraction, QuoteRecord, TransferRecord

_QUOTE_STYLES = {QuoteKind.DIRECT: "green", QuoteKind.MIXED: "yellow", QuoteKind.INDIRECT: "italic cyan"}
_SPEAKER, _COUNT = "underline", "bold magenta"
_BEFORE = {
    Qualifier.ABOUT: "about ", Qualifier.AT_LEAST: "at least ", Qualifier.MORE_THAN: "more than ",
    Qualifier.AT_MOST: "at most ", Qualifier.LESS_THAN: "less than ",
}  # fmt: skip


def harmless(text: str) -> str:
    r"""`text` with what could steer a terminal replaced, one character for one, so that offsets still hold.

    >>> harmless("a\x1b[2Jb")
    'a\ufffd[2Jb'
    """
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf") else "\ufffd"
        for character in text
    )


def present(extraction: Extraction, text: str) -> RenderableType:
    """Everything in `extraction`; `text` is the clean text that its offsets refer to."""
    parts: list[RenderableType] = [_heading(extraction), Padding(marked(extraction, text), (1, 2)), _legend()]
    if extraction.exchanges:
        parts.append(_exchanges(extraction.exchanges))
    if extraction.quotes:
        parts.append(_quotes(extraction.quotes))
    if not extraction.exchanges and not extraction.quotes:
        parts.append(Text("Nothing was found."))
    parts.extend(_notes(extraction))
    return Group(*parts)


def marked(extraction: Extraction, text: str) -> Text:
    """The article with quotations, speakers and counts marked in it."""
    shown = Text(harmless(text))
    for quote in extraction.quotes:
        shown.stylize(_QUOTE_STYLES[quote.kind], quote.start, quote.end)
        if quote.speaker is not None:
            _mark(shown, quote.speaker.mention, _SPEAKER)
    for exchange in extraction.exchanges:
        for transfer in exchange.transfers:
            for count in transfer.counts:
                for span in count.evidence:
                    _mark(shown, span, _COUNT)
    return shown


def _mark(shown: Text, span: Span, style: str) -> None:
    shown.stylize(style, span.start, span.end)


def _heading(extraction: Extraction) -> Text:
    provenance = extraction.provenance
    engine = provenance.engine if provenance.model is None else f"{provenance.engine} ({provenance.model})"
    title = extraction.article.title or extraction.article.id
    heading = Text(harmless(title), style="bold")
    heading.append(f"\nengine {engine} · {provenance.elapsed_ms:,} ms", style="dim")
    if provenance.calls:
        usage = provenance.usage
        tokens = f"{usage.input_tokens:,} ({usage.cached_tokens:,} cached) + {usage.output_tokens:,} tokens"
        heading.append(f" · {provenance.calls} calls · {tokens}", style="dim")
    if provenance.degraded:
        heading.append(f"\nDegraded: {provenance.degraded_reason}", style="bold red")
    return heading


def _legend() -> Text:
    legend = Text("Marks: ", style="dim")
    for kind, style in _QUOTE_STYLES.items():
        legend.append(f"{kind} quotation", style=style).append(" · ")
    return legend.append("speaker", style=_SPEAKER).append(" · ").append("count", style=_COUNT).append("\n")


def _table(title: str, *columns: str) -> Table:
    """A table whose last column but one takes what the others leave, so that it can be read at 80 characters as well."""
    table = Table(title=title, title_justify="left", title_style="bold", expand=True, show_lines=True)
    for number, column in enumerate(columns, start=1 - len(columns)):
        table.add_column(column, ratio=1 if number == -1 else None, max_width=None if number == -1 else 26)
    return table


def _exchanges(exchanges: tuple[ExchangeRecord, ...]) -> Table:
    table = _table("Exchanges", "", "what and when", "who to whom, where, through whom", "by")
    for exchange in exchanges:
        lines = [_transfer(transfer) for transfer in exchange.transfers]
        lines += [f"{place.name} ({place.role})" for place in exchange.places]
        lines += [f"{third.name} ({third.role})" for third in exchange.third_parties]
        part = f"\npart of {exchange.part_of}" if exchange.part_of else ""
        table.add_row(
            exchange.id,
            f"{exchange.kind.replace('_', ' ')}\n{exchange.status}, {_date(exchange.date)}{part}",
            Text(harmless("\n".join(lines))),
            _by(exchange.by, exchange.confidence),
        )
    return table


def _by(engines: tuple[str, ...], confidence: float) -> str:
    return f"{' + '.join(engines)}\n{confidence:.2f}"


def _date(date: ExchangeDate) -> str:
    if date.start is None and date.end is None:
        return "no date"
    if date.start == date.end:
        return str(date.start)
    return f"{date.start or '…'} to {date.end or '…'}"


def _transfer(transfer: TransferRecord) -> str:
    said = [_count(count) for count in transfer.counts] + [person.name for person in transfer.people]
    return f"{transfer.released_by} → {transfer.returned_to}: {', '.join(said) or 'no number'}"


def _count(count: CountRecord) -> str:
    words = " / ".join(span.text for span in count.evidence) if count.value is None else f"{count.value:,}"
    if count.max is not None:
        words += f" to {count.max:,}"
    claim = f" (says {', '.join(count.claimed_by)})" if count.claimed_by else ""
    return f"{_BEFORE.get(count.qualifier, '')}{words} {count.category}{claim}"


def _quotes(quotes: tuple[QuoteRecord, ...]) -> Table:
    table = _table("Quotations", "", "speaker", "words", "by")
    for quote in quotes:
        table.add_row(
            Text(f"{quote.id}\n{quote.kind}", style=_QUOTE_STYLES[quote.kind]),
            Text(harmless(_speaker(quote))),
            Text(harmless(quote.text)),
            _by(quote.by, quote.confidence),
        )
    return table


def _speaker(quote: QuoteRecord) -> str:
    if quote.speaker is None:
        return "not named"
    return f"{quote.speaker.name}\n{quote.speaker.role}" if quote.speaker.role else quote.speaker.name


def _notes(extraction: Extraction) -> Iterator[Text]:
    by_exchange = [(exchange.id, exchange.warnings) for exchange in extraction.exchanges]
    by_quote = [(quote.id, quote.warnings) for quote in extraction.quotes]
    for owner, warnings in [("article", extraction.warnings), *by_exchange, *by_quote]:
        for warning in warnings:
            yield Text(harmless(f"{owner}: {warning.message}"), style="yellow")
    for rejected in extraction.rejected:
        yield Text(harmless(f"Rejected: {rejected.what}: {rejected.reason}"), style="dim")
