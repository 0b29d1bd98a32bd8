"""The model engine: a capable language model reads the whole article and answers in references."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from service.domain.candidate import Candidates
from service.domain.draft import Draft, DraftExchange, DraftQuote, QuoteKind
from service.domain.record import Notice, Rejected
from service.errors import ModelFailed
from service.extraction.answer import ExchangesAnswer, FullAnswer, QuotesAnswer
from service.extraction.ask import Judged, Spent, ask
from service.extraction.checks import check_draft, target_span
from service.extraction.chunk import CHUNK_WORDS, Chunk, chunks, merge
from service.extraction.engine import MODEL, RULES, EngineAnswer, ModelEngine, Question, Verdict, judge_items
from service.extraction.finding import Finding
from service.extraction.opinion import on_exchange, on_quote
from service.extraction.reader import Reading
from service.extraction.reading import read_answer
from service.extraction.render import Rendering, harmless, may_hold_exchange, render
from service.ports import ChatModel, Message, Prompt

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One chunk of the article as the model is asked about it."""

    chunk: Chunk
    rendering: Rendering
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of one chunk; `failure` where the rules engine's reading stands in for the model's."""

    draft: Draft
    findings: tuple[Finding, ...]
    unread: frozenset[str] = frozenset()
    failure: ModelFailed | None = None


def compose(question: Question, prompt: Prompt, *, chunk_words: int = CHUNK_WORDS) -> tuple[Part, ...]:
    """The messages for an article, one part a chunk: static text first, the article last."""
    article, candidates = question.article, question.scanned
    title = article.title or ""
    # Where no release of held people is thinkable, numbers and dates need no tags.
    tagged = question.exchanges and may_hold_exchange(f"{title}\n{article.text}")
    parts = []
    for chunk in chunks(candidates, limit=chunk_words):
        rendering = render(candidates, chunk.paragraphs, numbers=tagged)
        user = prompt.fill(
            {
                "wanted": _wanted(question),
                "published": f"D0={article.published_at}" if article.published_at else "unknown",
                "title": harmless(title) or "none",
                "names": f"known from before: {'; '.join(chunk.names)}\n" if chunk.names else "",
                "article": rendering.text,
                "fence": rendering.fence,
            }
        )
        parts.append(Part(chunk, rendering, (Message("system", prompt.system), Message("user", user))))
    return tuple(parts)


def _wanted(question: Question) -> str:
    """What to leave out, if anything."""
    if not question.quotes:
        return "Wanted are only the exchanges: leave out quotes, missed and indirect.\n"
    unwanted = [name for name, wanted in (("indirect", question.indirect), ("exchanges", question.exchanges)) if not wanted]
    return f"Not wanted: leave out {' and '.join(unwanted)}.\n" if unwanted else ""


class FullEngine(ModelEngine):
    """A model that reads everything (an `Engine`)."""

    def __init__(self, model: ChatModel, prompt: Prompt, *, chunk_words: int = CHUNK_WORDS) -> None:
        super().__init__(model, prompt)
        self._chunk_words = chunk_words

    async def answer(self, question: Question) -> EngineAnswer:
        """Ask about every chunk, at most four at once. If all fail the failure is raised; if some do, rules stand in there."""
        parts = await question.worker.run(partial(compose, question, self._prompt, chunk_words=self._chunk_words))
        spent = Spent()
        gate = asyncio.Semaphore(_AT_ONCE)
        # Candidates located for one chunk are needed by the next, and ids must stay unique: one growing set for all.
        shared = _Shared(question)

        # The second opinion is made while the model thinks.
        drafting = asyncio.ensure_future(question.worker.run(lambda: question.rules))

        async def one(part: Part) -> _Read:
            async with gate:
                try:
                    return await self._ask(part, question, shared, spent, drafting)
                except ModelFailed as failure:
                    await drafting
                    return _Read(_within(question.rules, part.chunk, question.candidates), (), failure=failure)

        try:
            reads = await asyncio.gather(*(one(part) for part in parts))
        finally:
            drafting.cancel()
        failures = [read.failure for read in reads if read.failure is not None]
        if failures and len(failures) == len(reads):
            raise spent.bill(failures[0])
        return await question.worker.run(partial(_combine, question, list(reads), shared.candidates, spent, failures))

    async def _ask(
        self, part: Part, question: Question, shared: _Shared, spent: Spent, drafting: asyncio.Future[Draft]
    ) -> _Read:
        def read(answer: QuotesAnswer | ExchangesAnswer) -> Judged[Reading]:
            reading = read_answer(answer, shared.candidates, shown=part.rendering.shown, rules=question.rules)
            shared.grow(reading.candidates)
            checked = check_draft(reading.draft, reading.candidates, published_at=question.article.published_at)
            return Judged(reading, (*reading.findings, *checked))

        async def judge(answer: QuotesAnswer | ExchangesAnswer) -> Judged[Reading]:
            await asyncio.shield(drafting)
            return await question.worker.run(partial(read, answer))

        words = sum(p.span.text.count(" ") + 1 for p in part.chunk.paragraphs)
        asked = await ask(
            self._model,
            part.messages,
            response_model=_response_model(question),
            judge=judge,
            max_tokens=min(16_000, 1_000 + 3 * words),
            deadline=question.deadline,
            clock=question.clock,
            spent=spent,
        )
        return _Read(asked.result.draft, asked.findings, frozenset(asked.result.unread))


class _Shared:
    """The candidates, growing while chunks are read; taken from the question when the first reply is there."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._grown: Candidates | None = None

    @property
    def candidates(self) -> Candidates:
        """All candidates so far."""
        return self._grown if self._grown is not None else self._question.candidates

    def grow(self, candidates: Candidates) -> None:
        """Go on with these."""
        self._grown = candidates


