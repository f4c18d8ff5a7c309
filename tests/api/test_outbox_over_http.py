import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi import FastAPI

from cordboard.api import outbox
from cordboard.api.access import Access
from cordboard.api.server import serving
from cordboard.office.tokens import new_token
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import PermanentError, State, Verdict
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.outbox import ScriptedGateway, mail_effect, settled
from cordboard.testing.store import sqlite_store

NOW = datetime.now(UTC)
TOKENS = {scope: new_token(scope, [scope], NOW) for scope in ("outbox", "runs")}
HOOK = Effect("webhook", "h", {"to": "https://crm.test/hook?key=S3cret&a", "body": '{"phone": 1}', "signed": True})


class Web:
    """The routes on a real server, with a store and a client that may."""

    def __init__(self, store: Store, url: str, client: httpx2.AsyncClient) -> None:
        self.store = store
        self.url = url
        self.client = client

    async def get(self, path: str = "", scope: str = "outbox", **query: Any) -> httpx2.Response:
        return await self.client.get(f"{self.url}{path}", params=query or None, headers=may(scope))

    async def post(self, path: str, scope: str = "outbox") -> httpx2.Response:
        return await self.client.post(f"{self.url}{path}", headers=may(scope))


def may(scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[scope][0]}"} if scope else {}


@asynccontextmanager
async def opened(folder: Path, gateway: ScriptedGateway | None = None) -> AsyncIterator[Web]:
    async with sqlite_store(folder) as store:
        for _, token in TOKENS.values():
            await store.tokens.add(token)
        deliverer = Deliverer(store.outbox, {"email": gateway} if gateway else {}, SystemClock(), "here")
        delivering = asyncio.create_task(deliverer.run()) if gateway else None
        app = FastAPI()
        app.include_router(
            outbox.routes(store.outbox, SystemClock(), Access(store.tokens, SystemClock()), deliverer.wake)
        )
        async with serving(app, "127.0.0.1", 0) as port, httpx2.AsyncClient(trust_env=False) as client:
            yield Web(store, f"http://127.0.0.1:{port}/api/v1/outbox", client)
        if delivering is not None:
            delivering.cancel()
            await asyncio.wait([delivering])


async def ordered(store: Store, *effects: Effect) -> None:
    await store.runs.emit(effects)
    await store.outbox.take_in(NOW)


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with opened(tmp_path) as web:
        await ordered(web.store, mail_effect("a", subject="Message"), HOOK, mail_effect("b", "anna@office.test"))
        (first,) = await web.store.outbox.claim("email", NOW, "n", NOW, 1)
        await web.store.outbox.settle(1, first.epoch, Verdict(State.FAILED, "no such mailbox"), NOW)
        yield web


def ids(answer: httpx2.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()]


async def test_deliveries_are_listed_the_youngest_first(web: Web) -> None:
    assert ids(await web.get()) == [3, 2, 1]
    assert ids(await web.get(state="failed")) == [1]
    assert ids(await web.get(state=["failed", "waiting"])) == [3, 2, 1]
    assert ids(await web.get(kind="webhook")) == [2]
    assert ids(await web.get(recipient="anna@office.test")) == [3]
    assert ids(await web.get(limit=2)) == [3, 2]
    assert ids(await web.get(limit=2, before=2)) == [1]
    (failed,) = (await web.get(state="failed")).json()
    assert (failed["kind"], failed["recipient"], failed["about"]) == ("email", "boss@office.test", "Message")
    assert (failed["state"], failed["error"], failed["tries"], failed["due"]) == ("failed", "no such mailbox", 1, None)
    assert "payload" not in failed


async def test_one_is_shown_with_what_is_in_it(web: Web) -> None:
    found = (await web.get("/1")).json()
    assert found["payload"] == {"subject": "Message", "text": "Some words"}
    assert (found["run_id"], found["chain"], found["key"]) == ("run-1", "chain-1", "a")
    hook = (await web.get("/2")).json()
    assert hook["recipient"] == "https://crm.test/hook?key=•••&a"
    assert "S3cret" not in (await web.get("/2")).text + (await web.get()).text


async def test_they_are_counted(web: Web) -> None:
    assert (await web.get("/counts")).json() == {"email": {"failed": 1, "waiting": 1}, "webhook": {"waiting": 1}}


async def test_one_is_dropped_once_and_may_be_tried_again(web: Web) -> None:
    with structlog.testing.capture_logs() as logs:
        assert (await web.post("/3/drop")).json()["state"] == "dropped"
        refused = await web.post("/3/drop")
        assert (refused.status_code, refused.json()["detail"]) == (409, "delivery 3 is dropped already")
        assert (await web.post("/1/again")).json()["state"] == "waiting"
    noted = [(log["event"], log["delivery"], log["to"], log["by"]) for log in logs]
    assert noted == [
        ("a delivery is dropped by hand", 3, "anna@office.test", "outbox"),
        ("a delivery is tried again by hand", 1, "boss@office.test", "outbox"),
    ]


async def test_what_is_being_handed_over_is_let_be(web: Web) -> None:
    await web.store.outbox.claim("webhook", NOW, "n", NOW, 1)
    for path in ("/2/again", "/2/drop"):
        refused = await web.post(path)
        assert (refused.status_code, refused.json()["detail"][:37]) == (409, "delivery 2 is being handed over just ")


async def test_what_is_refused(web: Web) -> None:
    for path, scope, status in (
        ("", "", 401), ("", "runs", 403), ("/1", "runs", 403), ("/7", "outbox", 404), ("/0", "outbox", 404),
        ("/99999999999999999999", "outbox", 404), ("/x", "outbox", 422), ("?state=odd", "outbox", 422),
        ("?limit=0", "outbox", 422),
    ):  # fmt: skip
        assert (await web.get(path, scope)).status_code == status, path
    for path, scope, status in (("/1/again", "runs", 403), ("/1/drop", "", 401), ("/7/again", "outbox", 404)):
        assert (await web.post(path, scope)).status_code == status, path
    assert ids(await web.get(state="failed")) == [1]


async def test_what_is_tried_again_leaves_at_once(tmp_path: Path) -> None:
    gateway = ScriptedGateway(PermanentError("no such mailbox"))
    async with opened(tmp_path, gateway) as web:
        await web.store.runs.emit([mail_effect("a")])
        await settled(web.store, 1)
        assert (await web.post("/1/again")).status_code == 200
        (delivery,) = await settled(web.store, 1)
    assert (delivery.state, delivery.tries) == (State.DELIVERED, 2)
