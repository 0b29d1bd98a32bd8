"""A run as a self-contained HTML page and as Markdown. Pure: summary and cases in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from evals.case import Case, within
from evals.compare import MEANING
from evals.figures import Cost, Summary, alignment_of, worst_first
from evals.matching import Fill
from evals.record import Exchange, Quote, Voice
from evals.runfile import CaseRecord
from evals.runner import records_of

_MOST_ARTICLES = 200


@dataclass(frozen=True, slots=True)
class Passage:
    """A quotation as a reader compares it: gold beside prediction, either may be absent."""

    verdict: str
    gold: str | None
    predicted: str | None
    start: int


@dataclass(frozen=True, slots=True)
class Event:
    """An exchange as a reader compares it."""

    title: str
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One article of the report."""

    id: str
    title: str
    error: str | None
    gold: Markup
    predicted: Markup
    passages: tuple[Passage, ...]
    events: tuple[Event, ...]
    wrong: int


def number(value: float | None, *, digits: int = 3) -> str:
    """A figure, or a dash where it is undefined.

    >>> number(0.5), number(None)
    ('0.500', '–')
    """
    return "–" if value is None else f"{value:.{digits}f}"


def markdown(summary: Summary) -> str:
    """The figures of a run as Markdown."""
    head, cost = summary.run.head, summary.cost
    lines = [
        f"# {head.name}: {head.engine} on {head.corpus}" + (f" ({head.split})" if head.split else ""),
        "",
        cost_words(cost),
        "",
        "| figure | value | 95 % interval | what |",
        "|---|---|---|---|",
        *(
            f"| {f.name} | {number(f.estimate.point)} | {number(f.estimate.low)} – {number(f.estimate.high)} "
            f"| {MEANING.get(f.name, '')} |"
            for f in summary.figures
        ),
    ]
    if summary.score.exchanges.slots:
        lines += ["", "| slot | right | partly | wrong | missed | spurious | F1 |", "|---|---|---|---|---|---|---|"]
        lines += [
            f"| {name} | {t.cor} | {t.par} | {t.inc} | {t.mis} | {t.spu} | {number(t.f1)} |"
            for name, t in summary.score.exchanges.slots.items()
        ]
    if summary.calibration:
        said = ", ".join(f"{c.kind} {c.error:.3f} ({c.n} items)" for c in summary.calibration)
        lines += ["", f"Expected calibration error: {said}."]
    if summary.score.exchanges.unknown:
        lines += [
            "",
            f"Names that the alias table does not know: {', '.join(sorted(set(summary.score.exchanges.unknown)))}.",
        ]
    return "\n".join(lines) + "\n"


def cost_words(cost: Cost) -> str:
    """What a run cost, in one sentence."""
    articles = f"{cost.articles} article{'s' * (cost.articles != 1)}"
    words = [f"{articles}, {cost.errors} error{'s' * (cost.errors != 1)}, {cost.degraded} degraded"]
    words += [f"p50 {cost.latency_p50_s * 1000:.0f} ms, p95 {cost.latency_p95_s * 1000:.0f} ms an article"]
    if cost.per_cpu_second is not None:
        words.append(f"{cost.per_cpu_second:.1f} articles per CPU-second")
    if cost.calls:
        words.append(f"{cost.calls} calls, {cost.input_tokens:,} tokens in, {cost.output_tokens:,} out")
    return "; ".join(words) + "."


def page(summary: Summary, cases: Sequence[Case]) -> str:
    """The self-contained HTML page: no script, no outside host, everything from outside escaped."""
    known = {case.id: case for case in cases}
    articles = [_page(known[r.case], r, summary) for r in worst_first(summary)[:_MOST_ARTICLES] if r.case in known]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    template = environment.from_string((files("evals") / "data" / "report.html").read_text(encoding="utf-8"))
    return template.render(
        summary=summary, head=summary.run.head, cost_words=cost_words(summary.cost), articles=articles,
        confusion={name: _matrix(counts) for name, counts in summary.confusion.items() if counts},
        meaning=MEANING, slices=sorted(summary.slices, key=lambda s: (s.slots is None, s.slots or 0, s.tag)),
        left_out=len(summary.run.cases) - len(articles),
    )  # fmt: skip


