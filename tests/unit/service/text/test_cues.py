"""The reporting cues of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.cues import cue_words, find_cues, is_cue_noun


def only(text: str, lemma: str):
    found = [cue for cue in find_cues(text) if cue.lemma == lemma]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "lemma", "words"),
    [
        ("The baker said it was late.", "say", "said"),
        ("The baker says it is late.", "say", "says"),
        ("The baker left, adding that it was late.", "add", "adding"),
        ("The baker denied it.", "deny", "denied"),
        ("It is late, according to the baker.", "according to", "according to"),
        ("The baker made clear that it was late.", "make_clear", "made clear"),
        ("The baker pointed out that it was late.", "point_out", "pointed out"),
        ("The baker went on to say that it was late.", "go_on", "went on to say"),
        ("The baker admitted that it was late.", "admit", "admitted"),
        ("Said Anna Hill: it is late.", "say", "Said"),
    ],
)
def test_finds_every_inflection_and_phrase(text, lemma, words):
    cue = only(text, lemma)

    assert text[cue.start : cue.end] == words
    assert cue.takes_clause


def test_the_longest_phrase_is_one_cue():
    assert [cue.lemma for cue in find_cues("She went on to say so.")] == ["go_on"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("She repeated the claim that it was late.", "noun"),
        ("They claim that it is late.", "verb"),
        ("Both sides claim that it is late.", "verb"),
        ("Her claims about the bread are old.", "noun"),
        ("A report by the town said little.", "noun"),
        ("Newspapers report that it was late.", "verb"),
    ],
)
def test_tells_the_noun_from_the_verb(text, form):
    cues = [cue for cue in find_cues(text) if cue.lemma in ("claim", "report")]

    assert [cue.form for cue in cues] == [form]


@pytest.mark.parametrize(
    ("text", "lemma", "passive"),
    [
        ("The crew was told to wait.", "tell", True),
        ("The crew had been repeatedly warned.", "warn", True),
        ("The crew warned him.", "warn", False),
        ("She was quoted as saying it was late.", "say", True),
        ("The paper quoted her as saying it was late.", "say", False),
    ],
)
def test_marks_the_passive(text, lemma, passive):
    assert only(text, lemma).passive is passive


@pytest.mark.parametrize(
    ("text", "lemma", "group"),
    [
        ("She urged them to wait.", "urge", "directive"),
        ("She called for a vote.", "call_for", "directive"),
        ("She accused him of waiting.", "accuse", "label"),
        ("She believes that it is late.", "believe", "thought"),
        ("She warned that it was late.", "warn", "report"),
    ],
)
def test_groups_what_takes_no_reported_clause(text, lemma, group):
    assert only(text, lemma).group == group


def test_strength_is_measured_and_ranks_common_cues_above_ambiguous_words():
    said, stated = only("He said so.", "say"), only("The state of things.", "state")

    assert said.strength > 0.8 > 0.2 > stated.strength


def test_looks_only_at_the_range_it_is_given():
    text = "He said one. She added two. They told three."

    cues = find_cues(text, start=12, end=27)

    assert [text[cue.start : cue.end] for cue in cues] == ["added"]


def test_a_phrase_does_not_reach_over_punctuation():
    assert [cue.lemma for cue in find_cues("They acted according, to nobody.")] == []


def test_single_words_can_be_asked_for():
    assert "warned" in cue_words()
    assert "walked" not in cue_words()
    assert is_cue_noun("suggestions")
    assert not is_cue_noun("bread")


@given(st.text(alphabet="said claims to according. ,“”İß\n", max_size=200))
def test_cues_of_any_text_are_in_order_inside_it_and_apart(text):
    cues = find_cues(text)

    ends = [0, *(cue.end for cue in cues)]
    assert all(ends[i] <= cue.start < cue.end <= len(text) for i, cue in enumerate(cues))
    assert all(0 <= cue.strength <= 1 for cue in cues)
