"""`parley doctor`: is everything there that the service needs, and does anything wait for a person?"""

from __future__ import annotations

import typer


def doctor() -> None:
    """Not yet."""
    raise typer.Exit(1)
