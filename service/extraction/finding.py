"""Findings: what is wrong with a draft, in words that a careful reader (or a model) can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What happens to the item if nobody can be asked again. A value is never changed."""

    WARN = "warn"
    NULL = "null"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One failed check.

    `check` is its id (docs/checks.md); `message` says what is wrong and, behind "; ", what to do about it; `item` names the
    item as the model wrote it ("q3", "indirect 2", "exchange 1"); `field` which value is meant; `target` addresses the item in
    the draft ("quotes"/"exchanges", position), None where the item never made it into the draft; `part` a transfer or third
    party in it and a count of that. `reask` tells whether a model should be asked to mend it; `action` is what is done when it
    is not mended.
    """

    check: str
    item: str
    message: str
    action: Action
    field: str | None = None
    target: tuple[str, int] | None = None
    part: tuple[int, int] | None = None
    reask: bool = True

    @property
    def problem(self) -> str:
        """What is wrong, for a reader: the message without its advice to the model, which stands behind "; "."""
        return self.message.partition("; ")[0].rstrip(".") + "."
