import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidField, SignatureRefused
from service.webhooks.schemes import SCHEMES
from service.webhooks.signature import Verified, check_secret, new_secret, sign_standard, verify

VECTORS = Path(__file__).parents[5] / "shared" / "reference" / "webhook-vectors.json"
NOW = 1_767_225_600
BODY = '{"id":"7","title":"Чотири \\u201cполонені\\u201d \\/ add","n":[1,2]}'.encode()
SECRET, OTHER = "a-secret-of-the-desk-01", "a-secret-of-the-desk-02"
WHSEC = "whsec_" + base64.b64encode(bytes(range(50, 82))).decode()
OLD_WHSEC = "whsec_" + base64.b64encode(bytes(range(100, 124))).decode()
UNTIMED = Verified(dedupe=None, sent_at=None)
TOKEN = "tok-" + "x7" * 20

# The headers of a scheme without any of which, or with any of which doubled, a delivery is refused.
NEEDED = {
    "standard-webhooks": ("webhook-id", "webhook-timestamp", "webhook-signature"),
    "ghost": ("x-ghost-signature",),
    "ghost-legacy": ("x-ghost-signature",),
    "sanity": ("sanity-webhook-signature",),
    "hygraph": ("gcms-signature",),
    "webflow": ("x-webflow-timestamp", "x-webflow-signature"),
    "contentful": (
        "content-type",
        "x-contentful-topic",
        "x-contentful-webhook-name",
        "x-contentful-timestamp",
        "x-contentful-signed-headers",
        "x-contentful-signature",
    ),
    "storyblok": ("webhook-signature",),
    "woocommerce": ("x-wc-webhook-signature",),
    "wp-webhooks": ("x-wp-webhook-signature",),
    "drupal": ("x-hub-signature",),
    "superdesk": ("x-superdesk-signature",),
    "github": ("x-hub-signature-256",),
    "stripe": ("stripe-signature",),
    "static-token": ("authorization",),
}
TIMED = {"standard-webhooks", "ghost", "sanity", "hygraph", "webflow", "contentful", "stripe"}
OF_THE_VECTORS = {
    "standard-webhooks v1": "standard-webhooks",
    "standard-webhooks rotation": "standard-webhooks",
    "ghost >=5.87.1, 6.x": "ghost",
    "ghost <=5.87.0": "ghost-legacy",
    "drupal webhooks (contrib)": "drupal",
    "superdesk http_push": "superdesk",
}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A delivery that must be accepted. `rotating`: two signatures, each of one secret."""

    name: str
    scheme: str
    secrets: tuple[str, ...]
    headers: dict[str, str]
    body: bytes = BODY
    path: str = "/"
    rotating: bool = False
    more: tuple[tuple[str, str], ...] = field(default=())

    def verify(self, *, now: float = NOW, **options: Any) -> Verified:
        return verify(
            self.scheme,
            secrets=options.pop("secrets", self.secrets),
            headers=[*self.headers.items(), *self.more],
            body=self.body,
            now=now,
            path=self.path,
            **options,
        )

    def needed(self) -> list[str]:
        return [name for name in self.headers if self._plain(name) in NEEDED[self.scheme]]

    def positions(self, name: str) -> range:
        """The bytes of a header each of which counts: Ghost's old scheme does not sign its time."""
        unsigned = self.headers[name].find(", t=") if self.scheme == "ghost-legacy" else -1
        return range(unsigned if unsigned > 0 else len(self.headers[name]))

    @staticmethod
    def _plain(name: str) -> str:
        return name.lower().replace("svix-", "webhook-")


def _mac(key: str | bytes, *parts: str | bytes, algorithm: str = "sha256") -> bytes:
    raw = [part.encode() if isinstance(part, str) else part for part in (key, *parts)]
    return hmac.new(raw[0], b"".join(raw[1:]), getattr(hashlib, algorithm)).digest()


