"""Who speaks: the subject of a cue, as a range of tokens, and the mention that stands there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.candidate import Entity, Mention, MentionKind
from service.domain.evidence import Span
from service.extraction.rules import indirect_tokens as lex
from service.extraction.rules.indirect_features import Side
from service.extraction.rules.indirect_places import Place
from service.extraction.rules.indirect_tokens import Tokens

_HARD = frozenset((";", ":", "(", ")")) | lex.STOPS | lex.MARKS | lex.DASHES
_CLAUSE_OPENERS = lex.word_set(
    "and but or as when while after before because since if although though whereas that where just until once yet so"
)
_PHRASE_ENDS = _CLAUSE_OPENERS - {"and"}
_PART_ENDS = _HARD - lex.MARKS - lex.DASHES
_RELATIVE = frozenset(("who", "which", "whom", "that"))
_ADVERBS = lex.word_set(
    "also later then now still even just first earlier previously repeatedly again once soon both had has have was is "
    "are were be been being only further never already often always all each long himself herself itself themselves "
    "not did does do will would may might can could to"
)
_TIME_WORDS = lex.DAYS | lex.word_set(
    "on in at last this week month year night morning afternoon evening the a an his her statement interview"
)
_TIME_OPENERS = frozenset(("in", "on", "at", "during", "when", "after", "before"))
_PERIODS = lex.word_set("week month year night morning afternoon evening")
_QUANTIFIERS = lex.word_set("one two three some many most several both all none each")
_HEADS = lex.word_set(
    "source sources official officials spokesman spokeswoman spokesperson aide aides adviser advisers member members "
    "lawyer lawyers lawmaker lawmakers leader leaders campaign officer officers supporter supporters staff senator "
    "senators minister ministers report"
)
_RELAYING = frozenset(("quoted", "quotes", "quoting", "cited"))
_MODIFIERS = lex.PREPOSITIONS | {",", "who", "which", "that", "("}
_READY = lex.word_set("careful pains quick keen eager anxious")  # "was careful to say"
_OPENERS = lex.PREPOSITIONS | lex.SUBORDINATORS
_NO_SUBJECT = _OPENERS | lex.COORDINATORS
_MAX_SUBJECT = 22  # tokens


@dataclass(frozen=True, slots=True)
class Subject:
    """Tokens `first`..`last` (inclusive) of the noun phrase that the cue gives the speech to."""

    first: int
    last: int


def subject_of(place: Place, side: Side, earlier: Sequence[tuple[Place, Subject]] = ()) -> Subject | None:
    """The subject of the cue, None where the sentence names no one.

    `side` is where the reported clause stands; `earlier` are the cues of the same sentence already resolved, with their subjects
    ("..., he said, adding that ...").
    """
    tokens, cue = place.tokens, place.cue
    if cue.form == "preposition":
        return _phrase_after(tokens, place.last + 1)
    if cue.form == "noun":
        return _of_noun(place)
    if cue.passive and cue.inflection == "ed" and cue.lemma not in ("quote", "cite"):
        agent = next((i for i in range(place.last + 1, min(place.last + 8, len(tokens))) if tokens.word[i] == "by"), None)
        return _phrase_after(tokens, agent + 1) if agent is not None else None
    if tokens.get(place.first - 1) == "as" and cue.inflection == "ing":
        return _quoted_as(place)
    if side in ("before", "quoted") and is_inverted(place):
        return _phrase_after(tokens, place.last + 1)
    if earlier and _continues(place, earlier[-1][0]):
        return earlier[-1][1]
    if cue.inflection == "ing" and not _is_progressive(place):
        return _clause_subject(tokens, place.first) or (earlier[-1][1] if earlier else None)
    return _before(tokens, place.first) or (earlier[-1][1] if earlier else None)


def _continues(place: Place, earlier: Place) -> bool:
    """Whether the cue hangs on an earlier one of its sentence: a participle (", adding") or a coordinated verb ("and said")."""
    tokens = place.tokens
    before = place.first - 1
    while before > earlier.last and (tokens.word[before] in _ADVERBS or tokens.word[before].endswith("ly")):
        before -= 1
    if place.cue.inflection == "ing":
        return tokens.word[before] in {",", "and", "but", "--", "—", "–"}
    return tokens.word[before] in {"and", "but"} and not tokens.quoted[before]


def _is_progressive(place: Place) -> bool:
    """Whether a form of "be" stands in front of the participle ("is saying"), which then has a subject of its own."""
    tokens = place.tokens
    return any(tokens.get(place.first - back) in lex.BE for back in (1, 2))


def is_inverted(place: Place) -> bool:
    """Whether the subject follows the verb: ", said the source"."""
    tokens = place.tokens
    before = tokens.get(place.first - 1)
    return before == "^" or before == "," or before in lex.MARKS or before in lex.DASHES or tokens.quoted[place.first - 1]


def _phrase_after(tokens: Tokens, first: int) -> Subject | None:
    """The noun phrase that begins at `first`."""
    while first < len(tokens) and (tokens.word[first] in {"also"} or tokens.word[first].endswith("ly")):
        first += 1
    index = first
    while index < len(tokens) and index - first < _MAX_SUBJECT:
        word = tokens.word[index]
        if not tokens.is_word(index) or tokens.quoted[index] or word in _RELATIVE or word in lex.DAYS:
            break
        if index > first and (tokens.finite[index] == 2 or word in _PHRASE_ENDS):
            break
        if index > first and word in _TIME_OPENERS and tokens.get(index + 1) in _TIME_WORDS:
            break
        index += 1
    return Subject(first, index - 1) if index > first else None


def _quoted_as(place: Place) -> Subject | None:
    """The one quoted ("quoted an official as saying", "was quoted as saying")."""
    tokens = place.tokens
    reach = range(place.first - 2, max(place.first - 18, -1), -1)
    verb = next((i for i in reach if tokens.word[i] in _RELAYING), None)
    if verb is None:
        return None
    if verb + 1 <= place.first - 2 and tokens.word[verb + 1] not in {"by", "in", "on", "as"}:
        return Subject(verb + 1, place.first - 2)
    return _before(tokens, verb)


def _of_noun(place: Place) -> Subject | None:
    """The source of a noun cue: "a suggestion from X that", "X's claim that", else the subject of the sentence's verb."""
    tokens = place.tokens
    if tokens.get(place.last + 1) in {"from", "by"}:
        found = _phrase_after(tokens, place.last + 2)
        if found is not None:
            return found
    for back in range(place.first - 1, max(place.first - 6, -1), -1):
        word = tokens.word[back]
        if (word.endswith(("'s", "s'")) and not tokens.finite[back]) or word in {"his", "her", "its", "their"}:
            first = back
            while first > 0 and (tokens.raw[first - 1][0].isupper() or tokens.word[first - 1] in lex.DETERMINERS):
                first -= 1
            return Subject(first, back)
        if not tokens.is_word(back) or tokens.finite[back] or word in lex.PREPOSITIONS:
            break
    verb = next((i for i in range(place.first - 1, -1, -1) if tokens.finite[i]), None)
    return _before(tokens, verb) if verb is not None else None


