"""What CMSs send: hooks about an exchange of prisoners in each one's own shape, signed as that CMS signs, by code of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PARAGRAPHS = (
    "Dorvia and Kestan exchanged prisoners at the Halm bridge on Tuesday: each side returned 31 soldiers.",
    "“They are tired, and they are home,” said Ines Tabor, a spokeswoman for the Red Cross.",
)
TITLE = "Soldiers come home over the Halm bridge"
SECRET = "0123456789abcdef" * 4  # long enough for every scheme, and of the letters that Contentful wants
WHSEC = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CHANGED = "2026-03-03T10:00:00+00:00"
NOW = 1_772_532_010.0  # ten seconds later

Headers = list[tuple[str, str]]


def mac(key: str | bytes, *parts: str | bytes, algorithm: str = "sha256") -> bytes:
    raw = [part.encode() if isinstance(part, str) else part for part in (key, *parts)]
    return hmac.new(raw[0], b"".join(raw[1:]), getattr(hashlib, algorithm)).digest()


def standard(body: bytes, path: str, at: float, *, secret: str = WHSEC) -> Headers:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message_id = f"msg_{hashlib.sha256(body).hexdigest()[:12]}"
    signature = base64.b64encode(mac(key, f"{message_id}.{int(at)}.", body)).decode()
    return [("Webhook-Id", message_id), ("Webhook-Timestamp", str(int(at))), ("Webhook-Signature", f"v1,{signature}")]


def _ghost(body: bytes, path: str, at: float) -> Headers:
    milliseconds = str(int(at * 1000))
    return [("X-Ghost-Signature", f"sha256={mac(SECRET, body, milliseconds).hex()}, t={milliseconds}")]


def _sanity(body: bytes, path: str, at: float) -> Headers:
    milliseconds = str(int(at * 1000))
    signature = base64.urlsafe_b64encode(mac(SECRET, milliseconds, ".", body)).decode().rstrip("=")
    return [("sanity-webhook-signature", f"t={milliseconds},v1={signature}")]


def _contentful(body: bytes, path: str, at: float) -> Headers:
    signed = {"x-contentful-timestamp": str(int(at * 1000)), "x-contentful-signed-headers": ""}
    signed["x-contentful-signed-headers"] = ",".join(sorted(signed))
    lines = ";".join(f"{name}:{signed[name]}" for name in sorted(signed))
    return [*signed.items(), ("x-contentful-signature", mac(SECRET, f"POST\n{path}\n{lines}\n", body).hex())]


def _token(body: bytes, path: str, at: float) -> Headers:
    return [("Authorization", f"Bearer {SECRET}")]


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One delivery before it is signed."""

    payload: Mapping[str, Any]
    headers: Headers
    event: str | None = None

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload, ensure_ascii=False).encode()


@dataclass(frozen=True, kw_only=True)
class Cms:
    """A CMS: its adapter's name, how it signs, and its hooks of a publication and of a deletion of article 7."""

    adapter: str
    sign: Callable[[bytes, str, float], Headers]
    publish: Callable[[str, str], Hook]  # HTML, time of the last change
    delete: Callable[[str], Hook]
    secret: str = SECRET
    media_type: str = "application/json"
    languages: int = 1
    named: str = "7"  # the article's source_id (of its first language)


def _hook(payload: Mapping[str, Any], *headers: tuple[str, str], event: str | None = None) -> Hook:
    return Hook(payload=payload, headers=list(headers), event=event)


def _plain(html: str) -> list[str]:
    return [part.removeprefix("<p>") for part in html.split("</p>") if part]


def as_html(paragraphs: tuple[str, ...] = PARAGRAPHS) -> str:
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _enveloped(event: str, **data: Any) -> Hook:
    return _hook({"type": event, "timestamp": data.get("updated_at"), "data": {"id": "7", **data}})


def _lexical(html: str) -> dict[str, Any]:
    return {
        "root": {
            "type": "root",
            "children": [{"type": "paragraph", "children": [{"type": "text", "text": text}]} for text in _plain(html)],
        }
    }


def _document(html: str) -> dict[str, Any]:
    paragraphs = [
        {"nodeType": "paragraph", "data": {}, "content": [{"nodeType": "text", "value": text, "marks": [], "data": {}}]}
        for text in _plain(html)
    ]
    return {"nodeType": "document", "data": {}, "content": paragraphs}


def _blocks(html: str) -> list[dict[str, Any]]:
    return [
        {"_type": "block", "_key": str(at), "style": "normal", "children": [{"_type": "span", "text": text, "marks": []}]}
        for at, text in enumerate(_plain(html))
    ]


def _ninjs(html: str, changed: str, status: str, version: str) -> Hook:
    return _hook(
        {
            "guid": "7",
            "version": version,
            "type": "text",
            "pubstatus": status,
            "headline": TITLE,
            "body_html": html,
            "language": "en",
            "versioncreated": changed,
        }
    )


def _entry(changed: str) -> dict[str, Any]:
    return {"id": "7", "type": "Entry", "contentType": {"sys": {"id": "article"}}, "updatedAt": changed}


def _node(html: str, changed: str) -> dict[str, Any]:
    return {
        "user": {"name": [{"value": "desk-editor"}], "mail": [{"value": "editor@news.example"}]},
        "entity": {
            "uuid": [{"value": "7"}],
            "type": [{"target_id": "article"}],
            "title": [{"value": TITLE}],
            "body": [{"value": html, "processed": html}],
            "status": [{"value": True}],
            "changed": [{"value": changed}],
            "langcode": [{"value": "en"}],
        },
    }


