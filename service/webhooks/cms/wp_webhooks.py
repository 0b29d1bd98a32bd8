"""WordPress by the plugin WP Webhooks: triggers `post_create`, `post_update`, `post_trash`, `post_delete`; dates are in UTC.

The content is as stored: block comments, shortcodes, or the classic editor's bare paragraphs.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.webhooks.change import Event, Ignored, Reading
from service.webhooks.cms.wordpress import rendered_body
from service.webhooks.fields import fields_of, first, header, identifier, key_of, moment, shown
from service.webhooks.mapping import (
    entry_change,
    is_public_word,
    is_wanted,
    options_with,
    payload_of,
    required,
    settled_event,
    unwanted,
)

CMS = "wp-webhooks"
OPTIONS = options_with(
    types="post",
    published_status="publish",
    title="post.post_title",
    body="post.post_content",
    format="html",
    author="post.author_name,user.data.display_name",
    url="post_permalink",
    slug="post.post_name",
    language="language,lang,post_meta.language",
    published_at="post.post_date_gmt",
    updated_at="post.post_modified_gmt",
)
_TRIGGERS = {
    "post_create": Event.PUBLISH,
    "post_update": Event.UPDATE,
    "post_trash": Event.UNPUBLISH,  # the trash can be emptied or taken back
    "post_delete": Event.DELETE,
}


def read(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> Reading:
    """Read a post."""
    payload = payload_of(payload, CMS)
    options = {**OPTIONS, **options}
    name = _trigger(payload, headers, path_event)
    if name not in _TRIGGERS:
        return Ignored(f"{CMS}: trigger {shown(name)} is none of an article")
    post = fields_of(payload.get("post"))
    kind = identifier(post.get("post_type"))
    if not is_wanted(kind, options["types"]):
        return unwanted(CMS, kind)
    is_public = is_public_word(post.get("post_status"), options["published_status"])
    if post.get("post_password"):
        is_public = False
    event = settled_event(_TRIGGERS[name], is_public=is_public, cms=CMS)
    if isinstance(event, Ignored):
        return event
    post_id = required(_id(payload), cms=CMS, field="post_id", expected="the post's id")
    return (entry_change(event, payload, options, cms_id=post_id, kind=kind, markup=rendered_body),)


def dedupe_key(
    payload: object, headers: Mapping[str, str], options: Mapping[str, str], *, path_event: str | None = None
) -> str | None:
    """Trigger, post and time of its last change."""
    fields = fields_of(payload)
    changed = moment(first(fields, OPTIONS["updated_at"]))
    return key_of(_trigger(fields, headers, path_event), _id(fields), changed.isoformat() if changed else None)


def _trigger(payload: Mapping[str, object], headers: Mapping[str, str], path_event: str | None) -> str | None:
    """The trigger: the header may also hold the name that people gave the hook, so then the hook's address or body decides."""
    named = header(headers, "X-WP-Webhook-Name")
    if named in _TRIGGERS:
        return named
    if path_event is not None:
        return path_event
    if "post" not in payload:
        return named
    return "post_update" if "post_before" in payload else "post_create"


def _id(payload: Mapping[str, object]) -> str | None:
    return identifier(first(payload, "post_id,post.ID"))