def _before(tokens: Tokens, verb: int) -> Subject | None:
    """The noun phrase in front of the verb at index `verb`."""
    last = _skip_auxiliaries(tokens, verb - 1)
    if last < 0:
        return None
    word = tokens.word[last]
    if tokens.quoted[last] or word in lex.MARKS:
        return None
    if word in {"and", "but", "or"} or word in lex.DASHES:
        return _clause_subject(tokens, last)
    if word == ",":
        return _before_apposition(tokens, last)
    if (word in _RELATIVE and word != "that") or (word == "that" and last and tokens.get(last - 1) == ","):
        last -= 1
        if last >= 0 and tokens.word[last] == ",":
            last -= 1
        if last >= 2 and tokens.word[last].isdigit() and tokens.word[last - 1] == ",":
            last -= 2  # an age: "Anna Hill, 50, who told ..."
    first = _phrase_start(tokens, last)
    return Subject(first, last) if first <= last else None


def _skip_auxiliaries(tokens: Tokens, last: int) -> int:
    """Step left over adverbs, auxiliaries and times ("on Tuesday") that stand between subject and verb."""
    while last >= 0:
        word = tokens.word[last]
        if _is_adverb(tokens, last):
            last -= 1
        elif word in _READY and tokens.get(last + 1) == "to":
            last -= 2 if word == "pains" else 1
        elif word in lex.DAYS:
            last -= 2 if tokens.get(last - 1) == "on" else 1
        elif word in _PERIODS and tokens.get(last - 1) in {"this", "last"}:
            last -= 2
        elif word == ")" and (opening := _matching(tokens, last)) is not None:
            last = opening - 1
        else:
            break
    return last


