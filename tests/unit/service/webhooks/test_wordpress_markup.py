import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.webhooks.richtext import text_of
from service.webhooks.wordpress_markup import rendered


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<!-- wp:paragraph {\"a\":\"b\"} -->\n<p>One</p>\n<!-- /wp:paragraph -->\n\n"
         "<!-- wp:quote --><blockquote><p>Two</p></blockquote>", "One\n\nTwo"),
        ("One <b>b</b>old\nline\n\nTwo\r\n\r\n<ul>\n<li>x</li>\n</ul>", "One bold\nline\n\nTwo\n\nx"),
        ('[caption id="a" width="3"]<a><img src="x"></a> Photo[/caption]\n\nText', "Text"),
        ("“[Putin] will [not] go,” [sic] [video]", "“[Putin] will [not] go,” [sic] [video]"),
        ('a [gallery ids="1,2"]b [gallery] c [su_box title=\'x y\' n=3]inside[/su_box] d', "a b c inside d"),
        ("[embed]https://x.example[/embed]x[foo]y[/foo]", "xy"),
        ("[embed]open", "[embed]open"),
    ],
)  # fmt: skip
def test_a_post_reads_as_its_readers_see_it(content: str, expected: str) -> None:
    assert text_of(rendered(content), "html") == expected


@given(st.lists(st.text("ab “”().,", max_size=8), max_size=8), st.sampled_from(["caption", "embed", "video"]))
def test_what_stands_around_shortcodes_is_kept_and_nothing_of_what_they_hold(texts: list[str], name: str) -> None:
    content = f'[{name} id="1"]INSIDE [sic][/{name}]'.join(texts)

    assert rendered(content) == "".join(texts)


@pytest.mark.timing
@pytest.mark.parametrize("piece", ["[", "[a ", "[a b=c ", "[caption a=b]", "[/a]", "[a='"])
def test_a_million_characters_of_brackets_are_read_in_time(piece: str) -> None:
    start = time.process_time()

    rendered(piece * (1_000_000 // len(piece)))

    assert time.process_time() - start < 10