def _b64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _standard(prefix: str, *secrets: str, message_id: str = "msg_1", at: object = NOW, body: bytes = BODY) -> dict[str, str]:
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    return {
        f"{prefix}-id": message_id,
        f"{prefix}-timestamp": str(at),
        f"{prefix}-signature": " ".join(f"v1,{_b64(_mac(key, f'{message_id}.{at}.', body))}" for key in keys),
    }


def _contentful(
    secret: str, *, listed: str = "", path: str = "/hooks/contentful/c1", at: object = NOW * 1000
) -> dict[str, str]:
    headers = {
        "Content-Type": "application/vnd.contentful.management.v1+json",
        "X-Contentful-Topic": "ContentManagement.Entry.publish",
        "X-Contentful-Webhook-Name": "parley desk",
        "X-Contentful-Timestamp": str(at),
    }
    listed = listed or ",".join([*headers, "X-Contentful-Signed-Headers"])
    headers["X-Contentful-Signed-Headers"] = listed
    lower = {name.lower(): value for name, value in headers.items()}
    lines = ";".join(f"{name}:{lower[name]}" for name in sorted(listed.lower().split(",")))
    signature = _mac(secret, f"POST\n{path}\n{lines}\n", BODY).hex()
    return {**headers, "X-Contentful-Signature": signature}


def _own() -> Iterator[Sent]:
    ms = str(NOW * 1000)

    def sent(scheme: str, header: str, value: str, *, secret: str = SECRET) -> Sent:
        return Sent(name=scheme, scheme=scheme, secrets=(secret,), headers={header: value})

    standard = "standard-webhooks"
    yield Sent(name=standard, scheme=standard, secrets=(WHSEC,), headers=_standard("webhook", WHSEC))
    yield Sent(name="svix names", scheme=standard, secrets=(WHSEC,), headers=_standard("Svix", WHSEC))
    yield Sent(
        name="standard rotation",
        scheme=standard,
        secrets=(WHSEC, OLD_WHSEC),
        headers=_standard("webhook", WHSEC, OLD_WHSEC),
        rotating=True,
    )
    yield sent("ghost", "X-Ghost-Signature", f"sha256={_mac(SECRET, BODY, ms).hex()}, t={ms}")
    yield sent("ghost-legacy", "X-Ghost-Signature", f"sha256={_mac(SECRET, BODY).hex()}, t={ms}")
    url_safe = _b64(_mac(SECRET, ms, ".", BODY)).replace("+", "-").replace("/", "_").rstrip("=")
    yield sent("sanity", "Sanity-Webhook-Signature", f"t={ms},v1={url_safe}")
    wrapped = '{"Body":' + json.dumps(BODY.decode(), ensure_ascii=False) + f',"EnvironmentName":"main","TimeStamp":{ms}}}'
    yield sent("hygraph", "gcms-signature", f"sign={_b64(_mac(SECRET, wrapped))}, env=main, t={ms}")
    yield Sent(
        name="webflow",
        scheme="webflow",
        secrets=(SECRET,),
        headers={"X-Webflow-Timestamp": ms, "X-Webflow-Signature": _mac(SECRET, f"{ms}:", BODY).hex()},
    )
    key = "k9" * 32
    path = "/hooks/contentful/c1"
    yield Sent(name="contentful", scheme="contentful", secrets=(key,), headers=_contentful(key, path=path), path=path)
    sha1 = _mac(SECRET, BODY, algorithm="sha1").hex()
    yield sent("storyblok", "webhook-signature", sha1)
    yield sent("woocommerce", "X-WC-Webhook-Signature", _b64(_mac(SECRET, BODY)))
    yield sent("wp-webhooks", "X-WP-Webhook-Signature", _b64(_mac(SECRET, BODY)))
    yield sent("drupal", "X-Hub-Signature", f"sha1={sha1}")
    yield sent("superdesk", "x-superdesk-signature", f"sha1={sha1}")
    yield sent("github", "X-Hub-Signature-256", f"sha256={_mac(SECRET, BODY).hex()}")
    yield sent("stripe", "Stripe-Signature", f"t={NOW},v1={_mac(SECRET, f'{NOW}.', BODY).hex()}")
    yield sent("static-token", "Authorization", f"Bearer {TOKEN}", secret=TOKEN)


