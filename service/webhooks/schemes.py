"""How each sender signs a delivery: over which bytes, with which key, and where it writes the signature and the time.

A scheme is data around one reading function that turns a delivery into a `Claim`; `signature.verify` judges the claim. All of
it works on bytes: nothing here parses a body. What a reader cannot make sense of it refuses (SignatureRefused), so that no
header and no body, however odd, raises anything else.

The formulas follow the senders' published code. The key is the secret as typed, in UTF-8, unless a scheme says otherwise.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from service.errors import InvalidField, SignatureRefused

BEARER = "authorization: Bearer"
MESSAGE_ID = re.compile(rb"[!-\-/-~]{1,255}")  # no "." in it: it would move the border between id and time
_DELIVERY_ID = re.compile(rb"[!-~]{1,255}")
_VALUE = re.compile(rb"[\x20-\x7e\x80-\xff]*")
_SECONDS = re.compile(rb"[1-9][0-9]{0,11}")
_MILLISECONDS = re.compile(rb"[1-9][0-9]{0,14}")
_STANDARD_SIGNATURE = re.compile(rb"[a-z0-9]{1,8},[A-Za-z0-9+/_=-]+")
_WHSEC = "whsec_"
_LEAST_SECRET = 16
_LEAST_TOKEN = 32
_CONTENTFUL_MUST_SIGN = frozenset({"x-contentful-signed-headers", "x-contentful-timestamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request as it came in. `path` is the one the sender called (before any proxy cut it), percent-encoded, without query."""

    headers: Mapping[str, tuple[str, ...]]
    body: bytes = field(repr=False)
    method: str
    path: str
    token_header: str

    def has(self, *names: str) -> bool:
        """Whether any of these headers came."""
        return any(name in self.headers for name in names)

    def one(self, name: str) -> bytes:
        """The header's bytes; SignatureRefused unless it came exactly once, in one line that HTTP allows."""
        values = self.headers.get(name, ())
        if not values:
            raise SignatureRefused(reason="missing")
        if len(values) > 1:
            raise SignatureRefused(reason="repeated")
        try:
            value = values[0].encode("latin-1").strip(b" \t")
        except UnicodeEncodeError:
            raise SignatureRefused(reason="malformed") from None
        return _matching(_VALUE, value)

    def delivery_id(self, names: Sequence[str]) -> str | None:
        """The first of these headers that came, as the sender's own id of the delivery."""
        for name in names:
            if self.has(name):
                return _matching(_DELIVERY_ID, self.one(name)).decode("ascii")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a delivery says of itself: the parts that were signed, signatures of which one must hold, the signed time (unix s)."""

    signed: tuple[bytes, ...]
    signatures: tuple[bytes, ...]
    sent_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One sender's way to sign.

    `key` makes the key of a secret and raises ValueError, saying what it expected, for one that cannot be used.
    `delivery_ids` are headers that hold the sender's own id of a delivery; only the standard scheme signs it.
    `signs_time` is False where a delivery can be replayed for ever, so that its dedupe key must be kept.
    """

    read: Callable[[Delivery], Claim]
    sign: Callable[[bytes, Iterable[bytes]], bytes]
    key: Callable[[str], bytes]
    delivery_ids: tuple[str, ...] = ()
    signs_time: bool = False


def standard_parts(message_id: bytes, sent_at: bytes, body: bytes) -> tuple[bytes, ...]:
    """What Standard Webhooks 1.0.0 signs: id, unix seconds and body, full stops between them."""
    return (message_id, b".", sent_at, b".", body)


def _matching(pattern: re.Pattern[bytes], value: bytes) -> bytes:
    if not pattern.fullmatch(value):
        raise SignatureRefused(reason="malformed")
    return value


# Ways to write a digest down, and to sign at all.


def _hex(digest: bytes) -> bytes:
    return digest.hex().encode("ascii")


def _base64url(digest: bytes) -> bytes:
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def _hmac(algorithm: str, write: Callable[[bytes], bytes]) -> Callable[[bytes, Iterable[bytes]], bytes]:
    """Sign by HMAC (RFC 2104) with this hash, the digest written in this way."""

    def sign(key: bytes, parts: Iterable[bytes]) -> bytes:
        mac = hmac.new(key, digestmod=algorithm)
        for part in parts:
            mac.update(part)
        return write(mac.digest())

    return sign


def _fingerprint(key: bytes, parts: Iterable[bytes]) -> bytes:
    """A static token signs nothing; hashed, so that tokens of any length take the same time to compare."""
    return hashlib.sha256(key).digest()


SHA256_HEX, SHA256_BASE64 = _hmac("sha256", _hex), _hmac("sha256", base64.b64encode)
SHA1_HEX = _hmac("sha1", _hex)


# Keys.


