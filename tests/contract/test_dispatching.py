"""Deliveries to real receivers, over a real PostgreSQL: told at least once, with one id, signed, and never a crowd at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks.webhooks import WebhookVerificationError

from service.adapters.database.pool import Database
from service.adapters.outbound import Outbound
from service.adapters.queue import Task
from service.flows import delivery_log, dispatching, endpoints, replaying
from service.flows.desk import Desk
from service.flows.dispatching import dispatch
from service.flows.messages import News, announce
from service.webhooks.events import EventType
from tests.desks import make_desk
from tests.receivers import Receiver, deleted, drain, due, receiving, tell

ME = "default"
SHORT = (0.0, 0.03, 0.03, 0.03, 0.03)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    made = await make_desk(database, schedule_s=SHORT, outbound=Outbound(frozenset({"127.0.0.1"})))
    yield made
    await made.outbound.aclose()


async def subscribed(desk: Desk, receiver: Receiver, **options) -> endpoints.NewSecret:
    return await endpoints.create_endpoint(desk, ME, url=receiver.url, **options)


async def states(desk: Desk) -> list[str]:
    return [row["state"] for row in await desk.database.rows("SELECT state FROM dispatch ORDER BY id")]


async def test_three_failures_and_a_success_are_four_attempts_with_one_id_and_fresh_timestamps(desk: Desk):
    clock = iter(datetime.now(UTC) + timedelta(seconds=n) for n in range(-100, 100))
    desk.now = lambda: next(clock)
    async with receiving(500, 500, 500) as receiver:
        made = await subscribed(desk, receiver)
        message_id = await tell(desk)
        await drain(desk)

    payloads = [one.verified(made.secret) for one in receiver.received]
    assert [one.id for one in receiver.received] == [message_id] * 4
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 4
    assert len({one.body for one in receiver.received}) == 1
    assert payloads[0]["type"] == "article.deleted"
    attempts = await delivery_log.list_attempts(desk, ME, made.endpoint.id, before=None, limit=50)
    assert [(one.number, one.status, one.response_head) for one in reversed(attempts)] == [
        (1, 500, "thanks"), (2, 500, "thanks"), (3, 500, "thanks"), (4, 200, "thanks"),
    ]  # fmt: skip
    endpoint = await endpoints.get_endpoint(desk, ME, made.endpoint.id)
    assert (await states(desk), endpoint.failures_in_row, endpoint.failing_since) == (["delivered"], 0, None)


async def test_a_changed_body_does_not_verify(desk: Desk):
    async with receiving() as receiver:
        made = await subscribed(desk, receiver)
        await tell(desk)
        await drain(desk)

    changed = replace(receiver.received[0], body=receiver.received[0].body.replace(b"a1", b"a2"))
    with pytest.raises(WebhookVerificationError):
        changed.verified(made.secret)


async def test_only_who_wants_a_type_and_is_enabled_is_told_and_only_once(desk: Desk):
    async with receiving() as wants, receiving() as wants_other, receiving() as disabled:
        await subscribed(desk, wants, event_types=[EventType.ARTICLE_DELETED])
        await subscribed(desk, wants_other, event_types=[EventType.COMPLETED])
        off = await subscribed(desk, disabled)
        await endpoints.disable_endpoint(desk, ME, off.endpoint.id)
        await tell(desk)
        async with desk.database.transaction() as connection:
            again = await announce(desk, connection, News(tenant_id=ME, event=deleted(), source_key="a1"))
        await drain(desk)

    assert (len(wants.received), len(wants_other.received), len(disabled.received), again) == (1, 0, 0, None)


async def tell_and_fail(desk: Desk) -> None:
    async with desk.database.transaction() as connection:
        await announce(desk, connection, News(tenant_id=ME, event=deleted(), source_key="a1"))
        raise RuntimeError("no")


async def test_what_is_rolled_back_is_not_told(desk: Desk):
    async with receiving() as receiver:
        await subscribed(desk, receiver)
        with pytest.raises(RuntimeError, match="no"):
            await tell_and_fail(desk)
        await drain(desk)

    assert receiver.received == []


async def test_another_tenants_endpoints_hear_nothing(desk: Desk):
    await desk.database.execute("INSERT INTO tenant (id) VALUES ('other')")
    async with receiving() as receiver:
        await subscribed(desk, receiver)
        await tell(desk, tenant_id="other")
        await drain(desk)

    assert receiver.received == []


async def test_gone_disables_the_endpoint_and_cancels_what_was_on_its_way(desk: Desk):
    async with receiving(410) as receiver:
        made = await subscribed(desk, receiver)
        await tell(desk, "a1")
        first = await due(desk)
        await tell(desk, "a2")
        await dispatch(desk, first[0])
        await drain(desk)
        await tell(desk, "a3")
        await drain(desk)

    endpoint = await endpoints.get_endpoint(desk, ME, made.endpoint.id)
    assert (len(receiver.received), await states(desk)) == (1, ["cancelled", "cancelled"])
    assert (endpoint.disabled_at is not None, endpoint.disabled_reason) == (True, "it answered 410 Gone")


async def test_retry_after_is_waited_for(desk: Desk):
    async with receiving(web.Response(status=503, headers={"Retry-After": "120"})) as receiver:
        await subscribed(desk, receiver)
        await tell(desk)
        await drain(desk)

    row = await desk.database.row("SELECT state, extract(epoch FROM next_at - now())::float AS wait FROM dispatch")
    job = await desk.database.row("SELECT extract(epoch FROM scheduled_at - now())::float AS wait FROM procrastinate_jobs")
    assert (len(receiver.received), row["state"]) == (1, "retrying")
    assert 110 < row["wait"] <= 120
    assert 110 < job["wait"] <= 120


async def test_a_receiver_may_ask_to_stop(desk: Desk):
    async with receiving(web.Response(status=500, headers={"webhook-delivery": "abort-message"})) as receiver:
        made = await subscribed(desk, receiver)
        await tell(desk)
        await drain(desk)

    endpoint = await endpoints.get_endpoint(desk, ME, made.endpoint.id)
    assert (len(receiver.received), await states(desk), endpoint.failures_in_row) == (1, ["exhausted"], 0)


async def test_a_redirect_is_a_failure_and_is_not_followed(desk: Desk):
    async with receiving() as target, receiving() as receiver:
        receiver.script = [web.Response(status=307, headers={"Location": target.url})]
        await subscribed(desk, receiver)
        await tell(desk)
        await drain(desk)

    assert (len(receiver.received), len(target.received), await states(desk)) == (2, 0, ["delivered"])


async def test_while_a_secret_is_rotated_the_old_and_the_new_one_verify(desk: Desk):
    async with receiving() as receiver:
        old = await subscribed(desk, receiver)
        new = await endpoints.rotate_secret(desk, ME, old.endpoint.id)
        await tell(desk, "a1")
        await drain(desk)
        await desk.database.execute("UPDATE endpoint SET old_secret_until = now() - interval '1 second'")
        await tell(desk, "a2")
        await drain(desk)

    during, after = receiver.received
    assert during.verified(old.secret) == during.verified(new.secret)
    assert after.verified(new.secret)["type"] == "article.deleted"
    with pytest.raises(WebhookVerificationError):
        after.verified(old.secret)
    assert len(after.headers["webhook-signature"].split()) == 1


async def test_an_exhausted_message_is_a_dead_letter_until_it_is_replayed(desk: Desk):
    async with receiving(*[500] * len(SHORT)) as receiver:
        made = await subscribed(desk, receiver)
        message_id = await tell(desk)
        await drain(desk)
        dead = await delivery_log.list_dead_letters(desk, ME, before=None, limit=10)
        others = await delivery_log.list_dead_letters(desk, "other", before=None, limit=10)
        await asyncio.sleep(SHORT[1] * 1.5)
        replayed = await replaying.replay_message(desk, ME, message_id)
        await drain(desk)

    assert [(one.message_id, one.state, one.attempts) for one in dead] == [(message_id, "exhausted", len(SHORT))]
    assert (others, replayed.deliveries) == ((), 1)
    assert {one.id for one in receiver.received} == {message_id}
    assert receiver.received[-1].verified(made.secret)["type"] == "article.deleted"
    message = await delivery_log.get_message(desk, ME, message_id)
    assert [(one.state, one.round) for one in message.dispatches] == [("delivered", 2)]
    assert await delivery_log.list_dead_letters(desk, ME, before=None, limit=10) == ()
    newest = (await delivery_log.list_attempts(desk, ME, made.endpoint.id, before=None, limit=1))[0]
    assert (newest.round, newest.number, newest.status) == (2, 1, 200)


async def test_a_replay_while_a_retry_waits_is_sent_at_once_and_only_once(desk: Desk):
    async with receiving(web.Response(status=503, headers={"Retry-After": "1"})) as receiver:
        await subscribed(desk, receiver)
        message_id = await tell(desk)
        await drain(desk, patience_s=0.1)
        await replaying.replay_message(desk, ME, message_id)
        await drain(desk, patience_s=0.1)
        at_once = len(receiver.received)
        await drain(desk, patience_s=2)

    assert (at_once, len(receiver.received), await states(desk)) == (2, 2, ["delivered"])


async def test_what_happened_since_a_time_is_sent_again_page_by_page(desk: Desk):
    async with receiving() as receiver, receiving() as late:
        await subscribed(desk, receiver)
        for number in range(5):
            await tell(desk, f"a{number}")
        await drain(desk)
        first = [one.id for one in receiver.received]
        ids = [row["id"] for row in await desk.database.rows("SELECT id FROM message ORDER BY created_at, id")]
        newcomer = await subscribed(desk, late)
        await endpoints.ping_endpoint(desk, ME, newcomer.endpoint.id)
        since = (await desk.database.row("SELECT created_at FROM message WHERE id = %(id)s", {"id": ids[1]}))["created_at"]
        page = await replaying.replay_since(desk, ME, newcomer.endpoint.id, since, most=3)
        rest = await replaying.replay_since(desk, ME, newcomer.endpoint.id, since, after=page.after, most=3)
        await drain(desk)

    assert (page.deliveries, page.after, rest.deliveries, rest.after) == (3, ids[3], 1, None)
    assert sorted(one.id for one in late.received if one.type != "webhook.ping") == ids[1:]
    assert sorted(first) == ids
    assert len(receiver.received) == 5  # who did not ask is not told again


async def test_a_ping_goes_to_one_endpoint_whatever_it_wants(desk: Desk):
    async with receiving() as pinged, receiving() as other:
        made = await subscribed(desk, pinged, event_types=[EventType.COMPLETED])
        await subscribed(desk, other)
        message_id = await endpoints.ping_endpoint(desk, ME, made.endpoint.id)
        await drain(desk)

    assert [(one.id, one.verified(made.secret)["type"]) for one in pinged.received] == [(message_id, "webhook.ping")]
    assert other.received == []


async def test_a_slow_receiver_is_a_failure_with_a_name(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.adapters.outbound.CONNECT_S", 0.2)
    send = desk.outbound.send
    monkeypatch.setattr(desk.outbound, "send", lambda *args, **options: send(*args, **options, timeout_s=0.2))
    async with receiving() as receiver:
        receiver.pause_s = 1.0
        made = await subscribed(desk, receiver)
        await tell(desk)
        first = await due(desk)
        await dispatch(desk, first[0])

    attempt = (await delivery_log.list_attempts(desk, ME, made.endpoint.id, before=None, limit=1))[0]
    assert (attempt.status, attempt.error, attempt.response_head) == (None, "timed out", None)
    assert await states(desk) == ["retrying"]


async def test_an_answer_of_ten_megabytes_is_a_success_of_which_a_kilobyte_is_kept(desk: Desk):
    async with receiving() as receiver:
        receiver.body = b"\x00\xff<script>" * 1_000_000
        made = await subscribed(desk, receiver)
        await tell(desk)
        await drain(desk)

    attempt = (await delivery_log.list_attempts(desk, ME, made.endpoint.id, before=None, limit=1))[0]
    stored = await desk.database.row("SELECT length(response_head) AS n FROM attempt")
    assert (await states(desk), stored["n"]) == (["delivered"], 1_024)
    assert attempt.response_head is not None
    assert attempt.response_head.startswith("\x00\ufffd<script>")


async def test_a_private_address_is_refused_at_the_connection_and_retried(database: Database):
    strict = await make_desk(database, schedule_s=SHORT)
    async with receiving() as receiver:
        port = receiver.url.rpartition(":")[2]
        made = await endpoints.create_endpoint(strict, ME, url=f"http://localhost:{port}")
        await tell(strict)
        await drain(strict)
    await strict.outbound.aclose()

    attempts = await delivery_log.list_attempts(strict, ME, made.endpoint.id, before=None, limit=50)
    assert receiver.received == []
    assert {one.error for one in attempts} == {"refused address"}


async def test_an_endpoint_is_told_two_things_at_a_time_and_nobody_is_forgotten(desk: Desk):
    async with receiving() as receiver:
        receiver.pause_s = 0.05
        await subscribed(desk, receiver)
        for number in range(12):
            await tell(desk, f"a{number}")
        await drain(desk)

    assert (receiver.most_at_once, len(receiver.received), len({one.id for one in receiver.received})) == (2, 12, 12)
    assert await states(desk) == ["delivered"] * 12


async def test_a_failing_endpoint_is_asked_one_at_a_time_and_the_others_keep_their_attempts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.schedule_s = (0.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    async with receiving(*[500] * 8) as receiver:
        made = await subscribed(desk, receiver)
        for number in range(20):
            await tell(desk, f"a{number}")
        await asyncio.gather(*(dispatch(desk, one) for one in await due(desk)))
        while (await endpoints.get_endpoint(desk, ME, made.endpoint.id)).failures_in_row < dispatching.CIRCUIT:
            await asyncio.gather(*(dispatch(desk, one) for one in await due(desk)))
        open_at = len(receiver.received)
        receiver.most_at_once = 0
        await asyncio.gather(*(dispatch(desk, one) for one in await due(desk)))
        at_rest = len(receiver.received)
        while receiver.script:
            await asyncio.gather(*(dispatch(desk, one) for one in await due(desk)))
            await asyncio.sleep(0.01)
        probed_by = receiver.most_at_once
        await drain(desk, patience_s=2)

    assert 5 <= open_at == at_rest <= 6
    assert probed_by == 1
    assert await states(desk) == ["delivered"] * 20
    assert len(receiver.received) == 28


async def test_an_endpoint_that_failed_for_five_days_is_disabled(desk: Desk):
    async with receiving(*[500] * 9) as receiver:
        made = await subscribed(desk, receiver)
        await tell(desk)
        await dispatch(desk, (await due(desk))[0])
        before = await endpoints.get_endpoint(desk, ME, made.endpoint.id)
        await desk.database.execute("UPDATE endpoint SET failing_since = now() - interval '5 days 1 minute'")
        await drain(desk)

    endpoint = await endpoints.get_endpoint(desk, ME, made.endpoint.id)
    assert (before.disabled_at, before.failures_in_row, before.failing_since is not None) == (None, 1, True)
    assert (len(receiver.received), endpoint.disabled_reason) == (2, "nothing but failures for 5 days")
    enabled = await endpoints.enable_endpoint(desk, ME, made.endpoint.id)
    assert (enabled.disabled_at, enabled.failures_in_row, enabled.failing_since) == (None, 0, None)


@pytest.mark.parametrize("moment", ["before the request", "after the request"])
async def test_an_attempt_whose_worker_dies_is_made_again_when_its_place_is_free(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
):
    class Died(BaseException):
        """What kill -9 leaves: nothing."""

    send = dispatching._send

    async def die(*arguments):
        if moment == "after the request":
            await send(*arguments)
        raise Died

    async with receiving() as receiver:
        await subscribed(desk, receiver)
        message_id = await tell(desk)
        (dispatch_id,) = await due(desk)
        monkeypatch.setattr(dispatching, "_send", die)
        with pytest.raises(Died):
            await dispatch(desk, dispatch_id)
        monkeypatch.setattr(dispatching, "_send", send)
        before = len(receiver.received)
        await dispatch(desk, dispatch_id)  # as the queue does when it takes the job over
        while_held = len(receiver.received)
        comes_back = await desk.database.row(
            "SELECT extract(epoch FROM scheduled_at - now())::float AS wait FROM procrastinate_jobs WHERE status = 'todo'"
        )
        await desk.database.execute("UPDATE dispatch SET sending_until = now() - interval '1 second'")
        await dispatch(desk, dispatch_id)

    assert while_held == before
    assert 0 < comes_back["wait"] <= dispatching.LEASE.total_seconds()
    assert (len(receiver.received), {one.id for one in receiver.received}) == (before + 1, {message_id})
    assert await states(desk) == ["delivered"]


async def test_the_same_job_twice_at_the_same_time_sends_once(desk: Desk):
    async with receiving() as receiver:
        receiver.pause_s = 0.1
        await subscribed(desk, receiver)
        await tell(desk)
        (dispatch_id,) = await due(desk)
        await asyncio.gather(*(dispatch(desk, dispatch_id) for _ in range(4)))
        await dispatch(desk, dispatch_id)

    assert (len(receiver.received), await states(desk)) == (1, ["delivered"])


async def test_a_place_of_a_dead_worker_is_not_lost(desk: Desk):
    async with receiving() as receiver:
        await subscribed(desk, receiver)
        for number in range(2):
            await tell(desk, f"dead{number}")
        await due(desk)
        await desk.database.execute("UPDATE dispatch SET sending_until = now() + interval '0.3 seconds'")
        await tell(desk, "a1")
        await drain(desk, patience_s=0.1)
        blocked = len(receiver.received)
        await asyncio.sleep(0.3)
        watch = await desk.database.row(
            """SELECT args->>'id' AS id, extract(epoch FROM scheduled_at - now())::float AS wait FROM procrastinate_jobs
            WHERE status = 'todo'"""
        )
        await dispatch(desk, watch["id"])

    assert (blocked, len(receiver.received)) == (0, 1)
    assert 0 < watch["wait"] <= dispatching.LEASE.total_seconds()


async def test_however_many_wait_one_job_watches_over_them(desk: Desk):
    async with receiving() as receiver:
        await subscribed(desk, receiver)
        for number in range(20):
            await tell(desk, f"a{number}")
        subjects = await due(desk)
        await desk.database.execute(
            "UPDATE dispatch SET sending_until = now() + interval '1 minute' WHERE id = ANY (%(ids)s)", {"ids": subjects[:2]}
        )
        for subject in subjects[2:]:
            await dispatch(desk, subject)

    assert await desk.database.row("SELECT count(*) AS n FROM dispatch WHERE waiting_since IS NOT NULL") == {"n": 18}
    assert await desk.database.rows("SELECT args->>'id' AS id FROM procrastinate_jobs") == [{"id": subjects[2]}]


async def test_a_replay_during_an_attempt_is_still_sent(desk: Desk):
    async with receiving(500) as receiver:
        receiver.pause_s = 0.2
        await subscribed(desk, receiver)
        message_id = await tell(desk)
        (dispatch_id,) = await due(desk)
        sending = asyncio.create_task(dispatch(desk, dispatch_id))
        await asyncio.sleep(0.1)
        await replaying.replay_message(desk, ME, message_id)
        await sending
        await drain(desk)

    message = await delivery_log.get_message(desk, ME, message_id)
    assert len(receiver.received) == 2
    assert [(one.state, one.round, one.attempts) for one in message.dispatches] == [("delivered", 2, 1)]


async def test_an_erased_message_is_not_sent(desk: Desk):
    async with receiving() as receiver:
        await subscribed(desk, receiver)
        message_id = await tell(desk)
        await desk.database.execute("UPDATE message SET body = NULL")
        await drain(desk)

    message = await delivery_log.get_message(desk, ME, message_id)
    assert (receiver.received, await states(desk), message.payload) == ([], ["cancelled"], None)


async def test_an_endpoint_deleted_during_an_attempt_leaves_nothing(desk: Desk):
    async with receiving() as receiver:
        receiver.pause_s = 0.2
        made = await subscribed(desk, receiver)
        await tell(desk)
        (dispatch_id,) = await due(desk)
        sending = asyncio.create_task(dispatch(desk, dispatch_id))
        await asyncio.sleep(0.1)
        await endpoints.delete_endpoint(desk, ME, made.endpoint.id)
        await sending
        await dispatch(desk, dispatch_id)

    assert await desk.database.row("SELECT count(*) AS n FROM attempt") == {"n": 0}


async def test_a_write_back_is_handed_on_with_its_message(desk: Desk):
    await desk.database.execute(
        """INSERT INTO connection (id, tenant_id, adapter, name, secrets, write_back)
        VALUES ('con_1', 'default', 'ghost', 'test', '{}', 'tag')"""
    )
    handed = []

    async def write_back(_: Desk, row) -> None:
        handed.append(row)

    async with desk.database.transaction() as connection:
        news = News(tenant_id=ME, event=deleted(), source_key="a1", article_id="art_1", write_back_to="con_1")
        await announce(desk, connection, news)
    (dispatch_id,) = await due(desk)
    await dispatch(desk, dispatch_id, write_back=write_back)
    await dispatch(desk, dispatch_id)
    await dispatch(desk, dispatch_id, write_back=write_back)

    assert [(row["connection_id"], row["article_id"], row["type"]) for row in handed] == [
        ("con_1", "art_1", "article.deleted")
    ]
    assert await states(desk) == ["cancelled"]


async def test_a_worker_of_the_real_queue_delivers_a_crowd_through_failures(desk: Desk):
    desk.schedule_s = (0.0, *[0.1] * 9)
    async with receiving(*[500, 200, 200] * 20) as receiver:
        made = await subscribed(desk, receiver)
        desk.queue.handle(Task.DISPATCH, lambda id: dispatch(desk, id))
        worker = asyncio.create_task(desk.queue.work((Task.DISPATCH,), concurrency=4, patience_s=5))
        for number in range(30):
            await tell(desk, f"a{number}")
        for _ in range(300):
            if set(await states(desk)) == {"delivered"}:
                break
            await asyncio.sleep(0.1)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    assert await states(desk) == ["delivered"] * 30
    assert receiver.most_at_once <= 2
    assert len({one.verified(made.secret)["data"]["article"]["id"] for one in receiver.received}) == 30
