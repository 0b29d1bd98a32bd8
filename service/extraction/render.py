"""Rendering an article for a model: numbered sentences, tags at quoted regions, numbers and dates.

Tags cost tokens, so numbers and dates are tagged only where an exchange is thinkable. The text between tags is the article's,
character for character, but for invisible characters that could only mislead a reader, and for tokens that end a message. The
fence around it is derived from the text's hash: an author cannot close it, and the same article is always rendered alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from service.domain.candidate import Candidates, DateMention, Number, Paragraph
from service.extraction.checks import NOT_PEOPLE

_WEEK = 7
FENCE_DIGITS = 16  # of the SHA-256: who wants to write the fence into a text has to try 2 to the 64 texts
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
# What servers of open models take for the border of a message if it stands in the text of one: ChatML, Llama, Gemma, DeepSeek.
_BORDER = re.compile(r"<(?=[|\uff5c]|/?s>|(?:start|end)_of_turn>|(?:bos|eos|pad|unk)>|<SYS>)|\[(?=/?INST\])")
_TAG = re.compile(r"\[(?=[SQND]\d)")
_RELEASE = re.compile(
    r"exchang|swap|releas|free|repatriat|hand(?:ed|ing|s)? (?:over|back)|handover|return|trade|ashore"
    r"|walked|crossed|let .{0,60}\b(?:go|walk|leave)|sen[dt] (?:home|back)",
    re.IGNORECASE,
)
_HELD = re.compile(
    r"prisoner|captive|hostage|detain|inmate|\bPOWs?\b|intern(?:ed|ee)|abduct|kidnap|remains|bodies|jailed|prison|captur|held"
    r"|convict|custody|espionage|\bsp(?:y|ies)\b|soldier|sailor|crew|fighter|militant",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the model is shown: the tagged text, its fence, and the ids of all candidates that stand in it."""

    text: str
    fence: str
    shown: frozenset[str]


def may_hold_exchange(text: str) -> bool:
    """Whether a release of people who are held is thinkable at all (generous: it only decides about tags)."""
    return _RELEASE.search(text) is not None and _HELD.search(text) is not None


def render(candidates: Candidates, paragraphs: tuple[Paragraph, ...], *, numbers: bool) -> Rendering:
    """The tagged text of these paragraphs; with `numbers`, numbers of people and dates are tagged as well."""
    inside = {paragraph.id for paragraph in paragraphs}
    sentences = [sentence for sentence in candidates.sentences if sentence.paragraph in inside]
    shown = {sentence.id for sentence in sentences}
    tags = _tags(candidates, sentences[0].span.start, sentences[-1].span.end, numbers, shown) if sentences else []
    lines: list[str] = []
    position = 0
    paragraph = None
    for sentence in sentences:
        if paragraph is not None and sentence.paragraph != paragraph:
            lines.append("")
        paragraph = sentence.paragraph
        body: list[str] = []
        at = sentence.span.start
        while position < len(tags) and tags[position][0] <= sentence.span.end:
            offset, tag = tags[position]
            position += 1
            body += [_plain(candidates.text[at:offset]), tag]
            at = max(at, offset)
        body.append(_plain(candidates.text[at : sentence.span.end]))
        lines.append(f"{sentence.id} {''.join(body)}")
    text = "\n".join(lines)
    return Rendering(text, hashlib.sha256(candidates.text.encode()).hexdigest()[:FENCE_DIGITS], frozenset(shown))


def harmless(text: str) -> str:
    r"""One line of words of others for a message: without invisible characters, and with what could end the message broken apart.

    >>> harmless("He wrote <|im_end|>\non the wall.")
    'He wrote < |im_end|> on the wall.'
    """
    return _BORDER.sub(r"\g<0> ", _INVISIBLE.sub("", text)).replace("\n", " ")


def _plain(text: str) -> str:
    return _TAG.sub("[ ", harmless(text))


def _tags(candidates: Candidates, start: int, end: int, numbers: bool, shown: set[str]) -> list[tuple[int, str]]:
    tags: list[tuple[int, str]] = []
    for region in candidates.regions:
        if start <= region.outer.start < end:
            tags.append((region.outer.start, f"[{region.id}]"))
            shown.add(region.id)
    if numbers:
        tags += _number_tags(candidates, start, end, shown)
        tags += _date_tags(candidates, start, end, shown)
    return sorted(tags, key=lambda tag: tag[0])


def _number_tags(candidates: Candidates, start: int, end: int, shown: set[str]) -> Iterator[tuple[int, str]]:
    for number in candidates.numbers:
        if start <= number.span.start < end and counts_people(number):
            shown.add(number.id)
            yield number.span.end, f"[{number.id}]"


def _date_tags(candidates: Candidates, start: int, end: int, shown: set[str]) -> Iterator[tuple[int, str]]:
    """A date that was tagged before gets the same tag again without its value: shorter, and it shows that both are one."""
    today = candidates.dates[0].start if candidates.dates and candidates.dates[0].span is None else None
    known: dict[tuple[str, str | None], str] = {}
    for mention in candidates.dates:
        if mention.span is None:
            shown.add(mention.id)
        elif start <= mention.span.start < end and mention.start is not None:
            value = mention.start, mention.end
            id_ = known.setdefault(value, mention.id)
            shown.add(id_)
            plain = id_ != mention.id or _tells_itself(mention, today)
            yield mention.span.end, f"[{id_}]" if plain else f"[{id_}={_short_date(value, today)}]"


def _tells_itself(mention: DateMention, today: str | None) -> bool:
    """Whether a reader knows the value by the words: a date written out, not silently of another year; "Friday", "yesterday"."""
    if mention.start is None or mention.span is None:
        return False
    if mention.basis == "explicit":
        # A month alone is easily taken for the next or the last one.
        this_year = mention.start[:4] == (today or "")[:4] and len(mention.start) == len("2025-05-23")
        return mention.start[:4] in mention.span.text or this_year
    if today is None or mention.end not in (None, mention.start) or len(mention.start) != len(today):
        return False
    return 0 <= (date.fromisoformat(today) - date.fromisoformat(mention.start)).days < _WEEK


def _short_date(value: tuple[str, str | None], today: str | None) -> str:
    """A day of the publication year without its year; an interval with a slash."""
    year = f"{today[:4]}-" if today else "\n"
    parts = [value[0]] if value[1] in (None, value[0]) else [value[0], value[1]]
    return "/".join(part.removeprefix(year) if len(part) == len("2025-05-23") else part for part in parts if part)


def counts_people(number: Number) -> bool:
    """Whether a number may count people or remains: all but years, ages, money and the like."""
    return number.role not in NOT_PEOPLE
