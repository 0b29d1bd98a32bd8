"""What is counted: nouns for people, remains, times, measures, money and events (`data/units.json`)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

# Nouns before which a four-digit number without a comma counts people and is no year.
COUNTED_NOUN = (
    r"(?:[a-z]{2,12}\s|[A-Z][a-z]{2,14}\s)?(?:people|prisoners|detainees|captives|hostages|soldiers|servicemen|troops"
    r"|fighters"
    r"|civilians|men|women|children|bodies|inmates|POWs)\b"
)


@cache
def unit_roles() -> dict[str, str]:
    """Each known unit noun (lower case) with its role, as in `Number.role`.

    >>> unit_roles()["servicemen"]
    'people'
    """
    data = json.loads(files("service.text").joinpath("data/units.json").read_text("utf-8"))
    return {noun: role for role, nouns in reversed(data.items()) for noun in nouns}
