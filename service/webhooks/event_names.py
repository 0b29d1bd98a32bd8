"""What an event's name means, where the CMS leaves names to its people: `article.published`, `entry.update`, `afterDelete`."""

from __future__ import annotations

import re

from service.webhooks.change import Event

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_MEANING = {
    Event.PUBLISH: ("publish", "published", "create", "created", "add", "added", "insert", "inserted", "live"),
    Event.UPDATE: (
        "update",
        "updated",
        "edit",
        "edited",
        "change",
        "changed",
        "modified",
        "corrected",
        "correction",
        "republished",
    ),
    Event.UNPUBLISH: ("unpublish", "unpublished", "archive", "archived", "withdrawn", "retracted", "unlisted"),
    Event.DELETE: ("delete", "deleted", "remove", "removed", "trash", "trashed", "killed", "purged", "canceled"),
}
_EVENTS = {word: event for event, told in _MEANING.items() for word in told}
_LONGEST = 100


def event_named(name: str | None) -> Event | None:
    """The event by the last telling word of its name; None if there is none.

    >>> event_named("post.published.edited")
    <Event.UPDATE: 'update'>
    """
    found = [_EVENTS[word] for word in (part.lower() for part in _WORD.findall((name or "")[:_LONGEST])) if word in _EVENTS]
    return found[-1] if found else None
