"""The Payload snippet's message and signature, made by Node, in the eyes of other implementations. (Payload itself is not run.)"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from typing import Any

import pytest
from standardwebhooks import Webhook

from service.webhooks.change import Event
from service.webhooks.cms import payload as adapter
from tests.conftest import ROOT, SHARED

FOLDER = ROOT / "integrations" / "payload"
NODE = shutil.which("node")
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
SIGN = """
import { signedHeaders } from './signature.mjs'
const calls = JSON.parse(process.argv[1])
console.log(JSON.stringify(calls.map((call) => { try { return signedHeaders(...call) } catch (error) { return error.message } })))
"""
TELL = """
import { message } from './message.mjs'
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(message)))
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def node(script: str, argument: Any) -> Any:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script, json.dumps(argument)],
        cwd=FOLDER, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(**changes: object) -> dict[str, object]:
    lexical = {
        "root": {
            "type": "root",
            "children": [{"type": "paragraph", "children": [{"type": "text", "text": "“Home,” she said."}]}],
        }
    }
    doc = {"id": 7, "title": "Обмін", "body": lexical, "_status": "published", "updatedAt": "2026-01-01T00:05:00.000Z"}
    usual = {
        "collection": "articles",
        "locale": "uk",
        "doc": doc,
        "id": 7,
        "type": "article.updated",
        "at": doc["updatedAt"],
    }
    return usual | changes


@pytest.mark.shared
def test_the_signature_agrees_with_the_vectors() -> None:
    vectors = json.loads((SHARED / "reference" / "webhook-vectors.json").read_text(encoding="utf-8"))
    checked = 0
    for vector in vectors:
        if vector["scheme"].startswith("standard-webhooks"):
            headers, secrets = vector["headers"], vector["secret"].split(" + ")
            made = node(
                SIGN, [[headers["webhook-id"], int(headers["webhook-timestamp"]), vector["body"], one] for one in secrets]
            )
            assert " ".join(one["webhook-signature"] for one in made) == headers["webhook-signature"]
            checked += len(made)
    assert checked == 3


def test_what_the_snippet_signs_is_verified_by_the_library() -> None:
    body = '{"title":"Обмін \\u2028 полоненими"}'
    (headers,) = node(SIGN, [["msg_1", int(time.time()), body, SECRET]])
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)


@pytest.mark.parametrize("secret", ["", "whsec_", "newsroom-secret-1", "whsec_AAEC", SECRET + "!", "whsec_" + "A" * 88])
def test_an_unusable_secret_is_refused_without_being_told(secret: str) -> None:
    (refusal,) = node(SIGN, [["msg_1", 1, "{}", secret]])
    assert refusal == 'The secret must be "whsec_" and the base64 of 24 to 64 bytes'


def test_the_adapter_reads_what_the_snippet_tells() -> None:
    gone = told(type="article.deleted", doc=None, locale=None, at="2026-01-02T00:00:00.000Z")
    made = node(TELL, [told(), told(type="article.unpublished", doc=None), gone])
    readings = [adapter.read(json.loads(one["body"]), {}, {}) for one in made]
    changes = [change for reading in readings if isinstance(reading, tuple) for change in reading]
    assert [change.event for change in changes] == [Event.UPDATE, Event.UNPUBLISH, Event.DELETE]
    assert [change.source_id for change in changes] == ["7:uk", "7:uk", "7"]
    assert changes[0].text == "“Home,” she said."
    assert changes[0].title == "Обмін"
    assert changes[2].every_language


def test_the_same_content_is_the_same_message_and_other_content_another() -> None:
    first, again, other_language, later = node(
        TELL, [told(), told(), told(locale="en"), told(at="2026-01-01T00:06:00.000Z")]
    )
    assert first == again
    assert len({one["id"] for one in (first, other_language, later)}) == 3