def _shared() -> Iterator[Sent]:
    for vector in json.loads(VECTORS.read_bytes()) if VECTORS.exists() else []:
        secrets = tuple(vector["secret"].split(" + "))
        scheme = OF_THE_VECTORS.get(vector["scheme"], vector["scheme"])
        yield Sent(
            name=f"shared: {vector['scheme']}",
            scheme=scheme,
            secrets=secrets,
            headers=vector["headers"],
            body=vector["body"].encode(),
            path=vector["note"].partition(" ")[2] if scheme == "contentful" else "/",
            rotating=len(secrets) > 1,
        )


OWN = list(_own())
ALL = [pytest.param(sent, id=sent.name) for sent in OWN]
ALL += [pytest.param(sent, id=sent.name, marks=pytest.mark.shared) for sent in _shared()]
deliveries = pytest.mark.parametrize("sent", ALL)


def _refused(sent: Sent, **options: Any) -> str:
    with pytest.raises(SignatureRefused) as refused:
        sent.verify(**options)
    assert refused.value.message == "The delivery is not signed as this connection expects."
    return refused.value.reason


@pytest.mark.shared
def test_the_vectors_of_the_reference_are_all_tried() -> None:
    if not VECTORS.exists():
        pytest.skip("../shared is not there: only vectors of our own were tried")

    vectors = json.loads(VECTORS.read_bytes())

    assert len(vectors) == len(list(_shared())) >= 15
    assert {sent.scheme for sent in _shared()} == SCHEMES.keys() - {"static-token"}
    assert all(hashlib.sha256(vector["body"].encode()).hexdigest() == vector["body_sha256"] for vector in vectors)


def test_every_scheme_has_a_delivery_here() -> None:
    assert {sent.scheme for sent in OWN} == SCHEMES.keys() == NEEDED.keys()
    assert {name for name, scheme in SCHEMES.items() if scheme.signs_time} == TIMED


@deliveries
def test_what_was_signed_is_accepted(sent: Sent) -> None:
    verified = sent.verify()

    assert verified.sent_at == (NOW if sent.scheme in TIMED else None)
    assert (verified.dedupe is not None) == (sent.scheme == "standard-webhooks")
    assert replace(sent, headers={name.swapcase(): value for name, value in sent.headers.items()}).verify() == verified


@deliveries
def test_any_byte_of_the_body_counts(sent: Sent) -> None:
    if sent.scheme == "static-token":
        return  # signs nothing: see the test below
    for at in range(len(sent.body)):
        changed = sent.body[:at] + bytes([sent.body[at] ^ 1]) + sent.body[at + 1 :]
        assert _refused(replace(sent, body=changed)) in ("mismatch", "malformed")
    for changed in (sent.body + b"\n", sent.body[:-1], b""):
        assert _refused(replace(sent, body=changed)) == "mismatch"


def test_a_static_token_says_nothing_of_the_body() -> None:
    sent = next(sent for sent in OWN if sent.scheme == "static-token")

    assert replace(sent, body=b"another").verify() == UNTIMED


@deliveries
def test_any_byte_of_the_headers_counts(sent: Sent) -> None:
    tried = 0
    for name in sent.needed():
        if sent.rotating and name.endswith("signature"):
            continue  # the other signature holds still: see the test of rotation
        value = sent.headers[name]
        for at in sent.positions(name):
            changed = value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
            _refused(replace(sent, headers={**sent.headers, name: changed}))
            tried += 1
    assert tried >= 15


