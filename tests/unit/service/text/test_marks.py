import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.marks import attribution_lines, quoted_regions
from service.text.segment import paragraphs

GOLD = Path(__file__).parents[4].parent / "shared" / "gold"
PIECES = st.sampled_from(
    ["“", "”", "‘", "’", '"', "'", "«", "»", "„", "‚", "''", "``", "‘‘", "’’", " ", "\n\n", "\n", ".", ",", "he said", "Anna",
     "5'10\"", "s'", "- Anna Hill"]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=4), max_size=40).map("".join)


def quoted(text: str) -> list[str]:
    return [region.span.text for region in quoted_regions(text, paragraphs(text))]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("“We go,” he said.", "curly"),
        ('"We go," he said.', "straight"),
        ("‘We go,’ he said.", "single"),
        ("'We go,' he said.", "single"),
        ("«We go,» he said.", "guillemets"),
        ("« We go, » he said.", "guillemets"),
        ("»We go,« he said.", "guillemets"),
        ("„We go,“ he said.", "low-high"),
        ("„We go,” he said.", "low-high"),
        ("‚We go,‘ he said.", "low-high"),
        ("‘‘We go,’’ he said.", "doubled"),
        ("''We go,'' he said.", "doubled"),
        ("``We go,'' he said.", "doubled"),
    ],
)
def test_every_style_of_marks_gives_the_words_between_them(text: str, style: str) -> None:
    (region,) = quoted_regions(text, paragraphs(text))

    assert (region.span.text, region.style, region.closed) == ("We go,", style, True)
    assert region.outer.text == text[: text.index(" he said")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The prisoners' return was near.", []),
        ("'Tis late in the '90s of rock 'n' roll at four o'clock in Cote d'Ivoire.", []),
        ("'The prisoners' return is near,' he said.", ["The prisoners' return is near,"]),
        ("The workers' union's 'big day' is the boss' 'pick'.", ["big day", "pick"]),
        ("The 'spies' were in the prisoners' camp.", ["spies"]),
        ("He said: 'We are the prisoners' friends' and left.", ["We are the prisoners' friends"]),
        ("He said 'I'm goin' home', then left.", ["I'm goin' home"]),
        ("'We've got '24 and '08 elections,' he said.", ["We've got '24 and '08 elections,"]),
        ("'It's the 'best' thing,' he said.", ["It's the 'best' thing,", "best"]),
        ("‘It’s the players’ choice,’ he said. ‘Yes.’", ["It’s the players’ choice,", "Yes."]),
    ],
)
def test_apostrophes_are_no_quotation_marks(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('“We go," he said. "We stay,” she said.', ["We go,", "We stay,"]),
        ("”We go” and ”we stay”, he said.", ["We go", "we stay"]),
        ('He said," We are home." Then he left.', ["We are home."]),
        ('"We go, "he said. "Yes."', ["We go,", "Yes."]),
        ('said"We go"he', ["We go"]),
        ('He is 5\'10" tall, 6" wide and "glad".', ["glad"]),
        ('"It was 6" wide," he said.', ['It was 6" wide,']),
        ('"He said "go" and I went," she said.', ['He said "go" and I went,', "go"]),
    ],
)
def test_mixed_and_misplaced_marks_are_paired_as_they_are_meant(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


def test_a_quotation_over_several_paragraphs_is_one_region_with_its_reopening_marks() -> None:
    text = "“We are here.\n\n“We will stay.\n\n“And go,” he said. “Bye.”"

    assert quoted(text) == ["We are here.\n\n“We will stay.\n\n“And go,", "Bye."]


def test_a_quotation_of_single_marks_may_also_go_over_paragraphs() -> None:
    assert quoted("'One.\n\n'Two,' he said.") == ["One.\n\n'Two,"]


def test_a_missing_closer_is_inferred_at_the_end_of_the_paragraph_and_said_so() -> None:
    text = "“We are here.\n\nThe end came. It was “late”."

    regions = quoted_regions(text, paragraphs(text))

    assert [(region.span.text, region.closed) for region in regions] == [("We are here.", False), ("late", True)]


def test_a_missing_closer_ends_before_its_attribution() -> None:
    text = '"We go, he said.\n\n"We stay," she said.'

    regions = quoted_regions(text, paragraphs(text))

    assert [(region.span.text, region.closed) for region in regions] == [("We go,", False), ("We stay,", True)]


def test_a_missing_opener_is_inferred_at_the_start_of_the_paragraph() -> None:
    text = 'We are here," he said. "Yes."'

    regions = quoted_regions(text, paragraphs(text))

    assert [(region.span.text, region.closed) for region in regions] == [("We are here,", False), ("Yes.", True)]


def test_a_new_speaker_label_begins_a_new_quotation() -> None:
    assert quoted('"HILL: Yes.\n\n"OAK: No."') == ["HILL: Yes.", "OAK: No."]


def test_one_stray_mark_does_not_spoil_the_paragraphs_after_it() -> None:
    text = 'A " stray mark stands here\n\n' + "\n\n".join(f'"Bread {at}," he said.' for at in range(5))

    assert quoted(text)[-4:] == [f"Bread {at}," for at in range(1, 5)]


def test_nested_regions_name_their_parent() -> None:
    text = "“He said ‘go’ and I went,” she said. 'She said \"no\" twice,' he said."

    regions = quoted_regions(text, paragraphs(text))

    assert [(region.span.text, region.parent) for region in regions] == [
        ("He said ‘go’ and I went,", None),
        ("go", "Q1"),
        ('She said "no" twice,', None),
        ("no", "Q3"),
    ]


def test_a_paragraph_without_marks_is_a_block_only_above_an_attribution_line() -> None:
    text = "Bread is all we need.\n- Anna Hill, baker\n\nSalt is cheap.\n- item one\n- Item Two"
    blocks = paragraphs(text)

    regions = quoted_regions(text, blocks)

    assert [(region.span.text, region.style) for region in regions] == [("Bread is all we need.", "block")]
    assert [line.name.text for line in attribution_lines(text, blocks, regions)] == ["Anna Hill"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“Bread.”\n- Anna Hill", ["Anna Hill"]),
        ("“Bread.”\n— Anna Hill, baker of the year", ["Anna Hill"]),
        ("“Bread.”\nAnna Hill\nShe is Ms Hill to us.", ["Anna Hill"]),
        ("“Bread.”\nA Day Of Salt And Wine\nHe left.", []),
        ("“Bread,” he said and left.\nAnna Hill\nMs Hill left.", []),
        ("He had no bread.\nAnna Hill\nMs Hill left.", []),
        ("“Bread.”\n- Reuters", []),
        ("“Bread.”\nHe said that Hill was late.", []),
    ],
)
def test_attribution_lines_only_name_a_speaker(text: str, expected: list[str]) -> None:
    blocks = paragraphs(text)

    assert [line.name.text for line in attribution_lines(text, blocks, quoted_regions(text, blocks))] == expected


