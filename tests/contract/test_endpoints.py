"""The routes of endpoints over a real PostgreSQL: what their owner can do, and what a tenant cannot."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.requests import Request

from service.adapters.database.pool import Database
from service.adapters.outbound import Outbound
from service.api.context import Context
from service.api.endpoints import endpoints_router
from service.errors import ScopeMissing
from service.flows import endpoints
from service.flows.desk import Caller, Desk
from tests.api.client import make_app
from tests.desks import make_desk
from tests.receivers import Receiver, drain, receiving, tell

NOWHERE = "ep_0000000000"


@dataclass(kw_only=True)
class Guarded(Context):
    """A context whose caller is named by a header, so that these tests need no keys."""

    async def caller(self, request: Request, scope: str) -> Caller:
        caller = Caller(
            tenant_id=request.headers.get("x-tenant", "default"),
            scopes=frozenset(request.headers.get("x-scopes", "admin").split()),
        )
        if scope not in caller.scopes:
            raise ScopeMissing(scope=scope)
        return caller


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    await database.execute("INSERT INTO tenant (id) VALUES ('other')")
    made = await make_desk(database, schedule_s=(0.0, 0.02), outbound=Outbound(frozenset({"127.0.0.1"})))
    yield made
    await made.outbound.aclose()


def client_of(desk: Desk | None) -> httpx2.AsyncClient:
    context = Guarded(max_bytes=2**20, max_in_flight=10, desk=desk)
    app = make_app(context)
    if not any(getattr(route, "path", "") == "/endpoints" for route in app.routes):
        app.include_router(endpoints_router(context))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost")


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(desk) as opened:
        yield opened


async def made(client: httpx2.AsyncClient, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/endpoints", json={"url": receiver.url, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_endpoints_life(desk: Desk, client: httpx2.AsyncClient):
    async with receiving() as receiver:
        new = await made(client, receiver, event_types=["article.deleted"], description="The news desk")
        id = new["endpoint"]["id"]
        listed = (await client.get("/endpoints")).json()["endpoints"]
        shown = (await client.get(f"/endpoints/{id}")).json()
        pinged = await client.post(f"/endpoints/{id}/ping")
        await drain(desk)
        changed = (await client.patch(f"/endpoints/{id}", json={"event_types": [], "description": ""})).json()
        rotated = (await client.post(f"/endpoints/{id}/rotate")).json()
        off = (await client.post(f"/endpoints/{id}/disable")).json()
        refused = await client.post(f"/endpoints/{id}/ping")
        on = (await client.post(f"/endpoints/{id}/enable")).json()
        deleted = await client.delete(f"/endpoints/{id}")
        gone = await client.get(f"/endpoints/{id}")

    assert listed == [shown] == [new["endpoint"]]
    assert shown["event_types"] == ["article.deleted"]
    assert new["secret"].startswith("whsec_")
    assert "whsec_" not in json.dumps(shown)
    assert (pinged.status_code, receiver.received[0].id) == (202, pinged.json()["message_id"])
    assert receiver.received[0].verified(new["secret"])["data"] == {"endpoint": id}
    assert (changed["event_types"], changed["description"], changed["url"]) == ([], "", receiver.url)
    assert rotated["secret"] != new["secret"]
    assert rotated["endpoint"]["old_secret_until"] is not None
    assert (off["disabled_reason"], refused.status_code, on["disabled_at"]) == ("on request", 422, None)
    assert (deleted.status_code, deleted.content, gone.status_code) == (204, b"", 404)


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://10.0.0.1/"},
        {"url": "http://[::1]/"},
        {"url": "http://169.254.169.254/latest/meta-data"},
        {"url": "ftp://example.org/"},
        {"url": "http://user:secret@example.org/"},
        {"url": "http://2130706433/"},
        {"url": ""},
        {"url": 1},
        {},
        {"url": "https://example.org/", "event_types": ["unknown"]},
        {"url": "https://example.org/", "event_types": ["webhook.ping"]},
        {"url": "https://example.org/", "event_types": "article.deleted"},
        {"url": "https://example.org/", "description": "a\nb"},
        {"url": "https://example.org/", "description": "\u0000"},
        {"url": "https://example.org/", "allow_private": True},
        {"url": "https://example.org/", "secret": "whsec_AAAA"},
    ],
)
async def test_what_an_endpoint_cannot_be_is_a_problem(client: httpx2.AsyncClient, body: dict[str, Any]):
    answer = await client.post("/endpoints", json=body)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "secret@" not in answer.text
    assert (await client.get("/endpoints")).json() == {"endpoints": []}


async def test_a_body_that_is_no_json_or_too_large_is_a_problem(client: httpx2.AsyncClient):
    headers = {"content-type": "application/json"}
    wrong = await client.post("/endpoints", content=b"{", headers=headers)
    large = await client.post("/endpoints", content=b" " * 16_385, headers=headers)
    form = await client.post("/endpoints", data={"url": "https://example.org/"})

    assert [one.status_code for one in (wrong, large, form)] == [400, 413, 415]


async def test_who_moves_an_endpoint_loses_the_private_address_that_the_operator_allowed(database: Database):
    desk = await make_desk(database)
    new = await endpoints.create_endpoint(desk, "default", url="http://10.0.0.1/a", allow_private=True)
    async with client_of(desk) as client:
        same = await client.patch(f"/endpoints/{new.endpoint.id}", json={"url": "http://10.0.0.1/a", "description": "x"})
        private = await client.patch(f"/endpoints/{new.endpoint.id}", json={"url": "http://10.0.0.1/b"})
        public = await client.patch(f"/endpoints/{new.endpoint.id}", json={"url": "https://news.example/"})
        back = await client.patch(f"/endpoints/{new.endpoint.id}", json={"url": "http://10.0.0.1/a"})
    await desk.outbound.aclose()

    assert [one.status_code for one in (same, private, public, back)] == [200, 422, 200, 422]
    assert (same.json()["allow_private"], public.json()["allow_private"]) == (True, False)


async def test_deliveries_are_read_page_by_page_with_what_the_receiver_answered(desk: Desk, client: httpx2.AsyncClient):
    async with receiving() as receiver:
        receiver.body = b"<script>alert(1)</script>\x00\xff"
        new = await made(client, receiver)
        for number in range(5):
            await tell(desk, f"a{number}")
        await drain(desk)
        path = f"/endpoints/{new['endpoint']['id']}/deliveries"
        first = (await client.get(path, params={"limit": 3})).json()
        rest = (await client.get(path, params={"limit": 3, "before": first["next"]})).json()

    ids = [one["id"] for one in (*first["deliveries"], *rest["deliveries"])]
    assert (len(first["deliveries"]), len(rest["deliveries"]), rest["next"]) == (3, 2, None)
    assert ids == sorted(set(ids), reverse=True)
    assert {one["status"] for one in first["deliveries"]} == {200}
    assert first["deliveries"][0]["response_head"] == "<script>alert(1)</script>\u0000\ufffd"


async def test_a_dead_letter_is_listed_and_replayed(desk: Desk, client: httpx2.AsyncClient):
    async with receiving(500, 500) as receiver:
        await made(client, receiver)
        message_id = await tell(desk)
        await drain(desk)
        dead = (await client.get("/dead-letters")).json()
        replayed = await client.post(f"/messages/{message_id}/replay")
        await drain(desk)
        message = (await client.get(f"/messages/{message_id}")).json()
        after = (await client.get("/dead-letters", params={"before": dead["dead_letters"][0]["id"]})).json()

    assert [(one["message_id"], one["state"]) for one in dead["dead_letters"]] == [(message_id, "exhausted")]
    assert (replayed.status_code, replayed.json()) == (202, {"deliveries": 1, "after": None})
    assert [one["state"] for one in message["dispatches"]] == ["delivered"]
    assert message["payload"] == json.loads(receiver.received[0].body)
    assert {one.id for one in receiver.received} == {message_id}
    assert after == {"dead_letters": [], "next": None}


async def test_what_happened_since_a_time_is_replayed(desk: Desk, client: httpx2.AsyncClient):
    async with receiving() as receiver:
        new = await made(client, receiver)
        await tell(desk)
        await drain(desk)
        path = f"/endpoints/{new['endpoint']['id']}/replay"
        past = await client.post(path, params={"since": "2020-01-01T00:00:00Z"})
        future = await client.post(path, params={"since": "2999-01-01T00:00:00+02:00"})
        await drain(desk)

    assert (past.json(), future.json()) == ({"deliveries": 1, "after": None}, {"deliveries": 0, "after": None})
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/endpoints/{NOWHERE}/replay"),
        ("POST", f"/endpoints/{NOWHERE}/replay?since=yesterday"),
        ("POST", f"/endpoints/{NOWHERE}/replay?since=2020-01-01T00:00:00"),
        ("POST", f"/endpoints/{NOWHERE}/replay?since=2020-01-01T00:00:00Z&after=%00"),
        ("GET", f"/endpoints/{NOWHERE}/deliveries?limit=0"),
        ("GET", f"/endpoints/{NOWHERE}/deliveries?limit=201"),
        ("GET", f"/endpoints/{NOWHERE}/deliveries?before=99999999999999999999"),
        ("GET", "/dead-letters?before=%00"),
        ("GET", "/dead-letters?unknown=1"),
    ],
)
async def test_a_wrong_query_is_a_problem(client: httpx2.AsyncClient, method: str, path: str):
    answer = await client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


ROUTES = [
    ("GET", "/endpoints/{}", None),
    ("PATCH", "/endpoints/{}", {"description": "x"}),
    ("DELETE", "/endpoints/{}", None),
    ("POST", "/endpoints/{}/rotate", None),
    ("POST", "/endpoints/{}/enable", None),
    ("POST", "/endpoints/{}/disable", None),
    ("POST", "/endpoints/{}/ping", None),
    ("POST", "/endpoints/{}/replay?since=2020-01-01T00:00:00Z", None),
    ("GET", "/endpoints/{}/deliveries", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a_tenant_does_not_see_what_is_anothers_nor_what_is_not_there(
    desk: Desk, client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None
):
    async with receiving() as receiver:
        mine = (await made(client, receiver))["endpoint"]
        answers = [
            await client.request(method, path.format(id), json=body, headers={"x-tenant": "other"})
            for id in (mine["id"], NOWHERE, "%00", "x" * 300, "ep_1%27%20OR%20%271")
        ]
        await drain(desk)
        after = (await client.get(f"/endpoints/{mine['id']}")).json()

    assert [one.status_code for one in answers] == [404] * 5
    assert (after, receiver.received) == (mine, [])


async def test_a_tenants_messages_and_dead_letters_are_its_own(desk: Desk, client: httpx2.AsyncClient):
    other = {"x-tenant": "other"}
    async with receiving(500, 500) as receiver:
        await made(client, receiver)
        message_id = await tell(desk)
        await drain(desk)
        read = await client.get(f"/messages/{message_id}", headers=other)
        replayed = await client.post(f"/messages/{message_id}/replay", headers=other)
        listed = await client.get("/endpoints", headers=other)
        dead = await client.get("/dead-letters", headers=other)

    assert (read.status_code, replayed.status_code) == (404, 404)
    assert (listed.json(), dead.json()["dead_letters"]) == ({"endpoints": []}, [])


@pytest.mark.parametrize(("method", "path", "body"), [*ROUTES, ("POST", "/endpoints", {}), ("GET", "/endpoints", None)])
async def test_it_takes_the_scope_admin(client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None):
    answer = await client.request(method, path.format(NOWHERE), json=body, headers={"x-scopes": "read extract"})

    assert answer.status_code == 403


async def test_without_a_database_there_are_no_endpoints():
    async with client_of(None) as client:
        answer = await client.get("/endpoints")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_every_route_is_documented_with_its_problems():
    app = make_app()
    router = endpoints_router(Context(max_bytes=1, max_in_flight=1))

    paths = app.openapi()["paths"]

    for path in {route.path for route in router.routes}:  # type: ignore[attr-defined]
        for operation in paths[path].values():
            assert operation["operationId"].islower()
            problems = {status: one for status, one in operation["responses"].items() if int(status) >= 400}
            assert {"401", "403", "429", "500", "503"} <= set(problems)
            assert all("application/problem+json" in one["content"] for one in problems.values()), path
            assert ("requestBody" in operation) == (operation["operationId"] in ("create_endpoint", "update_endpoint"))
    names = [one["name"] for one in paths["/endpoints/{endpoint_id}/replay"]["post"]["parameters"]]
    assert names == ["endpoint_id", "since", "after"]
