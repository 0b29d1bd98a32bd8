"""The embedded model's engine: a small model confirms what the rules engine reads and never changes it.

A small model is poor at reading an article and worse at copying from it (ADR 0010), but can choose between a few options. So the
rules engine's draft stands, and the model is asked a handful of multiple-choice questions, in one short request, about the items
where a second look is worth most. Agreement is named in `by` and raises the confidence; disagreement is a warning with both
readings and lowers it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from pydantic import Field, create_model

from service.domain.candidate import Candidates, Mention, MentionKind, Number, Sentence
from service.domain.draft import Category, DraftExchange, DraftQuote, QuoteKind, Status
from service.domain.evidence import Span
from service.domain.record import Notice
from service.extraction.answer import Choice, Choices
from service.extraction.ask import Asked, Judged, Spent, ask
from service.extraction.checks import party_name, target_span
from service.extraction.engine import MODEL, EngineAnswer, ModelEngine, Question, Verdict, rules_answer
from service.extraction.finding import Action, Finding
from service.extraction.opinion import speaker_name
from service.extraction.reference import distance, fold
from service.extraction.render import harmless
from service.ports import ChatModel, Message, Prompt

MOST_QUESTIONS = 4
MOST_ABOUT_EXCHANGES = 2
_RIVALS = 2
_LETTERS = "ABCDEFGH"
_BESIDE = 130
"""Characters of the article shown on each side of what is asked about."""
_SHOWN = 80
"""Characters of a quotation that are shown in its passage."""
_NAMED_BY = 40
"""Characters of a quotation that name it in its question."""
NOBODY, SOMEBODY_ELSE = "nobody who is named", "somebody else"
_OTHER_STATUS = {
    Status.COMPLETED: (Status.PLANNED, Status.FAILED),
    Status.ONGOING: (Status.COMPLETED, Status.PLANNED),
    Status.AGREED: (Status.COMPLETED, Status.PROPOSED),
    Status.PLANNED: (Status.COMPLETED, Status.AGREED),
    Status.PROPOSED: (Status.AGREED, Status.FAILED),
    Status.FAILED: (Status.COMPLETED, Status.PROPOSED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One multiple-choice question about an item of the rules engine's answer.

    `item` is ("quotes"/"exchanges", its position there); `about` is whose words or which direction is meant, `asks` the sentence
    that asks it; `options` stand in the order of their letters and `rules` is the position of the rules engine's own.
    """

    topic: Literal["speaker", "number", "status"]
    item: tuple[str, int]
    about: str
    asks: str
    passage: str
    options: tuple[str, ...]
    rules: int

    @property
    def letters(self) -> str:
        """The letters that are offered."""
        return _LETTERS[: len(self.options)]

    def text(self, number: int) -> str:
        """The question as the model sees it: the passage first, as a person would be asked."""
        listed = " ".join(f"{letter}) {option}" for letter, option in zip(_LETTERS, self.options, strict=False))
        return f"Passage {number}: {harmless(self.passage)}\nQuestion {number}: {harmless(f'{self.asks} {listed}')}"


class ConfirmEngine(ModelEngine):
    """A small model that confirms the rules engine's answer (an `Engine`). `most` bounds the questions an article."""

    def __init__(self, model: ChatModel, prompt: Prompt, *, most: int = MOST_QUESTIONS) -> None:
        super().__init__(model, prompt)
        self._most = most

    async def answer(self, question: Question) -> EngineAnswer:
        """The rules engine's answer with the model's opinion on some of its items; raises ModelFailed if it gives none.

        An answer without items is given as it is: there is nothing to ask.
        """
        answer = await question.worker.run(lambda: rules_answer(question))
        inquiries = inquiries_about(answer, most=self._most)
        if not inquiries:
            return answer
        spent = Spent()
        asked = await put(inquiries, self._model, self._prompt, question, spent)
        notices = _unusable(len(inquiries) - len(asked.result), len(inquiries))
        answer = replace(answer, spent=spent, notices=(*answer.notices, *notices))
        return _with_opinions(answer, inquiries, asked.result)


