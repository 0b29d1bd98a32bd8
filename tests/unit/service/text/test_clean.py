import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.clean import clean_html

TAGS = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<br>", "<b>", "<article>", "</article>", "<script>", "<table>", "<td>", "<!--", "-->", "<",
     "&amp;", "&#0;", "<a href='"]
)  # fmt: skip


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<p>Two", "One\n\nTwo"),
        ("<p>One<br>two<br/>three</p>", "One\ntwo\nthree"),
        ("<p>A &ldquo;b&rdquo; &amp; c&nbsp;d&#8217;s</p>", "A “b” & c d’s"),
        ("<p>a <b>b</b><i>c</i>\n  d</p>", "a bc d"),
        ("<h1>T</h1><blockquote><p>Q</p></blockquote><ul><li>x<li>y</ul>", "T\n\nQ\n\nx\n\ny"),
        ("<table><tr><th>a<td>b</tr><tr><td>c</table>", "a b\n\nc"),
        ("plain  text", "plain text"),
        ("a < b and c > d", "a < b and c > d"),
        ("", ""),
    ],
)
def test_blocks_become_paragraphs(html: str, expected: str) -> None:
    assert clean_html(html) == expected


@pytest.mark.parametrize(
    "name", ["script", "style", "nav", "aside", "figure", "form", "footer", "noscript", "svg", "iframe", "select"]
)
def test_what_is_no_article_text_is_left_out(name: str) -> None:
    assert clean_html(f"<body><p>Bread</p><{name}>no</{name}><p>salt</p></body>") == "Bread\n\nsalt"


def test_a_page_header_is_left_out_and_the_article_s_own_is_kept() -> None:
    page = "<body><header>Logo</header><div>Menu</div><article><header><h1>Bread</h1></header><p>Salt</p></article></body>"

    assert clean_html(page) == "Bread\n\nSalt"


def test_hidden_elements_and_comments_are_left_out() -> None:
    page = "<p>Bread<!-- no --><span hidden>no</span><span style='display: none'>no</span><span aria-hidden='true'>no</span></p>"

    assert clean_html(page) == "Bread"


def test_a_figure_is_kept_only_for_the_quotation_or_table_it_holds() -> None:
    page = "<figure><blockquote>Bread</blockquote><figcaption>no</figcaption></figure><figure><img><a>no</a></figure>"

    assert clean_html(page + "<figure><table><tr><td>salt</table></figure>") == "Bread\n\nsalt"


def test_a_fragment_is_read_whole_also_where_it_embeds_an_article() -> None:
    body = "<p>Bread</p><article>Embedded</article><p>salt</p>"

    assert clean_html(body) == "Embedded"
    assert clean_html(body, fragment=True) == "Bread\n\nEmbedded\n\nsalt"


def test_preformatted_lines_and_paragraphs_are_kept() -> None:
    assert clean_html("<pre>Bread\nand\n\nsalt</pre><p>a\nb</p>") == "Bread\nand\n\nsalt\n\na b"


def test_several_articles_on_a_page_are_all_kept() -> None:
    assert clean_html("<article>One</article><article>Two</article>") == "One\n\nTwo"


@pytest.mark.timing
@pytest.mark.parametrize("tag", ["<div>", "<div class='<'>", "<a><b>", "<div "])
def test_markup_nested_a_hundred_thousand_deep_is_read_in_time(tag: str) -> None:
    start = time.process_time()

    text = clean_html("<p>Bread</p>" + tag * 100_000)

    # Read as it stands it would cost the square: the parser alone took 3.7 s for 40,000.
    assert text == "Bread"
    assert time.process_time() - start < 10


@given(st.lists(TAGS | st.text(max_size=5), max_size=40).map("".join))
def test_any_text_gives_clean_paragraphs(html: str) -> None:
    text = clean_html(html)

    assert text == text.strip()
    assert "\n\n\n" not in text
    assert "  " not in text
    assert "\x00" not in text
