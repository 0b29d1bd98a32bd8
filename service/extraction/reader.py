"""The state of reading one answer: the draft as it grows, the candidates located on the way, the findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from service.domain.candidate import Candidates, Clause, Mention
from service.domain.draft import Draft, DraftExchange, DraftQuote
from service.domain.evidence import Span
from service.extraction.finding import Action, Finding
from service.extraction.lines import Speakers
from service.extraction.reference import Resolved, next_number, resolve_speaker

MODEL_SCORE = 0.9


@dataclass(slots=True)
class Reading:
    """A draft being read. `shown` are the ids that the model saw; `speakers` the names behind its letters."""

    candidates: Candidates
    shown: frozenset[str] = frozenset()
    speakers: Speakers = field(default_factory=lambda: Speakers(()))
    quotes: list[DraftQuote] = field(default_factory=list)
    exchanges: list[DraftExchange] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @property
    def draft(self) -> Draft:
        """What has been read."""
        return Draft(quotes=tuple(self.quotes), exchanges=tuple(self.exchanges))

    def problem(
        self,
        item: str,
        message: str,
        action: Action = Action.REJECT,
        *,
        field: str | None = None,
        check: str = "reference",
        reask: bool = True,
    ) -> None:
        """Note what could not be read. What is not rejected belongs to the item that is appended next."""
        target = None
        if action is not Action.REJECT:
            target = ("exchanges", len(self.exchanges)) if item.startswith("exchange") else ("quotes", len(self.quotes))
        text = f"{item}: {message}"
        found = Finding(check=check, item=item, field=field, message=text, action=action, target=target, reask=reask)
        self.findings.append(found)

    def speaker(self, words: str, near: Span, *, prefer: Mention | None = None) -> Resolved | None:
        """The speaker whom words or a letter name, near a passage; None if the text does not hold them."""
        name = self.speakers.name(words)
        resolved = resolve_speaker(name, self.candidates, near, prefer=prefer) if name is not None else None
        if resolved is not None:
            self.candidates = resolved.candidates
        return resolved

    def clause(self, span: Span) -> Clause:
        """The clause candidate of a span, made if there is none."""
        known = next((clause for clause in self.candidates.clauses if clause.span == span), None)
        if known is not None:
            return known
        clause = Clause(id=f"C{next_number(self.candidates, 'C')}", span=span)
        self.candidates = self.candidates.with_more(clauses=(clause,))
        return clause
