"""The WordPress plugin, by PHP alone: its syntax, its own tests, and its signature in the eyes of another implementation."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.webhooks.change import Event
from service.webhooks.cms import wordpress
from tests.conftest import ROOT, SHARED

WORDPRESS = ROOT / "integrations" / "wordpress"
RUN = WORDPRESS / "tests" / "run.php"
PHP = shutil.which("php")

pytestmark = pytest.mark.skipif(PHP is None, reason="php is not installed (Debian: php-cli)")


def php(*arguments: object) -> subprocess.CompletedProcess[str]:
    assert PHP is not None
    command = [PHP, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


@pytest.mark.parametrize("name", sorted(str(path.relative_to(WORDPRESS)) for path in WORDPRESS.rglob("*.php")))
def test_php_can_parse_every_file(name: str) -> None:
    checked = php("-l", WORDPRESS / name)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_plugins_own_tests_pass() -> None:
    done = php(RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


@pytest.mark.shared
def test_the_signature_agrees_with_the_vectors() -> None:
    done = php(RUN, SHARED / "reference" / "webhook-vectors.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 signatures of the vectors agree" in done.stdout


def test_a_wrong_signature_fails_the_plugins_tests(tmp_path: Path) -> None:
    vector = {
        "scheme": "standard-webhooks",
        "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
        "body": "{}",
        "body_sha256": hashlib.sha256(b"{}").hexdigest(),
        "headers": {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"},
    }
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps([vector]), encoding="utf-8")
    done = php(RUN, path)
    assert done.returncode == 1
    assert "instead of 'v1,AAAA'" in done.stderr


def test_what_the_plugin_sends_is_verified_and_read_here() -> None:
    sent = json.loads(php(RUN, "--deliver").stdout)
    body = sent["body"].encode()
    payload = Webhook(sent["secret"]).verify(body, sent["headers"])
    with pytest.raises(WebhookVerificationError):
        Webhook(sent["secret"]).verify(body + b" ", sent["headers"])
    reading = wordpress.read(payload, sent["headers"], {})
    assert isinstance(reading, tuple)
    (change,) = reading
    assert (change.event, change.source_id, change.language) == (Event.PUBLISH, "42", "pt-BR")
    assert change.title == "Harbour “quiet”"
    assert change.text == "“We are home,” said Ilse Varga."
    assert change.url == "https://news.example/harbour-quiet/"
    assert change.updated_at is not None
    assert change.updated_at.isoformat() == "2026-01-01T00:05:00+00:00"