def _typed(
    least: int, *, most: int = 1024, letters: str = r"[!-~]", named: str = "visible ASCII characters"
) -> Callable[[str], bytes]:
    """Secrets used as they were typed: so many characters of this kind."""
    wanted = f"{least} {named}" if least == most else f"at least {least} {named}"
    pattern = re.compile(f"{letters}{{{least},{most}}}")

    def key(secret: str) -> bytes:
        if not pattern.fullmatch(secret):
            raise ValueError(wanted)
        return secret.encode("ascii")

    return key


def whsec_key(secret: str) -> bytes:
    """The key in a Standard Webhooks secret; ValueError unless it is "whsec_" and the base64 of 24 to 64 bytes."""
    prefix, encoded = secret[: len(_WHSEC)], secret[len(_WHSEC) :]
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) if prefix == _WHSEC else b""
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError("'whsec_' and then 24 to 64 random bytes in base64")
    return key


_ANY_SECRET = _typed(_LEAST_SECRET)


# Readers: from a delivery to what it claims.


def _whole(header: str, *, prefix: bytes = b"") -> Callable[[Delivery], Claim]:
    """Schemes that sign the body alone and write nothing but the signature into one header."""

    def read(delivery: Delivery) -> Claim:
        value = delivery.one(header)
        if not value.startswith(prefix):
            raise SignatureRefused(reason="malformed")
        return Claim(signed=(delivery.body,), signatures=(value[len(prefix) :],))

    return read


def _pairs(value: bytes) -> dict[bytes, list[bytes]]:
    """What a header of the form "a=1, b=2" says, values by name; spaces after a comma may be there or not."""
    pairs: dict[bytes, list[bytes]] = {}
    for item in value.split(b","):
        name, _, said = item.strip(b" ").partition(b"=")
        pairs.setdefault(name, []).append(said)
    return pairs


def _single(pairs: dict[bytes, list[bytes]], name: bytes) -> bytes:
    values = pairs.get(name, [])
    if len(values) != 1:
        raise SignatureRefused(reason="repeated" if values else "missing")
    return values[0]


def _milliseconds(value: bytes) -> float:
    return int(_matching(_MILLISECONDS, value)) / 1000


def _standard(delivery: Delivery) -> Claim:
    family = "webhook" if delivery.has("webhook-id", "webhook-timestamp", "webhook-signature") else "svix"
    message_id = _matching(MESSAGE_ID, delivery.one(f"{family}-id"))
    sent_at = _matching(_SECONDS, delivery.one(f"{family}-timestamp"))
    entries = [_matching(_STANDARD_SIGNATURE, entry) for entry in delivery.one(f"{family}-signature").split(b" ")]
    return Claim(
        signed=standard_parts(message_id, sent_at, delivery.body),
        signatures=tuple(entry[3:] for entry in entries if entry.startswith(b"v1,")),  # v1a is another algorithm
        sent_at=float(sent_at),
    )


def _ghost(delivery: Delivery) -> Claim:
    pairs = _pairs(delivery.one("x-ghost-signature"))
    sent_at = _single(pairs, b"t")
    return Claim(
        signed=(delivery.body, sent_at),
        signatures=(_single(pairs, b"sha256"),),
        sent_at=_milliseconds(sent_at),
    )


def _ghost_legacy(delivery: Delivery) -> Claim:
    """Ghost to 5.87.0 sends a time beside the signature but does not sign it: it is worth nothing and not read."""
    pairs = _pairs(delivery.one("x-ghost-signature"))
    return Claim(signed=(delivery.body,), signatures=(_single(pairs, b"sha256"),))


def _sanity(delivery: Delivery) -> Claim:
    pairs = _pairs(delivery.one("sanity-webhook-signature"))
    sent_at = _single(pairs, b"t")
    return Claim(signed=(sent_at, b".", delivery.body), signatures=(_single(pairs, b"v1"),), sent_at=_milliseconds(sent_at))


