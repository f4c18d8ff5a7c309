import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import sms
from cordboard.api.access import Access
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.office.tokens import new_token
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.outbox.sms.lines import SmsLines
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.outbox import TEN
from cordboard.testing.sms import ScriptedLine
from cordboard.testing.store import sqlite_store
from cordboard.wiring.sms import sms_makers

SETTINGS = {"provider": "form_with_key", "url": "https://sms.test", "api_key": "hush", "callback_secret": "letmein"}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        yield opened


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    """With the lines shop (HTTP) and other (which nobody calls)."""
    await store.sms_settings.put_line(SmsLineConfig("shop", LineKind.HTTP, SETTINGS))
    await store.sms_settings.put_line(SmsLineConfig("other", LineKind.MODEM))
    makers = {**sms_makers(store, GuardedClient()), LineKind.MODEM: lambda name, _: ScriptedLine(name)}
    lines = SmsLines(store.sms_settings, store.sms_inbox, SystemClock(), makers)
    running = asyncio.create_task(lines.run())
    while len(lines.states()) < 2:  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)
    app = FastAPI()
    app.include_router(sms.routes(lines, Access(store.tokens, SystemClock())))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


CAME = {"from": "380671234567", "to": "5050", "message": "Да, перезвоните", "id": "n1"}


@pytest.mark.parametrize(
    "call",
    [
        {"method": "POST", "data": CAME},
        {"method": "POST", "json": CAME},
        {"method": "GET", "params": CAME},
        {"method": "POST", "params": {"id": "n1"}, "data": {name: CAME[name] for name in ("from", "to", "message")}},
    ],
)
async def test_a_provider_brings_a_message_once(web: httpx2.AsyncClient, store: Store, call: dict[str, str]) -> None:
    for _ in range(2):
        answer = await web.request(url="/api/v1/sms/shop/letmein", **call)  # type: ignore[arg-type]  # as httpx takes them
        assert (answer.status_code, answer.json()) == (200, {"taken": True})
    (sms_,) = await store.sms_inbox.inbox()
    assert (sms_.line, sms_.phone, sms_.to, sms_.text) == ("shop", "+380671234567", "5050", "Да, перезвоните")


@pytest.mark.parametrize("path", ["shop/guessed", "shop/", "other/letmein", "nobody/letmein"])
async def test_who_does_not_know_the_secret_brings_nothing(web: httpx2.AsyncClient, store: Store, path: str) -> None:
    assert (await web.post(f"/api/v1/sms/{path}", data=CAME)).status_code in {404, 405}
    assert await store.sms_inbox.inbox() == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 404), (b"{", 400), (b"[1]", 404), (b'{"a": ' * 50_000, 413), (b'{"a":' * 9_000, 400)]
)
async def test_what_is_no_message_is_refused(web: httpx2.AsyncClient, store: Store, body: bytes, status: int) -> None:
    assert (await web.post("/api/v1/sms/shop/letmein", content=body)).status_code == status
    assert await store.sms_inbox.inbox() == []


async def test_the_lines_are_shown_to_whom_may_see_them(web: httpx2.AsyncClient, store: Store) -> None:
    assert (await web.get("/api/v1/sms/lines")).status_code == 401
    plain, token = new_token("page", ["outbox"], TEN)
    await store.tokens.add(token)
    answer = await web.get("/api/v1/sms/lines", headers={"Authorization": f"Bearer {plain}"})
    assert answer.json() == [
        {"name": "other", "kind": "modem", "up": True, "note": ""},
        {"name": "shop", "kind": "http", "up": True, "note": ""},
    ]