async def put(
    inquiries: tuple[Inquiry, ...], model: ChatModel, prompt: Prompt, question: Question, spent: Spent
) -> Asked[dict[int, int]]:
    """Ask all in one request; the chosen options by position of the inquiry. What was not answered validly is left out."""

    async def judge(choices: Choices) -> Judged[dict[int, int]]:
        return read_choices(choices, inquiries)

    return await ask(
        model,
        compose_inquiries(inquiries, prompt),
        response_model=_choices_of(len(inquiries)),
        judge=judge,
        max_tokens=40 + 20 * len(inquiries),
        deadline=question.deadline,
        clock=question.clock,
        spent=spent,
    )


def compose_inquiries(inquiries: tuple[Inquiry, ...], prompt: Prompt) -> tuple[Message, ...]:
    """The messages: what never changes first."""
    listed = "\n\n".join(inquiry.text(number) for number, inquiry in enumerate(inquiries, 1))
    return (Message("system", prompt.system), Message("user", prompt.fill({"questions": listed})))


@cache
def _choices_of(number: int) -> type[Choices]:
    """Choices of exactly so many answers: a server that enforces schemas can then neither stop early nor go on for ever."""
    answers = (list[Choice], Field(min_length=number, max_length=number))
    return create_model("Choices", __base__=Choices, answers=answers)


def read_choices(choices: Choices, inquiries: tuple[Inquiry, ...]) -> Judged[dict[int, int]]:
    """The chosen options, and what the model should mend."""
    chosen: dict[int, int] = {}
    problems: list[str] = []
    for choice in choices.answers:
        position = choice.question - 1
        if position >= len(inquiries):
            problems.append(f"question {choice.question} was not asked; the last one is question {len(inquiries)}.")
        elif choice.option not in inquiries[position].letters:
            offered = _listed(inquiries[position].letters)
            problems.append(f"question {choice.question}: option {choice.option} was not offered; use {offered}.")
        elif position in chosen:
            problems.append(f"question {choice.question} is answered twice; answer it once.")
        else:
            chosen[position] = _LETTERS.index(choice.option)
    named = {choice.question - 1 for choice in choices.answers}
    problems += [f"question {n + 1} is not answered." for n in range(len(inquiries)) if n not in named]
    findings = (Finding(check="choice", item="answers", message=problem, action=Action.WARN) for problem in problems)
    return Judged(chosen, tuple(findings))


def _listed(letters: str) -> str:
    return f"{', '.join(letters[:-1])} or {letters[-1]}"


def _unusable(missing: int, asked: int) -> tuple[Notice, ...]:
    if not missing:
        return ()
    message = (
        f"The model gave no usable answer to {missing} of {asked} questions; the rules engine's reading stands there alone."
    )
    return (Notice(check="missing", message=message),)


def _with_opinions(answer: EngineAnswer, inquiries: tuple[Inquiry, ...], chosen: dict[int, int]) -> EngineAnswer:
    quotes, exchanges = list(answer.quotes), list(answer.exchanges)
    for position, option in sorted(chosen.items()):
        inquiry = inquiries[position]
        kind, index = inquiry.item
        if kind == "quotes":
            quotes[index] = replace(quotes[index], verdict=weighed(quotes[index].verdict, inquiry, option))
        else:
            exchanges[index] = replace(exchanges[index], verdict=weighed(exchanges[index].verdict, inquiry, option))
    return replace(answer, quotes=tuple(quotes), exchanges=tuple(exchanges))


AGREEMENT, DISAGREEMENT = 1.33, 0.67
"""Factors on the odds that an item is right: how much oftener the model agrees with (disputes) a right reading of the rules
engine than a wrong one; 52 of 78 against 7 of 14 on the development articles (ADR 0010). Few, so not more than a nudge."""


