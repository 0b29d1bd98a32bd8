"""Write the example answer (service/api/examples.json) and tests/golden/openapi.json anew: `make golden`, then read the diff."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from service.api import openapi
from tests.api.client import running

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "service" / "api" / "examples.json"
GOLDEN = ROOT / "tests" / "golden" / "openapi.json"


def write(path: Path, value: Any) -> None:
    """JSON as people read it."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers differ in nothing but their id and time."""
    return all(
        {**one[key], "elapsed_ms": 0} == {**other[key], "elapsed_ms": 0} if key == "provenance" else one[key] == other[key]
        for key in one
        if key != "id"
    )


def main() -> None:
    """Ask the rules engine, keep what stays the same, write both files."""
    shown = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    with running() as client:
        answer = client.post("/extract", json=shown["requests"]["rules"]["value"]).raise_for_status().json()
    if "rules" not in shown["responses"] or not same(answer, shown["responses"]["rules"]["value"]):
        shown["responses"] = {"rules": {"summary": "What the rules engine answers", "value": answer}}
        write(EXAMPLES, shown)
    openapi.examples.cache_clear()
    with running() as client:
        document = client.get("/openapi.json").json()
    del document["info"]["version"]
    write(GOLDEN, document)


if __name__ == "__main__":
    main()
