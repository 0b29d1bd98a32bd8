"""Validates a gold set: offsets, vocabularies, evidence, splits, arithmetic, coverage. It reports and never repairs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from evals.case import QUOTE_KINDS, CorpusInvalid
from evals.corpora.gold import KINDS, GoldArticle, GoldExchange, GoldQuote, GoldSpeaker, GoldTransfer, Span, read_article
from evals.normalise import days, fold, key
from evals.record import edtf

STATUSES = frozenset(("completed", "ongoing", "agreed", "planned", "proposed", "failed"))
CATEGORIES = frozenset(
    ("military", "civilian", "women", "men", "children", "wounded", "bodies", "hostages", "prisoners", "other", "total")
)
QUALIFIERS = frozenset(("exact", "about", "at_least", "more_than", "at_most", "less_than", "range", "vague"))
SPEAKERS = frozenset(("person", "organization", "unnamed"))
EDGES = 43
MINIMUM = {"articles": 48, "with exchanges": 28, "hard-negative": 12, "quotes-rich": 8}
WORDS = (250, 900)
_MARKS = "\"'“”„‟«»‹›‘’‚‛`″"
_SENTENCE_END = re.compile(rf"[.!?…:;—–-][{_MARKS})\]]*$")
_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Sir|President|Colonel|General|Captain)\b")
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (`error`), or to be looked at by a person (`warning`), in one field of one file."""

    severity: str
    file: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.file}: {self.field}: {self.message}"


Report = Callable[[str, str, str], Finding]


def check_gold(folder: Path) -> list[Finding]:
    """All findings in a folder of gold articles, file by file, then those of the whole set."""
    findings: list[Finding] = []
    articles: list[GoldArticle] = []
    for path in sorted(folder.glob("*.json")):
        try:
            article = read_article(path)
        except CorpusInvalid as error:
            findings.append(Finding("error", error.file, error.field, error.problem))
            continue
        articles.append(article)
        if article.id != path.stem:
            findings.append(Finding("error", path.name, "id", f"{article.id!r} is not the file's name"))
        findings += check_article(article, file=path.name)
    return findings + check_set(articles)


def check_article(article: GoldArticle, *, file: str) -> list[Finding]:
    """The findings in one article."""

    def report(severity: str, field: str, message: str) -> Finding:
        return Finding(severity, file, field, message)

    findings = []
    length = len(article.text.split())
    if not WORDS[0] <= length <= WORDS[1]:
        findings.append(report("error", "text", f"{length} words, expected {WORDS[0]} to {WORDS[1]}"))
    try:
        days(article.published_at or "")
    except ValueError as error:
        findings.append(report("error", "published_at", str(error)))
    for index, quote in enumerate(article.quotes):
        findings += _quote(article, quote, f"quotes.{index}", report)
    findings += _overlaps(article.quotes, report)
    for index, exchange in enumerate(article.exchanges):
        findings += _exchange(article, exchange, f"exchanges.{index}", report)
    if len({exchange.model_dump_json() for exchange in article.exchanges}) < len(article.exchanges):
        findings.append(report("error", "exchanges", "an exchange stands twice"))
    return findings


def check_set(articles: Sequence[GoldArticle]) -> list[Finding]:
    """The findings in a gold set as a whole: splits by event, coverage, duplicates."""
    splits: dict[str, set[str]] = defaultdict(set)
    for article in articles:
        splits[article.event or article.id].add(article.split or "none")
    findings = [Finding("error", "set", "split", f"event {event!r} is in {sorted(of)}")
                for event, of in splits.items() if len(of) > 1]  # fmt: skip
    findings += [Finding("error", f"{a.id}.json", "split", f"{a.split!r} is not dev or test") for a in articles
                 if a.split not in ("dev", "test")]  # fmt: skip
    tags = Counter(tag for article in articles for tag in set(article.tags))
    missing = [number for number in range(1, EDGES + 1) if not tags[f"edge-{number:02}"]]
    if missing:
        findings.append(Finding("error", "set", "tags", f"no article has the edge cases {missing}"))
    found = {
        "articles": len(articles),
        "with exchanges": sum(bool(article.exchanges) for article in articles),
        "hard-negative": tags["hard-negative"],
        "quotes-rich": tags["quotes-rich"],
    }
    findings += [Finding("error", "set", name, f"{found[name]}, expected at least {least}")
                 for name, least in MINIMUM.items() if found[name] < least]  # fmt: skip
    findings += [Finding("error", "set", "text", f"{count} articles have the same text")
                 for count in Counter(fold(article.text) for article in articles).values() if count > 1]  # fmt: skip
    return findings


