"""Everything that can go wrong, by who must act.

    ParleyError
    ├── InvalidInput            the caller must change the request
    │   ├── EmptyArticle
    │   ├── ArticleTooLarge
    │   ├── InvalidField
    │   ├── MediaTypeRefused
    │   ├── PayloadUnreadable
    │   ├── SignatureRefused
    │   └── UnknownModel
    ├── ModelFailed             the rules engine answers instead, marked degraded
    │   ├── UpstreamUnavailable     try again later, or look at the model server
    │   │   ├── ModelUnreachable
    │   │   ├── ModelOverloaded
    │   │   ├── ModelTimedOut
    │   │   └── ModelRejectedRequest
    │   └── ExtractionFailed        the model answered, but not usably
    │       ├── AnswerInvalid
    │       ├── AnswerTruncated
    │       └── AnswerRefused
    ├── NotAllowed              the caller needs another key
    │   ├── KeyRefused              no key, or not one of ours
    │   └── ScopeMissing            a key that may not do this
    ├── NotNow                  the caller may try again later
    │   ├── LimitReached            its own limit, or the operator's ceiling
    │   ├── StillRunning            the same request is being answered
    │   ├── QueueFull
    │   ├── CmsUnavailable          a newsroom's CMS does not answer, or not now
    │   └── DatabaseUnavailable
    ├── NoAnswer                an address that others chose: it may be tried again, or they must look at it
    └── SetupError              the operator must act
        ├── CmsRefused              or whoever made the connection: address, credentials, rights
        ├── NoDatabaseHere
        ├── BackupFailed
        ├── DatabaseNewer
        ├── EmbeddedDatabaseFailed
        ├── ModelFileMissing
        ├── ModelFileWrong
        ├── ExtraMissing
        ├── PromptInvalid
        └── SettingInvalid

Each class takes facts and builds its own message. A message names the thing, its value and what was expected;
it never holds article text, a prompt, a reply or a secret.
"""

from __future__ import annotations

from enum import StrEnum


class ParleyError(Exception):
    """Something went wrong in Parley."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence a person reads."""
        return str(self.args[0])


class InvalidInput(ParleyError):
    """The request cannot be understood."""


class EmptyArticle(InvalidInput):
    """The article has no text: expected at least one letter or digit."""


class ArticleTooLarge(InvalidInput):
    """The article is larger than the limit."""

    def __init__(self, *, size: int, limit: int, unit: str) -> None:
        self.size, self.limit, self.unit = size, limit, unit
        super().__init__(f"The article has {size:,} {unit}; at most {limit:,} {unit} are accepted.")


class InvalidField(InvalidInput):
    """A field has a value that is not accepted."""

    def __init__(self, *, field: str, value: str, expected: str) -> None:
        self.field, self.value, self.expected = field, value, expected
        super().__init__(f"Field '{field}' has value {value!r}; expected {expected}.")


class SignatureRefused(InvalidInput):
    """The delivery is not signed as this connection expects."""

    def __init__(self, *, reason: str = "unstated") -> None:
        self.reason = reason  # for our counters only: who forges a signature must not learn which part was wrong
        super().__init__()


class PayloadUnreadable(InvalidInput):
    """The CMS sent what its adapter cannot read."""

    def __init__(self, *, cms: str, field: str, expected: str) -> None:
        self.cms, self.field, self.expected = cms, field, expected
        super().__init__(f"The {cms} payload cannot be read: '{field}' is missing or odd; expected {expected}.")


class MediaTypeRefused(InvalidInput):
    """The body is not sent as what is expected."""

    def __init__(self, *, accepted: tuple[str, ...]) -> None:
        self.accepted = accepted
        super().__init__(f"Expected Content-Type: {' or '.join(accepted)}, without Content-Encoding.")


class UnknownModel(InvalidInput):
    """The requested model is not configured."""

    def __init__(self, *, model: str, configured: tuple[str, ...]) -> None:
        self.model, self.configured = model, configured
        super().__init__(f"Model {model!r} is not configured; expected one of: {', '.join(configured)}.")


class NothingThere(InvalidInput):
    """There is nothing of this id (or it is not the caller's, which is not told apart)."""

    def __init__(self, *, what: str, id: str) -> None:
        self.what, self.id = what, id
        super().__init__(f"There is no {what} {id!r}.")


class KeyReused(InvalidInput):
    """The Idempotency-Key was used before with another body; expected a new key, or the same body."""


class NotAllowed(ParleyError):
    """The caller may not do this."""


class KeyRefused(NotAllowed):
    """Expected a valid API key as `Authorization: Bearer KEY`."""


class ScopeMissing(NotAllowed):
    """The API key does not have the scope that this needs."""

    def __init__(self, *, scope: str) -> None:
        self.scope = scope  # for our log: a stranger with a stolen key need not learn what it lacks
        super().__init__("This API key may not do this.")


class NotNow(ParleyError):
    """The service cannot do this now; `retry_after_s` says when to try again."""

    retry_after_s: int = 1


class LimitReached(NotNow):
    """A limit is reached: nothing was asked of a model."""

    def __init__(
        self, *, limit: str, allowed: int, retry_after_s: int, policy: str = "default", window_s: int | None = None
    ) -> None:
        self.limit, self.allowed, self.retry_after_s = limit, allowed, max(1, retry_after_s)
        self.policy, self.window_s = policy, window_s  # its name and the seconds it counts over, for the RateLimit headers
        super().__init__(f"The limit of {allowed:,} {limit} is reached; try again in {self.retry_after_s} s.")


