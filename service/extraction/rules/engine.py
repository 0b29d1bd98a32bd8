"""The rules engine: deterministic, no model, milliseconds. It drafts quotations, reported speech and exchanges in references."""

from __future__ import annotations

from service.domain.article import Article
from service.domain.candidate import Candidates
from service.domain.draft import Draft, DraftExchange, DraftQuote
from service.extraction.rules.attribution import draft_quotes
from service.extraction.rules.exchanges import draft_exchanges
from service.extraction.rules.indirect import draft_indirect


def draft_by_rules(
    candidates: Candidates, article: Article, *, quotes: bool, indirect: bool, exchanges: bool
) -> tuple[Candidates, Draft]:
    """The draft of an article and the candidates, grown by the clauses and mentions located on the way."""
    found: tuple[DraftQuote, ...] = ()
    if quotes:
        candidates, found = draft_quotes(candidates)
    if indirect:
        candidates, reported = draft_indirect(candidates)
        found += reported
    events: tuple[DraftExchange, ...] = ()
    if exchanges:
        candidates, events = draft_exchanges(candidates, published_at=article.published_at, title=article.title)
    return candidates, Draft(quotes=found, exchanges=events)
