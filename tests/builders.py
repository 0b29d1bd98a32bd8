"""Builders of test data: an invented article and questions about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from service.domain.article import Article
from service.domain.candidate import Candidates, Number, QuotedRegion
from service.domain.draft import Draft
from service.extraction.engine import Question
from service.text.scan import scan
from tests.fakes import FixedClock

SWAP = (
    "Valdoria and the Kessa Front exchanged prisoners on Monday at the Orlen bridge, the Valdorian interior ministry said.\n\n"
    "Valdoria released 40 fighters, among them four women, and the front handed over 12 soldiers.\n\n"
    "“Nobody was left behind,” said Mira Tolan, who led the talks for the front. "
    "She added that 30 more would follow in May.\n\n"
    "The two sides held their so-called “people's courts” there in 1995. In all, 52 people changed sides.\n\n"
    "Qatar mediated the exchange. Norway sent an envoy to the capital last week."
)
PUBLISHED = date(1996, 3, 13)


def make_article(text: str = SWAP, **overrides: Any) -> Article:
    """An article, by default the invented swap at the Orlen bridge of March 1996."""
    return Article(**{"text": text, "published_at": PUBLISHED, "title": "Prisoners cross the Orlen", **overrides})


def make_question(text: str = SWAP, *, rules: Draft | None = None, **overrides: Any) -> Question:
    """A question about an article, with an empty rules draft unless one is given."""
    article = make_article(text)
    candidates = scan(article.text, published_at=article.published_at)
    values: dict[str, Any] = {
        "article": article, "scanned": candidates, "draft_rules": lambda: (candidates, rules or Draft()), "quotes": True,
        "indirect": True, "exchanges": True, "deadline": 220.0, "clock": FixedClock(),
    }  # fmt: skip
    return Question(**{**values, **overrides})


def with_rules(question: Question, rules: Draft) -> Question:
    """The question with another draft of the rules engine."""
    candidates = question.candidates
    return replace(question, draft_rules=lambda: (candidates, rules))


def region(candidates: Candidates, words: str) -> str:
    """The id of the quoted region that begins with these words."""
    return next(r.id for r in candidates.regions if isinstance(r, QuotedRegion) and r.span.text.startswith(words))


def number(candidates: Candidates, phrase: str) -> str:
    """The id of the number that these words of the text contain at their beginning."""
    at = candidates.text.index(phrase)
    return next(n.id for n in candidates.numbers if isinstance(n, Number) and at <= n.span.start < at + len(phrase))


def sentence(candidates: Candidates, words: str) -> str:
    """The id of the sentence that holds these words."""
    found = candidates.sentence_at(candidates.text.index(words))
    assert found is not None
    return found.id


def dated(candidates: Candidates, words: str) -> str:
    """The id of the date whose words hold these."""
    return next(d.id for d in candidates.dates if d.span is not None and words in d.span.text)
