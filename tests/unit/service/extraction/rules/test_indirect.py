"""Indirect quotations drafted by rules: which clauses, with which bounds, by whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.candidate import Clause, Mention
from service.domain.draft import Basis, QuoteKind
from service.extraction.rules.indirect import draft_indirect, reported_contents
from service.extraction.rules.indirect_tokens import word_set
from service.text.scan import scan

ROOT = Path(__file__).resolve().parents[5]
GOLD = ROOT.parent / "shared" / "gold"


SHARDS = [*sorted(word_set("Anna said , . “ ” that who the port was told by ( ) – according to and ’ It claim")), "\n\n"]


def reported(text: str) -> list[tuple[str, str]]:
    """Speaker and clause of every indirect quotation, as the text has them."""
    candidates, quotes = draft_indirect(scan(text))
    out = []
    for quote in quotes:
        speaker, target = candidates.get(quote.speaker, Mention), candidates.get(quote.target, Clause)
        out.append((speaker.span.text.removeprefix("The ").removeprefix("the "), target.span.text))
    return out


@pytest.mark.parametrize(
    ("text", "speaker", "clause"),
    [
        ("The harbour office said that nine ferries were late.", "harbour office", "nine ferries were late"),
        ("The harbour office said nine ferries were late.", "harbour office", "nine ferries were late"),
        ("Nine ferries were late on Monday, the harbour office said.", "harbour office", "Nine ferries were late on Monday"),
        ("Nine ferries were late, said Anna Hill, a clerk.", "Anna Hill", "Nine ferries were late"),
        ("Nine ferries were late, according to the harbour office.", "harbour office", "Nine ferries were late"),
        ("According to the harbour office, nine ferries were late.", "harbour office", "nine ferries were late"),
        ("Anna Hill told reporters on Tuesday that the port would reopen.", "Anna Hill", "the port would reopen"),
        ("Anna Hill told reporters the port would reopen.", "Anna Hill", "the port would reopen"),
        ("Officials confirmed Tuesday that all 20 sailors had been freed.", "Officials", "all 20 sailors had been freed"),
        ("Anna Hill made clear that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill denied that the port was full.", "Anna Hill", "the port was full"),
        ("Anna Hill claims to be the owner of the port.", "Anna Hill", "to be the owner of the port"),
    ],
)
def test_finds_the_clause_and_its_speaker(text, speaker, clause):
    assert reported(text) == [(speaker, clause)]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Anna Hill praised the crew but said the port was too small.", "Anna Hill"),
        ("“We are fine,” Anna Hill said, adding that the port was small.", "Anna Hill"),
        ("Many families were reluctant to talk, saying that the port was small.", "Many families"),
        ("Anna Hill, who said the port was small, left early.", "Anna Hill"),
        ("The head of the port, Anna Hill, warned that the port was small.", "Anna Hill"),
        ("Rep. Anna Hill (R-Ga.) said the port was small.", "Anna Hill"),
        ("Anna Hill, 50, who told the paper the port was small, left.", "Anna Hill"),
        ("The crew was told by Anna Hill that the port was small.", "Anna Hill"),
        ("The agency quoted an official as saying the port was small.", "an official"),
        ("An official was quoted as saying the port was small.", "An official"),
        ("The minister repeated a claim from Anna Hill that the port was small.", "Anna Hill"),
        ("Two sources close to the talks said the port was small.", "Two sources close to the talks"),
        ("One of the drivers said the port was small.", "One of the drivers"),
        ("The crew that came from Bern said the port was small.", "crew that came from Bern"),
    ],
)
def test_the_speaker_is_the_subject_of_the_cue(text, speaker):
    assert [found for found, _ in reported(text)] == [speaker]


@pytest.mark.parametrize(
    "text",
    [
        "Anna Hill did not say that the port was full.",
        "Anna Hill never acknowledged that the port was full.",
        "Anna Hill would say that the port is full.",
        "Anna Hill declined to say that the port was full.",
        "The port is said to be full.",
        "It is believed that the port is full.",
        "The crew was told that the port was full.",
        "It is worth noting that the port is full.",
        "Anna Hill urged the crew to leave the port.",
        "Anna Hill vowed to leave the port.",
        "Anna Hill called for a new port.",
        "Anna Hill accused the crew of leaving early.",
        "Anna Hill denied leaving the port.",
        "Anna Hill confirmed the sale of the port.",
        "Anna Hill believes that the port is full.",
        "Anna Hill asked whether the port was full.",
        "Anna Hill's claim that the port was full surprised nobody.",
        "I wrote that the port was full.",
        "“He said that the port was full,” Anna Hill said.",
        "Anna Hill said the port was “full to the brim”.",
        "The port was full.",
        "",
    ],
)
def test_what_is_not_reported_gives_nothing(text):
    assert reported(text) == []


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        (
            "Anna Hill said that the port would reopen and the cranes were safe.",
            "the port would reopen and the cranes were safe",
        ),
        ("Anna Hill said she owned the ferry, which carried nine people.", "she owned the ferry, which carried nine people"),
        ("Anna Hill said the port was closed – a blow to the town.", "the port was closed"),
        ("Anna Hill said the port was closed, without giving a reason.", "the port was closed"),
        ("Anna Hill said the port would close, when the crew would get a “long rest”.", "the port would close"),
        (
            "Anna Hill said last week that in June, if the rain stops, the port will open.",
            "in June, if the rain stops, the port will open",
        ),
        ("Anna Hill, who said she had slept badly, left early.", "she had slept badly"),
        ("Nine ferries, Anna Hill said, were late because of fog.", "were late because of fog"),
    ],
)
def test_bounds_follow_the_annotation_rules(text, clause):
    assert [found for _, found in reported(text)] == [clause]


def test_reported_speech_inside_reported_speech_is_found_twice():
    text = "Anna Hill said the police chief had announced that the port was closed."

    assert reported(text) == [
        ("Anna Hill", "the police chief had announced that the port was closed"),
        ("police chief", "the port was closed"),
    ]


def test_a_pronoun_speaks_on_that_basis():
    _, quotes = draft_indirect(scan("Anna Hill left. She said that the port was closed."))

    assert [quote.basis for quote in quotes] == [Basis.PRONOUN]


def test_ids_go_on_from_the_candidates():
    scanned = scan("Anna Hill said the port was closed. The crew that came from Bern said it was tired.")

    once, first = draft_indirect(scanned)
    twice, second = draft_indirect(once)

    assert [clause.id for clause in twice.clauses] == [f"C{i}" for i in range(1, len(twice.clauses) + 1)]
    assert [mention.id for mention in twice.mentions] == [f"M{i}" for i in range(1, len(twice.mentions) + 1)]
    assert len(first) == len(second) == 2
    assert all(quote.kind is QuoteKind.INDIRECT and quote.cue is not None for quote in first)


def test_what_is_plain_is_surer_than_what_is_doubtful():
    _, (plain,) = draft_indirect(scan("Anna Hill said that the port was closed."))
    _, (doubtful,) = draft_indirect(scan("Anna Hill, who said she had slept badly, left early."))

    assert 0.9 < plain.score <= 1.0
    assert doubtful.score < plain.score


@pytest.mark.parametrize(
    ("text", "speaker", "clause"),
    [
        ("The port was closed, Anna Hill responded.", "Anna Hill", "The port was closed"),
        ("The port was closed, Anna Hill told the hosts on Friday.", "Anna Hill", "The port was closed"),
        ("Anna Hill would say only that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill was careful to say that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill let it be known that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill asserted for her part that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill assured her listeners that the port was closed.", "Anna Hill", "the port was closed"),
        ("Anna Hill, 54, whose son sails, said the port was closed.", "Anna Hill", "the port was closed"),
    ],
)
def test_ways_to_say_that_something_was_said(text: str, speaker: str, clause: str) -> None:
    assert reported(text) == [(speaker, clause)]


def test_contents_keep_what_is_no_clause_and_what_holds_quoted_words():
    text = "Anna Hill urged the crew to leave. She said the port was “full to the brim”."
    candidates = scan(text)

    contents = [text[content.start : content.end] for content in reported_contents(candidates)]

    assert contents == ["the crew to leave", "the port was “full to the brim”"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SHARDS), max_size=40))
def test_any_text_gives_spans_of_its_own(words):
    text = " ".join(words)

    candidates, quotes = draft_indirect(scan(text))

    for quote in quotes:
        for reference in (quote.target, quote.speaker, quote.cue):
            span = candidates.by_id[reference].span
            assert text[span.start : span.end] == span.text
            assert span.text


def test_time_is_linear_in_texts_made_of_cues():
    """A sentence without an end is looked at in stretches: twice the text, about twice the cues that are decided on."""
    text = "he said that the port was closed and " * 300

    short = len(list(reported_contents(scan(text))))
    long = len(list(reported_contents(scan(text * 2))))

    assert short > 0
    assert long == pytest.approx(2 * short, rel=0.15)


def overlap(start: int, end: int, gold: dict) -> float:
    return max(0, min(end, gold["end"]) - max(start, gold["start"])) / (max(end, gold["end"]) - min(start, gold["start"]))


@pytest.mark.shared
def test_finds_the_clauses_of_the_annotated_articles():
    expected = found = right = 0
    for path in [GOLD / "seed.json", *sorted((GOLD / "dev").glob("*.json"))]:
        article = json.loads(path.read_text("utf-8"))
        candidates, quotes = draft_indirect(scan(article["text"]))
        spans = [candidates.by_id[quote.target].span for quote in quotes]
        golds = [quote for quote in article["quotes"] if quote["kind"] == "indirect"]
        expected, found = expected + len(golds), found + len(spans)
        right += sum(any(overlap(span.start, span.end, gold) >= 0.8 for span in spans) for gold in golds)

    assert 2 * right / (expected + found) >= 0.85