CMSS = (
    Cms(
        adapter="generic",
        sign=standard,
        secret=WHSEC,
        publish=lambda html, changed: _enveloped("article.published", title=TITLE, html=html, updated_at=changed),
        delete=lambda changed: _enveloped("article.deleted", updated_at=changed),
    ),
    Cms(
        adapter="wordpress",
        sign=standard,
        secret=WHSEC,
        publish=lambda html, changed: _enveloped(
            "article.updated", title=TITLE, html=html, updated_at=changed, status="publish", language="en"
        ),
        delete=lambda changed: _enveloped("article.deleted", updated_at=changed),
    ),
    Cms(
        adapter="wp-webhooks",
        sign=lambda body, path, at: [("X-WP-Webhook-Signature", base64.b64encode(mac(SECRET, body)).decode())],
        publish=lambda html, changed: _hook(
            {
                "post_id": 7,
                "post": {"post_type": "post", "post_status": "publish", "post_title": TITLE, "post_content": html,
                    "post_modified_gmt": changed},
                "user": {"data": {"user_email": "editor@news.example", "user_pass": "$P$hash", "display_name": "A. Desk"}},
            },
            ("X-WP-Webhook-Name", "post_update"),
        ),
        delete=lambda changed: _hook({"post_id": 7}, ("X-WP-Webhook-Name", "post_delete")),
    ),
    Cms(
        adapter="ghost",
        sign=_ghost,
        publish=lambda html, changed: _hook(
            {"post": {"current": {"id": "7", "title": TITLE, "html": html, "status": "published", "updated_at": changed},
                "previous": {"status": "draft"}}},
            event="post.published",
        ),
        delete=lambda changed: _hook(
            {"post": {"current": {}, "previous": {"id": "7", "title": TITLE, "updated_at": changed}}}, event="post.deleted"
        ),
    ),
    Cms(
        adapter="superdesk",
        sign=lambda body, path, at: [("x-superdesk-signature", f"sha1={mac(SECRET, body, algorithm='sha1').hex()}")],
        publish=lambda html, changed: _ninjs(html, changed, "usable", "3"),
        delete=lambda changed: _ninjs("", changed, "canceled", "4"),
    ),
    Cms(
        adapter="contentful",
        sign=_contentful,
        media_type="application/vnd.contentful.management.v1+json",
        publish=lambda html, changed: _hook(
            {"sys": _entry(changed), "fields": {"title": {"en": TITLE, "uk": TITLE + "!"},
                "body": {"en": _document(html), "uk": _document(html + "<p>Про це писали газети.</p>")}}},
            ("X-Contentful-Topic", "ContentManagement.Entry.publish"),
        ),
        delete=lambda changed: _hook(
            {"sys": {**_entry(changed), "type": "DeletedEntry"}}, ("X-Contentful-Topic", "ContentManagement.Entry.delete")
        ),
        languages=2,
        named="7:en",
    ),
    Cms(
        adapter="sanity",
        sign=_sanity,
        publish=lambda html, changed: _hook(
            {"_id": "7", "_type": "article", "_rev": changed, "_updatedAt": changed, "title": TITLE, "body": _blocks(html)},
            ("sanity-operation", "update"),
        ),
        delete=lambda changed: _hook({"_id": "7", "_type": "article", "_updatedAt": changed}, ("sanity-operation", "delete")),
    ),
    Cms(
        adapter="strapi",
        sign=_token,
        publish=lambda html, changed: _hook(
            {"event": "entry.publish", "model": "article", "createdAt": changed, "entry": {"documentId": "7", "locale": "en",
                "title": TITLE, "body": html, "updatedAt": changed, "publishedAt": changed}}
        ),
        delete=lambda changed: _hook(
            {"event": "entry.delete", "model": "article", "entry": {"documentId": "7", "locale": "en", "updatedAt": changed}}
        ),
        named="7:en",
    ),
    Cms(
        adapter="directus",
        sign=_token,
        publish=lambda html, changed: _hook(
            {"event": "articles.items.update", "collection": "articles", "keys": ["7"], "payload": {"status": "published"}}
        ),
        delete=lambda changed: _hook({"event": "articles.items.delete", "collection": "articles", "keys": ["7"], "payload": ["7"]}),
        named="articles:7",
    ),
    Cms(
        adapter="drupal",
        sign=lambda body, path, at: [("X-Hub-Signature", f"sha1={mac(SECRET, body, algorithm='sha1').hex()}")],
        publish=lambda html, changed: _hook(
            {"event": "entity:node:update", **_node(html, changed)}, ("X-Drupal-Event", "entity:node:update")
        ),
        delete=lambda changed: _hook(
            {"event": "entity:node:delete", **_node("", changed)}, ("X-Drupal-Event", "entity:node:delete")
        ),
        named="7:en",
    ),
    Cms(
        adapter="payload",
        sign=standard,
        secret=WHSEC,
        publish=lambda html, changed: _hook(
            {"type": "article.published", "data": {"collection": "articles", "doc": {"id": "7", "title": TITLE,
                "_status": "published", "updatedAt": changed, "body": _lexical(html)}}}
        ),
        delete=lambda changed: _hook(
            {"type": "article.deleted", "data": {"collection": "articles", "doc": {"id": "7", "updatedAt": changed}}}
        ),
    ),
)  # fmt: skip
BY_NAME = {cms.adapter: cms for cms in CMSS}
