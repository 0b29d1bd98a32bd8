"""Reported speech outside quotation marks: from cues to clauses with exact bounds and their speakers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from service.domain.candidate import Candidates, Clause, Mention, MentionKind, QuotedRegion, Sentence
from service.domain.draft import Basis, DraftQuote, QuoteKind
from service.domain.evidence import Span, span_of
from service.extraction.rules.indirect_clause import clause_bounds
from service.extraction.rules.indirect_model import Decision, Found, decide
from service.extraction.rules.indirect_places import Place, modality
from service.extraction.rules.indirect_speaker import Subject, is_cut_short, is_inverted, mention_at, new_mention, subject_of
from service.extraction.rules.indirect_tokens import Tokens, tokenize
from service.text.cues import Cue, find_cues

THRESHOLD = 0.3  # a side of a cue is looked at from this probability on
MIN_SCORE = 0.22  # what is less sure is not drafted: where F1 on PolNeAR dev and GUM no longer rises
SPEECH_GROUPS = frozenset(("report", "directive", "label"))
_CLAUSAL = frozenset(("report",))
# "went on to say", "was careful to say", "at pains to stress": it was said.
_SAYING_TO = frozenset(
    ("went", "goes", "continued", "continues", "careful", "pains", "quick", "keen", "eager", "anxious", "hastened")
)
_RELAYS = frozenset(("quote", "cite"))  # "quoted X as saying": the speech hangs on "saying"
# A sentence is looked at in stretches of so many characters, with so many cues each, which keeps time linear in any text.
_LONG_SENTENCE, _MAX_CUES = 2000, 10
_REACH = 300  # characters in front of a sentence in which a mention that reaches into it may begin


@dataclass(slots=True)
class Known:
    """What was found out of an article's cues, so that who reads it a second time need not find it out again.

    Every cue, the tokens of the stretches of text that hold one, by bounds, and what the model said, by the cue's offset.
    """

    cues: tuple[Cue, ...]
    tokens: dict[tuple[int, int], Tokens] = field(default_factory=dict)
    decisions: dict[int, Decision] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Content:
    """Reported content at `start`..`end` (code points), how it was found, and the subject that says it, if any.

    It may hold quoted fragments and need not be a clause: PolNeAR's annotation counts those too; of ours only what
    `indirect_clause.clause_bounds` leaves.
    """

    start: int
    end: int
    found: Found
    subject: Subject | None


def cue_places(
    text: str,
    sentences: Sequence[Sentence],
    regions: Sequence[QuotedRegion],
    *,
    groups: frozenset[str] = SPEECH_GROUPS,
    left_out: list[Cue] | None = None,
    known: Known | None = None,
) -> Iterator[Place]:
    """Every cue of these groups outside quotation marks, in its sentence; those that are too many there go to `left_out`.

    `known` is what an earlier reading of the same article found; it grows.
    """
    known = known or Known(find_cues(text))
    outer = [(region.outer.start, region.outer.end) for region in regions if region.parent is None]
    opens, closes = [low for low, _ in outer], [high for _, high in outer]
    # No two outer regions overlap: a cue is inside one that has begun and not ended.
    cues = [
        cue for cue in known.cues
        if cue.group in groups and bisect_right(opens, cue.start) == bisect_right(closes, cue.start)
    ]  # fmt: skip
    next_cue = 0
    for sentence in sentences:
        start, end = sentence.span.start, sentence.span.end
        here: list[Cue] = []
        while next_cue < len(cues) and cues[next_cue].start < end:
            if cues[next_cue].start >= start and cues[next_cue].end <= end:
                here.append(cues[next_cue])
            next_cue += 1
        # Nearly always one stretch: the sentence.
        for number, stretch in groupby(here, key=lambda cue: (cue.start - start) // _LONG_SENTENCE):
            low = start + number * _LONG_SENTENCE
            high = min(low + _LONG_SENTENCE, end)
            tokens = known.tokens.get((low, high))
            if tokens is None:
                quoted = outer[bisect_right(closes, low) : bisect_left(opens, high)]
                tokens = known.tokens[low, high] = tokenize(text, low, high, quoted)
            found = list(stretch)
            if left_out is not None:
                left_out += found[_MAX_CUES:]
            yield from (_place(tokens, cue) for cue in found[:_MAX_CUES] if cue.end <= high)


def _place(tokens: Tokens, cue: Cue) -> Place:
    return Place(tokens, cue, tokens.at(cue.start), tokens.at(cue.end) - 1)


def reported_contents(
    candidates: Candidates,
    *,
    threshold: float = THRESHOLD,
    clauses_only: bool = False,
    left_out: list[Cue] | None = None,
    known: Known | None = None,
) -> Iterator[Content]:
    """All that the article reports as said outside quotation marks, clauses or not, also around quoted fragments.

    With `clauses_only`, cues that bring no clause or assert nothing (did not say) are passed over. `left_out` and
    `known`: see `cue_places`.
    """
    known = known or Known(find_cues(candidates.text))
    earlier: list[tuple[Place, Subject]] = []
    groups = _CLAUSAL if clauses_only else SPEECH_GROUPS
    text, sentences, regions = candidates.text, candidates.sentences, candidates.regions
    for place in cue_places(text, sentences, regions, groups=groups, left_out=left_out, known=known):
        if clauses_only and not is_asserted(place):
            continue
        if earlier and earlier[-1][0].tokens is not place.tokens:
            earlier = []
        decision = known.decisions.get(place.cue.start)
        if decision is None:
            decision = known.decisions[place.cue.start] = decide(place, threshold=threshold)
        if not decision.contents and decision.reports < 0.5:
            continue  # nobody asks who does not say anything
        side = decision.contents[0].side if decision.contents else ("quoted" if is_inverted(place) else "after")
        subject = subject_of(place, side, earlier)
        if subject is not None and place.cue.form == "verb" and decision.reports >= 0.5:
            earlier.append((place, subject))
        for found in decision.contents:
            yield Content(place.tokens.start[found.start], place.tokens.end[found.end], found, subject)


def is_asserted(place: Place) -> bool:
    """Whether the cue says that somebody said something: not negated, not hypothetical, not "it is said"."""
    cue, tokens = place.cue, place.tokens
    kind = modality(place)
    is_only = "only" in (tokens.get(place.first - 1), tokens.get(place.last + 1))  # "would say only that"
    if kind == "neg" or (kind == "modal" and not is_only) or tokens.get(place.first - 1) == "worth":
        return False
    if kind == "to" and tokens.get(place.first - 2) not in _SAYING_TO:
        return False
    behind = tokens.word[place.last + 1 : place.last + 9]
    if cue.form == "noun":
        return "that" in behind
    return not (cue.passive and cue.inflection == "ed" and cue.form == "verb") or "by" in behind


def _is_author(tokens: Tokens, subject: Subject) -> bool:
    """Whether the reporter speaks ("I wrote that")."""
    return subject.first == subject.last and tokens.word[subject.last] in {"i", "we"}


@dataclass
class Drafting:
    """The clauses, mentions and quotes drafted so far, with ids that go on from the candidates' own."""

    candidates: Candidates
    clauses: list[Clause] = field(default_factory=list)
    quotes: list[DraftQuote] = field(default_factory=list)
    ids: dict[tuple[int, int], str] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    added: dict[Span, Mention] = field(default_factory=dict)
    known: list[Mention] = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.known = sorted(self.candidates.mentions, key=lambda mention: mention.span.start)
        self.starts = [mention.span.start for mention in self.known]

    def clause(self, start: int, end: int) -> str:
        """The id of the clause at this span, added if it is new."""
        if (start, end) not in self.ids:
            identifier = self.ids[start, end] = f"C{len(self.candidates.clauses) + len(self.clauses) + 1}"
            self.clauses.append(Clause(identifier, span_of(self.candidates.text, start, end)))
        return self.ids[start, end]

    def speaker(self, place: Place, subject: Subject) -> Mention:
        """The scanner's mention of the subject, or a new one where it has none or only a part."""
        tokens = place.tokens
        low = bisect_left(self.starts, tokens.start[0] - _REACH)
        near = self.known[low : bisect_left(self.starts, tokens.end[-1])]
        mention = mention_at(near, place, subject)
        if mention is not None and not is_cut_short(mention, self.candidates.entity_of(mention), place, subject):
            return mention
        span = span_of(self.candidates.text, tokens.start[subject.first], tokens.end[subject.last])
        if span not in self.added:
            identifier = f"M{len(self.candidates.mentions) + len(self.added) + 1}"
            self.added[span] = new_mention(identifier, span, tokens, subject)
        return self.added[span]

    def add(self, content: Content, subject: Subject, bounds: tuple[int, int]) -> None:
        """Draft the clause at token `bounds` as said by the subject."""
        place = content.found.place
        tokens, cue = place.tokens, place.cue
        mention = self.speaker(place, subject)
        target = self.clause(tokens.start[bounds[0]], tokens.end[bounds[1]])
        if (target, mention.id) in self.seen:
            return
        self.seen.add((target, mention.id))
        self.quotes.append(
            DraftQuote(
                target=target,
                kind=QuoteKind.INDIRECT,
                speaker=mention.id,
                entity=mention.entity,
                cue=self.clause(cue.start, cue.end),
                basis=Basis.PRONOUN if mention.kind is MentionKind.PRONOUN else Basis.NAMED,
                score=content.found.probability,
            )
        )


