"""WordPress's own markup in a post's content: what a reader sees as paragraphs, and shortcodes, which no reader sees."""

from __future__ import annotations

import re

from service.webhooks.richtext import with_breaks

# A shortcode may be any word in square brackets, and so may an editor's insertion into a quotation: "[Putin] will". Only what
# can be nothing else is taken out: a closing tag, a tag that one closes, a tag with attributes, and WordPress's own lone ones.
_ATTRIBUTE = r"[\w-]++\s*+=\s*+(?:\"[^\"\[\]]*+\"|'[^'\[\]]*+'|[^\s\"'\[\]]++)"
_SHORTCODE = re.compile(rf"\[(?P<close>/)?(?P<name>[A-Za-z][\w-]*+)(?P<attributes>(?:\s++{_ATTRIBUTE})*+)\s*+/?\]")
_LONE = frozenset(("gallery", "playlist"))
_WITH_PICTURE = frozenset(("caption", "wp_caption", "gallery", "playlist", "audio", "video", "embed"))


def rendered(content: str) -> str:
    r"""The content with its shortcodes taken out (captions of pictures with what they hold) and its paragraphs marked.

    Content of the classic editor parts paragraphs by empty lines only; WordPress marks them when it shows the post.

    >>> rendered('One.\n\nTwo [caption id="a"]<img> no[/caption][sic].')
    'One.<p>Two [sic].'
    """
    content = _without_shortcodes(content)
    return content if "<!-- wp:" in content or "<p" in content.lower() else with_breaks(content)


def _without_shortcodes(content: str) -> str:
    if "[" not in content:
        return content
    found = list(_SHORTCODE.finditer(content))
    # Where each tag's shortcode ends: read from the back, the nearest closing tag of its name is the one seen last.
    closing: dict[str, int] = {}
    ends: list[int | None] = []
    for tag in reversed(found):
        name = tag["name"].lower()
        end = closing.get(name)
        if tag["close"]:
            closing[name] = tag.end()
            ends.append(tag.end())
        elif end is None and not tag["attributes"] and name not in _LONE:
            ends.append(None)
        else:
            ends.append(end if end is not None and name in _WITH_PICTURE else tag.end())
    pieces: list[str] = []
    position = 0
    for tag, end in zip(found, reversed(ends), strict=True):
        if end is not None and tag.start() >= position:
            pieces.append(content[position : tag.start()])
            position = end
    return "".join([*pieces, content[position:]])
