"""Requests that nobody thought of, against a running service: what its OpenAPI document allows, forbids, and does not speak of.

    python benchmarks/fuzz.py --cases 5000
    python benchmarks/fuzz.py --cases 500 --operation create_connection --seed 7

A real `parley serve` (rules engine, a PostgreSQL of its own, its worker inside) and an admin key. schemathesis makes the requests
of every operation; most of them name things that exist, half of the hooks are signed, and some bodies are broken in ways that no
schema describes. Every answer must have a status, a media type and a body that the document names for it. A status of 500 or more
is a failure, too. Printed are the cases and the statuses of each operation, and the first failures of each kind.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, strategies
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from service.adapters.database.migrate import upgrade
from service.adapters.database.server import start_embedded

ROOT = Path(__file__).resolve().parents[1]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ARTICLE = (
    "Valdoria and the Kessa Front exchanged prisoners on Monday at the Orlen bridge, the ministry said.\n\n"
    "Valdoria released 40 fighters and the front handed over 12 soldiers.\n\n"
    "“Nobody was left behind,” said Mira Tolan, who led the talks for the front."
)
BROKEN = (
    b"", b"{", b"null", b"[]", b'"', b"\xff\xfe\x00", b"{}" * 40_000, b"[" * 5_000, b'{"text": "\\ud800"}', b"\x00",
    b'{"text": "a", "text": "b"}', b"1e999", b"NaN", b'{"text": 1e400}', b'{"html": "<p>\\u0000</p>"}',
)  # fmt: skip
FOREIGN_TYPES = ("text/plain", "application/xml", "multipart/form-data", "application/json; charset=latin-1", "/", "")
VALID: dict[str, dict[str, Any]] = {
    "extract_article": {"text": ARTICLE},
    "create_connection": {"adapter": "ghost", "name": "desk"},
    "create_endpoint": {"url": "https://receiver.invalid/in"},
}
"""Bodies that are taken, as far as nothing of a generated one is put over them."""
KEPT = {
    "extraction_id": "extraction", "article_id": "article", "job_id": "job", "connection_id": "connection",
    "connection": "connection", "endpoint_id": "endpoint", "message_id": "message",
}  # fmt: skip
"""Which parameter names what we keep."""


class Client:
    """Plain requests with the admin key."""

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url, self.key, self.session = base_url, key, requests.Session()

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", **arguments.pop("headers", {})}
        answer = self.session.request(method, self.base_url + path, headers=headers, timeout=60, **arguments)
        return answer.json() if answer.content else None


@dataclass
class Things:
    """What exists in the service, by kind; made through its own API. `pages` are cursors that lists gave."""

    client: Client
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    pages: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def make(self) -> None:
        """One more of everything: an article that a hook brought is read, and an endpoint is told of it."""
        ask = self.client.ask
        self.made += 1
        new = ask("POST", "/connections", json={"adapter": "generic", "name": f"desk {self.made}"})
        connection = new["connection"]
        self.secrets[connection["id"]] = new["secret"]
        # Nothing answers there: its messages are retried, and can be read and replayed.
        endpoint = ask("POST", "/endpoints", json={"url": f"https://receiver.invalid/{self.made}"})["endpoint"]
        body = json.dumps(hook(f"a{self.made}", f"{ARTICLE}\n\nReport {self.made}."), ensure_ascii=False).encode()
        path = f"/hooks/generic/{connection['id']}"
        job = ask("POST", path, data=body, headers=self.signed(connection["id"], body))["job_id"]
        done = self._wait_for(job)
        ping = ask("POST", f"/endpoints/{endpoint['id']}/ping")
        for kind, found in (
            ("connection", [connection["id"]]), ("endpoint", [endpoint["id"]]), ("job", [job]), ("article", done["articles"]),
            ("extraction", done["extractions"]), ("message", [ping["message_id"]]),
        ):  # fmt: skip
            assert found, kind
            self.ids[kind] = [*self.ids[kind], *found][-6:]

    def _wait_for(self, job_id: str) -> Any:
        for _ in range(600):
            job = self.client.ask("GET", f"/jobs/{job_id}")
            if job["status"] not in ("queued", "running"):
                return job
            time.sleep(0.05)
        raise SystemExit(f"{job_id} did not end")

    def signed(self, connection_id: str, body: bytes) -> dict[str, str]:
        """The headers of a hook by Standard Webhooks."""
        secret = self.secrets.get(connection_id, "whsec_" + base64.b64encode(bytes(32)).decode())
        number, now = f"msg_{hashlib.sha256(body).hexdigest()[:16]}", str(int(time.time()))
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mac = hmac.new(key, f"{number}.{now}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": number, "webhook-timestamp": now, "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
            "content-type": "application/json",
        }  # fmt: skip


def hook(source_id: str, text: str) -> dict[str, Any]:
    """The payload of a generic hook."""
    data = {"id": source_id, "title": "Prisoners cross the Orlen", "text": text, "updated_at": "2026-03-03T10:00:00Z"}
    return {"type": "article.published", "timestamp": "2026-03-03T10:00:00Z", "data": data}


def speak_ndjson() -> None:
    """Tell schemathesis what NDJSON is: a generated line and a good one there, and of the answer the line that ends it."""

    @schemathesis.serializer("application/x-ndjson")
    def lines(_: object, value: Any) -> bytes:
        return f"{json.dumps(value, default=str)}\n{json.dumps({'text': ARTICLE})}\n".encode()

    @schemathesis.deserializer("application/x-ndjson")
    def last(_: object, response: Any) -> Any:
        return json.loads(response.content.splitlines()[-1])


@dataclass
class Tally:
    """What came of the cases."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    failures: dict[str, str] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)

    def fail(self, what: str, case: str) -> None:
        self.failed[what] += 1
        self.failures.setdefault(what, case)

    @property
    def total(self) -> int:
        return self.cases.total()


