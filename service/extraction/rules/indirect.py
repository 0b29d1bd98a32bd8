"""Reported speech outside quotation marks: from cues to clauses with exact bounds and their speakers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.domain.candidate import Candidates, Clause, Mention, MentionKind, QuotedRegion, Sentence
from service.domain.draft import Basis, DraftQuote, QuoteKind
from service.domain.evidence import span_of
from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_model import Found, Place, decide, modality
from service.extraction.rules.indirect_speaker import Subject, is_cut_short, is_inverted, mention_at, new_mention, subject_of
from service.extraction.rules.indirect_tokens import Tokens, tokenize
from service.text.cues import Cue, find_cues, is_cue_noun, is_cue_word

THRESHOLD = 0.3
MIN_SCORE = 0.25
SPEECH_GROUPS = frozenset(("report", "directive", "label"))
_CLAUSAL = frozenset(("report",))
_MAX_REGIONS = 40  # quoted regions looked at in one sentence
_QUESTIONS = frozenset("whether how why what who where which whom".split())
_RELAYS = frozenset(("quote", "cite"))  # "quoted X as saying": the speech hangs on "saying"
_FORMAL = frozenset(("claim", "purport"))


@dataclass(frozen=True, slots=True)
class Content:
    """
    Reported content at `start`..`end` (code points), with its cue and the tokens it was found in.

    `probability` is the model's; `first` and `last` are its tokens. It may hold quoted fragments and need not be a clause: the
    annotation of PolNeAR counts those, ours (FORMAT) only what `is_reported_clause` lets through.
    """

    start: int
    end: int
    found: Found
    subject: Subject | None


def cue_places(
    text: str, sentences: Sequence[Sentence], regions: Sequence[QuotedRegion], *, groups: frozenset[str] = SPEECH_GROUPS
) -> Iterator[Place]:
    """Every cue of these groups outside quotation marks, in its sentence."""
    outer = [(region.outer.start, region.outer.end) for region in regions if region.parent is None]
    cues = [cue for cue in find_cues(text) if cue.group in groups]
    next_cue, next_region = 0, 0
    for sentence in sentences:
        start, end = sentence.span.start, sentence.span.end
        here: list[Cue] = []
        while next_cue < len(cues) and cues[next_cue].start < end:
            if cues[next_cue].start >= start and cues[next_cue].end <= end:
                here.append(cues[next_cue])
            next_cue += 1
        while next_region < len(outer) and outer[next_region][1] <= start:
            next_region += 1
        inside = outer[next_region : next_region + _MAX_REGIONS]
        here = [cue for cue in here if not any(low <= cue.start < high for low, high in inside)]
        if not here:
            continue
        tokens = tokenize(text, start, end, inside)
        for cue in here:
            first, last = tokens.at(cue.start), tokens.at(cue.end) - 1
            if first < len(tokens) and not tokens.quoted[first]:
                yield Place(tokens, cue, first, last)


def reported_contents(
    candidates: Candidates, *, threshold: float = THRESHOLD, clauses_only: bool = False
) -> tuple[Content, ...]:
    """All that the article reports as said outside quotation marks, clauses or not, also around quoted fragments."""
    contents: list[Content] = []
    earlier: list[tuple[Place, Subject]] = []
    for place in cue_places(candidates.text, candidates.sentences, candidates.regions, groups=_CLAUSAL if clauses_only else SPEECH_GROUPS):
        if clauses_only and not is_asserted(place):
            continue
        if earlier and earlier[-1][0].tokens is not place.tokens:
            earlier = []
        results = decide(place, threshold=threshold)
        side = results[0].side if results else ("quoted" if is_inverted(place) else "after")
        subject = subject_of(place, side, earlier)
        if subject is not None and place.cue.form == "verb" and place.cue.group == "report" and modality(place) == "plain":
            earlier.append((place, subject))
        for found in results:
            tokens = place.tokens
            contents.append(Content(tokens.start[found.start], tokens.end[found.end], found, subject))
    return tuple(contents)


def is_asserted(place: Place) -> bool:
    """Whether the cue says that something was said: not negated, not hypothetical, not by an unknown "one"."""
    cue = place.cue
    kind = modality(place)
    if kind in ("neg", "modal") or place.tokens.get(place.first - 1) in {"worth", "'re"}:
        return False
    if kind == "to" and not (place.tokens.get(place.first - 2) in {"went", "goes", "continued", "continues"}):
        return False
    if cue.form == "noun" and "that" not in place.tokens.word[place.last + 1 : place.last + 9]:
        return False
    return not (cue.passive and cue.inflection == "ed" and cue.form == "verb") or _has_agent(place)


def _has_agent(place: Place) -> bool:
    return "by" in place.tokens.word[place.last + 1 : place.last + 7]


def clause_bounds(content: Content) -> tuple[int, int] | None:
    """The tokens of the finite clause in the content that FORMAT counts, None where there is none."""
    found = content.found
    tokens, first, last = found.place.tokens, found.start, found.end
    last = _before_dash_gloss(tokens, first, _with_gloss(tokens, last))
    last = _before_nested_relative(tokens, first, last)
    quoted = next((i for i in range(first, last + 1) if tokens.quoted[i]), None)
    if quoted is not None:
        last = _clause_before_quote(tokens, first, quoted)
        if last < first:
            return None
    opening = tokens.word[first]
    if opening in _QUESTIONS or opening in {"for", "of", "as", "about", "against", "by", "on", "with"} and found.side == "after" and not _finite_main(tokens, first, last):
        return None
    if opening == "to" and found.place.cue.lemma not in _FORMAL:
        return None
    if opening == "to":
        return first, last
    if not tokens.has_finite(first, last) or last - first < 1 or _is_reported_claim(tokens, first, last):
        return None
    return (first, last) if _finite_main(tokens, first, last) else None


def _before_nested_relative(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a relative clause that is given to a speaker again ("his son, who he says was arrested")."""
    for index in range(first + 3, last - 2):
        if tokens.word[index] in {"who", "which"} and tokens.word[index + 1] in lex.SUBJECT_PRONOUNS and is_cue_word(tokens.word[index + 2]):
            return index - 2 if tokens.word[index - 1] == "," else index - 1
    return last