def _matrix(counts: Any) -> dict[str, Any]:
    names = sorted({name for pair in counts for name in pair})
    return {"names": names, "cells": {(a, b): counts.get((a, b), 0) for a in names for b in names}}


def _page(case: Case, record: CaseRecord, summary: Summary) -> Page:
    answer = within(records_of(record.output), case.labels)
    score = summary.by_case[record.key].quotes
    paired = {(pair.gold, pair.predicted): pair for pair in score.pairs}
    golds, given = {g for g, _ in paired}, {p for _, p in paired}
    passages = []
    for (g, p), pair in paired.items():
        gold, predicted = case.expected.quotes[g], answer.quotes[p]
        problems = [
            word for word, right in (("span", pair.exact), ("speaker", pair.speaker), ("kind", pair.kind)) if not right
        ]
        verdict = f"wrong {', '.join(problems)}" if problems else "right"
        passages.append(Passage(verdict, _words(case, gold), _words(case, predicted), _start(gold)))
    for index, quote in enumerate(case.expected.quotes):
        if index not in golds and quote.ignore is None and quote.kind in case.labels:
            passages.append(Passage("missed", _words(case, quote), None, _start(quote)))
    for index, quote in enumerate(answer.quotes):
        if index not in given and quote.kind in case.labels:
            passages.append(Passage("spurious", None, _words(case, quote), _start(quote)))
    passages.sort(key=lambda passage: passage.start)
    events = _events(case, record)
    wrong = sum(p.verdict != "right" for p in passages) + sum(
        f.outcome not in ("COR", "NEUTRAL") for e in events for f in e.fills
    )
    return Page(
        id=case.id, title=case.title or case.id, error=record.error,
        gold=highlighted(case.text, case.expected.quotes), predicted=highlighted(case.text, answer.quotes),
        passages=tuple(passages), events=events, wrong=wrong,
    )  # fmt: skip


def _events(case: Case, record: CaseRecord) -> tuple[Event, ...]:
    if "exchanges" not in case.labels:
        return ()
    alignment = alignment_of(case, record)
    answer = records_of(record.output)
    events = [Event(_title(case.expected.exchanges[pair.gold]), pair.fills) for pair in alignment.pairs]
    events += [Event(f"missed: {_title(case.expected.exchanges[a.position])}", a.fills) for a in alignment.missed]
    events += [Event(f"spurious: {_title(answer.exchanges[a.position])}", a.fills) for a in alignment.spurious]
    return tuple(events)


def _title(exchange: Exchange) -> str:
    return f"{exchange.kind or 'exchange'}, {exchange.status or 'status unknown'}, {exchange.date or 'undated'}"


def _words(case: Case, quote: Quote) -> str:
    text = " … ".join(case.text[start:end] for start, end in quote.spans) or (quote.text or "")
    return f"{quote.kind}: {text} ({_name(quote.voice)})"


def _name(voice: Voice | None) -> str:
    return (voice.name if voice is not None else None) or "nobody"


def _start(quote: Quote) -> int:
    return quote.spans[0][0] if quote.spans else 0


def highlighted(text: str, quotes: Sequence[Quote]) -> Markup:
    """The article with its quotations marked and their speakers named, overlapping ones nested; everything is escaped."""
    opens: dict[int, list[tuple[int, str, str]]] = {}
    for quote in quotes:
        for start, end in quote.spans:
            opens.setdefault(start, []).append((end, quote.kind, _name(quote.voice)))
    closes: dict[int, list[tuple[int, str]]] = {}
    for start, begun in opens.items():
        for end, _, name in begun:
            closes.setdefault(end, []).append((start, name))
    parts: list[Markup] = []
    at = 0
    for edge in sorted({*opens, *closes, len(text)}):
        parts.append(escape(text[at:edge]))
        at = edge
        for _start, name in sorted(closes.get(edge, []), reverse=True):
            parts.append(Markup('<span class="who">{}</span></mark>').format(name))
        for _end, kind, _ in sorted(opens.get(edge, []), reverse=True):
            parts.append(Markup('<mark class="{}">').format(kind))
    return Markup("").join(parts)