class Fuzz:
    """All operations of a service, and the requests that are made to them."""

    def __init__(self, base_url: str, key: str, *, seed: int) -> None:
        self.client = Client(base_url, key)
        self.things = Things(self.client)
        self.tally = Tally()
        self.seed = seed
        speak_ndjson()
        document = self.client.ask("GET", "/openapi.json")
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.config.update(base_url=base_url)
        self.operations = [result.ok() for result in self.schema.get_all_operations()]

    def run(self, cases: int, *, only: Sequence[str] = ()) -> Tally:
        """About so many cases in all, the same number for each operation."""
        chosen = [one for one in self.operations if not only or one.definition.raw["operationId"] in only]
        each = -(-cases // len(chosen))
        for _ in range(3):
            self.things.make()
        for operation in chosen:
            self._fuzz(operation, each)
            self.things.make()  # instead of what was erased or switched off
        return self.tally

    def _fuzz(self, operation: Any, cases: int) -> None:
        name = operation.definition.raw["operationId"]
        made = {mode: operation.as_strategy(generation_mode=mode) for mode in GenerationMode}

        @hypothesis.seed(self.seed)
        @hypothesis.settings(
            max_examples=cases,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(data=strategies.data())
        def one(data: strategies.DataObject) -> None:
            dice = random.Random(data.draw(strategies.integers(0, 2**32)))
            mode = GenerationMode.NEGATIVE if dice.random() < 0.4 else GenerationMode.POSITIVE
            try:
                case: Case = data.draw(made[mode])
            except (schemathesis.errors.SchemathesisError, hypothesis.errors.Unsatisfiable, StopIteration):
                case = data.draw(made[GenerationMode.POSITIVE])  # there is nothing to get wrong
            self._change(case, dice)
            self._ask(name, case, dice)

        one()

    def _change(self, case: Case, dice: random.Random) -> None:
        """Name what exists, three times in four."""
        for parameter in case.path_parameters or ():
            known = self.things.ids.get(KEPT.get(parameter, ""))
            if known and dice.random() < 0.75:
                case.path_parameters[parameter] = dice.choice(known)
        if "adapter" in (case.path_parameters or ()) and dice.random() < 0.75:
            case.path_parameters["adapter"] = "generic"
        if isinstance(case.body, dict) and case.operation.definition.raw["operationId"] in VALID and dice.random() < 0.5:
            chosen = {key: value for key, value in case.body.items() if dice.random() < 0.3}
            case.body = {**VALID[case.operation.definition.raw["operationId"]], **chosen}
        for parameter in ("before", "after", "cursor"):
            if self.things.pages and dice.random() < 0.2 and any(p.name == parameter for p in case.operation.query):
                case.query = {**(case.query or {}), parameter: dice.choice(self.things.pages)}

    def _ask(self, name: str, case: Case, dice: random.Random) -> None:
        headers = {"Authorization": f"Bearer {self.client.key}"} if dice.random() < 0.95 else {}
        arguments: dict[str, Any] = {}
        if case.operation.body and dice.random() < 0.15:
            arguments["data"] = dice.choice(BROKEN)
            headers["Content-Type"] = dice.choice(FOREIGN_TYPES) if dice.random() < 0.3 else "application/json"
        if name.startswith("receive_") and dice.random() < 0.6:
            payload = (
                case.body if isinstance(case.body, dict) else hook(dice.choice("abc"), dice.choice((ARTICLE, "", "x" * 300)))
            )
            body = arguments.get("data", json.dumps(payload, default=str).encode())
            arguments["data"], headers = body, self.things.signed(case.path_parameters["connection"], body)
        self.tally.cases[name] += 1
        try:
            answer = case.call(headers=headers, session=self.client.session, timeout=60, **arguments)
        except (requests.RequestException, UnicodeError, ValueError) as error:
            # What no HTTP client would send is not sent; what breaks the connection is a failure.
            if isinstance(error, requests.ConnectionError | requests.Timeout):
                self.tally.fail(f"{name}: {type(error).__name__}", case.as_curl_command()[:1000])
            return
        self.tally.statuses[name][answer.status_code] += 1
        self._check(name, case, answer)

    def _check(self, name: str, case: Case, answer: Any) -> None:
        try:
            case.validate_response(answer, checks=CHECKS)
        except (FailureGroup, Failure) as error:
            group = error.exceptions if isinstance(error, FailureGroup) else [error]
            for one in group:
                what = f"{name}: {answer.status_code} {type(one).__name__}: {str(one).splitlines()[0][:150]}"
                self.tally.fail(what, f"{str(one)[:600]}\n{case.as_curl_command()[:800]}\n{answer.text[:400]}")
        if answer.content and answer.headers.get("content-type", [""])[0] == "application/json":
            body = answer.json()
            if isinstance(body, dict) and isinstance(body.get("next"), str):
                self.things.pages = [*self.things.pages, body["next"]][-20:]


@contextmanager
def service(url: str, log: Path) -> Iterator[tuple[str, str]]:
    """A `parley serve` over this database in a process of its own: its address, and an admin key."""
    environment = {**os.environ, "PARLEY_DATABASE_URL": url, "PARLEY_MODEL": "rules"}
    command = [sys.executable, "-m", "service"]
    make_key = [*command, "keys", "create", "--name", "fuzz", "--scope", "admin"]
    key = subprocess.run(make_key, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    with log.open("w") as written:
        serve = [*command, "serve", "--port", "0"]
        running = subprocess.Popen(serve, env=environment, cwd=ROOT, stderr=written, stdout=written)
    try:
        yield f"http://127.0.0.1:{_port(log)}", key
        running.terminate()
        if code := running.wait(60):
            raise SystemExit(f"the service ended with {code}")
    finally:
        running.kill()
        running.wait()


def faults_in(log: Path) -> int:
    """How many requests the service itself says it failed on."""
    return sum(json.loads(line).get("event") in ("request_failed", "hook_failed") for line in log.read_text().splitlines())


def _port(log: Path) -> int:
    for _ in range(300):
        for line in log.read_text().splitlines():
            if '"service_started"' in line:
                return int(json.loads(line)["port"])
        time.sleep(0.1)
    raise SystemExit(f"the service did not start: {log.read_text()[-2000:]}")


def report(tally: Tally, took_s: float) -> None:
    for name, cases in sorted(tally.cases.items()):
        shown = ", ".join(f"{status}: {number}" for status, number in sorted(tally.statuses[name].items()))
        print(f"{name:32} {cases:5}  {shown}")
    every: Counter[int] = sum(tally.statuses.values(), Counter())
    print(f"{tally.total} cases of {len(tally.cases)} operations in {took_s:.0f} s; statuses {dict(sorted(every.items()))}")
    for what, number in tally.failed.most_common():
        print(f"\n{number} x {what}\n{tally.failures[what]}")
    print(f"failures: {tally.failed.total()}")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", type=int, default=5000)
    options.add_argument("--operation", action="append", default=[], help="only this operationId; may be repeated")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", action="store_true", help="keep the folder with the service's log")
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parley-fuzz-"))
    log, begun = folder / "service.log", time.monotonic()
    server = start_embedded(folder / "data")
    try:
        upgrade(server.url)
        with service(server.url, log) as (base_url, key):
            tally = Fuzz(base_url, key, seed=chosen.seed).run(chosen.cases, only=chosen.operation)
        faults = faults_in(log)
    finally:
        server.stop()
        if chosen.keep:
            print("kept", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report(tally, time.monotonic() - begun)
    print(f"requests that failed by the service's own log: {faults}")
    return 1 if tally.failed or faults or tally.total < chosen.cases else 0


if __name__ == "__main__":
    sys.exit(main())
