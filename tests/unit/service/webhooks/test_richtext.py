import json
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.webhooks.richtext import FORMATS, read_text, sound, text_of, with_breaks

# A paragraph is a list of lines, a line a list of words that inline markup cuts at any place, here in the middle.
Paragraphs = list[list[str]]
SAMPLE: Paragraphs = [
    ["“We will wait,” said Olena K., 42."],
    ["Short."],
    ["First line", "second — «третій»"],
    ["„Nein“, sagte er; it's 1 < 2 & 3."],
]
EXPECTED = "\n\n".join("\n".join(lines) for lines in SAMPLE)

# Characters that mean something in a markup are escaped by every real editor; those tested apart are left out here.
LETTERS = st.text(st.sampled_from("abЖїé “”‘’«»„'.,!?-–—()1"), min_size=1, max_size=30).map(
    lambda text: "x" + " ".join(text.split()) + "x"
)
PARAGRAPHS = st.lists(st.lists(LETTERS, min_size=1, max_size=3), min_size=1, max_size=5)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def cut(line: str) -> tuple[str, str, str]:
    """The line in three pieces, so that the middle one, in bold, begins and ends inside a word."""
    third = len(line) // 3
    return line[:third], line[third : 2 * third], line[2 * third :]


def html(paragraphs: Paragraphs) -> object:
    def inline(line: str) -> str:
        before, bold, after = map(escaped, cut(line))
        return f'{before}<strong>{bold}</strong><a href="https://x.example">{after}</a>'

    return "\n".join("<p>" + "<br>".join(map(inline, lines)) + "</p>" for lines in paragraphs)


def plain(paragraphs: Paragraphs) -> object:
    return "\r\n\r\n".join("\r\n".join(lines) for lines in paragraphs)


def leaves(lines: list[str], leaf: Callable[[str, bool], object], brk: object) -> list[object]:
    found: list[object] = []
    for line in lines:
        before, bold, after = cut(line)
        found += [brk] if found else []
        found += [leaf(before, False), leaf(bold, True), leaf(after, False)]
    return found


