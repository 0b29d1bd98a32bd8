"""The whole path once, for `make demo`: fetch the embedded model, start the service, send an article, print the findings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter
from rich.console import Console

from service.display import present
from service.domain.record import Extraction

ARTICLE = Path(__file__).with_name("article.txt")
TITLE, PUBLISHED_AT = "Buses cross the Sarun Pass as the first captives go home", "2026-10-18"
PARLEY = [sys.executable, "-m", "service"]
MODEL_BYTES = 1_117_320_768
ANSWER_S = 300

# Into a file or a pipe the tables may be wider than the 80 characters that rich assumes there.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Run the demo; ends with a message and exit code 1 if the service does not start or does not answer."""
    engine = os.environ.get("PARLEY_MODEL") or ("local" if pull_model() else "rules")
    text = ARTICLE.read_text(encoding="utf-8")
    with running_service(engine) as address:
        console.print(f"The service listens on {address} with the engine {engine}.")
        console.print(f"POST /extract with {ARTICLE.name}, {len(text.split())} words ...")
        started = time.monotonic()
        with console.status("waiting for the answer; a small model on a processor takes its time"):
            extraction = post(f"{address}/extract", {"text": text, "title": TITLE, "published_at": PUBLISHED_AT})
        console.print(f"Answered after {time.monotonic() - started:.1f} s.\n")
    console.print(present(extraction, text))
    console.print(f"\nThe service has stopped. To go on: {sys.executable} -m service --help, or make serve.", soft_wrap=True)


def pull_model() -> bool:
    """Fetch the embedded model unless it is there; whether it may be used now."""
    console.print(f"The embedded model is {MODEL_BYTES / 1e9:.1f} GB; it is fetched once and then kept.")
    # Its path, on standard output, is for scripts; the progress bar goes to standard error.
    pulled = subprocess.run([*PARLEY, "models", "pull"], stdout=subprocess.DEVNULL, check=False)
    if pulled.returncode != 0:
        console.print("[bold red]The embedded model could not be fetched: the demo goes on with the rules engine alone.[/]")
    return pulled.returncode == 0


@contextmanager
def running_service(engine: str) -> Iterator[str]:
    """The service in a process of its own on a free port; gives its address, stops it at the end."""
    environ = {
        **os.environ,
        "PARLEY_MODEL": engine,
        "PARLEY_DEADLINE": os.environ.get("PARLEY_DEADLINE", str(ANSWER_S - 10)),
    }
    process = subprocess.Popen(
        [*PARLEY, "serve", "--port", "0"], env=environ, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield f"http://127.0.0.1:{_port(process)}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    """The port in the service's log; what it says before is passed on if it ends instead."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if '"event":"service_started"' in line:
            return int(json.loads(line)["port"])
    sys.exit("The service did not start:\n" + "".join(said))


def post(address: str, request: dict[str, str]) -> Extraction:
    """The service's answer to a request."""
    body = json.dumps(request).encode()
    prepared = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(prepared, timeout=ANSWER_S) as answer:
        return TypeAdapter(Extraction).validate_json(answer.read())


if __name__ == "__main__":
    main()