@deliveries
def test_every_header_must_come_and_come_once(sent: Sent) -> None:
    assert len(sent.needed()) == len(NEEDED[sent.scheme])
    for name, value in sent.headers.items():
        if name not in sent.needed():
            continue
        others = {key: said for key, said in sent.headers.items() if key != name}
        assert _refused(replace(sent, headers=others)) == "missing"
        assert _refused(replace(sent, more=((name.upper(), value),))) == "repeated"
        assert _refused(replace(sent, headers={**sent.headers, name: f"{value}, {value}"}))
        assert _refused(replace(sent, headers={**sent.headers, name: ""}))


@deliveries
def test_another_secret_is_refused(sent: Sent) -> None:
    others = {"standard-webhooks": new_secret(bytes(24)), "contentful": "Z" * 64, "static-token": "y" * 40}
    other = others.get(sent.scheme, OTHER)

    assert _refused(sent, secrets=[other]) == "mismatch"
    assert _refused(sent, secrets=[sent.secrets[0][:-1] + "!"]) in ("mismatch", "no usable secret")
    assert _refused(sent, secrets=[]) == "no usable secret"
    assert _refused(sent, secrets=["", "short"]) == "no usable secret"


@deliveries
def test_the_old_and_the_new_secret_are_both_accepted(sent: Sent) -> None:
    others = {"standard-webhooks": new_secret(bytes(24)), "contentful": "Z" * 64, "static-token": "y" * 40}
    other = others.get(sent.scheme, OTHER)

    for secrets in ((other, sent.secrets[0]), (sent.secrets[-1], other), ("", sent.secrets[0])):
        assert sent.verify(secrets=secrets) == sent.verify()


@pytest.mark.parametrize("sent", [case for case in ALL if case.values[0].rotating])  # type: ignore[union-attr]
def test_of_two_signatures_the_one_by_our_secret_decides(sent: Sent) -> None:
    new, old = sent.headers["webhook-signature"].split(" ")
    spoilt = new[:5] + chr(ord(new[5]) ^ 1) + new[6:]

    for signatures, secret, holds in (
        (f"{new} {old}", 0, True),
        (f"{new} {old}", 1, True),
        (f"v1a,AAAA {old}", 1, True),
        (old, 0, False),
        (f"{spoilt} {old}", 0, False),
        (f"{spoilt} {old}", 1, True),
        ("v1a,AAAA", 0, False),
        (f"{new}, {old}", 0, False),
    ):
        changed = replace(sent, headers={**sent.headers, "webhook-signature": signatures}, secrets=(sent.secrets[secret],))
        if holds:
            assert changed.verify().sent_at == NOW
        else:
            _refused(changed)


@deliveries
def test_a_signed_time_may_be_five_minutes_off_and_no_more(sent: Sent) -> None:
    for off in (-300.0, 300.0):
        assert sent.verify(now=NOW + off) == sent.verify()
    for off in (-301.0, 301.0, 1e9, float("nan"), float("inf")):
        if sent.scheme in TIMED:
            assert _refused(sent, now=NOW + off) == "expired"
        else:
            assert sent.verify(now=NOW + off) == sent.verify()


@pytest.mark.parametrize(
    "at", ["NaN", "nan", "inf", "1e9", "-1", "0", "", " ", f"{NOW}.5", f"0{NOW}", f"+{NOW}", "9" * 400, "１７６７", "1_767"]
)
def test_an_odd_time_is_refused_even_if_it_is_signed(at: str) -> None:
    ghost = f"sha256={_mac(SECRET, BODY, at).hex()}, t={at}"
    stripe = f"t={at},v1={_mac(SECRET, f'{at}.', BODY).hex()}"
    key = "k9" * 32
    for odd in (
        Sent(name="", scheme="standard-webhooks", secrets=(WHSEC,), headers=_standard("webhook", WHSEC, at=at)),
        Sent(name="", scheme="ghost", secrets=(SECRET,), headers={"X-Ghost-Signature": ghost}),
        Sent(name="", scheme="stripe", secrets=(SECRET,), headers={"Stripe-Signature": stripe}),
        Sent(name="", scheme="contentful", secrets=(key,), headers=_contentful(key, path="/", at=at)),
    ):
        assert _refused(odd) == "malformed"