class StillRunning(NotNow):
    """A request with this Idempotency-Key is still being answered."""


class QueueFull(NotNow):
    """Too much work is waiting."""

    retry_after_s = 30


class DatabaseUnavailable(NotNow):
    """The database does not answer."""

    retry_after_s = 5


class CmsUnavailable(NotNow):
    """A newsroom's CMS does not answer now.

    `status` is None where no HTTP answer came, `wish_s` how long it asked to be left alone; `reason` is in words of ours.
    """

    retry_after_s = 5

    def __init__(self, *, cms: str, reason: str, status: int | None = None, wish_s: float = 0) -> None:
        self.cms, self.reason, self.status, self.wish_s = cms, reason, status, wish_s
        super().__init__(f"The {cms} of this connection does not answer now: {reason}.")


class Unanswered(StrEnum):
    """Why there is no answer from an address that others chose."""

    REFUSED_ADDRESS = "refused address"  # not one of the public internet, and the operator does not allow it
    NO_SUCH_HOST = "no such host"
    NOT_REACHED = "not reached"
    BAD_TLS = "bad TLS"
    TIMED_OUT = "timed out"
    BROKEN_OFF = "broken off"  # the connection ended, or what came was not HTTP
    TOO_LARGE = "too large"


class NoAnswer(ParleyError):
    """An address that others chose gave no answer that can be used."""

    def __init__(self, reason: Unanswered) -> None:
        self.reason = reason
        super().__init__(f"No answer from the given address: {reason.value}.")


class ModelFailed(ParleyError):
    """The model gave no usable answer. `calls` and `tokens` (input, cached, output) say what that cost."""

    calls: int = 0
    tokens: tuple[int, int, int] = (0, 0, 0)


class UpstreamUnavailable(ModelFailed):
    """The model cannot answer now."""


class ModelUnreachable(UpstreamUnavailable):
    """The model server cannot be reached."""


class ModelOverloaded(UpstreamUnavailable):
    """The model server is overloaded or limits our rate (after all retries)."""


class ModelTimedOut(UpstreamUnavailable):
    """The model did not answer before the deadline."""


class ModelRejectedRequest(UpstreamUnavailable):
    """The model server refused the request (wrong key, unknown model name, or a request it cannot read)."""

    def __init__(self, *, status: int) -> None:
        self.status = status
        super().__init__(f"The model server refused the request with status {status}.")


class ExtractionFailed(ModelFailed):
    """The model answered, but its answer cannot be used."""


class AnswerInvalid(ExtractionFailed):
    """The model's answer is not valid, also after being asked again."""


class AnswerTruncated(ExtractionFailed):
    """The model's answer was cut off at its token limit."""


class AnswerRefused(ExtractionFailed):
    """The model refused to answer."""


class SetupError(ParleyError):
    """The installation or configuration is not complete."""


class CmsRefused(SetupError):
    """A newsroom's CMS does not do what was asked of it."""

    def __init__(self, *, cms: str, reason: str, expected: str) -> None:
        self.cms, self.reason, self.expected = cms, reason, expected
        super().__init__(f"The {cms} of this connection cannot be used: {reason}; expected {expected}.")


class NoDatabaseHere(SetupError):
    """PARLEY_DATABASE_URL is `none`: this command needs a database."""


class BackupFailed(SetupError):
    """A backup could not be made, or could not be restored; the database is as it was before."""

    def __init__(self, *, step: str, reason: str) -> None:
        self.step, self.reason = step, reason
        super().__init__(f"{step} failed, and the database is as it was: {reason}.")


class DatabaseNewer(SetupError):
    """The database belongs to a newer version of Parley."""

    def __init__(self, *, steps: tuple[str, ...]) -> None:
        self.steps = steps
        super().__init__(
            f"The database has steps that this version of Parley does not know: {', '.join(steps)}. Upgrade Parley."
        )


class EmbeddedDatabaseFailed(SetupError):
    """The embedded PostgreSQL cannot be started."""

    def __init__(self, *, folder: str) -> None:
        self.folder = folder
        super().__init__(
            f"The embedded PostgreSQL in {folder!r} did not start: see the file 'log' there, or name a server by "
            "PARLEY_DATABASE_URL."
        )


class ModelFileMissing(SetupError):
    """The embedded model has not been pulled: run `parley models pull`."""


class ModelFileWrong(SetupError):
    """The embedded model's file does not have the expected SHA-256 and is not used."""


class ExtraMissing(SetupError):
    """An optional part is not installed."""

    def __init__(self, *, extra: str, needed_for: str) -> None:
        self.extra, self.needed_for = extra, needed_for
        super().__init__(f"{needed_for} needs the extra '{extra}': install parley[{extra}].")


class PromptInvalid(SetupError):
    """A prompt file is missing, has no front matter, or names a variable that is not given."""


class SettingInvalid(SetupError):
    """A setting has a value that is not accepted."""

    def __init__(self, *, setting: str, value: str, expected: str) -> None:
        self.setting, self.value, self.expected = setting, value, expected
        super().__init__(f"Setting {setting} has value {value!r}; expected {expected}.")
