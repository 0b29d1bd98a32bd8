"""Quotations: spans, speakers, kinds."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evals.alias import Names, load_aliases
from evals.corpora.gold import expected
from evals.metrics import FIGURES, figure, score_case
from evals.quotations import QuoteScore, chars, find_words, located, same_speaker, score_quotes
from evals.record import Quote, Records, Voice
from tests.conftest import SHARED
from tests.unit.evals.scoring import make_case, make_quote

TEXT = (
    "“The bridge will open on Monday,” Ngozi Okafor said. “We have tested every cable, every bolt. Nobody need worry.”\n\n"
    "Riel called the plan “a small miracle” and said the old ferry would be kept."
)
NAMES = Names(load_aliases(), people=("Ngozi Okafor", "Tomas Riel"))
OPENING = make_quote(TEXT, "The bridge will open on Monday,", "Ngozi Okafor", mention="Ngozi Okafor")
TESTED = make_quote(
    TEXT, "We have tested every cable, every bolt. Nobody need worry.", "Ngozi Okafor", mention="Ngozi Okafor"
)
MIRACLE = make_quote(TEXT, "a small miracle", "Tomas Riel", kind="mixed", mention="Riel")
FERRY = make_quote(TEXT, "the old ferry would be kept", "Tomas Riel", kind="indirect", mention="Riel")
GOLD = [OPENING, TESTED, MIRACLE, FERRY]


def score(predicted: list[Quote], gold: list[Quote] = GOLD) -> QuoteScore:
    return score_quotes(TEXT, gold, predicted, NAMES)


def test_gold_against_itself_is_all_right() -> None:
    tally = score(GOLD).group("marked")

    assert (tally.gold, tally.predicted) == (3, 3)
    assert (
        tally.exact == tally.overlap == tally.overlap80 == tally.attributed == tally.exact_attributed == tally.mention == 3
    )
    assert tally.chars_gold == tally.chars_predicted == tally.chars_common
    assert score(GOLD).group("indirect").exact == 1


def test_outer_marks_and_the_last_comma_do_not_matter() -> None:
    marked = replace(OPENING, spans=((OPENING.spans[0][0] - 1, OPENING.spans[0][1] + 1),))
    bare = replace(OPENING, spans=((OPENING.spans[0][0], OPENING.spans[0][1] - 1),))

    assert score([marked]).group("direct").exact == score([bare]).group("direct").exact == 1


def test_less_than_half_of_a_quotation_is_not_found_and_more_is() -> None:
    less = score([make_quote(TEXT, "Nobody need worry.", "Ngozi Okafor")]).group("direct")
    more = score([make_quote(TEXT, "We have tested every cable, every bolt.", "Ngozi Okafor")]).group("direct")

    assert (less.overlap, less.attributed) == (0, 0)
    assert (more.overlap, more.overlap80, more.exact, more.attributed) == (1, 0, 0, 1)
    assert more.chars_predicted == more.chars_common < more.chars_gold


def test_two_halves_are_one_found_and_one_too_many() -> None:
    halves = [
        make_quote(TEXT, "We have tested every cable, every bolt.", "Ngozi Okafor"),
        make_quote(TEXT, "Nobody need worry."),
    ]

    tally = score(halves, [TESTED]).group("direct")

    assert (tally.overlap, tally.predicted) == (1, 2)
    assert tally.f1(tally.overlap) == pytest.approx(2 / 3)


def test_two_quotations_told_as_one_with_two_spans_find_the_longer() -> None:
    joined = replace(TESTED, spans=(*OPENING.spans, *TESTED.spans))

    tally = score([joined], [OPENING, TESTED]).group("direct")

    assert (tally.overlap, tally.exact) == (1, 0)
    assert tally.chars_common == tally.chars_gold == tally.chars_predicted


def test_a_wrong_speaker_an_invented_and_a_missing_one_are_not_attributed() -> None:
    unsaid = replace(MIRACLE, voice=None)
    other = replace(MIRACLE, voice=Voice(name="Ngozi Okafor"))

    assert score([other]).group("mixed").attributed == 0
    assert score([unsaid]).group("mixed").attributed == 0
    assert score([MIRACLE], [unsaid]).group("mixed").attributed == 0
    assert score([unsaid], [unsaid]).group("mixed").attributed == 1


def test_mention_and_entity_are_judged_apart() -> None:
    by_surname = replace(MIRACLE, voice=Voice(name="Riel", mention=OPENING.voice.mention if OPENING.voice else None))

    tally = score([by_surname]).group("mixed")

    assert (tally.attributed, tally.mention, tally.mention_of) == (1, 0, 1)


def test_an_unresolved_gold_mention_decides_by_its_place() -> None:
    he = Voice(name="he", mention=(10, 12), resolved=False)

    assert same_speaker(he, Voice(name="Tomas Riel", mention=(10, 12)), NAMES)
    assert not same_speaker(he, Voice(name="Tomas Riel", mention=(40, 44)), NAMES)
    assert same_speaker(replace(he, also=("Kora Gov. Tomas Riel",)), Voice(name="Tomas Riel", mention=(40, 44)), NAMES)
    assert not same_speaker(replace(he, resolved=True), Voice(name="Tomas Riel", mention=(10, 12)), NAMES)


def test_other_names_of_a_gold_speaker_count() -> None:
    gold = Voice(name="the engineer", also=("Ngozi Okafor",))

    assert same_speaker(gold, Voice(name="Okafor"), NAMES)


def test_kinds_are_told_apart_and_confused_ones_are_listed() -> None:
    result = score([replace(MIRACLE, kind="direct")])

    assert result.group("marked").overlap == 1
    assert result.group("all").same_kind == result.group("mixed").overlap == 0
    assert result.kinds == {("mixed", "direct"): 1}


def test_indirect_speech_stands_apart_from_quotations_in_marks() -> None:
    result = score([replace(MIRACLE, kind="indirect")])

    assert result.group("marked").predicted == 0
    assert result.group("indirect").overlap == 0
    assert result.group("all").overlap == 1


def test_words_that_are_not_in_the_article_are_hallucinated_and_spurious() -> None:
    invented = Quote(spans=(), kind="direct", text="The tunnel is closed forever", voice=OPENING.voice)
    shifted = replace(OPENING, spans=((3, 9),), text="The moon will open")

    result = score([invented, shifted])

    assert result.hallucinated == 2
    assert result.group("direct").predicted == 2
    assert result.group("direct").overlap == 0


def test_words_without_offsets_or_at_wrong_ones_are_located() -> None:
    words_only = Quote(spans=(), kind="direct", text='"The bridge will open on Monday,"', voice=OPENING.voice)
    shifted = replace(OPENING, spans=((40, 71),), text="The bridge will open on Monday,")
    nearly = Quote(spans=(), kind="direct", text="We have tested every cable, every bolt. Nobody needs worry.")

    assert score([words_only]).group("direct").exact == 1
    assert score([shifted]).group("direct").exact == 1
    assert score([nearly]).group("direct").exact == 1
    assert score([words_only, shifted, nearly]).hallucinated == 0


def test_locating_folds_marks_and_spaces() -> None:
    text = "He wrote: «It’s  done — go»."

    assert find_words(text, "It's done - go") is not None
    assert find_words(text, "It is undone") is None
    assert find_words(text, "  ") is None
    assert located(text, Quote(spans=((11, 21),), kind="direct")) == ((11, 21),)


def test_each_gold_quotation_is_found_once() -> None:
    tally = score([OPENING, OPENING]).group("direct")

    assert (tally.overlap, tally.predicted) == (1, 2)


def test_ignored_gold_is_neither_asked_for_nor_punished() -> None:
    ignored = [OPENING, replace(TESTED, ignore="nested")]
    inside = make_quote(TEXT, "every cable", "Ngozi Okafor")

    tally = score([OPENING, TESTED, inside], ignored).group("direct")

    assert (tally.gold, tally.predicted, tally.exact) == (1, 1, 1)


def test_white_space_and_final_points_are_no_characters_of_a_quotation() -> None:
    assert chars("“ab c, ”", ((0, 8),)) == {1, 2, 4}
    assert chars("…", ((0, 1),)) == frozenset()


def test_scores_add_up() -> None:
    one, other = score(GOLD), score([])

    both = one + other

    assert both.group("marked").gold == 6
    assert both.group("marked").exact == 3


def test_kinds_that_a_corpus_does_not_annotate_are_not_scored() -> None:
    case = make_case(TEXT, quotes=(OPENING, TESTED), labels=frozenset(("direct",)))

    result = score_case(case, Records(quotes=(OPENING, MIRACLE, FERRY)), load_aliases())

    assert result.quotes.group("all").predicted == 1
    assert result.exchanges.articles == 0


def test_figures_of_a_case_are_ratios_of_sums() -> None:
    result = score_case(make_case(TEXT, quotes=tuple(GOLD)), Records(quotes=(OPENING, FERRY)), load_aliases())

    assert figure("quotes.attributed_f1", [result]) == pytest.approx(2 / 4)
    assert figure("quotes.attributed_f1", [result, result]) == pytest.approx(2 / 4)
    assert figure("indirect.attributed_f1", [result]) == 1
    assert figure("quotes.hallucinated", [result]) == 0
    assert figure("slots.f1", [result]) is None
    assert figure("articles.exact", [result]) == 1
    assert all(len(take(result)) == 2 for take in FIGURES.values())


def test_a_failed_answer_counts_as_missed() -> None:
    result = score_case(make_case(TEXT, quotes=tuple(GOLD)), Records(), load_aliases())

    assert figure("quotes.attributed_recall", [result]) == 0
    assert figure("quotes.attributed_precision", [result]) is None


SEED = SHARED / "gold" / "seed.json"


@pytest.fixture
def seed() -> tuple[str, list[Quote], Names]:
    article = json.loads(SEED.read_text(encoding="utf-8"))
    marked = [quote for quote in expected(article).quotes if quote.kind != "indirect"]
    names = Names(load_aliases(), text=article["text"])
    return article["text"], [marked[i] for i in (0, 1, 5, 6, 7, 9)], names


def figures(text: str, gold: list[Quote], predicted: list[Quote], names: Names) -> tuple[float | None, ...]:
    """Exact, overlap and attributed F1, characters' precision and recall, rounded as the worked examples give them."""
    t = score_quotes(text, gold, predicted, names).group("marked")
    values = (
        t.f1(t.exact),
        t.f1(t.overlap),
        t.f1(t.attributed),
        t.chars_common / t.chars_predicted,
        t.chars_common / t.chars_gold,
    )
    return tuple(None if value is None else round(value, 4) for value in values)


