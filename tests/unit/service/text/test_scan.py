import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.dates import dates
from service.text.locate import locate
from service.text.marks import attribution_lines, quoted_regions
from service.text.numbers import numbers
from service.text.scan import scan
from service.text.segment import paragraphs, sentences

ARTICLE = (
    "Northland and Southmark each freed 390 soldiers on Friday, the second phase of a deal agreed a week ago.\n\n"
    "“We bring them home,” said Anna Hill, the minister. “It’s late, but the prisoners’ return is ‘real’.”\n\n"
    "Some 1,000 people will follow on May 30, officials said.\n\n"
)


def test_a_scan_numbers_every_kind_of_candidate_from_one() -> None:
    found = scan(ARTICLE, published_at=dt.date(2025, 5, 24))

    assert [paragraph.id for paragraph in found.paragraphs] == ["P1", "P2", "P3"]
    assert found.regions[0].span.text == "We bring them home,"
    assert [number.value for number in found.numbers if number.role == "people"] == [390, 1000]
    assert [date.id for date in found.dates] == ["D0", "D1", "D2", "D3"]
    assert found.mentions


@given(st.text(max_size=200))
def test_any_string_is_an_article(text: str) -> None:
    found = scan(text)

    for candidate in found:
        span = getattr(candidate, "span", None)
        assert span is None or text[span.start : span.end] == span.text
    ids = [candidate.id for candidate in found]
    assert len(ids) == len(set(ids))


def base(text: str) -> None:
    blocks = paragraphs(text)
    sentences(text, blocks)
    attribution_lines(text, blocks, quoted_regions(text, blocks))
    numbers(text)
    dates(text, dt.date(2025, 5, 24))
    locate("not in the text", text)


def cpu(text: str) -> float:
    """CPU seconds of the base scan, the best of three."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        base(text)
        spent.append(time.process_time() - start)
    return min(spent)


@pytest.mark.timing
@pytest.mark.parametrize(
    "unit",
    [ARTICLE, '"', '" ', "“a” ", "'a ", "“a\n", "1", "1 ", "A", "A ", "\n", " ", ". ", "May ", "Friday "],
    ids=repr,
)
def test_time_grows_in_step_with_the_text(unit: str) -> None:
    # Eight times the text; a quadratic step would take 64 times as long.
    small, large = (unit * (size // len(unit)) for size in (3_000, 24_000))

    assert cpu(large) < 24 * cpu(small) + 0.05