def weighed(verdict: Verdict, inquiry: Inquiry, option: int) -> Verdict:
    """A verdict after the model chose `option`."""
    if option == inquiry.rules:
        by = verdict.by if MODEL in verdict.by else (*verdict.by, MODEL)
        return Verdict(by, _moved(verdict.confidence, AGREEMENT), verdict.notices)
    about = inquiry.topic if inquiry.topic == "speaker" else f"{inquiry.topic} ({inquiry.about})"
    mine, theirs = inquiry.options[inquiry.rules], inquiry.options[option]
    message = f'The engines disagree on the {about}: here "{mine}", the model reads "{theirs}".'
    notices = (*verdict.notices, Notice(check="engines", message=message))
    return Verdict(verdict.by, _moved(verdict.confidence, DISAGREEMENT), notices)


def _moved(confidence: float, factor: float) -> float:
    """Bayes on odds: c : (1 - c) times `factor`.

    >>> round(_moved(0.5, 3.0), 2)
    0.75
    """
    return confidence * factor / (confidence * factor + 1 - confidence)


def inquiries_about(answer: EngineAnswer, *, most: int = MOST_QUESTIONS) -> tuple[Inquiry, ...]:
    """What to ask: exchanges first (a number is worth most), then the speakers of the least certain quotations.

    At least one question where there is any item, none where there is none, and always the same for the same answer.
    """
    candidates = answer.candidates
    about_exchanges = [
        _about_exchange(index, judged.draft, candidates)
        for index, judged in enumerate(answer.exchanges[: min(most, MOST_ABOUT_EXCHANGES)])
    ]
    by_doubt = sorted(
        range(len(answer.quotes)),
        key=lambda index: (
            answer.quotes[index].draft.kind is QuoteKind.INDIRECT, answer.quotes[index].verdict.confidence, index,
        ),
    )  # fmt: skip
    about_quotes = [
        _about_speaker(index, answer.quotes[index].draft, candidates) for index in by_doubt[: most - len(about_exchanges)]
    ]
    return (*about_exchanges, *(inquiry for inquiry in about_quotes if inquiry is not None))


def _about_speaker(index: int, quote: DraftQuote, candidates: Candidates) -> Inquiry | None:
    span = target_span(quote.target, candidates)
    if span is None:
        return None
    own = speaker_name(quote, candidates) or NOBODY
    rivals = _other_speakers(own, span, candidates)
    words = _cut(_words(span), _NAMED_BY)
    return _inquiry(
        topic="speaker", item=("quotes", index), about=words, asks=f'Who said "{words}"?',
        passage=_passage_around(span, candidates), own=own, others=rivals or (SOMEBODY_ELSE,),
    )  # fmt: skip


def _other_speakers(own: str, near: Span, candidates: Candidates) -> tuple[str, ...]:
    """Those mentioned nearest to the passage who are not the one the rules engine chose; names before descriptions."""
    outside = [m for m in candidates.mentions if m.kind is not MentionKind.PRONOUN and not near.overlaps(m.span)]
    names: dict[str, str] = {}
    for mention in sorted(outside, key=lambda m: (m.kind is MentionKind.UNNAMED, distance(m.span, near), m.span.start)):
        name = _name_of(mention, candidates)
        words = set(fold(name).split())
        taken = [set(fold(other).split()) for other in (own, *names.values())]
        if all(not (words <= other or other <= words) for other in taken):
            names[fold(name)] = name
        if len(names) == _RIVALS:
            break
    return tuple(names.values())


def _name_of(mention: Mention, candidates: Candidates) -> str:
    entity = candidates.entity_of(mention)
    return entity.name if entity is not None else mention.span.text


def _about_exchange(index: int, exchange: DraftExchange, candidates: Candidates) -> Inquiry:
    """The total of a direction where the evidence holds another number of people, else how far it has come."""
    return next(_about_totals(index, exchange, candidates), None) or _about_status(index, exchange, candidates)


def _about_totals(index: int, exchange: DraftExchange, candidates: Candidates) -> Iterator[Inquiry]:
    sentences = _evidence(exchange, candidates)
    for transfer in exchange.transfers:
        for count in transfer.counts:
            number = candidates.get(count.number, Number) if count.number is not None else None
            if number is None or count.category is not Category.TOTAL or number.other is not None:
                continue
            rivals = _other_numbers(number, sentences, candidates)
            if rivals:
                giver, taker = (party_name(ref, candidates) for ref in (transfer.released_by, transfer.returned_to))
                yield _inquiry(
                    topic="number", item=("exchanges", index), about=f"{giver} to {taker}",
                    asks=f"How many did {giver} release to {taker}?",
                    passage=_around(number.phrase, candidates.text, *_bounds(number.phrase, candidates)),
                    own=_words(number.phrase), others=rivals,
                )  # fmt: skip