def _hygraph(delivery: Delivery) -> Claim:
    """Hygraph signs a JSON object that has the body in it as a string, as JavaScript writes it."""
    pairs = _pairs(delivery.one("gcms-signature"))
    sent_at = _single(pairs, b"t")
    at = _milliseconds(sent_at)
    try:
        wrapped = {
            "Body": delivery.body.decode("utf-8"),
            "EnvironmentName": _single(pairs, b"env").decode("ascii"),
            "TimeStamp": int(sent_at),
        }
    except UnicodeDecodeError:
        raise SignatureRefused(reason="malformed") from None
    signed = json.dumps(wrapped, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    return Claim(signed=(signed,), signatures=(_single(pairs, b"sign"),), sent_at=at)


def _webflow(delivery: Delivery) -> Claim:
    sent_at = delivery.one("x-webflow-timestamp")
    at = _milliseconds(sent_at)
    signature = delivery.one("x-webflow-signature")
    return Claim(signed=(sent_at, b":", delivery.body), signatures=(signature,), sent_at=at)


def _contentful(delivery: Delivery) -> Claim:
    """Contentful signs method, path, the headers it lists (sorted by name) and the body, each on a line."""
    listed = delivery.one("x-contentful-signed-headers").decode("latin-1").lower().split(",")
    names = [name.strip(" ") for name in listed]
    if not _CONTENTFUL_MUST_SIGN.issubset(names):  # else the time would be anyone's to choose
        raise SignatureRefused(reason="malformed")
    at = _milliseconds(delivery.one("x-contentful-timestamp"))
    headers = b";".join(name.encode("latin-1") + b":" + delivery.one(name) for name in sorted(names))
    call = f"{delivery.method}\n{delivery.path}\n".encode("utf-8", "replace")
    signature = delivery.one("x-contentful-signature")
    return Claim(signed=(call, headers, b"\n", delivery.body), signatures=(signature,), sent_at=at)


def _stripe(delivery: Delivery) -> Claim:
    pairs = _pairs(delivery.one("stripe-signature"))
    sent_at = _matching(_SECONDS, _single(pairs, b"t"))
    return Claim(signed=(sent_at, b".", delivery.body), signatures=tuple(pairs.get(b"v1", ())), sent_at=float(sent_at))


def _static_token(delivery: Delivery) -> Claim:
    """A token in a header, such as "x-token" or, behind a word as in RFC 6750, "authorization: Bearer"."""
    name, _, word = (part.strip().lower() for part in delivery.token_header.partition(":"))
    value = delivery.one(name)
    if word:
        before, space, value = value.partition(b" ")
        if before.lower() != word.encode("utf-8") or not space:
            raise SignatureRefused(reason="malformed")
    return Claim(signed=(), signatures=(_fingerprint(value.lstrip(b" "), ()),))


_STANDARD = Scheme(
    read=_standard, sign=SHA256_BASE64, key=whsec_key, delivery_ids=("webhook-id", "svix-id"), signs_time=True
)

SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        "standard-webhooks": _STANDARD,
        "ghost": Scheme(read=_ghost, sign=SHA256_HEX, key=_ANY_SECRET, signs_time=True),
        "ghost-legacy": Scheme(read=_ghost_legacy, sign=SHA256_HEX, key=_ANY_SECRET),
        "sanity": Scheme(
            read=_sanity,
            sign=_hmac("sha256", _base64url),
            key=_ANY_SECRET,
            delivery_ids=("idempotency-key",),
            signs_time=True,
        ),
        "hygraph": Scheme(read=_hygraph, sign=SHA256_BASE64, key=_ANY_SECRET, signs_time=True),
        "webflow": Scheme(read=_webflow, sign=SHA256_HEX, key=_ANY_SECRET, signs_time=True),
        "contentful": Scheme(
            read=_contentful,
            sign=SHA256_HEX,
            key=_typed(64, most=64),
            delivery_ids=("x-contentful-idempotency-key",),
            signs_time=True,
        ),
        "storyblok": Scheme(read=_whole("webhook-signature"), sign=SHA1_HEX, key=_ANY_SECRET),
        "woocommerce": Scheme(
            read=_whole("x-wc-webhook-signature"),
            sign=SHA256_BASE64,
            # The sender decodes HTML entities in the secret before it signs.
            key=_typed(_LEAST_SECRET, letters=r"[!-%'-~]", named="visible ASCII characters, '&' not among them"),
            delivery_ids=("x-wc-webhook-delivery-id",),
        ),
        "wp-webhooks": Scheme(read=_whole("x-wp-webhook-signature"), sign=SHA256_BASE64, key=_ANY_SECRET),
        "drupal": Scheme(
            read=_whole("x-hub-signature", prefix=b"sha1="),
            sign=SHA1_HEX,
            key=_ANY_SECRET,
            delivery_ids=("x-drupal-delivery",),
        ),
        "superdesk": Scheme(read=_whole("x-superdesk-signature", prefix=b"sha1="), sign=SHA1_HEX, key=_ANY_SECRET),
        "github": Scheme(
            read=_whole("x-hub-signature-256", prefix=b"sha256="),
            sign=SHA256_HEX,
            key=_ANY_SECRET,
            delivery_ids=("x-github-delivery",),
        ),
        "stripe": Scheme(read=_stripe, sign=SHA256_HEX, key=_ANY_SECRET, signs_time=True),
        "static-token": Scheme(read=_static_token, sign=_fingerprint, key=_typed(_LEAST_TOKEN)),
    }
)


def scheme_of(name: str) -> Scheme:
    """The scheme of this name; InvalidField for any other."""
    try:
        return SCHEMES[name]
    except KeyError:
        raise InvalidField(field="scheme", value=name, expected=f"one of {', '.join(SCHEMES)}") from None
