"""The one way through the house: text, candidates, draft (by an engine), checks, grounding, record."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, replace
from functools import partial

from service.domain.article import Article
from service.domain.candidate import Candidates
from service.domain.draft import QuoteKind
from service.domain.record import (
    ArticleRecord,
    ContentRecord,
    ExchangeRecord,
    Extraction,
    Notice,
    Provenance,
    QuoteRecord,
    Rejected,
)
from service.errors import EmptyArticle, ModelFailed, ModelTimedOut
from service.extraction.ask import Spent
from service.extraction.confidence import INDIRECT, MARKED, calibrated
from service.extraction.contents import with_contents
from service.extraction.engine import RULES, Engine, EngineAnswer, Question, rules_answer
from service.extraction.grounding import ground_content, ground_exchange, ground_quote
from service.extraction.rules.engine import draft_by_rules
from service.extraction.verbatim import require_verbatim
from service.ports import Clock, Inline, Worker
from service.text.scan import scan

INLINE = Inline()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request asks for; `contents` are the whole reported contents beside the quotations."""

    quotes: bool = True
    indirect: bool = True
    exchanges: bool = True
    contents: bool = False
    degrade: bool = True


async def extract(
    article: Article, wanted: Wanted, *, engine: Engine | None, deadline_s: float, clock: Clock, worker: Worker = INLINE
) -> Extraction:  # fmt: skip
    """Read one article. `engine` None means rules only.

    Raises EmptyArticle, or a ModelFailed if the model fails and the request does not want the rules engine's answer instead.
    """
    started = clock.now()
    question = await prepare(article, wanted, deadline=started + deadline_s, clock=clock, worker=worker)
    if engine is None:
        answer = await worker.run(lambda: rules_answer(question))
    else:
        try:
            # The engine minds the deadline itself; this is the net below it.
            async with asyncio.timeout(deadline_s + 1):
                answer = await engine.answer(question)
        except (ModelFailed, TimeoutError) as failure:
            failed = failure if isinstance(failure, ModelFailed) else ModelTimedOut()
            if not wanted.degrade:
                raise failed from None
            answer = await worker.run(partial(rules_answer, question, spent=_spent(failed), degraded_reason=failed.message))
    return await worker.run(partial(_record, question, wanted, answer, engine, started))


async def prepare(article: Article, wanted: Wanted, *, deadline: float, clock: Clock, worker: Worker = INLINE) -> Question:
    """Scan the article: what every engine starts from."""
    if not any(character.isalnum() for character in article.text):
        raise EmptyArticle
    indirect = wanted.indirect and wanted.quotes
    scanned = await worker.run(partial(scan, article.text, published_at=article.published_at))
    return Question(
        article=article,
        scanned=scanned,
        draft_rules=partial(
            draft_by_rules,
            scanned,
            article,
            quotes=wanted.quotes,
            indirect=indirect,
            exchanges=wanted.exchanges,
            contents=wanted.contents,
        ),
        quotes=wanted.quotes,
        indirect=indirect,
        exchanges=wanted.exchanges,
        deadline=deadline,
        clock=clock,
        worker=worker,
    )


def _spent(failure: ModelFailed) -> Spent:
    spent = Spent()
    spent.charge(failure)
    return spent