def _is_adverb(tokens: Tokens, index: int) -> bool:
    """Whether the token can stand between subject and verb: an auxiliary or an adverb."""
    word = tokens.word[index]
    if word.endswith("ly"):
        return tokens.raw[index][0].islower() and word not in {"family", "assembly"}
    return word in _ADVERBS or word in lex.AUXILIARIES


def _matching(tokens: Tokens, closing: int) -> int | None:
    """The opening bracket of the one at `closing`, at most twelve tokens away."""
    return next((i for i in range(closing - 1, max(closing - 12, -1), -1) if tokens.word[i] == "("), None)


def _phrase_start(tokens: Tokens, last: int) -> int:
    """The first token of the noun phrase that ends at `last`."""
    index = last
    while index > 0 and last - index < _MAX_SUBJECT:
        before = tokens.word[index - 1]
        if before in _HARD or before == "," or tokens.quoted[index - 1]:
            break
        if (head := _before_relative(tokens, index - 1)) is not None:
            index = head + 1
            continue
        if before in _RELATIVE:
            break
        if before in _CLAUSE_OPENERS and not (before == "and" and _joins_subjects(tokens, index - 1)):
            break
        if tokens.finite[index - 1] and not _is_modifier(tokens, index - 1):
            break
        index -= 1
    return index


def _before_relative(tokens: Tokens, verb: int) -> int | None:
    """The last token in front of a relative clause whose verb stands at `verb` ("the court that convicted him")."""
    if not tokens.finite[verb]:
        return None
    index = verb - 1
    while index >= 0 and _is_adverb(tokens, index):
        index -= 1
    if index > 0 and tokens.word[index] in _RELATIVE and tokens.is_word(index - 1) and not tokens.finite[index - 1]:
        return index - 1
    return None


def _joins_subjects(tokens: Tokens, conjunction: int) -> bool:
    """Whether "and" joins two names or nouns ("medics and family members said") and not two clauses."""
    before = conjunction - 1
    return before >= 0 and tokens.is_word(before) and not tokens.has_finite(before - 4, before)


def _is_modifier(tokens: Tokens, index: int) -> bool:
    """Whether an -ed word is a participle inside a noun phrase ("detainee released by the separatists")."""
    return tokens.finite[index] == 1 and tokens.word[index].endswith("ed") and tokens.get(index + 1) in lex.PREPOSITIONS


def _before_apposition(tokens: Tokens, comma: int) -> Subject | None:
    """The phrase in front of the apposition that ends at `comma` ("Anna Hill, a spokeswoman, said")."""
    opening = next((i for i in range(comma - 1, max(comma - 30, -1), -1) if tokens.word[i] == ","), None)
    if opening is None or opening == 0:
        start = next((i for i in range(comma) if tokens.is_word(i)), comma)
        is_phrase = start < comma and tokens.word[start] not in _OPENERS
        return Subject(start, comma - 1) if is_phrase and not tokens.has_finite(start, comma - 1) else None
    outer = opening
    for i in range(opening - 1, max(opening - 12, 0), -1):
        # An apposition of two parts: "Anna Hill, a lawyer, also of Bern, said".
        if tokens.word[i] == "," and tokens.raw[i - 1][0].isupper() and not tokens.raw[i + 1][0].isupper():
            outer = outer if tokens.has_finite(i + 1, opening) else i
            break
    last = _skip_auxiliaries(tokens, outer - 1)
    first = _phrase_start(tokens, last)
    return Subject(first, last) if 0 <= first <= last else None


