"""Single fields of a CMS's payload: found by a path, read as text, identifier, time, address, language or names.

A field that is missing and one of an odd type read alike, as None; nothing here raises.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

from service.webhooks.richtext import sound, text_of

_LONGEST_ID = 500
_LONGEST_LINE = 2_000
_LONGEST_KEY = 200
_MOST_NAMES = 20
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,4}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 100_000_000_000  # as seconds this is the year 5138, as milliseconds 1973
_LAST = 100_000_000_000_000
_INNER = ("processed", "rendered", "raw", "value", "current", "name")
_NAMES = ("name", "title", "full_name", "byline", "slug")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def at(value: object, path: str) -> object:
    """The value at a path, `data.authors.0.name`, or a JSON pointer if it starts with `/` (for keys with a dot); None if none."""
    pointer = [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]
    keys = pointer if path.startswith("/") else path.split(".")
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit() and len(key) < 6 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def first(value: object, paths: str) -> object:
    """The first of comma-separated paths that holds something; else the first that is there but empty; else None."""
    found = [at(value, path) for path in (part.strip() for part in paths.split(",")) if path]
    present = [item for item in found if item is not None]
    return next((item for item in present if item not in ("", [], {})), present[0] if present else None)


def fields_of(value: object) -> Mapping[str, object]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def identifier(value: object) -> str | None:
    """A name or number that identifies something; never empty, without space around it."""
    value = _inner(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**_LONGEST_ID else None
    text = sound(value).strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST_ID else None


def line(value: object) -> str | None:
    """A title or the like: clean text on one line, never empty."""
    text = " ".join(text_of(_inner(value)).split()) if isinstance(_inner(value), str) else ""
    return text[:_LONGEST_LINE] or None


def moment(value: object) -> datetime | None:
    """A time in UTC: ISO 8601 (without an offset it is UTC), or seconds or milliseconds since 1970."""
    value = _inner(value)
    try:
        if isinstance(value, str):
            when = datetime.fromisoformat(value.strip())
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LAST:
            return _EPOCH + timedelta(seconds=value if value < _MILLISECONDS else value / 1000)
    except (ValueError, OverflowError):
        return None
    return None


def address(value: object) -> str | None:
    """A web address with http or https."""
    text = identifier(value)
    if text is None or any(character.isspace() for character in text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def address_from(template: str, values: Mapping[str, str | None]) -> str | None:
    """The address that a template such as `https://news.example/{slug}` gives; None if a value for it is missing."""
    names = _PLACEHOLDER.findall(template)
    known = {name: value for name in names if (value := values.get(name)) is not None}
    if not template or len(known) < len(set(names)):
        return None
    return address(_PLACEHOLDER.sub(lambda found: quote(known[found.group(1)], safe="/"), template))


def language(value: object) -> str | None:
    """A language tag such as `uk` or `pt-BR`."""
    text = identifier(value)
    return text.replace("_", "-") if text is not None and _LANGUAGE.fullmatch(text) else None


def names(value: object) -> str | None:
    """Who wrote it: a name, an object with a name, or a list of either."""
    entries = value if isinstance(value, list) else [value]
    found: list[str] = []
    for entry in entries[:_MOST_NAMES]:
        named = next((entry[key] for key in _NAMES if entry.get(key)), None) if isinstance(entry, Mapping) else entry
        name = line(named)
        if name is not None and name not in found:
            found.append(name)
    return ", ".join(found) or None


def flag(value: object) -> bool | None:
    """A yes or no, also as 0 and 1 and as a word; None if it is neither."""
    value = _inner(value)
    if isinstance(value, bool | int) and value in (0, 1):
        return bool(value)
    return {"true": True, "1": True, "false": False, "0": False}.get(value.lower()) if isinstance(value, str) else None


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header's value, by its name in any case; None if it is missing or empty."""
    value = next((value for key, value in headers.items() if key.lower() == name.lower()), "")
    return sound(value).strip() or None


def key_of(*parts: str | None) -> str | None:
    """The dedupe key `part:part:...`; None if a part is missing, as a key that is too coarse would drop what is new."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    key = ":".join(known)
    return key if len(key) <= _LONGEST_KEY and key.isprintable() else hashlib.sha256(key.encode()).hexdigest()


def words(listed: str) -> frozenset[str]:
    """A comma-separated option as a set of lower-case words."""
    return frozenset(word for part in listed.lower().split(",") if (word := part.strip()))


def shown(value: str | None) -> str:
    """A name from a payload as a reason may show it: a plain short word or nothing of it."""
    return repr(value) if value is not None and re.fullmatch(r"[\w.:\-]{1,60}", value, re.ASCII) else "an odd one"


def _inner(value: object) -> object:
    """What is inside Drupal's `[{"value": ...}]`, WordPress's `{"rendered": ...}` and the like, two levels deep at most."""
    for _ in range(2):
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, Mapping):
            value = _first_of(value, _INNER)
    return value


def _first_of(value: Mapping[str, object], keys: Iterable[str]) -> object:
    return next((value[key] for key in keys if value.get(key) is not None), None)