def portable_text(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        return {"_type": "span", "text": text, "marks": ["strong"] if bold else []}

    return [
        {"_type": "block", "style": "normal", "children": leaves(lines, leaf, leaf("\n", False))} for lines in paragraphs
    ]


def contentful(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        node = {"nodeType": "text", "value": text, "marks": [{"type": "bold"}] if bold else [], "data": {}}
        return {"nodeType": "hyperlink", "data": {"uri": "x"}, "content": [node]} if bold else node

    content = [
        {"nodeType": "paragraph", "data": {}, "content": leaves(lines, leaf, leaf("\n", False))} for lines in paragraphs
    ]
    return {"nodeType": "document", "data": {}, "content": content}


def strapi(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        node = {"type": "text", "text": text}
        return {"type": "link", "url": "x", "children": [node]} if bold else node

    return [{"type": "paragraph", "children": leaves(lines, leaf, leaf("\n", False))} for lines in paragraphs]


def lexical(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        node = {"type": "text", "text": text, "format": int(bold), "version": 1}
        return {"type": "autolink", "children": [node]} if bold else node

    children = [
        {"type": "paragraph", "children": leaves(lines, leaf, {"type": "linebreak"}), "direction": "ltr"}
        for lines in paragraphs
    ]
    return {"root": {"type": "root", "children": children}}


def ghost_lexical(paragraphs: Paragraphs) -> object:
    return json.dumps(lexical(paragraphs)).replace('"type": "text"', '"type": "extended-text"')


def prosemirror(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        return {"type": "text", "text": text, "marks": [{"type": "bold"}] if bold else []}

    return {
        "type": "doc",
        "content": [{"type": "paragraph", "content": leaves(lines, leaf, {"type": "hard_break"})} for lines in paragraphs],
    }


def slate(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        node = {"text": text, "bold": bold}
        return {"type": "link", "children": [node]} if bold else node

    return {"children": [{"type": "paragraph", "children": leaves(lines, leaf, {"text": "\n"})} for lines in paragraphs]}


def mobiledoc(paragraphs: Paragraphs) -> object:
    def leaf(text: str, bold: bool) -> object:
        return [0, [0], 1, text] if bold else [0, [], 0, text]

    return {
        "version": "0.3.1",
        "markups": [["strong"]],
        "atoms": [["soft-return", "", {}]],
        "cards": [],
        "sections": [[1, "p", leaves(lines, leaf, [1, [], 0, 0])] for lines in paragraphs],
    }


DIALECTS = [html, plain, portable_text, contentful, strapi, lexical, ghost_lexical, prosemirror, slate, mobiledoc]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_paragraphs_read_the_same_in_every_dialect(dialect: Callable[[Paragraphs], object]) -> None:
    assert text_of(dialect(SAMPLE)) == EXPECTED


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=25)
@given(paragraphs=PARAGRAPHS)
def test_any_paragraphs_survive_every_dialect(dialect: Callable[[Paragraphs], object], paragraphs: Paragraphs) -> None:
    expected = "\n\n".join("\n".join(lines) for lines in paragraphs)

    assert text_of(dialect(paragraphs)) == unicodedata.normalize("NFC", expected)


def test_markdown_gives_its_words_without_its_marks() -> None:
    source = "# A *day*\n\n“We **wai**t,” she\nsaid.  \nThen [left](https://x.example).\n\n> Gone\n\n1. one\n2. two"

    assert text_of(source) == "A day\n\n“We wait,” she said.\nThen left.\n\nGone\n\none\n\ntwo"


def test_dashes_of_dialogue_are_no_bullets() -> None:
    assert text_of("- No, she said.\n- Why?") == "- No, she said.\n- Why?"
    assert text_of("- No, she said.\n- Why?", "markdown") == "No, she said.\n\nWhy?"


@pytest.mark.parametrize(
    ("value", "format", "expected"),
    [
        ("1 < 2 and <Name> & *x*", "text", "1 < 2 and <Name> & *x*"),
        ("1 < 2 and 3 > 2", "auto", "1 < 2 and 3 > 2"),
        ("a &amp; b\n\nc <b>d</b>e", "auto", "a & b\n\nc de"),
        ("<p>a\nb</p>", "auto", "a b"),
        ('{"root": 1}', "auto", '{"root": 1}'),
        ("[1] A footnote", "auto", "[1] A footnote"),
        ("[" * 5000, "auto", "[" * 5000),
        ("e\u0301t\u00e9\u00a0x", "auto", "été x"),
        ("a\x00b\ud800c", "auto", "ab?c"),
        ("**x**", "html", "**x**"),
        ("x² ½ ﬁ…", "auto", "x² ½ ﬁ…"),
    ],
)
def test_a_string_is_read_by_its_shape_or_as_told(value: str, format: str, expected: str) -> None:
    assert text_of(value, format) == expected


def test_lists_tables_and_quotes_are_blocks_also_beside_text() -> None:
    nested = {"type": "list-item", "children": [{"text": "one"}, {"type": "bulleted-list", "children": [
        {"type": "list-item", "children": [{"text": "two"}]}]}]}  # fmt: skip

    assert text_of([{"type": "bulleted-list", "children": [nested]}]) == "one\n\ntwo"


def test_an_unknown_kind_is_part_of_the_line_beside_text_and_a_block_beside_blocks() -> None:
    line = {
        "type": "paragraph",
        "children": [{"text": "wai"}, {"type": "glow", "children": [{"text": "ti"}]}, {"text": "ng"}],
    }

    assert text_of([line, {"type": "fact-box", "children": [{"text": "Box"}]}, line]) == "waiting\n\nBox\n\nwaiting"


def test_links_side_by_side_are_one_word() -> None:
    links = [{"type": "link", "children": [{"text": "wai"}]}, {"type": "link", "children": [{"text": "ting"}]}]

    assert text_of([{"type": "paragraph", "children": links}]) == "waiting"


def test_pictures_and_embedded_things_are_left_out() -> None:
    blocks = [
        {"type": "image", "children": [{"text": "caption"}]},
        {"type": "paragraph", "children": [{"text": "Kept"}]},
    ]
    portable = [{"_type": "image", "caption": "no"}, {"_type": "block", "children": [{"_type": "span", "text": "Kept"}]}]
    rich = {"nodeType": "document", "content": [
        {"nodeType": "embedded-asset-block", "content": [], "data": {}},
        {"nodeType": "paragraph", "content": [{"nodeType": "text", "value": "Kept"}]},
    ]}  # fmt: skip

    assert [text_of(value) for value in (blocks, portable, rich)] == ["Kept"] * 3


def test_cards_of_ghost_and_blocks_of_payload_keep_their_text() -> None:
    paragraph = {"type": "paragraph", "children": [{"type": "text", "text": "Inside"}]}
    tree = {"root": {"children": [
        {"type": "callout", "calloutText": "<b>Cal</b>lout"},
        {"type": "toggle", "heading": "Head", "content": "<p>One</p><p>Two</p>"},
        {"type": "html", "html": "<div>Raw</div><script>no</script>"},
        {"type": "markdown", "markdown": "## Mark\n\ndown"},
        {"type": "bookmark", "metadata": {"title": "no"}},
        {"type": "block", "fields": {"blockType": "box", "body": {"root": {"type": "root", "children": [paragraph]}}}},
        {"type": "aside", "children": [{"type": "extended-text", "text": "Aside"}]},
    ]}}  # fmt: skip

    assert text_of(tree) == "Callout\n\nHead\n\nOne\n\nTwo\n\nRaw\n\nMark\n\ndown\n\nInside\n\nAside"


def test_mobiledoc_lists_and_cards_are_read() -> None:
    document = {"markups": [], "atoms": [["mention", "@olena", {}]], "cards": [["html", {"html": "<p>Card</p>"}], ["image", {}]],
        "sections": [[3, "ul", [[[0, [], 0, "one"]], [[1, [], 0, 0]]]], [10, 0], [10, 1], [10, 9], [2, "x.jpg"]]}  # fmt: skip

    assert text_of(document) == "one\n\n@olena\n\nCard"


def test_wrapped_fields_are_unwrapped_and_the_best_form_is_taken() -> None:
    assert text_of([{"value": "<p>raw</p>", "processed": "<p>One</p>"}, {"value": "<p>Two</p>"}]) == "One\n\nTwo"
    assert text_of({"raw": {"children": [{"children": [{"text": "x"}]}]}}) == "x"
    assert text_of(["One", "Two"]) == "One\n\nTwo"


@pytest.mark.parametrize("value", [None, 4, True, {}, {"x": 1}, [4], [{}]])
def test_what_is_no_rich_text_is_told_apart_from_empty_text(value: object) -> None:
    assert read_text(value) is None
    assert text_of(value) == ""


@pytest.mark.parametrize("value", ["", "  ", [], {"root": {"children": []}}, "<p></p>"])
def test_empty_rich_text_is_empty_text(value: object) -> None:
    assert read_text(value) == ""


def test_a_tree_as_deep_as_json_allows_is_read() -> None:
    node: object = {"text": "deep"}
    for _ in range(5_000):
        node = {"type": "quote", "children": [node]}

    assert text_of([node]) == "deep"


def test_line_breaks_of_the_source_count_but_not_those_inside_a_tag() -> None:
    assert with_breaks("a\n \n\nb\nc<i\nclass=x>d</i>") == "a<p>b<br>c<i\nclass=x>d</i>"


KEYS = st.sampled_from(
    ["type", "_type", "nodeType", "children", "content", "text", "value", "root", "sections", "markups", "cards", "atoms", "fields",
     "html", "document", "x"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["doc", "document", "paragraph", "text", "block", "span", "link", "linebreak", "callout", "html", "list", "image", "# a",
     "<p>b", "[c]"]
) | st.text(max_size=8)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@given(JSON, st.sampled_from(FORMATS))
def test_any_json_gives_clean_text(value: object, format: str) -> None:
    text = text_of(value, format)

    assert text == text.strip()
    assert "\n\n\n" not in text
    assert "  " not in text
    assert sound(text) == text == unicodedata.normalize("NFC", text)


@pytest.mark.timing
@pytest.mark.parametrize("piece", ["[", "<", "**", "[a](", "<p ", "&", "\n ", " ", "# a\n> [", "# a\n_*"])
def test_two_hundred_thousand_characters_of_anything_are_read_in_time(piece: str) -> None:
    start = time.process_time()

    text_of(piece * (200_000 // len(piece)))

    assert time.process_time() - start < 10