def _clause_subject(tokens: Tokens, before: int) -> Subject | None:
    """The subject of the clause that a coordinated verb or a participle at `before` + 1 continues."""
    start = 0
    for index in range(before - 1, -1, -1):
        if tokens.word[index] in _PART_ENDS and not tokens.quoted[index]:
            start = index + 1
            break
    verb = None
    for index in range(start, before):
        if tokens.finite[index] and not tokens.quoted[index] and not _is_modifier(tokens, index) and index > start:
            opener = next((i for i in range(index - 1, start - 1, -1) if tokens.word[i] in lex.SUBORDINATORS), None)
            if opener is None or opener > start + 1:
                verb = index
                break
    return _before(tokens, verb) if verb is not None else _opening(tokens, start, before)


def _opening(tokens: Tokens, start: int, end: int) -> Subject | None:
    """What opens a clause whose verb is unknown ("Ann Hill, a physician, examines them and reports that"), if it can speak."""
    if start >= end or tokens.word[start] in _NO_SUBJECT or not tokens.is_word(start):
        return None
    last = start
    while last + 1 < end and tokens.is_word(last + 1) and tokens.word[last + 1] not in lex.PREPOSITIONS and last - start < 6:
        if tokens.word[last + 1].endswith(("s", "ed")) and tokens.raw[last + 1][0].islower():
            break
        last += 1
    return Subject(start, last)


def mention_at(near: Sequence[Mention], place: Place, subject: Subject) -> Mention | None:
    """The mention that heads the subject: the one that reaches furthest before the phrase's first modifier.

    `near` are the mentions in and around the sentence.
    """
    tokens = place.tokens
    low, high = tokens.start[subject.first], tokens.end[subject.last]
    inside = [m for m in near if m.span.start < high and m.span.end > low]
    if not inside:
        return _named_in_apposition(near, place, subject)
    head_end = high
    for index in range(subject.first + 1, subject.last + 1):
        if tokens.word[index] in _MODIFIERS:
            head_end = tokens.end[index - 1]
            break
    heads = [m for m in inside if m.span.start < head_end]
    if not heads:
        return None
    best = max(heads, key=lambda m: (min(m.span.end, high), m.span.start <= low, m.span.end - m.span.start))
    if best.kind is MentionKind.UNNAMED:
        return _named_in_apposition(near, place, subject) or best
    return best


def _named_in_apposition(near: Sequence[Mention], place: Place, subject: Subject) -> Mention | None:
    """The person whom an apposition right behind the subject names ("the head of the firm, Anna Hill, said")."""
    tokens, first = place.tokens, subject.last + 2
    if place.cue.form != "verb" or tokens.get(first - 1) != "," or first >= len(tokens):
        return None
    low, high, before = tokens.start[first], tokens.end[min(first + 2, len(tokens) - 1)], place.cue.start
    people = (m for m in near if m.kind is MentionKind.PERSON)
    return next((m for m in people if low <= m.span.start < high and m.span.end <= before), None)


def is_cut_short(mention: Mention, entity: Entity | None, place: Place, subject: Subject) -> bool:
    """Whether the mention is only a part of the one who speaks: "two sources" close to the talks, "GOP" in "a GOP source"."""
    tokens = place.tokens
    inside = tokens.word[subject.first : subject.last + 1]
    if "," in inside or tokens.start[subject.first] > mention.span.start:
        return False
    if tokens.get(subject.first + 1) == "of" and inside[0] in _QUANTIFIERS:
        return tokens.start[subject.first] < mention.span.start
    following = tokens.at(mention.span.end)
    if following > subject.last:
        return False
    if mention.kind is MentionKind.UNNAMED and (entity is None or entity.kind is MentionKind.UNNAMED):
        return True
    return mention.kind is not MentionKind.PRONOUN and tokens.raw[following].islower() and tokens.word[following] in _HEADS


def new_mention(identifier: str, span: Span, tokens: Tokens, subject: Subject) -> Mention:
    """A mention at `span` for a subject that the scanner does not know."""
    first, last = subject.first, subject.last
    if first == last and tokens.word[first] in lex.SUBJECT_PRONOUNS:
        return Mention(identifier, span, MentionKind.PRONOUN)
    capital = tokens.raw[first][0].isupper() and tokens.word[first] not in lex.DETERMINERS
    named = capital and (first > 0 or (last > first and tokens.raw[last][0].isupper()))
    return Mention(identifier, span, MentionKind.ORGANIZATION if named else MentionKind.UNNAMED)
