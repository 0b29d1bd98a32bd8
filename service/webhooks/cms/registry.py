"""The CMSs that Parley reads, by the name that stands in a hook's address."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.errors import InvalidField
from service.webhooks.change import Event
from service.webhooks.cms import (
    contentful,
    directus,
    drupal,
    generic,
    ghost,
    payload,
    sanity,
    strapi,
    superdesk,
    wordpress,
    wp_webhooks,
)
from service.webhooks.cms.adapter import Adapter
from service.webhooks.fields import address_from, language
from service.webhooks.mapping import TEMPLATE_NAMES
from service.webhooks.richtext import FORMATS

_ALL = (
    Adapter(
        name=generic.CMS,
        scheme="standard-webhooks",
        read=generic.read,
        dedupe_key=generic.dedupe_key,
        options=generic.OPTIONS,
        retries=True,
        docs="Any system that signs with Standard Webhooks; name the fields by paths.",
    ),
    Adapter(
        name=wordpress.CMS,
        scheme="standard-webhooks",
        read=wordpress.read,
        dedupe_key=wordpress.dedupe_key,
        options=wordpress.OPTIONS,
        retries=True,
        docs="WordPress with Parley's own plugin: install it, paste the address and the secret.",
    ),
    Adapter(
        name=wp_webhooks.CMS,
        scheme="wp-webhooks",
        read=wp_webhooks.read,
        dedupe_key=wp_webhooks.dedupe_key,
        options=wp_webhooks.OPTIONS,
        retries=False,
        docs="WordPress with the plugin WP Webhooks: post_create, post_update, post_trash, post_delete, as JSON, with a secret.",
    ),
    Adapter(
        name=ghost.CMS,
        scheme="ghost",
        read=ghost.read,
        dedupe_key=ghost.dedupe_key,
        options=ghost.OPTIONS,
        retries=False,
        docs="Ghost: a custom integration with four webhooks, one address each, that end in the event (post.published, ...).",
    ),
    Adapter(
        name=superdesk.CMS,
        scheme="superdesk",
        read=superdesk.read,
        dedupe_key=superdesk.dedupe_key,
        options=superdesk.OPTIONS,
        retries=True,
        docs="Superdesk: a subscriber with the destination HTTP Push and the format NINJS; resource URL and secret token.",
    ),
    Adapter(
        name=contentful.CMS,
        scheme="contentful",
        read=contentful.read,
        dedupe_key=contentful.dedupe_key,
        options=contentful.OPTIONS,
        retries=True,
        docs="Contentful: a webhook on publish, unpublish and delete of entries, with request verification.",
        content_types=("application/vnd.contentful.management.v1+json", "application/json"),
    ),
    Adapter(
        name=sanity.CMS,
        scheme="sanity",
        read=sanity.read,
        dedupe_key=sanity.dedupe_key,
        options=sanity.OPTIONS,
        retries=True,
        docs="Sanity: a GROQ-powered webhook on create, update and delete, drafts off, with a secret.",
    ),
    Adapter(
        name=strapi.CMS,
        scheme="static-token",
        read=strapi.read,
        dedupe_key=strapi.dedupe_key,
        options=strapi.OPTIONS,
        retries=False,
        docs="Strapi 4 or 5: a webhook on entry.publish, entry.unpublish and entry.delete, with an Authorization header.",
    ),
    Adapter(
        name=directus.CMS,
        scheme="static-token",
        read=directus.read,
        dedupe_key=directus.dedupe_key,
        options=directus.OPTIONS,
        retries=False,
        docs="Directus: a flow (event hook, action) with a Request URL operation, body {{$trigger}}, an Authorization header.",
    ),
    Adapter(
        name=drupal.CMS,
        scheme="drupal",
        read=drupal.read,
        dedupe_key=drupal.dedupe_key,
        options=drupal.OPTIONS,
        retries=False,
        docs="Drupal with the module Webhooks: an outgoing webhook on create, update and delete of content, with a secret.",
    ),
    Adapter(
        name=payload.CMS,
        scheme="standard-webhooks",
        read=payload.read,
        dedupe_key=payload.dedupe_key,
        options=payload.OPTIONS,
        retries=True,
        docs="Payload 3: afterChange and afterDelete hooks that queue a signed delivery.",
    ),
)
ADAPTERS: Mapping[str, Adapter] = MappingProxyType({adapter.name: adapter for adapter in _ALL})


def check_options(name: str, options: Mapping[str, str]) -> None:
    """Refuse, when a connection is made, options that its adapter does not know or cannot use. Raises InvalidField."""
    known = ADAPTERS[name].options
    for option, value in options.items():
        if option not in known:
            raise InvalidField(field="options", value=option, expected=f"one of {', '.join(sorted(known))}")
        _check(option, value)


def _check(option: str, value: str) -> None:
    if option == "format" and value not in FORMATS:
        raise InvalidField(field="options.format", value=value, expected=f"one of {', '.join(FORMATS)}")
    if option == "default_language" and value and language(value) is None:
        raise InvalidField(field="options.default_language", value=value, expected="a language tag such as uk")
    if option == "url_template" and value and address_from(value, dict.fromkeys(TEMPLATE_NAMES, "x")) is None:
        raise InvalidField(
            field="options.url_template", value=value, expected="a web address with {slug}, {path}, {id}, {language}"
        )
    if option == "events" and any(
        part.partition("=")[2].strip() not in tuple(Event) for part in value.split(",") if part.strip()
    ):
        raise InvalidField(field="options.events", value=value, expected="name=publish|update|unpublish|delete, with commas")