def draft_indirect(candidates: Candidates, known: Known | None = None) -> tuple[Candidates, tuple[DraftQuote, ...]]:
    """The article's indirect quotations, and the candidates with their clauses, cues and missing mentions added.

    `score` is the model's probability that the cue reports and that both ends are right (on PolNeAR dev about as often as
    it says). Quotes are in the order of their cues. `known`: see `cue_places`.
    """
    drafting = Drafting(candidates)
    left_out: list[Cue] = []
    for content in reported_contents(candidates, clauses_only=True, left_out=left_out, known=known):
        place, subject = content.found.place, content.subject
        if content.found.probability < MIN_SCORE or subject is None or place.cue.lemma in _RELAYS:
            continue
        if _is_author(place.tokens, subject):
            continue
        bounds = clause_bounds(content.found)
        if bounds is None or (place.cue.form == "noun" and place.tokens.get(bounds[0] - 1) != "that"):
            continue
        drafting.add(content, subject, bounds)
    limits = (
        (f"verbs of saying behind the first {_MAX_CUES} in {_LONG_SENTENCE:,} characters of a sentence",) if left_out else ()
    )
    grown = candidates.with_more(mentions=tuple(drafting.added.values()), clauses=tuple(drafting.clauses), limits=limits)
    return grown, tuple(drafting.quotes)
