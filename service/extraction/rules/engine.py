"""The rules engine: deterministic, no model, milliseconds. It drafts quotations, reported speech and exchanges in references."""

from __future__ import annotations

from service.domain.article import Article
from service.domain.candidate import Candidates
from service.domain.draft import Draft, DraftContent, DraftExchange, DraftQuote
from service.extraction.rules.attribution import draft_quotes
from service.extraction.rules.contents import draft_contents
from service.extraction.rules.exchanges import draft_exchanges
from service.extraction.rules.indirect import Known, draft_indirect
from service.text.cues import find_cues


def draft_by_rules(
    candidates: Candidates, article: Article, *, quotes: bool, indirect: bool, exchanges: bool, contents: bool = False
) -> tuple[Candidates, Draft]:
    """The draft of an article and the candidates, grown by the clauses and mentions located on the way."""
    found: tuple[DraftQuote, ...] = ()
    if quotes:
        candidates, found = draft_quotes(candidates)
    known = Known(find_cues(candidates.text)) if indirect or contents else None
    if indirect:
        candidates, reported = draft_indirect(candidates, known)
        found += reported
    whole: tuple[DraftContent, ...] = ()
    if contents:
        candidates, whole = draft_contents(candidates, known)
    events: tuple[DraftExchange, ...] = ()
    if exchanges:
        candidates, events = draft_exchanges(candidates, published_at=article.published_at, title=article.title)
    return candidates, Draft(quotes=found, exchanges=events, contents=whole)