def test_a_full_stop_in_the_id_is_refused_since_it_moves_the_border() -> None:
    headers = _standard("webhook", WHSEC, message_id="msg.1")

    assert _refused(Sent(name="", scheme="standard-webhooks", secrets=(WHSEC,), headers=headers)) == "malformed"


def test_contentful_must_sign_its_time_and_its_list_of_headers() -> None:
    key = "k9" * 32
    for listed in ("X-Contentful-Topic", "X-Contentful-Topic,X-Contentful-Timestamp", "X-Contentful-Signed-Headers"):
        headers = _contentful(key, listed=listed, path="/")
        assert _refused(Sent(name="", scheme="contentful", secrets=(key,), headers=headers)) == "malformed"

    signed = Sent(name="", scheme="contentful", secrets=(key,), headers=_contentful(key, path="/a"), path="/a")
    assert signed.verify().sent_at == NOW
    assert _refused(replace(signed, path="/b")) == "mismatch"
    assert _refused(signed, method="PUT") == "mismatch"


def test_storyblok_hex_at_the_standard_scheme_is_refused_and_no_exception() -> None:
    storyblok = next(sent for sent in OWN if sent.scheme == "storyblok")
    standard = next(sent for sent in OWN if sent.name == "standard-webhooks")

    assert _refused(replace(storyblok, scheme="standard-webhooks", secrets=(WHSEC,))) == "missing"
    mixed = replace(standard, headers={**standard.headers, **storyblok.headers})
    assert _refused(mixed) == "malformed"


@pytest.mark.parametrize(("first", "second"), [("webhook", "svix"), ("svix", "webhook")])
def test_a_sender_of_both_families_of_names_is_read_by_the_standard_one(first: str, second: str) -> None:
    good, bad = _standard("webhook", WHSEC), _standard("svix", OLD_WHSEC)
    headers = {"webhook": good, "svix": bad}[first] | {"webhook": good, "svix": bad}[second]

    assert Sent(name="", scheme="standard-webhooks", secrets=(WHSEC,), headers=headers).verify().dedupe == "msg_1"
    _refused(Sent(name="", scheme="standard-webhooks", secrets=(OLD_WHSEC,), headers=headers))


def test_a_body_that_is_not_utf8_is_judged_by_its_signature_alone() -> None:
    body = b"\xff\xfe{"
    good = {"X-Hub-Signature-256": f"sha256={_mac(SECRET, body).hex()}"}

    assert Sent(name="", scheme="github", secrets=(SECRET,), headers=good, body=body).verify() == UNTIMED
    hygraph = next(sent for sent in OWN if sent.scheme == "hygraph")
    assert _refused(replace(hygraph, body=body)) == "malformed"


def test_a_letter_that_only_looks_like_another_does_not_name_a_header() -> None:
    sent = next(sent for sent in OWN if sent.scheme == "storyblok")
    headers = {"webhoo\N{KELVIN SIGN}-signature": sent.headers["webhook-signature"]}

    assert _refused(replace(sent, headers=headers)) == "missing"


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        ("sanity", "idempotency-key"),
        ("contentful", "X-Contentful-Idempotency-Key"),
        ("woocommerce", "X-WC-Webhook-Delivery-ID"),
        ("drupal", "X-Drupal-Delivery"),
        ("github", "X-GitHub-Delivery"),
    ],
)
def test_the_senders_own_id_of_a_delivery_is_given_back(scheme: str, header: str) -> None:
    sent = next(sent for sent in OWN if sent.scheme == scheme)

    assert replace(sent, more=((header, "d-1"),)).verify().dedupe == "d-1"
    assert _refused(replace(sent, more=((header, "d-1"), (header, "d-2")))) == "repeated"
    for odd in ("", "a b", "x" * 300, "а"):
        assert _refused(replace(sent, more=((header, odd),))) == "malformed"