def _quote(article: GoldArticle, quote: GoldQuote, field: str, report: Report) -> Iterator[Finding]:
    text = article.text
    if text[quote.start : quote.end] != quote.text or not quote.text:
        yield report("error", field, "the words are not those at the offsets")
        return
    if quote.kind not in QUOTE_KINDS:
        yield report("error", f"{field}.kind", f"{quote.kind!r} is no kind of quotation")
    if quote.text != quote.text.strip():
        yield report("error", field, "begins or ends with white space")
    before = text[: quote.start].rstrip(" \u00a0\u202f\u2009")[-1:] or "\n"
    if quote.kind == "indirect" and quote.text.startswith("that "):
        yield report("error", field, "an indirect quotation begins with 'that'")
    elif quote.kind != "indirect" and before not in _MARKS + "\n:":
        yield report("warning", field, "no mark, line break or colon before a quotation in marks")
    if quote.cue is not None and fold(quote.cue).casefold() not in fold(text).casefold():
        yield report("error", f"{field}.cue", f"{quote.cue!r} is not in the text")
    if quote.speaker is None:
        yield report("warning", f"{field}.speaker", "nobody")
    else:
        yield from _speaker(text, quote.speaker, f"{field}.speaker", report)


def _speaker(text: str, speaker: GoldSpeaker, field: str, report: Report) -> Iterator[Finding]:
    if speaker.kind not in SPEAKERS:
        yield report("error", f"{field}.kind", f"{speaker.kind!r} is no kind of speaker")
    absent = [word for word in fold(speaker.name).split() if word.casefold() not in fold(text).casefold()]
    if absent:
        yield report("error", f"{field}.name", f"{absent} not in the text")
    elif speaker.kind != "person" and key(speaker.name) not in fold(text).casefold():
        yield report("warning", f"{field}.name", f"{speaker.name!r} is not in the text in this form")
    if speaker.mention is not None:
        start, end = speaker.mention
        words = text[start:end] if 0 <= start < end <= len(text) else ""
        if not words or words != words.strip():
            yield report("error", f"{field}.mention", "no clean range of the text")
        elif speaker.kind == "person" and _TITLE.match(words) and words != speaker.name:
            yield report("warning", f"{field}.mention", f"{words!r} begins with a title")


def _overlaps(quotes: Sequence[GoldQuote], report: Report) -> Iterator[Finding]:
    spans = Counter((quote.start, quote.end) for quote in quotes)
    for (start, end), count in spans.items():
        if count > 1:
            yield report("error", "quotes", f"{start} to {end} stands {count} times")
    marked = sorted((q.start, q.end) for q in quotes if q.kind != "indirect")
    for (start, end), (after, _) in pairwise(marked):
        if after < end and spans[start, end] == 1:
            yield report("error", "quotes", f"two quotations in marks overlap at {after}")


def _exchange(article: GoldArticle, exchange: GoldExchange, field: str, report: Report) -> Iterator[Finding]:
    if exchange.kind not in KINDS:
        yield report("error", f"{field}.kind", f"{exchange.kind!r} is no kind of exchange")
    if exchange.status not in STATUSES:
        yield report("error", f"{field}.status", f"{exchange.status!r} is no status")
    yield from _dates(article, exchange, field, report)
    if exchange.location is not None and fold(exchange.location).casefold() not in fold(article.text).casefold():
        yield report("warning", f"{field}.location", f"{exchange.location!r} is not in the text in this form")
    parties = {side for transfer in exchange.transfers for side in (transfer.released_by, transfer.returned_to)}
    for name in parties & set(exchange.mediators):
        yield report("error", f"{field}.mediators", f"{name!r} is a party too")
    if exchange.kind == "unilateral" and len(exchange.transfers) != 1:
        yield report("warning", f"{field}.transfers", f"{len(exchange.transfers)} in a unilateral release")
    if exchange.kind in ("prisoners", "hostages") and len(exchange.transfers) < 2:
        yield report("warning", f"{field}.transfers", f"{len(exchange.transfers)} in an exchange")
    for index, transfer in enumerate(exchange.transfers):
        yield from _transfer(article, transfer, f"{field}.transfers.{index}", report)
    if not exchange.evidence:
        yield report("error", f"{field}.evidence", "none")
    for index, span in enumerate(exchange.evidence):
        problem = _evidence(article.text, span)
        if problem:
            yield report("error", f"{field}.evidence.{index}", problem)


def _dates(article: GoldArticle, exchange: GoldExchange, field: str, report: Report) -> Iterator[Finding]:
    date = edtf(exchange.date_start, exchange.date_end)
    if date is None:
        return
    try:
        when, published = days(date), days(article.published_at or "")
    except ValueError as error:
        yield report("error", f"{field}.date_start", str(error))
        return
    if exchange.status == "completed" and when.low > published.high:
        yield report("error", f"{field}.date_start", "completed, but after the day of publication")
    if exchange.status == "planned" and when.high < published.low:
        yield report("warning", f"{field}.date_start", "planned, but before the day of publication")