def _record(question: Question, wanted: Wanted, answer: EngineAnswer, engine: Engine | None, started: float) -> Extraction:
    article, degraded = question.article, answer.degraded_reason is not None
    quotes, exchanges = _quotes(question, answer), _exchanges(question, answer)
    contents: tuple[ContentRecord, ...] = ()
    if wanted.contents:
        quotes, contents = with_contents(quotes, _contents(question))
    voices = [*(quote.by for quote in quotes), *(exchange.by for exchange in exchanges)]
    by_model = engine is not None and not (degraded and all(by == (RULES,) for by in voices))
    extraction = Extraction(
        id=_extraction_id(article, wanted, engine, question.clock),
        article=article_record(article),
        exchanges=exchanges,
        quotes=quotes,
        rejected=_rejected(answer, wanted),
        warnings=(*answer.notices, *_unread(answer.candidates), *_unstated(article)),
        provenance=Provenance(
            engine="model" if by_model else RULES,
            model=engine.name if engine is not None else None,
            prompt=engine.prompt.id if engine is not None else None,
            prompt_sha256=engine.prompt.sha256 if engine is not None else None,
            attempts=answer.spent.attempts,
            calls=answer.spent.calls,
            usage=answer.spent.usage,
            elapsed_ms=round((question.clock.now() - started) * 1000),
            degraded=degraded,
            degraded_reason=answer.degraded_reason,
        ),
        contents=contents,
    )
    return require_verbatim(extraction, article.text)


def _contents(question: Question) -> tuple[ContentRecord, ...]:
    """The whole contents: the rules engine's, whichever engine answered the quotations."""
    return tuple(
        ground_content(draft, question.candidates, id_=f"c{position}", by=(RULES,))
        for position, draft in enumerate(question.rules.contents, 1)
    )


def _quotes(question: Question, answer: EngineAnswer) -> tuple[QuoteRecord, ...]:
    records = []
    if question.quotes:
        for judged in answer.quotes:
            if judged.draft.kind is QuoteKind.INDIRECT and not question.indirect:
                continue
            verdict = judged.verdict
            curve = INDIRECT if judged.draft.kind is QuoteKind.INDIRECT else MARKED
            record = ground_quote(
                judged.draft,
                answer.candidates,
                id_="",
                by=verdict.by,
                confidence=calibrated(verdict.confidence, "+".join(verdict.by), curve),
                notices=verdict.notices,
            )
            if record is not None:
                records.append(record)
    records.sort(key=lambda record: (record.start, record.end))
    return tuple(replace(record, id=f"q{position}") for position, record in enumerate(records, 1))


def _exchanges(question: Question, answer: EngineAnswer) -> tuple[ExchangeRecord, ...]:
    if not question.exchanges:
        return ()
    return tuple(
        ground_exchange(
            judged.draft,
            answer.candidates,
            id_=f"x{position}",
            by=judged.verdict.by,
            confidence=judged.verdict.confidence,
            notices=judged.verdict.notices,
        )
        for position, judged in enumerate(answer.exchanges, 1)
    )


def _rejected(answer: EngineAnswer, wanted: Wanted) -> tuple[Rejected, ...]:
    return answer.rejected if wanted.quotes else tuple(r for r in answer.rejected if r.what.startswith("exchange"))


def _unread(candidates: Candidates) -> tuple[Notice, ...]:
    return tuple(
        Notice(check="limit", message=f"The text holds more than any article: {what} were not read.")
        for what in dict.fromkeys(candidates.limits)
    )


def _unstated(article: Article) -> tuple[Notice, ...]:
    if article.published_at is not None:
        return ()
    message = 'published_at was not given: relative dates ("on Friday") stay unresolved.'
    return (Notice(check="published_at", message=message),)


def article_record(article: Article) -> ArticleRecord:
    """What the response says of the article; its id is the caller's or derived from the text."""
    return ArticleRecord(
        id=article.id or f"art_{article.sha256[:16]}",
        title=article.title,
        url=article.url,
        published_at=article.published_at.isoformat() if article.published_at else None,
        language=article.language,
        sha256=article.sha256,
        characters=len(article.text),
        text=article.text if article.from_html else None,
    )


def _extraction_id(article: Article, wanted: Wanted, engine: Engine | None, clock: Clock) -> str:
    """Unique for practical purposes: the text, what was asked, and the moment."""
    key = f"{article.sha256}|{wanted}|{engine.name if engine else RULES}|{clock.now()!r}"
    return "ext_" + hashlib.sha256(key.encode()).hexdigest()[:20]