def _is_reported_claim(tokens: Tokens, first: int, last: int) -> bool:
    """Whether the content is a noun cue with its own clause ("an unfounded claim that ..."), which is found by that cue."""
    if tokens.get(first - 1) == "that":
        return False
    for index in range(first, min(first + 5, last)):
        if tokens.finite[index] == 2 or not tokens.is_word(index):
            return False
        if tokens.word[index + 1] == "that":
            return is_cue_noun(tokens.word[index])
    return False


def _finite_main(tokens: Tokens, first: int, last: int) -> bool:
    """Whether a finite verb stands outside relative and adverbial clauses."""
    blocked = False
    for index in range(first, last + 1):
        word = tokens.word[index]
        if word in {"who", "which", "that", "when", "while", "if", "because", "although", "as", "after", "before", "where"} and not (word == "that" and index == first):
            blocked = True
        elif word == ",":
            blocked = False
        elif tokens.finite[index]:
            if not blocked or index > first + 12:
                return True
            blocked = False
    return False


def _with_gloss(tokens: Tokens, last: int) -> int:
    """The end moved behind a relative clause in commas that follows (", which included five Ukrainians"): a gloss stays."""
    if tokens.get(last + 1) != "," or tokens.get(last + 2) not in {"which", "who", "where", "whose"}:
        return last
    end = last + 2
    while end + 1 < len(tokens) and tokens.word[end + 1] not in lex.STOPS and tokens.word[end + 1] not in {",", ";", ":", "("} | lex.DASHES:
        end += 1
    has_cue = any(is_cue_word(tokens.word[index]) for index in range(last + 3, end + 1))
    return last if has_cue or any(tokens.quoted[last + 1 : end + 1]) else end


def _before_dash_gloss(tokens: Tokens, first: int, last: int) -> int:
    """The last token in front of a closing dash gloss; a gloss in the middle of the clause stays."""
    dashes = [i for i in range(first, last + 1) if tokens.word[i] in lex.DASHES and not tokens.quoted[i]]
    if not dashes:
        return last
    opening = dashes[0]
    if not tokens.has_finite(first, opening - 1):
        return last
    return opening - 1


def _clause_before_quote(tokens: Tokens, first: int, quoted: int) -> int:
    """The end of a complete clause, free of marks, that a coordinator or "when" parts from the one that holds the quotation."""
    for index in range(quoted - 1, first, -1):
        if tokens.word[index] in {",", ";"} and tokens.has_finite(first, index - 1) and tokens.has_finite(index + 1, quoted - 1):
            following = tokens.get(index + 1)
            if following in lex.COORDINATORS or following in {"when", "while", "where", "whereas"}:
                return index - 1
    return first - 1


def draft_indirect(candidates: Candidates) -> tuple[Candidates, tuple[DraftQuote, ...]]:
    """
    The article's indirect quotations, as FORMAT has them, with the clauses (and missing mentions) added to the candidates.

    `score` is the calibrated probability that span and speaker are both right.
    """
    clauses: list[Clause] = []
    mentions: list[Mention] = []
    quotes: list[DraftQuote] = []
    by_span: dict[tuple[int, int], str] = {}
    next_clause, next_mention = len(candidates.clauses) + 1, len(candidates.mentions) + 1

    def clause(start: int, end: int) -> str:
        key = (start, end)
        if key not in by_span:
            by_span[key] = f"C{next_clause + len(clauses)}"
            clauses.append(Clause(by_span[key], span_of(candidates.text, start, end)))
        return by_span[key]

    taken: set[tuple[int, int, str]] = set()
    for content in reported_contents(candidates, clauses_only=True):
        place = content.found.place
        cue = place.cue
        if content.found.probability < MIN_SCORE or content.subject is None or cue.lemma in _RELAYS:
            continue
        bounds = clause_bounds(content)
        if bounds is None:
            continue
        if cue.form == "noun" and place.tokens.get(bounds[0] - 1) != "that":
            continue
        tokens = place.tokens
        mention = mention_at(candidates, place, content.subject)
        if mention is None or is_cut_short(candidates, place, content.subject, mention):
            mention = new_mention(candidates, place, content.subject, f"M{next_mention + len(mentions)}")
            mentions.append(mention)
        start, end = tokens.start[bounds[0]], tokens.end[bounds[1]]
        key = (start, end, mention.id)
        if key in taken:
            continue
        taken.add(key)
        basis = Basis.PRONOUN if mention.kind is MentionKind.PRONOUN else Basis.NAMED
        quotes.append(
            DraftQuote(target=clause(start, end), kind=QuoteKind.INDIRECT, speaker=mention.id, entity=mention.entity,
                       cue=clause(cue.start, cue.end), basis=basis, score=content.found.probability)  # fmt: skip
        )
    return candidates.with_more(mentions=tuple(mentions), clauses=tuple(clauses)), tuple(quotes)
