"""Events and cards, as a page sees them. The WebSocket is spoken as ASGI has it: no thread, no clock."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import card, events
from cordboard.api.access import Access
from cordboard.office.cards import Card, CardKeys
from cordboard.office.live import WAITING, LiveEvents
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.api import HeldTokens, bearer, program
from cordboard.testing.office import HandClock, loaded_directory

BAD = Card(
    "c1",
    "0671112233",
    "city",
    {"name": "<script>alert(1)</script>", "debt": "120.50"},
    'https://crm.test/?a="><b>',
    frozenset({"anna"}),
)


class Socket:
    """The far end of a WebSocket."""

    def __init__(self, app: FastAPI, query: str = "", *protocols: str, headers: dict[str, str] | None = None) -> None:
        head = [(name.lower().encode(), text.encode()) for name, text in (headers or {}).items()]
        self._scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/api/v1/events",
            "raw_path": b"/api/v1/events",
            "root_path": "",
            "scheme": "ws",
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1"), *head],
            "subprotocols": list(protocols),
            "client": ("127.0.0.1", 5000),
            "server": ("127.0.0.1", 80),
            "extensions": {"websocket.http.response": {}},
            "state": {},
        }
        self._app = app
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Socket"]:
        await self._in.put({"type": "websocket.connect"})
        task = asyncio.create_task(self._app(self._scope, self._in.get, self.out.put))  # type: ignore[arg-type]  # plain dicts are messages
        try:
            yield self
        finally:
            await self._in.put({"type": "websocket.disconnect", "code": 1001})
            await task

    async def say(self, value: Any) -> None:
        await self._in.put({"type": "websocket.receive", "text": json.dumps(value)})

    async def accepted(self) -> str | None:
        message = await self.out.get()
        assert message["type"] == "websocket.accept", message
        return message.get("subprotocol")

    async def told(self) -> Any:
        message = await self.out.get()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def refused(self) -> int:
        message = await self.out.get()
        return int(message.get("status") or message["code"])


@pytest.fixture
async def live() -> LiveEvents:
    return LiveEvents(await loaded_directory(), HandClock())


@pytest.fixture
def app(live: LiveEvents) -> FastAPI:
    made = FastAPI()
    tokens = HeldTokens(program("crm", "live"), program("runs", "runs"), program("other", "prompts"))
    made.include_router(events.routes(live, Access(tokens, HandClock())))
    return made


async def test_what_is_told_depends_on_the_scope_and_on_whom_it_concerns(live: LiveEvents, app: FastAPI) -> None:
    heard: dict[str, list[int]] = {}
    for token in ("crm", "runs", "supervisor", "operator", "auditor"):
        async with Socket(app, headers=dict(bearer(token))).open() as socket:
            await socket.accepted()
            assert await socket.told() == {"topic": "hello"}
            live.publish("call.ringing", {"n": 1}, logins=["anna"])
            live.publish("call.ringing", {"n": 2}, logins=["boris"])
            live.publish("card", {"n": 3}, logins=["anna"])
            live.publish("card", {"n": 4}, logins=["boris"])
            live.publish("run.started", {"n": 5})
            live.publish("line.down", {"n": 6})
            live.publish("line.up", {"n": 7}, logins=["anna"])
            heard[token] = []
            while not socket.out.empty() or not heard[token]:
                heard[token].append((await socket.told())["data"]["n"])
                await asyncio.sleep(0)
    assert heard == {
        "crm": [1, 2, 3, 4, 6, 7],
        "runs": [5],
        "supervisor": [1, 2, 3, 5, 6, 7],
        "operator": [1, 3, 7],
        "auditor": [1, 2, 6, 7],
    }


async def test_topics_narrow_what_is_told(live: LiveEvents, app: FastAPI) -> None:
    async with Socket(app, "topics=line.down,card", "cordboard", "bearer.crm").open() as socket:
        assert await socket.accepted() == "cordboard"
        await socket.told()
        live.publish("call.ringing", {})
        live.publish("line.down", {"line": "city"})
        assert await socket.told() == {
            "topic": "line.down",
            "at": "2026-11-23T10:00:00+00:00",
            "data": {"line": "city"},
        }


async def test_a_token_may_come_in_the_first_message(live: LiveEvents, app: FastAPI) -> None:
    async with Socket(app).open() as socket:
        assert await socket.accepted() is None
        await socket.say({"token": "crm"})
        assert await socket.told() == {"topic": "hello"}


@pytest.mark.parametrize(
    ("first", "code"),
    [({"token": "wrong"}, 4401), ({}, 4401), ([], 4401), ({"token": "other"}, 4403)],
)
async def test_a_first_message_without_a_right_closes(app: FastAPI, first: Any, code: int) -> None:
    async with Socket(app).open() as socket:
        await socket.accepted()
        await socket.say(first)
        assert await socket.refused() == code


async def test_a_token_in_the_address_is_none(app: FastAPI) -> None:
    async with Socket(app, "token=crm").open() as socket:
        await socket.accepted()
        await socket.say({})
        assert await socket.refused() == 4401


@pytest.mark.parametrize(("token", "status"), [("wrong", 401), ("other", 403)])
async def test_a_head_without_a_right_is_refused_at_once(app: FastAPI, token: str, status: int) -> None:
    async with Socket(app, headers=dict(bearer(token))).open() as socket:
        assert await socket.refused() == status


@virtual_time
async def test_who_says_nothing_is_let_go() -> None:
    made = FastAPI()
    made.include_router(
        events.routes(LiveEvents(await loaded_directory(), HandClock()), Access(HeldTokens(), HandClock()))
    )
    async with Socket(made).open() as socket:
        await socket.accepted()
        assert await socket.refused() == 4401
        assert asyncio.get_running_loop().time() == pytest.approx(events.FIRST, abs=0.1)


async def test_who_is_slow_is_told_what_he_missed(live: LiveEvents, app: FastAPI) -> None:
    async with Socket(app, headers=dict(bearer("crm"))).open() as socket:
        await socket.accepted()
        await socket.told()
        for number in range(WAITING + 5):
            live.publish("line.up", {"n": number})
        assert await socket.told() == {"topic": "lagged", "missed": 5}
        assert (await socket.told())["data"] == {"n": 5}


# --- the card ---------------------------------------------------------------------------------------------------------


class OneCard:
    keys = CardKeys()

    async def of(self, chain: str) -> Card | None:
        return BAD if chain == "c1" else None


@pytest.fixture
async def web() -> AsyncIterator[httpx2.AsyncClient]:
    made = FastAPI()
    tokens = HeldTokens(program("other", "prompts"))
    made.include_router(card.routes(OneCard(), "ru", Access(tokens, HandClock())))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=made), base_url="http://127.0.0.1") as client:
        yield client


async def test_the_page_is_plain_and_everything_in_it_is_escaped(web: httpx2.AsyncClient) -> None:
    answer = await web.get(OneCard.keys.page("c1"))
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert '<a href="https://crm.test/?a=&quot;&gt;&lt;b&gt;" target="_blank" rel="noopener noreferrer">' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("lang", "accepted", "words"),
    [
        ("en", "", ["Number", "Debt", "Open in the CRM"]),
        ("", "uk-UA,uk;q=0.9", ["Номер", "Борг", "Відкрити в CRM"]),
        ("", "de", ["Номер", "Долг", "Открыть в CRM"]),
    ],
)
async def test_it_speaks_three_languages(web: httpx2.AsyncClient, lang: str, accepted: str, words: list[str]) -> None:
    address = OneCard.keys.page("c1") + f"&lang={lang}"
    text = (await web.get(address, headers={"Accept-Language": accepted})).text
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        ("", "/card/c1", 401),
        ("", "/card/c1?key=0", 401),
        ("other", "/card/c1", 403),
        ("operator", "/card/c1", 200),
        ("supervisor", "/card/c2", 404),
        ("auditor", "/card/c1", 403),
    ],
)
async def test_a_card_is_for_whom_it_concerns(web: httpx2.AsyncClient, token: str, path: str, status: int) -> None:
    answer = await web.get(path, headers=bearer(token) if token else {})
    assert answer.status_code == status
    assert (await web.get(OneCard.keys.page("c1").replace("c1", "c2"))).status_code == 401