@given(TEXTS)
def test_regions_match_the_text_in_order_and_never_cross(text: str) -> None:
    blocks = paragraphs(text)
    regions = quoted_regions(text, blocks)
    lines = attribution_lines(text, blocks, regions)

    by_id = {region.id: region for region in regions}
    assert [region.id for region in regions] == [f"Q{at}" for at in range(1, len(regions) + 1)]
    assert [region.outer.start for region in regions] == sorted(region.outer.start for region in regions)
    for at, region in enumerate(regions):
        assert text[region.span.start : region.span.end] == region.span.text == region.span.text.strip() != ""
        assert text[region.outer.start : region.outer.end] == region.outer.text
        assert region.outer.contains(region.span)
        if region.parent is not None:
            assert by_id[region.parent].span.contains(region.outer)
        for other in regions[at + 1 :]:
            assert not region.outer.overlaps(other.outer) or region.span.contains(other.outer)
    for line in lines:
        assert text[line.name.start : line.name.end] == line.name.text != ""
        assert line.span.contains(line.name)


@pytest.mark.shared
@pytest.mark.skipif(not GOLD.exists(), reason="needs ../shared/gold")
@pytest.mark.parametrize("path", [GOLD / "seed.json", *sorted(GOLD.glob("dev/*.json"))], ids=lambda path: path.stem)
def test_every_gold_quotation_in_marks_is_a_region(path: Path) -> None:
    article = json.loads(path.read_text("utf-8"))
    text = article["text"]

    regions = quoted_regions(text, paragraphs(text))

    found = {(region.span.start, region.span.end) for region in regions}
    assert {(quote["start"], quote["end"]) for quote in article["quotes"] if quote["kind"] != "indirect"} <= found


def test_a_run_of_names_in_capitals_with_colons_is_a_transcript() -> None:
    text = "The exchange went:\n\nMOLL: It was late.\n\nHILL: It was not.\n\nNOTE: One line alone is none."
    one = "The talks failed.\n\nNOTE: This line is not speech.\n\nIt rained."

    found = quoted_regions(text, paragraphs(text))

    assert [(region.span.text, region.style) for region in found][:2] == [("It was late.", "turn"), ("It was not.", "turn")]
    assert quoted_regions(one, paragraphs(one)) == ()


def test_an_attribution_line_may_be_a_name_with_a_gloss_or_a_description_behind_a_dash() -> None:
    for line, name in (("Ada Moll, a nurse", "Ada Moll"), ("– A grandmother of two", "A grandmother of two")):
        text = f"It rained.\n\n“Bread is all.”\n\n{line}\n\nThe day ended."
        blocks = paragraphs(text)

        (found,) = attribution_lines(text, blocks, quoted_regions(text, blocks))

        assert found.name.text == name
