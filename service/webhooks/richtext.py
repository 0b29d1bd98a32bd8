"""A rich-text field of any CMS to clean plain text: HTML, Markdown, plain text, and every JSON dialect of `rich_trees`.

Words stand as they were written: quotation marks, letters inside inline markup and short paragraphs are never touched. Blocks are
parted by an empty line, a forced break is a line break, other white space is one space, letters are composed (NFC). Captions of
pictures, embedded things and scripts are left out, as in `service.text.clean`.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence

from markdown_it import MarkdownIt

from service.text.clean import clean_html
from service.webhooks.rich_trees import (
    BLOCK,
    BLOCKS,
    CONTENTFUL,
    LEXICAL,
    PORTABLE_TEXT,
    PROSEMIRROR,
    Dialect,
    walk,
    walk_mobiledoc,
)

FORMATS = ("auto", "html", "markdown", "text")
_BLOCK_TAG = re.compile(
    r"<(?:p|div|br|h[1-6]|ul|ol|li|blockquote|table|section|article|figure|pre|hr|body|html|main|dl)\b[^<>]*>", re.IGNORECASE
)
_MARKUP = re.compile(
    r"</?(?:a|abbr|b|bdi|cite|code|del|dfn|em|font|i|iframe|img|ins|kbd|mark|q|s|samp|script|small|span|strong|style|sub|sup|time|u"
    r"|wbr)\b[^<>]*>|<!--|&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});",
    re.IGNORECASE,
)
# Bullets alone are no sign of Markdown: a dash opens speech in many languages, and would be lost.
_MARKDOWN = re.compile(
    r"^#{1,6}[ \t]+\S|^>[ \t]|^```|!?\[[^\[\]\n]{1,300}\]\((?:https?:|/|#|mailto:)|(?<![*\w])\*\*(?=\S)[^*\n]{1,300}\*\*",
    re.MULTILINE,
)
# Time for Markdown grows faster than its size; no article comes near this.
_LONGEST_MARKDOWN = 200_000
_SPACE = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_BREAKS = re.compile(r"\n{2,}")
_TAG = re.compile(r"(<[^<>]*>)")
# Where a CMS wraps a rich-text field, the best form comes first.
_WRAPPERS = ("processed", "rendered", "html", "markdown", "raw", "json", "value", "text", "document")


def text_of(value: object, format: str = "auto") -> str:
    r"""The clean text of a rich-text field of any dialect; empty where there is none or where nothing is understood. Never raises.

    `format` says what a string holds, one of `FORMATS`; `auto` decides by its shape. JSON in a string is read as JSON.

    >>> text_of([{"_type": "block", "children": [{"_type": "span", "text": "“Bread”, "}, {"_type": "span", "text": "he said"}]}])
    '“Bread”, he said'
    >>> text_of("One<br>two")
    'One\ntwo'
    """
    return read_text(value, format) or ""


def read_text(value: object, format: str = "auto") -> str | None:
    """As `text_of`, but None where the value is no rich text at all, so that "no text" and "not understood" differ."""
    found: list[str] = []
    is_understood = False
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            tree = _decoded(item) if format == "auto" else None
            text = _of_tree(tree) if tree is not None else None
            found.append(_of_string(item, format) if text is None else text)
            is_understood = True
        elif (text := _of_tree(item)) is not None:
            found.append(text)
            is_understood = True
        elif isinstance(item, list):
            is_understood = is_understood or not item
            todo += reversed(item)
        elif isinstance(item, Mapping):
            inner = next((item[key] for key in _WRAPPERS if item.get(key) is not None), None)
            todo += [inner] if inner is not None else []
    return _settled(BLOCK.join(found)) if is_understood else None


def sound(text: str) -> str:
    """The text without what no database and no encoding takes: NUL goes, half a surrogate pair becomes a question mark."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def with_breaks(html: str) -> str:
    """HTML in which line breaks of the source count: an empty line parts paragraphs, one break stays a break."""
    parts = _TAG.split(html.replace("\r\n", "\n").replace("\r", "\n"))
    # Text stands at the even places; line breaks inside a tag are no breaks.
    parts[::2] = [re.sub(r"\n", "<br>", re.sub(r"\n[^\S\n]*(?:\n[^\S\n]*)+", "<p>", text)) for text in parts[::2]]
    return "".join(parts)


def _settled(text: str) -> str:
    """White space as `clean_html` gives it, letters composed."""
    text = sound(text).replace("\r\n", "\n").replace("\r", "\n")
    text = _AROUND_BREAK.sub("\n", _SPACE.sub(" ", text))
    return unicodedata.normalize("NFC", _BREAKS.sub(BLOCK, text).strip())


def _of_string(text: str, format: str) -> str:
    if format == "auto":
        format = _format_of(text)
    if format == "markdown" and len(text) <= _LONGEST_MARKDOWN:
        return clean_html(_markdown().render(text), fragment=True)
    if format == "html":
        return clean_html(text if _BLOCK_TAG.search(text) else with_breaks(text), fragment=True)
    return text


def _format_of(text: str) -> str:
    if _BLOCK_TAG.search(text):
        return "html"
    if _MARKDOWN.search(text):
        return "markdown"
    return "html" if _MARKUP.search(text) else "text"


@functools.lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    """The parser; tags inside Markdown are passed on, so that they are read and not shown."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _decoded(text: str) -> object:
    """The JSON in a string (Ghost keeps its trees so), or None."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_tree(value: object) -> str | None:
    """The raw text of a JSON tree, by its shape; None if it is none."""
    if isinstance(value, list):
        dialect = _dialect_of_list(value)
        return walk(value, dialect, _of_markup) if dialect else None
    if not isinstance(value, Mapping):
        return None
    match value:
        case {"root": {"children": list(nodes)}}:
            return walk(nodes, LEXICAL, _of_markup)
        case {"nodeType": str(), "content": list(nodes)}:
            return walk(nodes, CONTENTFUL, _of_markup)
        case {"type": "doc", "content": list(nodes)}:
            return walk(nodes, PROSEMIRROR, _of_markup)
        case {"sections": list(), "markups": list()}:
            return walk_mobiledoc(value, _of_markup)
        case {"_type": str()}:
            return walk([value], PORTABLE_TEXT, _of_markup)
        case {"children": list(nodes)}:
            return walk(nodes, BLOCKS, _of_markup)
    return None


def _dialect_of_list(nodes: Sequence[object]) -> Dialect | None:
    """The dialect of a bare list of blocks: Portable Text, or Strapi's and Slate's."""
    for node in nodes:
        if isinstance(node, Mapping):
            if "_type" in node:
                return PORTABLE_TEXT
            if isinstance(node.get("children"), list):
                return BLOCKS
    return None


def _of_markup(text: str) -> str:
    return _of_string(text, _format_of(text))
