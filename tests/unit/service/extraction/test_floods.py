"""Texts made to cost time: each is answered, in time that grows with its length, and what was not read is said."""

from __future__ import annotations

import time
from datetime import date

import pytest

from service.domain.record import Extraction
from service.extraction.pipeline import Wanted, extract
from service.extraction.rules.indirect import cue_places
from service.text.marks import MOST_REGIONS
from service.text.scan import MOST_CHARACTERS, scan
from service.text.segment import sentences
from tests.builders import SWAP, make_article
from tests.fakes import FixedClock
from tests.unit.service.extraction.test_pipeline import spans

SHORT, TIMES = 4_000, 6
MOST_GROWTH = 3.0
"""How much longer than in proportion the longer text may take; quadratic time would be 6 times as much again."""

UNITS = [
    '"', "“", "”", "'", "’", "«", "«»", "„", "''x", '"a" ', "“a” ", '"a"', "'a' ", "“a ", "‘a ", "a” ", '"a.\n',
    "“a\n", '"a",', "1", "1 ", "1,000 ", "1,", "1.", "1-", "1,000-for-", "5/", "five-", "May-", "on Monday ", "A",
    "A ", "A.", "Aa", "A-", "-John", "Russia-", "John Smith ", "John Smith said. ", "Mr. ", "Mr.", "Russia,", "Kyiv/", "a",
    "a\n", "\n",
    " ", "\xa0", "\t", "(", "()", ".", ". ", ",", "-", "—", "_", "\x00", "\u200b", "a\u200b", "́", "á", "漢", "漢字。",
    "😀", "👩\u200d", "said ", "said,", "said\n", '"said', "he said that ", "released 5 prisoners ", "the minister,",
    "Army of ", "the army of Kyiv ", "Russia's ",
    "he went to the old port and then to the new market where bread and salt were sold to them all ",
    "The president said on Monday that 5 prisoners were released by Russia and Ukraine in Kyiv, ",
    "The president said on Monday that 5 prisoners were released by Russia and Ukraine in Kyiv. ",
]  # fmt: skip


async def run(text: str) -> Extraction:
    article = make_article(text, published_at=date(1996, 3, 14))
    return await extract(article, Wanted(), engine=None, deadline_s=600, clock=FixedClock())


def flood(unit: str, characters: int) -> str:
    """So many characters of a unit, between words that rules could tie it to."""
    start = "Mira Tolan of Valdoria said on Monday that Russia freed 5 men. "
    return start + (unit * (characters // len(unit) + 1))[:characters] + " she said."


async def cpu_seconds(text: str) -> float:
    started = time.process_time()
    await run(text)
    return time.process_time() - started


def kept_limits(extraction: Extraction) -> list[str]:
    return [notice.message for notice in extraction.warnings if notice.check == "limit"]


@pytest.mark.timing
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: repr(unit)[:24])
async def test_time_grows_with_the_length_of_a_flood(unit: str) -> None:
    await run(SWAP)  # lexicons and weights are read
    short = min([await cpu_seconds(flood(unit, SHORT)) for _ in range(2)])
    long = await cpu_seconds(flood(unit, SHORT * TIMES))
    for _ in range(2):  # a slow run on a busy machine gets another chance; a quadratic one does not get faster
        if long > short * TIMES * MOST_GROWTH:
            long = min(long, await cpu_seconds(flood(unit, SHORT * TIMES)))

    assert long <= short * TIMES * MOST_GROWTH


@pytest.mark.timing
@pytest.mark.parametrize(("opening", "closing"), [("“a ", "b” "), ("‘a ", "b’ "), ("«a ", "b» ")])
async def test_marks_nested_deeper_than_any_article_take_no_longer(opening: str, closing: str) -> None:
    short = min([await cpu_seconds(opening * 1000 + closing * 1000) for _ in range(2)])
    long = await cpu_seconds(opening * 1000 * TIMES + closing * 1000 * TIMES)

    assert long <= short * TIMES * MOST_GROWTH


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: repr(unit)[:24])
async def test_every_span_of_a_flood_stands_in_its_text(unit: str) -> None:
    text = flood(unit, 3_000) + "\n\n" + SWAP

    extraction = await run(text)

    assert all(text[start:end] == words for start, end, words in spans(extraction))
    assert extraction.article.characters == len(text)


async def test_an_article_is_read_whole() -> None:
    assert kept_limits(await run(SWAP)) == []


async def test_what_stands_behind_the_last_character_read_is_said_to_be_unread() -> None:
    article = SWAP + "\n\n"
    text = article + "x" * (MOST_CHARACTERS - len(article))

    assert kept_limits(await run(text)) == []
    cut = await run(text + "\n\n“We came home,” said Ada Orr.")
    assert [message for message in kept_limits(cut) if "300,000" in message]
    assert [quote.text for quote in cut.quotes] == [quote.text for quote in (await run(SWAP)).quotes]
    assert cut.article.characters > MOST_CHARACTERS


@pytest.mark.parametrize(
    ("unit", "word"),
    [("7 men, ", "numbers"), ("on Monday ", "dates"), ("“a” ", "quotation marks"), ("he said it, and ", "verbs of saying")],
)
async def test_what_a_text_has_too_much_of_is_said_to_be_unread(unit: str, word: str) -> None:
    few, many = flood(unit, 2_000 if word != "verbs of saying" else 60), flood(unit, len(unit) * 10_500)

    assert kept_limits(await run(few)) == []
    assert any(word in message for message in kept_limits(await run(many)))


def test_no_more_regions_are_listed_than_the_limit_and_the_first_ones_are_kept() -> None:
    text = "“a” " * (MOST_REGIONS + 5)

    regions = scan(text).regions

    assert len(regions) == MOST_REGIONS
    assert regions[-1].outer.start == 4 * (MOST_REGIONS - 1)


def test_cues_that_are_too_many_for_a_stretch_are_handed_back() -> None:
    text = "he said it, and " * 40
    found = scan(text)
    left_out: list[object] = []

    kept = list(cue_places(text, found.sentences, found.regions, left_out=left_out))  # type: ignore[arg-type]

    assert len(kept) + len(left_out) == 40
    assert kept[0].cue.start == 3


def test_a_row_of_stops_ends_a_sentence_however_long_it_is() -> None:
    text = "He left" + "." * 500 + " She stayed."
    found = scan(text)

    assert [sentence.span.text[:8] for sentence in sentences(text, found.paragraphs)] == ["He left.", "She stay"]