@pytest.mark.parametrize(
    ("configured", "name", "value", "holds"),
    [
        ("authorization: Bearer", "Authorization", f"bearer  {TOKEN}", True),
        ("authorization: Bearer", "Authorization", TOKEN, False),
        ("authorization: Bearer", "Authorization", f"Basic {TOKEN}", False),
        ("authorization: Bearer", "Authorization", f"Bearer{TOKEN}", False),
        ("authorization: Bearer", "Authorization", "Bearer ", False),
        ("X-Parley-Token", "x-parley-token", TOKEN, True),
        ("X-Parley-Token", "x-parley-token", f"Bearer {TOKEN}", False),
        ("X-Parley-Token", "Authorization", f"Bearer {TOKEN}", False),
        ("X-Parley-Token", "x-parley-token", "", False),
        ("", "x-parley-token", TOKEN, False),
    ],
)
def test_a_static_token_stands_where_the_connection_says(configured: str, name: str, value: str, holds: bool) -> None:
    sent = Sent(name="", scheme="static-token", secrets=(TOKEN,), headers={name: value})

    if holds:
        assert sent.verify(token_header=configured) == UNTIMED
    else:
        _refused(sent, token_header=configured)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
ODD = st.sampled_from(
    ["NaN", "t=,v1=", "v1,", "v1,=", ",", "t=NaN,v1=x", "sha256=, t=1", "sha1=", "Bearer", "9" * 5000, "\x00", "t=1e9,v1=é"]
)
HEADER_NAMES = st.sampled_from(sorted({name for names in NEEDED.values() for name in names})) | ANY_TEXT


@given(
    scheme=st.sampled_from(sorted(SCHEMES)),
    headers=st.lists(st.tuples(HEADER_NAMES, ANY_TEXT | ODD), max_size=8),
    body=st.binary(max_size=60),
    secret=ANY_TEXT | st.sampled_from([SECRET, WHSEC, TOKEN, "k9" * 32]),
    path=ANY_TEXT,
)
def test_random_deliveries_are_refused_and_raise_nothing_else(
    scheme: str, headers: list[tuple[str, str]], body: bytes, secret: str, path: str
) -> None:
    with pytest.raises(SignatureRefused):
        verify(scheme, secrets=[secret, ""], headers=headers, body=body, now=NOW, method=path, path=path)


@given(sent=st.sampled_from(OWN), data=st.data())
def test_a_good_delivery_with_one_header_replaced_is_refused_and_raises_nothing_else(
    sent: Sent, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sent.needed()))
    value = data.draw(ANY_TEXT | ODD)

    _refused(replace(sent, headers={**sent.headers, name: value}))


def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(InvalidField, match=r"'scheme' has value 'sniff'.*standard-webhooks"):
        verify("sniff", secrets=[], headers=[], body=b"", now=NOW)


