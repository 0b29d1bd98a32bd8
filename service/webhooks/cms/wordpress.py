"""WordPress by our own plugin: Standard Webhooks around `{"type": "article.updated", "timestamp": ..., "data": {...}}`.

`data`: `id, url, language, title, html, published_at, updated_at, status`. An article is named by its post's id; translations are
posts of their own.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import Reading
from service.webhooks.cms import generic
from service.webhooks.mapping import options_with
from service.webhooks.wordpress_markup import rendered

CMS = "wordpress"
OPTIONS = options_with(
    event="type",
    events="",
    id="data.id",
    kind="data.post_type",
    types="post",
    version="",
    status="data.status",
    published_status="publish",
    title="data.title",
    body="data.html",
    format="html",
    author="data.author",
    url="data.url",
    slug="data.slug",
    language="data.language",
    published_at="data.published_at",
    updated_at="data.updated_at,timestamp",
)


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a post."""
    return generic.read_enveloped(payload, {**OPTIONS, **options}, cms=CMS, path_event=path_event, markup=rendered_body)


def rendered_body(body: object) -> object:
    """A post's content without shortcodes and with its paragraphs; what is no string stays as it is."""
    return rendered(body) if isinstance(body, str) else body


dedupe_key = generic.dedupe_key