@pytest.mark.shared
def test_the_worked_examples_on_the_seed_article(seed: tuple[str, list[Quote], Names]) -> None:
    text, gold, names = seed
    start, end = gold[4].spans[0]
    middle, last = text.index("But, as", start), text.index("And when", start)
    first_two = [replace(gold[4], spans=((start, middle),))]
    last_one = [replace(gold[4], spans=((middle, end),))]
    trump = Voice(name="Donald Trump")

    assert figures(text, gold, gold, names) == (1, 1, 1, 1, 1)
    assert figures(text, [gold[4]], first_two, names) == (0, 0, 0, 1, 0.4286)
    assert figures(text, [gold[4]], last_one, names) == (0, 1, 1, 1, 0.5639)
    assert figures(text, [gold[3]], [replace(gold[3], voice=trump)], names) == (1, 1, 0, 1, 1)
    halves = [replace(gold[4], spans=((start, last),)), replace(gold[4], spans=((last, end),))]
    assert figures(text, [gold[4]], halves, names)[:3] == (0, 0.6667, 0.6667)
    joined = [replace(gold[1], spans=(gold[0].spans[0], gold[1].spans[0]))]
    assert figures(text, gold[:2], joined, names) == (0, 0.6667, 0.6667, 1, 1)
    unsaid = [replace(gold[2], voice=None)]
    assert figures(text, unsaid, unsaid, names) == (1, 1, 1, 1, 1)
    assert figures(text, unsaid, [gold[2]], names) == (1, 1, 0, 1, 1)


@pytest.mark.parametrize(
    ("gold", "kind", "given", "mention", "right"),
    [
        ("general staff", "organization", "the general staff in Brod", True, True),
        ("one returnee, a fisheries officer", "unnamed", "a fisheries officer", True, True),
        ("general staff", "organization", "the general staff in Brod", False, False),
        ("a guard", "unnamed", "the driver", True, False),
        ("Ngozi Okafor", "person", "Ngozi Okafor Brandt", True, False),
    ],
)
def test_a_source_without_a_personal_name_may_be_named_by_more_or_fewer_of_its_words(
    gold: str, kind: str, given: str, mention: bool, right: bool
) -> None:
    asked = Voice(name=gold, kind=kind, mention=(0, 9))
    answer = Voice(name=given, mention=(0, 4) if mention else (20, 24))

    assert same_speaker(asked, answer, NAMES) is right
