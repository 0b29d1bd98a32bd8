import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.candidate import DateMention
from service.text.dates import date_ranges, dates

SATURDAY = dt.date(2025, 5, 24)
PIECES = st.sampled_from(
    ["May", "23", "2025", "Friday", "last", "next", "week", "month", "year", "ago", "two", "days", "a", "to", "-",
     ",", "in", "the", "weekend", "will", "Sept.", "31", "29", "February", "2024-02-30", "99/99/2020", "today",
     "summer", "this", "over", "months", "999"]
)  # fmt: skip


def only(text: str, today: dt.date | None = SATURDAY) -> DateMention:
    (found,) = [date for date in dates(text, today) if date.id != "D0"]
    return found


def test_the_publication_comes_first_without_a_span() -> None:
    assert dates("", SATURDAY) == (DateMention("D0", None, "2025-05-24", "2025-05-24", "publication"),)
    assert dates("", None) == ()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("May 23, 2025", "2025-05-23", "2025-05-23"),
        ("Friday, May 23, 2025", "2025-05-23", "2025-05-23"),
        ("Monday, May 23, 2025", "2025-05-23", "2025-05-23"),
        ("23 May 2025", "2025-05-23", "2025-05-23"),
        ("the 23rd of May 2025", "2025-05-23", "2025-05-23"),
        ("Sept. 13, 2024", "2024-09-13", "2024-09-13"),
        ("2025-05-23", "2025-05-23", "2025-05-23"),
        ("23/05/2025", "2025-05-23", "2025-05-23"),
        ("05/23/2025", "2025-05-23", "2025-05-23"),
        ("03/05/2025", None, None),
        ("31 June 2025", None, None),
        ("May 2025", "2025-05", "2025-05"),
        ("spring 2023", "2023", "2023"),
        ("in 2017", "2017", "2017"),
        ("2014-15", "2014", "2015"),
        ("23-25 May 2025", "2025-05-23", "2025-05-25"),
        ("May 23-25, 2025", "2025-05-23", "2025-05-25"),
        ("from May 30 to June 2, 2024", "2024-05-30", "2024-06-02"),
    ],
)
def test_explicit_dates_need_no_publication(text: str, start: str | None, end: str | None) -> None:
    found = only(text, None)

    assert (found.start, found.end, found.basis) == (start, end, "explicit")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("They left on May 23.", "2025-05-23"),
        ("They left on December 9.", "2024-12-09"),
        ("They will leave on December 9.", "2025-12-09"),
        ("They met on June 2.", "2025-06-02"),
        ("They met in December.", "2024-12"),
        ("They will meet in December.", "2025-12"),
        ("They met since last October.", "2024-10"),
    ],
)
def test_a_year_that_is_left_out_is_inferred(text: str, start: str) -> None:
    assert only(text).start == start


@pytest.mark.parametrize(
    ("text", "start", "direction"),
    [
        ("They left on Friday.", "2025-05-23", None),
        ("They left on Saturday.", "2025-05-24", None),
        ("They left last Saturday.", "2025-05-17", "past"),
        ("They meet next Friday.", "2025-05-30", "future"),
        ("They will leave on Monday.", "2025-05-26", "future"),
        ("On Monday, Russia will leave.", "2025-05-26", "future"),
        ("Trump said on Friday that they will leave.", "2025-05-23", None),
        ("The deal, which will free ten, was signed on Friday.", "2025-05-23", None),
        ("They meet every Friday.", None, None),
    ],
)
def test_weekdays_are_the_last_one_unless_the_clause_looks_ahead(
    text: str, start: str | None, direction: str | None
) -> None:
    found = only(text)

    assert (found.start, found.end, found.basis, found.direction) == (start, start, "weekday", direction)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2025-05-24", "2025-05-24"),
        ("yesterday", "2025-05-23", "2025-05-23"),
        ("last night", "2025-05-23", "2025-05-23"),
        ("tomorrow", "2025-05-25", "2025-05-25"),
        ("two days ago", "2025-05-22", "2025-05-22"),
        ("a week ago", "2025-05-16", "2025-05-18"),
        ("three months ago", "2025-02", "2025-02"),
        ("five years ago", "2020", "2020"),
        ("last week", "2025-05-12", "2025-05-18"),
        ("earlier this week", "2025-05-19", "2025-05-24"),
        ("next week", "2025-05-26", "2025-06-01"),
        ("last weekend", "2025-05-17", "2025-05-18"),
        ("last month", "2025-04", "2025-04"),
        ("this month", "2025-05", "2025-05"),
        ("last year", "2024", "2024"),
        ("last summer", "2024", "2024"),
    ],
)
def test_relative_dates_are_no_finer_than_their_words(text: str, start: str, end: str) -> None:
    found = only(text)

    assert (found.start, found.end, found.basis) == (start, end, "relative")


@pytest.mark.parametrize("text", ["on Friday", "yesterday", "last week", "two days ago", "on May 23", "in December"])
def test_without_a_publication_date_nothing_relative_is_resolved(text: str) -> None:
    assert (only(text, None).start, only(text, None).end) == (None, None)


def test_two_weekdays_are_two_mentions_and_a_stretch_is_one() -> None:
    listed = dates("It will continue on Saturday and Sunday.", SATURDAY)[1:]
    stretch = only("They met from Friday to Sunday.", dt.date(2025, 5, 26))

    assert [date.start for date in listed] == ["2025-05-24", "2025-05-25"]
    assert (stretch.start, stretch.end) == ("2025-05-23", "2025-05-25")


@pytest.mark.parametrize(
    "text", ["it may 5 be", "they march on", "2000 prisoners", "$2000", "the Sunday Times", "Good Friday", "fall apart"]
)
def test_what_is_no_date_is_left_out(text: str) -> None:
    assert dates(text, None) == ()


def test_the_words_before_a_month_stay_outside_its_span() -> None:
    assert only("They met in December.").span.text == "December"  # type: ignore[union-attr]


@given(st.lists(PIECES | st.text(max_size=3), max_size=30).map(" ".join) | st.text(max_size=60), st.none() | st.dates())
def test_dates_match_the_text_in_order_and_are_real(text: str, today: dt.date | None) -> None:
    found = [date for date in dates(text, today) if date.span is not None]

    assert [(date.span.start, date.span.end) for date in found if date.span] == date_ranges(text)
    end = 0
    for date in found:
        assert date.span is not None
        assert text[date.span.start : date.span.end] == date.span.text != ""
        assert date.span.start >= end
        end = date.span.end
        assert (date.start is None) == (date.end is None)
        if date.start is not None and date.end is not None:
            assert date.start <= date.end
            assert dt.date.fromisoformat((date.start + "-01-01")[:10])


@pytest.mark.parametrize(
    ("text", "start"),
    [("It failed in April of this year.", "2020-04"), ("It failed in April of last year.", "2019-04")],
)
def test_a_month_of_this_or_last_year(text: str, start: str) -> None:
    assert [mention.start for mention in dates(text, dt.date(2020, 6, 10))][1:] == [start]