# Secrets.


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_the_secrets_used_here_may_be_configured(scheme: str) -> None:
    for sent in OWN:
        if sent.scheme == scheme:
            for secret in sent.secrets:
                check_secret(scheme, secret)


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [
        *(
            (scheme, bad)
            for scheme in sorted(SCHEMES)
            for bad in ("", " " * 40, "short", "я" * 64, "a" * 5000, "\ud800" * 40)
        ),
        ("standard-webhooks", "newsroom-secret-1"),
        ("standard-webhooks", "whsec_not base64, so not usable"),
        ("standard-webhooks", "whsec_" + base64.b64encode(bytes(23)).decode()),
        ("standard-webhooks", "whsec_" + base64.b64encode(bytes(65)).decode()),
        ("standard-webhooks", WHSEC.removeprefix("whsec_")),
        ("contentful", "k" * 63),
        ("static-token", "t" * 31),
        ("woocommerce", "a-secret-with-&amp;-in-it"),
        ("ghost", "fifteen-letters"),
        ("ghost", f"{SECRET}\n"),
    ],
)
def test_an_unusable_secret_is_refused_at_configuration_and_not_shown(scheme: str, secret: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_secret(scheme, secret)

    assert refused.value.field == "secret"
    assert not secret.strip() or secret not in refused.value.message


def test_a_signature_by_an_empty_key_is_worth_nothing() -> None:
    headers = {"X-Hub-Signature-256": f"sha256={_mac('', BODY).hex()}"}

    assert _refused(Sent(name="", scheme="github", secrets=("",), headers=headers)) == "no usable secret"


def test_a_standard_secret_may_lack_its_padding() -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(25))).decode()
    sent = Sent(name="", scheme="standard-webhooks", secrets=(secret.rstrip("="),), headers=_standard("webhook", secret))

    assert secret.endswith("=")
    assert sent.verify().dedupe == "msg_1"


@pytest.mark.parametrize("count", [24, 32, 64])
def test_a_new_secret_is_usable(count: int) -> None:
    secret = new_secret(bytes(range(count)))

    check_secret("standard-webhooks", secret)
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(range(count))


@pytest.mark.parametrize("count", [0, 23, 65])
def test_too_few_or_too_many_random_bytes_make_no_secret(count: int) -> None:
    with pytest.raises(InvalidField):
        new_secret(bytes(count))


# What we send.


@given(body=st.binary(max_size=200), at=st.integers(1, 10**12 - 1))
def test_what_we_sign_we_accept(body: bytes, at: int) -> None:
    headers = sign_standard("msg_1", secrets=[WHSEC, OLD_WHSEC], body=body, at=at)

    assert headers == _standard("webhook", WHSEC, OLD_WHSEC, at=at, body=body)
    for secret in (WHSEC, OLD_WHSEC):
        verified = verify("standard-webhooks", secrets=[secret], headers=list(headers.items()), body=body, now=at)
        assert verified == Verified(dedupe="msg_1", sent_at=at)


def test_the_library_of_the_standard_accepts_what_we_sign_and_signs_what_we_accept() -> None:
    library = pytest.importorskip("standardwebhooks")
    now = datetime.now(UTC).replace(microsecond=0)
    at = int(now.timestamp())

    headers = sign_standard("msg_2", secrets=[WHSEC, OLD_WHSEC], body=BODY, at=at)
    for secret in (WHSEC, OLD_WHSEC):
        assert library.Webhook(secret).verify(BODY, headers) == json.loads(BODY)
        theirs = {**headers, "webhook-signature": library.Webhook(secret).sign("msg_2", now, BODY.decode())}
        assert verify("standard-webhooks", secrets=[secret], headers=list(theirs.items()), body=BODY, now=at).sent_at == at
    with pytest.raises(library.WebhookVerificationError):
        library.Webhook(WHSEC).verify(BODY + b" ", headers)


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "a.b"},
        {"message_id": ""},
        {"message_id": "a b"},
        {"message_id": "a\r\nx: y"},
        {"message_id": "\ud800"},
        {"message_id": "ї"},
        {"secrets": []},
        {"secrets": ["newsroom-secret-1"]},
        {"at": 0},
        {"at": -5},
        {"at": 10**12},
    ],
)
def test_nothing_is_signed_that_a_receiver_could_not_check(wrong: dict[str, Any]) -> None:
    options: dict[str, Any] = {"message_id": "msg_1", "secrets": [WHSEC], "body": BODY, "at": NOW, **wrong}

    with pytest.raises(InvalidField) as refused:
        sign_standard(options.pop("message_id"), **options)
    assert "newsroom" not in refused.value.message
