import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.webhooks.backoff import (
    SCHEDULE,
    Answer,
    Delivered,
    Disable,
    Exhausted,
    NoAnswer,
    Retry,
    Why,
    decide,
    retry_after_s,
)

AT = 1_767_225_600.0  # 2026-01-01T00:00:00Z
DAY = 86_400.0
ENDED = Exhausted(why=Why.SCHEDULE_ENDED)


def answer(status: int, **headers: str) -> Answer:
    return Answer(status=status, at=AT, headers=[(name.replace("_", "-").title(), said) for name, said in headers.items()])


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_delivery(status: int) -> None:
    assert decide(1, answer(status), jitter=0.5) == Delivered()
    assert decide(8, answer(status, retry_after="9", webhook_delivery="abort-message"), jitter=0.5) == Delivered()


@pytest.mark.parametrize(
    "outcome",
    [*(answer(status) for status in (100, 199, 301, 302, 307, 400, 401, 404, 429, 500, 503)), NoAnswer(what="timeout")],
)
def test_anything_else_is_tried_again_on_schedule(outcome: Answer | NoAnswer) -> None:
    pauses = [decide(attempt, outcome, jitter=0.5) for attempt in range(1, 8)]

    assert pauses == [Retry(after_s=pause) for pause in (5, 300, 1800, 7200, 18_000, 36_000, 36_000)]
    assert decide(8, outcome, jitter=0.5) == decide(80, outcome, jitter=0.5) == ENDED


def test_the_pauses_add_up_to_about_28_hours() -> None:
    assert len(SCHEDULE) == 8
    assert sum(SCHEDULE) / 3600 == pytest.approx(27.6, abs=0.1)


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, 240.0), (0.25, 270.0), (1.0, 360.0)])
def test_jitter_moves_a_pause_by_a_fifth_at_most(jitter: float, pause: float) -> None:
    decision = decide(2, answer(500), jitter=jitter)

    assert isinstance(decision, Retry)
    assert decision.after_s == pytest.approx(pause)


def test_the_schedule_may_be_given() -> None:
    assert decide(1, answer(500), jitter=0.5, schedule=(0.0, 0.1)) == Retry(after_s=0.1)
    assert decide(2, answer(500), jitter=0.5, schedule=(0.0, 0.1)) == ENDED
    assert decide(1, NoAnswer(what="refused"), jitter=0.5, schedule=()) == ENDED


def test_410_disables_the_endpoint() -> None:
    assert decide(1, answer(410, retry_after="5"), jitter=0.5) == Disable()
    assert decide(8, answer(410, webhook_delivery="abort-message"), jitter=0.5) == Disable()


def test_a_receiver_may_stop_a_message() -> None:
    stopped = Exhausted(why=Why.ASKED_TO_STOP)

    assert decide(1, answer(500, webhook_delivery="abort-message", retry_after="5"), jitter=0.5) == stopped
    assert decide(1, answer(404, webhook_delivery=" Abort-Message "), jitter=0.5) == stopped
    assert decide(1, answer(500, webhook_delivery="continue"), jitter=0.5) == Retry(after_s=5.0)


@pytest.mark.parametrize("status", [302, 429, 500, 502, 503])
@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", 120.0),
        ("0", 5.0),
        ("1", 5.0),
        ("86400", DAY),
        ("86401", DAY),
        ("999999999999", DAY),
        ("Thu, 01 Jan 2026 00:10:00 GMT", 600.0),
        ("Thursday, 01-Jan-26 00:10:00 GMT", 600.0),
        ("Thu Jan  1 00:10:00 2026", 600.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 5.0),
        ("Fri, 01 Jan 2027 00:00:00 GMT", DAY),
        ("soon", 5.0),
        ("", 5.0),
        ("-60", 5.0),
        ("12.5", 5.0),
        ("1e9", 5.0),
        ("١٢٠", 5.0),
        ("9" * 5000, 5.0),
        ("Thu, 99 Jan 2026 00:10:00 GMT", 5.0),
    ],
)
def test_retry_after_makes_a_pause_longer_up_to_a_day(status: int, said: str, pause: float) -> None:
    assert decide(1, answer(status, retry_after=said), jitter=0.5) == Retry(after_s=pause)
    assert decide(8, answer(status, retry_after=said), jitter=0.5) == ENDED


def test_a_short_wish_never_uses_up_the_attempts() -> None:
    assert decide(7, answer(503, retry_after="1"), jitter=0.5) == Retry(after_s=36_000.0)


@pytest.mark.parametrize(("attempt", "jitter"), [(0, 0.5), (-1, 0.5), (1, -0.1), (1, 1.1), (1, float("nan"))])
def test_a_wrong_attempt_or_jitter_is_a_fault_of_ours(attempt: int, jitter: float) -> None:
    with pytest.raises(ValueError, match="expected an attempt"):
        decide(attempt, answer(500), jitter=jitter)


DATE_LIKE = st.text(st.sampled_from("0123456789 :,-+GMTUZhuJanTFeb()"), max_size=40)


@given(
    said=st.text(max_size=50) | DATE_LIKE, status=st.integers(-1, 1000), attempt=st.integers(1, 9), jitter=st.floats(0, 1)
)
def test_no_answer_breaks_the_decision(said: str, status: int, attempt: int, jitter: float) -> None:
    decision = decide(attempt, answer(status, retry_after=said, webhook_delivery=said), jitter=jitter)

    if isinstance(decision, Retry):
        assert SCHEDULE[attempt] * 0.79 <= decision.after_s <= DAY
    asked = retry_after_s(said, at=AT)
    assert asked is None or asked >= 0
