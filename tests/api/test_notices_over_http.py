import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import notices
from cordboard.api.access import Access
from cordboard.api.server import serving
from cordboard.office.notices import NoticeDesk
from cordboard.office.tokens import new_token
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.store import sqlite_store

NOW = datetime.now(UTC)
TOKENS = {scope: new_token(scope, [scope], NOW) for scope in ("notices", "runs")}
USERS = {"anna", "olena"}


class Web:
    """The routes on a real server, and the desk that tells."""

    def __init__(self, store: Store, desk: NoticeDesk, port: int, client: httpx2.AsyncClient) -> None:
        self.store = store
        self.host = f"127.0.0.1:{port}/api/v1/notices"
        self.client = client
        self._desk = desk

    async def get(self, scope: str = "notices", **query: Any) -> httpx2.Response:
        return await self.client.get(f"http://{self.host}", params=query, headers=may(scope))

    async def read(self, scope: str = "notices", **body: Any) -> httpx2.Response:
        return await self.client.post(f"http://{self.host}/read", json=body, headers=may(scope))

    async def order(self, *keys: str, to: str = "anna") -> None:
        await self.store.runs.emit([Effect("notice", key, {"to": [to], "text": key, "data": {"n": 1}}) for key in keys])
        self._desk.wake()

    async def listed(self, count: int, **query: Any) -> Any:
        async with asyncio.timeout(10):
            while len(found := (await self.get(user="anna", **query)).json()["notices"]) < count:
                pass
        return found


def may(scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[scope][0]}"} if scope else {}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Web]:
    clock = SystemClock()
    async with sqlite_store(folder) as store:
        for _, token in TOKENS.values():
            await store.tokens.add(token)
        desk = NoticeDesk(store.notices, clock)
        telling = asyncio.create_task(desk.run())
        app = FastAPI()
        app.include_router(notices.routes(store.notices, desk, USERS.__contains__, clock, Access(store.tokens, clock)))
        async with serving(app, "127.0.0.1", 0) as port, httpx2.AsyncClient(trust_env=False) as client:
            yield Web(store, desk, port, client)
        telling.cancel()
        await asyncio.wait([telling])


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with opened(tmp_path) as web:
        yield web


@pytest.mark.slow
async def test_what_was_not_read_comes_first_and_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as web:
        await web.order("a", "b", "c")
        await web.listed(3)
        assert (await web.read(user="anna", ids=[2])).json() == {"unread": 2}
    async with opened(tmp_path) as web:
        assert [each["text"] for each in await web.listed(3)] == ["c", "a", "b"]
        assert [each["text"] for each in await web.listed(2, unread=True)] == ["c", "a"]
        assert [each["text"] for each in await web.listed(1, limit=2, before=1)] == ["b"]
        assert (await web.get(user="anna")).json()["unread"] == 2
        first = (await web.listed(3))[0]
        assert (first["data"], first["urgent"], first["read"]) == ({"n": 1}, False, None)
        assert (await web.read(user="anna")).json() == {"unread": 0}


async def test_what_is_refused(web: Web) -> None:
    assert (await web.get("", user="anna")).status_code == 401
    assert (await web.get("runs", user="anna")).status_code == 403
    assert (await web.get(user="ghost")).status_code == 404
    assert (await web.get()).status_code == 422
    assert (await web.get(user="anna", limit=5000)).status_code == 422
    assert (await web.read("runs", user="anna")).status_code == 403
    assert (await web.read(user="ghost")).status_code == 404
    assert (await web.read(user="anna", ids=["x"])).status_code == 422


# --- the stream: uvicorn serves it where `websockets` is there -------------------------------------------------------


def connect(web: Web, user: str = "anna", **more: Any) -> Any:
    client = pytest.importorskip("websockets.asyncio.client")
    return client.connect(f"ws://{web.host}/ws?user={user}", proxy=None, **more)


async def next_of(socket: Any) -> Any:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def test_a_page_is_told_at_once(web: Web) -> None:
    await web.order("before")
    await web.listed(1)
    async with connect(web, additional_headers=may("notices")) as socket:
        assert await next_of(socket) == {"unread": 1}
        await web.order("for her", to="olena")
        await web.order("for him")
        told = await next_of(socket)
    assert (told["notice"]["text"], told["notice"]["id"], told["missed"]) == ("for him", 3, False)


async def test_a_page_gives_its_token_as_a_subprotocol(web: Web) -> None:
    offered = ["cordboard", f"bearer.{TOKENS['notices'][0]}"]
    async with connect(web, subprotocols=offered) as socket:
        assert socket.subprotocol == "cordboard"
        assert await next_of(socket) == {"unread": 0}


@pytest.mark.parametrize(
    ("scope", "user", "status"), [("", "anna", 401), ("runs", "anna", 403), ("notices", "ghost", 404)]
)
async def test_a_stream_is_refused(web: Web, scope: str, user: str, status: int) -> None:
    with pytest.raises(Exception, match=f"HTTP {status}"):
        async with connect(web, user, additional_headers=may(scope)):
            pass
