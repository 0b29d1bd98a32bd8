"""Is a delivery from whom it says, and fresh? And the signatures of what we send ourselves (Standard Webhooks 1.0.0)."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from service.errors import InvalidField, SignatureRefused
from service.webhooks.schemes import BEARER, MESSAGE_ID, SHA256_BASE64, Delivery, scheme_of, standard_parts, whsec_key

TOLERANCE_S = 300.0
_LATEST = 10**12  # what a receiver still reads as seconds
_HIDDEN = "(not shown)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A delivery whose signature holds.

    `dedupe` is the sender's own id of the delivery where its scheme has one; `sent_at` the time it signed, unix seconds, None
    where none is signed. Only Standard Webhooks signs the id: elsewhere it tells repeats apart, it proves nothing.
    """

    dedupe: str | None
    sent_at: float | None


def verify(
    scheme: str,
    *,
    secrets: Sequence[str],
    headers: Sequence[tuple[str, str]],
    body: bytes,
    now: float,
    method: str = "POST",
    path: str = "/",
    token_header: str = BEARER,
) -> Verified:
    """Check one delivery over its raw bytes; any of `secrets` may have signed it (the new and the old one, during rotation).

    `headers` as Starlette gives them (Latin-1), `now` in unix seconds, `path` as the sender called it (Contentful signs it),
    `token_header` where a static token is sent: "x-token", or "authorization: Bearer" with a word before it.
    Raises SignatureRefused, whatever is wrong with headers or body, and InvalidField for an unknown scheme.
    """
    chosen = scheme_of(scheme)
    by_name: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        if name.isascii():  # else U+212A KELVIN SIGN, lowered, would pass for a "k"
            by_name[name.lower()] = (*by_name.get(name.lower(), ()), value)
    delivery = Delivery(headers=by_name, body=body, method=method, path=path, token_header=token_header)

    claim = chosen.read(delivery)
    if claim.sent_at is not None and not abs(now - claim.sent_at) <= TOLERANCE_S:
        raise SignatureRefused(reason="expired")
    keys = []
    for secret in secrets:
        try:
            keys.append(chosen.key(secret))
        except ValueError:
            continue  # an empty or short key is one that others can guess
    if not keys:
        raise SignatureRefused(reason="no usable secret")
    holds = False
    for key in keys:
        right = chosen.sign(key, claim.signed)
        for signature in claim.signatures:
            holds |= hmac.compare_digest(right, signature)
    if not holds:
        raise SignatureRefused(reason="mismatch")
    return Verified(dedupe=delivery.delivery_id(chosen.delivery_ids), sent_at=claim.sent_at)


def check_secret(scheme: str, secret: str) -> None:
    """InvalidField, without the secret in it, for a secret that `verify` would not use: to be called when it is configured."""
    try:
        scheme_of(scheme).key(secret)
    except ValueError as refused:
        raise InvalidField(field="secret", value=_HIDDEN, expected=str(refused)) from None


def sign_standard(message_id: str, *, secrets: Sequence[str], body: bytes, at: int) -> dict[str, str]:
    """The three headers of an outgoing message, with one signature for every active secret (the newest first).

    `at` is the time of this attempt in unix seconds; the id stays the same over all attempts.
    Raises InvalidField for an id that is not visible ASCII without full stops, for no or an unusable secret, and for a time
    before 1970.
    """
    if not (message_id.isascii() and MESSAGE_ID.fullmatch(message_id.encode("ascii"))):
        raise InvalidField(field="message_id", value=message_id, expected="visible ASCII characters but no full stop")
    if not secrets:
        raise InvalidField(field="secrets", value="[]", expected="at least one")
    if not 0 < at < _LATEST:
        raise InvalidField(field="at", value=str(at), expected="unix seconds after 1970")
    for secret in secrets:
        check_secret("standard-webhooks", secret)
    parts = standard_parts(message_id.encode("ascii"), str(at).encode("ascii"), body)
    signatures = [SHA256_BASE64(whsec_key(secret), parts).decode("ascii") for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def new_secret(random_bytes: bytes) -> str:
    """The secret of an endpoint, made of 24 to 64 random bytes that the caller drew.

    >>> new_secret(bytes(range(24)))
    'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX'
    """
    secret = "whsec_" + base64.b64encode(random_bytes).decode("ascii")
    check_secret("standard-webhooks", secret)
    return secret