def _transfer(article: GoldArticle, transfer: GoldTransfer, field: str, report: Report) -> Iterator[Finding]:
    if transfer.released_by == transfer.returned_to:
        yield report("error", field, "released by and returned to the same party")
    qualifiers = [q for q in (transfer.qualifier, *(count.qualifier for count in transfer.counts)) if q is not None]
    for qualifier in set(qualifiers) - QUALIFIERS:
        yield report("error", field, f"{qualifier!r} is no qualifier")
    parts = {part.category: part.count for part in transfer.breakdown}
    for category in ({*parts, *(count.category for count in transfer.counts)}) - CATEGORIES:
        yield report("error", field, f"{category!r} is no category")
    if len(parts) < len(transfer.breakdown):
        yield report("error", f"{field}.breakdown", "a category stands twice")
    if (transfer.total is None) != (transfer.qualifier is None):
        yield report("error", f"{field}.qualifier", "total and qualifier must both be there or both be null")
    for count in transfer.counts:
        if (count.value is None) != (count.qualifier == "vague") or (count.max is None) == (count.qualifier == "range"):
            yield report("error", f"{field}.counts", f"{count.qualifier} with value {count.value} and max {count.max}")
    yield from _arithmetic(article, transfer, field, report)


def _arithmetic(article: GoldArticle, transfer: GoldTransfer, field: str, report: Report) -> Iterator[Finding]:
    """Warnings only: an article may print a wrong sum, and gold keeps it as printed."""
    parts = {part.category: part.count for part in transfer.breakdown}
    total = transfer.total
    for category, number in parts.items():
        if total is not None and number > total:
            yield report("warning", f"{field}.breakdown", f"{number} {category} of a total of {total}")
    for axis in (("military", "civilian"), ("women", "men", "children"), ("hostages", "bodies")):
        present = [parts[part] for part in axis if part in parts]
        if total is not None and transfer.qualifier == "exact" and set(axis[:2]) <= set(parts) and sum(present) != total:
            yield report("warning", f"{field}.breakdown", f"{' + '.join(axis)} are {sum(present)}, the total is {total}")
    numbers = {total, *parts.values(), *(count.value for count in transfer.counts)} - _sums(list(parts.values()))
    for value in sorted(number for number in numbers if number is not None):
        if not _is_written(value, article.text):
            yield report("warning", field, f"{value} is not written in the text")


def _sums(parts: Sequence[int]) -> set[int]:
    """All sums of two parts or more."""
    sums: set[int] = set()
    for first in range(len(parts)):
        running = parts[first]
        for other in parts[first + 1 :]:
            running += other
            sums |= {running, parts[first] + other}
    return sums


def _is_written(number: int, text: str) -> bool:
    """Whether a number stands in the text in digits or in plain words up to 999."""
    grouped = f"{number:,}".replace(",", "[, .\u202f\u00a0]")
    digits = rf"(?<![\d.,])(?:{number}|{grouped})(?!\d)"
    if re.search(digits, text):
        return True
    words = _words(number)
    plain = fold(text).casefold()
    return any(re.search(rf"\b{re.escape(form)}\b", plain) for form in words)


def _words(number: int) -> list[str]:
    """How a number is written in words."""
    if number < 20:
        return [
            _ONES[number],
            *(["a dozen"] if number == 12 else []),
            *(["a", "an", "a single", "the"] if number == 1 else []),
        ]
    if number < 100:
        ten, one = _TENS[number // 10 - 2], number % 10
        return [ten] if not one else [f"{ten}-{_ONES[one]}", f"{ten} {_ONES[one]}"]
    if number < 1000:
        hundreds = [f"{_ONES[number // 100]} hundred", *(["a hundred"] if number < 200 else [])]
        if number % 100 == 0:
            return hundreds
        return [f"{h}{joint}{rest}" for h in hundreds for joint in (" and ", " ") for rest in _words(number % 100)]
    if number % 1000 == 0 and number < 100_000:
        return [f"{words} thousand" for words in (*_words(number // 1000), *(["a"] if number == 1000 else []))]
    return []


def _evidence(text: str, span: Span) -> str | None:
    """What is wrong with a span of evidence: it must be whole sentences or whole lines."""
    start, end = span
    if not 0 <= start < end <= len(text):
        return f"{start} to {end} is no range of the text"
    if text[start:end] != text[start:end].strip():
        return "begins or ends with white space"
    before = text[:start].rstrip(" ").rstrip(_MARKS + "([")
    if (
        before.rstrip(" ")
        and not before.endswith("\n")
        and not _SENTENCE_END.search(text[:start].rstrip(" ").rstrip(_MARKS))
    ):
        return "does not begin with a sentence"
    after = text[end:].lstrip(_MARKS + ")]")
    if after and not after.startswith("\n") and not _SENTENCE_END.search(text[:end]):
        return "does not end with a sentence"
    return None
