"""HTML of an article to the clean text that all offsets refer to."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

# Never article text, wherever they stand.
_DROPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "canvas",
        "iframe",
        "object",
        "embed",
        "video",
        "audio",
        "picture",
        "head",
        "nav",
        "aside",
        "figcaption",
        "form",
        "footer",
        "button",
        "select",
        "textarea",
        "input",
        "label",
        "dialog",
        "menu",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset(("td", "th"))
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_BREAKS = re.compile(r"\n{2,}")
_BLOCK = "\n\n"
# The parser's time grows with the square of the nesting; no real page comes near this depth.
_DEPTH = 256
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_UNNESTED = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dd",
        "dt",
        "tr",
        "td",
        "th",
        "tbody",
        "thead",
        "tfoot",
        "option",
        "optgroup",
    ]
)


def clean_html(html: str, *, fragment: bool = False) -> str:
    r"""The article's text: blocks parted by an empty line, `<br>` as a line break, entities decoded, white space collapsed.

    Scripts, styles, navigation, asides, figures (but not a quotation or a table set as one), forms, page headers and footers
    are left out. Where the page has exactly one `<article>`, or else one `<main>`, that holds text, only this is read; not so in
    a `fragment`, the body field of a CMS, where it can only be something embedded. Tables are given row by row, cells parted by
    a space. In a `<pre>` line breaks are kept.
    Malformed markup is read as a browser does. Never raises; text that is no HTML comes back with its white space collapsed.

    >>> clean_html("<nav>Home</nav><p>Bread &amp; <b>salt</b>.<p>Wine<br>Oil")
    'Bread & salt.\n\nWine\nOil'
    """
    root = LexborHTMLParser(_shallow(html.replace("\x00", "")).encode("utf-8", "replace")).root
    if root is None:
        return ""
    pieces: list[str] = []
    _collect(root if fragment else _content(root), pieces)
    text = _SPACE.sub(" ", "".join(pieces))
    text = _AROUND_BREAK.sub("\n", text)
    return _BREAKS.sub(_BLOCK, text).strip()


def _shallow(html: str) -> str:
    """The markup with the tags that open deeper than `_DEPTH` renamed to one that holds nothing."""
    if html.count("<") <= _DEPTH:
        return html
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag.group(2).lower() in _UNNESTED:
            return tag.group()
        is_kept = depth <= _DEPTH
        depth = max(0, depth - 1) if tag.group(1) else depth + 1
        return tag.group() if is_kept and depth <= _DEPTH else f"<{tag.group(1)}wbr"

    return _TAG.sub(kept, html)


def _content(root: LexborNode) -> LexborNode:
    """The element that holds the article."""
    for name in ("article", "main"):
        found = root.css(name)
        if len(found) == 1 and len(found[0].text(deep=True).strip()) > 0:
            return found[0]
    return root


def _collect(root: LexborNode, pieces: list[str]) -> None:
    """Walk the tree without recursion (markup may be nested a million deep) and gather text and breaks."""
    stack: list[LexborNode | str] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        name = item.tag or ""
        if name == "-text":
            is_preformatted = item.parent is not None and item.parent.tag == "pre"
            text = item.text_content or ""
            pieces.append(text if is_preformatted else text.replace("\n", " "))
            continue
        if name == "br":
            pieces.append("\n")
            continue
        if _is_dropped(item, name):
            continue
        around = _BLOCK if name in _BLOCKS else " " if name in _CELLS else ""
        if around:
            pieces.append(around)
            stack.append(around)
        child = item.last_child
        while child is not None:
            stack.append(child)
            child = child.prev


def _is_dropped(node: LexborNode, name: str) -> bool:
    """Whether the element is clearly no article text: by its name, as a page header, or hidden."""
    if name in _DROPPED or name.startswith(("-comment", "_comment", "!")):
        return True
    # Block editors wrap quotations and tables of the text in a figure; its caption is dropped by its own name.
    if name == "figure" and node.css_first("blockquote, table, pre") is None:
        return True
    attributes = node.attributes
    if not attributes:
        # A header inside the article holds its title and standfirst; one of the page holds logos and menus.
        return name == "header" and node.parent is not None and node.parent.tag == "body"
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    style = attributes.get("style")
    if style and _HIDDEN.search(style):
        return True
    if attributes.get("role") in ("navigation", "banner", "contentinfo", "complementary", "search"):
        return True
    return name == "header" and node.parent is not None and node.parent.tag == "body"