def _response_model(question: Question) -> type[FullAnswer] | type[QuotesAnswer] | type[ExchangesAnswer]:
    if not question.quotes:
        return ExchangesAnswer
    return FullAnswer if question.exchanges else QuotesAnswer


def _within(draft: Draft, chunk: Chunk, candidates: Candidates) -> Draft:
    """The items of a draft that stand in a chunk."""
    quotes = tuple(
        q
        for q in draft.quotes
        if (s := target_span(q.target, candidates)) is not None and chunk.start <= s.start < chunk.end
    )
    inside = {s.id for s in candidates.sentences if chunk.start <= s.span.start < chunk.end}
    exchanges = tuple(replace(x, part_of=None) for x in draft.exchanges if x.evidence and x.evidence[0] in inside)
    return Draft(quotes=quotes, exchanges=exchanges)


def _combine(
    question: Question, reads: list[_Read], candidates: Candidates, spent: Spent, failures: list[ModelFailed]
) -> EngineAnswer:
    """One answer of all chunks, each item with the rules engine's opinion on it."""
    by_rules = {quote.target for read in reads for quote in _by_rules(read, question.rules)}
    rules_evidence = {id_ for read in reads if read.failure is not None for x in read.draft.exchanges for id_ in x.evidence}
    drafts = [replace(read.draft, quotes=(*read.draft.quotes, *_filled(read, question.rules))) for read in reads]
    findings = _shifted(reads, drafts)
    draft = merge(drafts, candidates)
    if len(reads) > 1:
        # Across chunks totals meet deals for the first time.
        findings = tuple(f for f in findings if f.target is None or f.target[0] == "quotes")
        findings += tuple(
            f for f in check_draft(draft, candidates, published_at=question.article.published_at)
            if f.target is not None and f.target[0] == "exchanges"
        )  # fmt: skip

    def quote_verdict(quote: DraftQuote) -> Verdict:
        if quote.target in by_rules:
            return Verdict((RULES,), quote.score)
        opinion = on_quote(quote, question.rules, candidates, engine=RULES)
        return Verdict(_by(opinion.agrees), opinion.score, (opinion.notice,) if opinion.notice else ())

    def exchange_verdict(exchange: DraftExchange) -> Verdict:
        if rules_evidence.issuperset(exchange.evidence):
            return Verdict((RULES,), exchange.score)
        opinion = on_exchange(exchange, question.rules, candidates, engine=RULES)
        return Verdict(_by(opinion.agrees), opinion.score, (opinion.notice,) if opinion.notice else ())

    reason = None
    if failures:
        reason = f"{len(failures)} of {len(reads)} parts of the article were answered by rules: {failures[0].message}"
    return judge_items(
        draft,
        findings,
        question,
        candidates,
        on_quote=quote_verdict,
        on_exchange=exchange_verdict,
        spent=spent,
        rejected=_overruled(draft, question, reads, candidates),
        notices=_forgotten(reads),
        degraded_reason=reason,
    )


def _by(agrees: bool | None) -> tuple[str, ...]:
    return (RULES, MODEL) if agrees else (MODEL,)


def _filled(read: _Read, rules: Draft) -> tuple[DraftQuote, ...]:
    """The rules engine's reading of regions that the model forgot to answer."""
    return tuple(quote for quote in rules.quotes if quote.target in read.unread)


def _by_rules(read: _Read, rules: Draft) -> tuple[DraftQuote, ...]:
    """The quotations of a chunk that the rules engine read, because the model failed or forgot them."""
    return read.draft.quotes if read.failure is not None else _filled(read, rules)


def _shifted(reads: list[_Read], drafts: list[Draft]) -> tuple[Finding, ...]:
    """All findings, their positions moved to where the items stand in the merged draft."""
    findings: list[Finding] = []
    quotes = exchanges = 0
    for read, draft in zip(reads, drafts, strict=True):
        for finding in read.findings:
            target = finding.target
            if target is not None:
                offset = quotes if target[0] == "quotes" else exchanges
                target = (target[0], target[1] + offset)
            findings.append(replace(finding, target=target))
        quotes += len(draft.quotes)
        exchanges += len(draft.exchanges)
    return tuple(findings)


def _overruled(draft: Draft, question: Question, reads: list[_Read], candidates: Candidates) -> tuple[Rejected, ...]:
    """Quotations in marks that only the rules engine reads: said, not silently dropped."""
    have = {quote.target for quote in draft.quotes}
    failed = any(read.failure is not None for read in reads)
    dropped = (
        [] if failed else [q for q in question.rules.quotes if q.kind is not QuoteKind.INDIRECT and q.target not in have]
    )
    reason = "The rules engine reads a quotation here, the model does not: {}."
    return tuple(
        Rejected(what=q.target.lower(), reason=reason.format(f'"{span.text[:60]}"'))
        for q in dropped
        if (span := target_span(q.target, candidates)) is not None
    )


def _forgotten(reads: list[_Read]) -> tuple[Notice, ...]:
    ids = sorted({id_ for read in reads for id_ in read.unread}, key=lambda id_: int(id_[1:]))
    if not ids:
        return ()
    message = f"The model did not answer for {', '.join(ids)}; the rules engine's reading stands there."
    return (Notice(check="missing", message=message),)
