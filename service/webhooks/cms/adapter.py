"""What the service knows of a CMS: how its hooks are signed, read and told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from service.webhooks.change import Reading


class Read(Protocol):
    """Reads the parsed body of a verified hook.

    `headers` are the request's, in any case; `options` the connection's, over the adapter's defaults; `path_event` the event at
    the end of the hook's address, for CMSs that do not name it. Raises PayloadUnreadable and nothing else.
    """

    def __call__(
        self, payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
    ) -> Reading:
        """The changes that the hook tells of, or why there are none."""
        ...


class DedupeKey(Protocol):
    """Names the event of a verified hook, without the connection: two deliveries of one event have one key.

    None where the CMS sends the same bytes for two real events: then every delivery counts, and those of one article that wait
    may be read as one. Never raises.
    """

    def __call__(
        self, payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
    ) -> str | None:
        """The key, at most 200 characters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """A CMS. `scheme` names its signature (`service.webhooks.signature`), `options` all options it knows with their defaults.

    `retries`: whether the CMS delivers again what failed; where it does not, a connection needs the reconciliation poller.
    `content_types` are the media types of its bodies, without parameters.
    """

    name: str
    scheme: str
    read: Read
    dedupe_key: DedupeKey
    options: Mapping[str, str]
    retries: bool
    docs: str
    content_types: tuple[str, ...] = ("application/json",)