def _other_numbers(number: Number, sentences: list[Sentence], candidates: Candidates) -> tuple[str, ...]:
    others = [
        n
        for n in candidates.numbers
        if n.role in ("people", "remains") and n.value != number.value and n.other is None
        and any(s.span.contains(n.span) for s in sentences)
    ]  # fmt: skip
    near = sorted(others, key=lambda n: (distance(n.span, number.span), n.span.start))
    return tuple(
        {n.value: _words(n.phrase) for n in reversed(near)}[value] for value in dict.fromkeys(n.value for n in near)
    )[:_RIVALS]


def _about_status(index: int, exchange: DraftExchange, candidates: Candidates) -> Inquiry:
    sentences = _evidence(exchange, candidates)
    parties = [
        party_name(reference, candidates)
        for transfer in exchange.transfers[:1]
        for reference in (transfer.released_by, transfer.returned_to)
    ]
    passage = _cut(sentences[0].span.text, 2 * _BESIDE) if sentences else ""
    return _inquiry(
        topic="status", item=("exchanges", index), about=" and ".join(parties), asks="How far has the exchange come?",
        passage=passage, own=exchange.status.value, others=tuple(status.value for status in _OTHER_STATUS[exchange.status]),
    )  # fmt: skip


def _evidence(exchange: DraftExchange, candidates: Candidates) -> list[Sentence]:
    return [s for s in (candidates.get(id_, Sentence) for id_ in exchange.evidence) if s is not None]


def _inquiry(
    *, topic: Literal["speaker", "number", "status"], item: tuple[str, int], about: str, asks: str, passage: str, own: str,
    others: tuple[str, ...],
) -> Inquiry:  # fmt: skip
    """The options in an order that favours no letter: turned by a hash of the question, so the same every time."""
    options = (own, *others)
    turn = hashlib.sha256(f"{topic}|{about}|{passage}".encode()).digest()[0] % len(options)
    turned = (*options[turn:], *options[:turn])
    return Inquiry(
        topic=topic, item=item, about=about, asks=asks, passage=passage, options=turned, rules=turned.index(own)
    )  # fmt: skip


def _passage_around(span: Span, candidates: Candidates) -> str:
    """The quotation, shortened, and what stands beside it; more before it where nobody is named there."""
    start, end = _bounds(span, candidates)
    named = any(
        m.kind is not MentionKind.PRONOUN and start <= m.span.start < end and not span.overlaps(m.span)
        for m in candidates.mentions
    )
    if not named:
        start = max(0, start - _BESIDE)
    return _around(span, candidates.text, start, end)


def _bounds(span: Span, candidates: Candidates) -> tuple[int, int]:
    """Where the paragraph of a span begins, and the paragraph of its end ends."""
    first, last = candidates.paragraph_at(span.start), candidates.paragraph_at(max(span.start, span.end - 1))
    start = first.span.start if first is not None else span.start
    return min(start, span.start), max(last.span.end if last is not None else span.end, span.end)


def _around(span: Span, text: str, start: int, end: int) -> str:
    before = _cut(text[start : span.start], _BESIDE, keep_end=True)
    after = _cut(text[span.end : end], _BESIDE)
    return " ".join(f"{before}{_cut(span.text, _SHOWN)}{after}".split())


def _cut(text: str, limit: int, *, keep_end: bool = False) -> str:
    """At most `limit` characters, cut between words.

    >>> _cut("one two three", 9), _cut("one two three", 9, keep_end=True)
    ('one two …', '… three')
    """
    if len(text) <= limit:
        return text
    if keep_end:
        return "… " + text[-limit:].partition(" ")[2]
    return text[:limit].rpartition(" ")[0] + " …"


def _words(span: Span) -> str:
    return " ".join(span.text.split())
