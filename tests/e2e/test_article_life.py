"""An article from hook to erasure over real processes: extraction, signed messages, update, difference, replay, deletion."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from standardwebhooks import Webhook

from tests.e2e.processes import Process, data_folder, serving, wait_until
from tests.senders import standard

FIRST = (
    "<p>Armenia and Azerbaijan exchanged prisoners of war on Friday: each side returned 24 soldiers.</p>"
    "<p>“They are home,” said Ilse Varga, a spokeswoman for the Red Cross.</p>"
)
SECOND = FIRST + "<p>“We thank everybody,” said Mira Tolan, a minister.</p>"


class Receiver:
    """An HTTP server of a newsroom's; refuses the first message, to be told again."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                first = not receiver.refused
                receiver.refused += first
                if not first:
                    receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(500 if first else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/parley"

    def told(self, secret: str, kind: str) -> list[dict[str, Any]]:
        """The verified messages of a type."""
        messages = [Webhook(secret).verify(body, headers) for headers, body in list(self.got)]
        return [message for message in messages if message["type"] == kind]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = Thread(target=receiver.server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join(5)
        receiver.server.server_close()


def ask(running: Process, method: str, path: str, body: Any = None) -> Any:
    status, _, answer = running.request(method, path, body)
    assert status < 300, (method, path, status, answer)
    return json.loads(answer) if answer else None


def tell(running: Process, path: str, secret: str, event: str, **data: Any) -> dict[str, Any]:
    """Post a hook as a CMS would, signed."""
    body = json.dumps(
        {"type": f"article.{event}", "timestamp": data["updated_at"], "data": {"id": "story-1", **data}}
    ).encode()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    headers = {"Content-Type": "application/json", **dict(standard(body, path, time.time(), secret=secret))}
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    accepted: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return accepted


def test_an_articles_life() -> None:
    with receiving() as receiver, data_folder() as folder:
        settings = {"DATA_DIR": str(folder), "WEBHOOK_SCHEDULE": "0,0.5,0.5,0.5", "OUTBOUND_HOSTS": "127.0.0.1"}
        with serving(**settings) as running:
            connection = ask(running, "POST", "/connections", {"adapter": "generic", "name": "desk"})
            endpoint = ask(running, "POST", "/endpoints", {"url": receiver.url})
            secret, path = endpoint["secret"], connection["connection"]["hook_path"]

            def hook(event: str, **data: Any) -> dict[str, Any]:
                return tell(running, path, connection["secret"], event, **data)

            hook("published", title="Home", html=FIRST, status="publish", updated_at="2026-01-01T10:00:00Z")
            wait_until(lambda: receiver.told(secret, "extraction.completed"))
            (completed,) = receiver.told(secret, "extraction.completed")
            wait_until(lambda: receiver.told(secret, "exchange.detected"))
            extraction = ask(running, "GET", f"/extractions/{completed['data']['extraction']['id']}")

            again = hook("updated", title="Home", html=FIRST, status="publish", updated_at="2026-01-01T10:30:00Z")
            hook("updated", title="Home", html=SECOND, status="publish", updated_at="2026-01-01T11:00:00Z")
            wait_until(lambda: receiver.told(secret, "extraction.updated"))
            (updated,) = receiver.told(secret, "extraction.updated")
            history = ask(running, "GET", updated["data"]["article"]["history_url"])

            completed_id = next(headers["webhook-id"] for headers, body in receiver.got if b"extraction.completed" in body)
            ask(running, "POST", f"/messages/{completed_id}/replay")
            wait_until(lambda: len(receiver.told(secret, "extraction.completed")) == 2)
            same = {headers["webhook-id"] for headers, body in receiver.got if b"extraction.completed" in body}

            hook("deleted", updated_at="2026-01-01T12:00:00Z")
            wait_until(lambda: receiver.told(secret, "article.deleted"))
            gone, _, _ = running.request("GET", f"/extractions/{completed['data']['extraction']['id']}")

            hook("published", title="Back", html=SECOND, status="publish", updated_at="2026-01-01T13:00:00Z")
            wait_until(lambda: len(receiver.told(secret, "extraction.completed")) == 3)
            article_id = updated["data"]["article"]["history_url"].split("/")[-2]
            erased, _, _ = running.request("DELETE", f"/articles/{article_id}")
            wait_until(lambda: len(receiver.told(secret, "article.deleted")) == 2)
            left = ask(running, "GET", "/extractions")
            code = running.stop()

    assert [quote["text"] for quote in extraction["quotes"] if quote["kind"] == "direct"] == ["They are home,"]
    assert {count["value"] for one in extraction["exchanges"] for way in one["transfers"] for count in way["counts"]} == {24}
    assert again["status"] == "accepted"
    assert (updated["data"]["article"]["sequence"], updated["data"]["changes"]["added"]) == (2, 1)
    assert [version["number"] for version in history["versions"]] == [2, 1]
    assert same == {completed_id}
    assert receiver.refused == 1
    assert (gone, erased, left["extractions"], code) == (404, 204, [], 0)
