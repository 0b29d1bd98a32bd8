"""Rich text that is a JSON tree: one walker, and a table for each dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

BLOCK = "\n\n"

# Kinds are compared in lower case without `-` and `_`: every editor spells them its own way.
_BLOCKS = frozenset(
    (
        "p", "paragraph", "h1", "h2", "h3", "h4", "h5", "h6", "heading", "headingone", "headingtwo", "headingthree",
        "headingfour", "headingfive", "headingsix", "extendedheading", "ul", "ol", "li", "lic", "list", "orderedlist",
        "bulletlist", "unorderedlist", "numberedlist", "bulletedlist", "listitem", "listitemchild", "quote", "blockquote",
        "extendedquote", "aside", "pre", "code", "codeblock", "div", "section", "table", "tablehead", "tablebody",
        "tablerow", "tr", "tablecell", "tableheadercell", "tableheader", "td", "th",
    )
)  # fmt: skip
_INLINE = frozenset(
    (
        "link", "a", "autolink", "atlink", "hyperlink", "entryhyperlink", "assethyperlink", "resourcehyperlink",
        "mention", "hashtag", "span", "inlinecode",
    )
)  # fmt: skip
_BREAKS = frozenset(
    (
        "linebreak", "hardbreak", "softbreak", "br", "break",
    )
)  # fmt: skip
# What holds a picture or an advertisement is no article text, and neither is its caption: as in `clean_html`.
_SKIPPED = frozenset(
    (
        "image", "img", "picture", "video", "audio", "file", "media", "figure", "figcaption", "caption", "imagecaption",
        "gallery", "embed", "iframe", "upload", "bookmark", "button", "signup", "email", "emailcta", "calltoaction",
        "product", "transistor", "paywall", "horizontalrule", "hr", "thematicbreak", "blok", "relationship",
        "embeddedentryblock", "embeddedassetblock", "embeddedresourceblock", "embeddedentryinline", "inlineblock",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The keys of a tree's nodes: their kind, their children, and the text of a leaf.

    `cards` names, for kinds whose text is a string of markup in keys of their own, these keys; `nested` the keys in which a
    node that is not of the dialect's own kinds keeps further trees.
    """

    name: str
    kind: str = "type"
    children: str = "children"
    text: str = "text"
    cards: Mapping[str, Sequence[str]] = field(default_factory=dict)
    nested: Sequence[str] = ()


PORTABLE_TEXT = Dialect(name="portable-text", kind="_type", nested=("content", "body", "blocks"))
CONTENTFUL = Dialect(name="contentful", kind="nodeType", children="content", text="value")
PROSEMIRROR = Dialect(name="prosemirror", children="content")
# Strapi's Blocks and Slate's trees differ in the names of kinds only.
BLOCKS = Dialect(name="blocks")
# The cards are Ghost's, the nested fields are those of Payload's blocks.
LEXICAL = Dialect(
    name="lexical",
    cards={
        "callout": ("calloutText",),
        "toggle": ("heading", "content"),
        "html": ("html",),
        "markdown": ("markdown",),
        "header": ("header", "subheader"),
    },
    nested=("fields",),
)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A node yet to be walked; `apart` where it stands among other nodes and not within a line of text."""

    node: object
    apart: bool


def walk(nodes: Sequence[object], dialect: Dialect, read_markup: Callable[[str], str]) -> str:
    """The raw text of a tree (white space as it stands): blocks parted by `BLOCK`, breaks as a line break.

    A kind that no table knows is a block where it stands among nodes, and part of the line where it stands beside text.
    `read_markup` turns the markup of a card into text. Without recursion: trees may be nested as deep as JSON allows.
    """
    pieces: list[str] = []
    stack: list[_Visit | str] = [_Visit(node, True) for node in reversed(nodes)]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        node = item.node
        if isinstance(node, str):
            pieces.append(BLOCK + node + BLOCK if item.apart else node)
        if not isinstance(node, Mapping):
            continue
        kind = _kind(node, dialect)
        if kind in _BREAKS:
            pieces.append("\n")
        elif kind == "tab":
            pieces.append(" ")
        elif kind in dialect.cards:
            pieces += [BLOCK + read_markup(text) + BLOCK for text in _strings(node, dialect.cards[kind])]
        elif kind not in _SKIPPED:
            _enter(node, kind, item.apart, dialect, pieces, stack)
    return "".join(pieces)


def _enter(
    node: Mapping[object, object], kind: str, apart: bool, dialect: Dialect, pieces: list[str], stack: list[_Visit | str]
) -> None:
    """Take the text of a leaf, or put the node's children on the stack, between borders if the node is a block."""
    is_block = kind in _BLOCKS or (apart and kind not in _INLINE)
    children = node.get(dialect.children)
    text = node.get(dialect.text)
    if not isinstance(children, list):
        if isinstance(text, str):
            pieces.append(BLOCK + text + BLOCK if is_block else text)
            return
        children = [tree for key in dialect.nested for tree in _trees(node.get(key))]
    is_line = any(_is_text(child, dialect) for child in children)
    border = [BLOCK] if is_block else []
    pieces += border
    stack += border
    stack += [_Visit(child, not is_line) for child in reversed(children)]


def _is_text(node: object, dialect: Dialect) -> bool:
    """Whether the node is a leaf of text or a break: then its neighbours are part of the same line."""
    if not isinstance(node, Mapping):
        return isinstance(node, str)
    if isinstance(node.get(dialect.text), str) and not isinstance(node.get(dialect.children), list):
        return True
    return _kind(node, dialect) in _BREAKS


def _kind(node: Mapping[object, object], dialect: Dialect) -> str:
    kind = node.get(dialect.kind)
    return kind.lower().replace("-", "").replace("_", "") if isinstance(kind, str) else ""


def _strings(node: Mapping[object, object], keys: Sequence[str]) -> list[str]:
    return [text for key in keys if isinstance(text := node.get(key), str)]


def _trees(value: object) -> list[object]:
    """The nodes of a list of trees, of a `{"root": ...}`, or of the values of a mapping that are either."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Mapping)]
    if not isinstance(value, Mapping):
        return []
    roots = [value, *value.values()]
    return [root["root"] for root in roots if isinstance(root, Mapping) and isinstance(root.get("root"), Mapping)]


def walk_mobiledoc(document: Mapping[str, object], read_markup: Callable[[str], str]) -> str:
    """The raw text of a Mobiledoc 0.3 document (Ghost before Lexical): sections of markers, lists, and cards of markup."""
    atoms, cards, sections = (_items(document.get(key)) for key in ("atoms", "cards", "sections"))
    pieces: list[str] = []
    for section in map(_items, sections):
        match section:
            case [1, _, list(markers), *_]:
                pieces.append(_line(markers, atoms))
            case [3, _, list(entries), *_]:
                pieces += [_line(_items(entry), atoms) for entry in entries]
            case [10, int(index), *_] if 0 <= index < len(cards):
                match cards[index]:
                    case ["html" | "markdown" | "card-markdown", {"html": str(text)} | {"markdown": str(text)}, *_]:
                        pieces.append(read_markup(text))
    return BLOCK.join(pieces)


def _line(markers: Sequence[object], atoms: Sequence[object]) -> str:
    pieces: list[str] = []
    for marker in markers:
        match marker:
            case [0, _, _, str(text), *_]:
                pieces.append(text)
            case [1, _, _, int(index), *_] if 0 <= index < len(atoms):
                match atoms[index]:
                    case ["soft-return", *_]:
                        pieces.append("\n")
                    case [_, str(text), *_]:
                        pieces.append(text)
    return "".join(pieces)


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
