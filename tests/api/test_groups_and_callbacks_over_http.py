"""Groups as they stand, and promised callbacks, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import callbacks, groups
from cordboard.api.access import Access
from cordboard.office.calendar import OfficeCalendar
from cordboard.office.callback_calls import CallbackCalls
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.queue.model import Group, Member
from cordboard.office.queue.ports import Wish
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import LineTarget, Target
from cordboard.testing.api import HeldTokens, bearer
from cordboard.testing.callbacks import MemoryCallbacks
from cordboard.testing.queue import QueueTrial

SALES = Group(name="sales", title="Sales", number="600", members=(Member(login="anna"), Member(login="boris")))
RULES = CallbackRules(name="default", quiet="", attempts=1, attempts_a_day=1)


class Scenarios:
    """None."""

    async def run(self, name: str, leg: Any, values: Any) -> None:
        raise LookupError(name)


@dataclass
class Web:
    trial: QueueTrial
    client: httpx2.AsyncClient

    async def get(self, path: str, role: str = "supervisor", **query: Any) -> Any:
        answer = await self.client.get(f"/api/v1/{path}", params=query, headers=bearer(role))
        return answer.json() if answer.status_code == 200 else answer.status_code

    async def order(self, role: str = "supervisor", **body: Any) -> httpx2.Response:
        usual = {"number": "067 123-45-67", "group": "sales"}
        return await self.client.post("/api/v1/callbacks", json=usual | body, headers=bearer(role))

    async def cancel(self, id_: str) -> int:
        answer = await self.client.delete(f"/api/v1/callbacks/{id_}", headers=bearer("supervisor"))
        return answer.status_code


@asynccontextmanager
async def opened() -> AsyncIterator[Web]:
    async with AsyncExitStack() as stack:
        client = FarEnd.answers(3, hangs_up_after=20)
        outside: dict[Target, FarEnd] = dict.fromkeys(
            (LineTarget("city", number) for number in ("067 123-45-67", "+380671234567")), client
        )
        trial = QueueTrial(SALES, RULES, wishes={"vip": Wish(5)}, outside=outside)
        await stack.enter_async_context(trial)
        kept = MemoryCallbacks()
        calls = CallbackCalls(
            kept,
            trial.office,
            trial.exchange,
            queues=trial.queues,
            switchboard=OfficeSwitchboard(trial.exchange, trial.office, Scenarios()),
            calendar=OfficeCalendar(),
            clock=trial.clock,
        )
        running = asyncio.create_task(calls.run())
        stack.push_async_callback(asyncio.wait, [running])
        stack.callback(running.cancel)
        access = Access(HeldTokens(), trial.clock)
        app = FastAPI()
        app.include_router(groups.routes(trial.queues, access))
        app.include_router(callbacks.routes(calls, kept, trial.clock, access))
        transport = httpx2.ASGITransport(app=app)
        web = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://office"))
        yield Web(trial, web)


@virtual_time
async def test_a_group_tells_who_waits_who_is_rung_and_who_talks() -> None:
    async with opened() as web:
        (empty,) = await web.get("groups")
        assert (empty["name"], empty["title"], empty["number"], empty["waiting"]) == ("sales", "Sales", "600", [])
        assert [each["standing"] for each in empty["operators"]] == ["free", "free"]
        for number in ("first", "second", "plain", "vip"):
            web.trial.call(number)
            await asyncio.sleep(1)
        state = await web.get("groups/sales")
        assert [(each["number"], each["place"], each["priority"]) for each in state["waiting"]] == [
            ("vip", 1, 5),
            ("plain", 2, 0),
        ]
        assert state["waiting"][1]["since"] == "2026-11-23T10:00:02Z"
        assert state["waiting"][0]["expected_wait"] == 90.0
        assert state["talks"] == {"anna": "first", "boris": "second"}
        assert [(each["login"], each["answered"]) for each in state["operators"]] == [("anna", 1), ("boris", 1)]
        assert await web.get("groups/nobody") == 404
        assert await web.get("groups", role="user") == 403


@virtual_time
async def test_a_callback_is_ordered_once_seen_and_made() -> None:
    async with opened() as web:
        ordered = await web.order(note="Анна", priority=3)
        assert ordered.status_code == 201
        first = ordered.json()
        assert (first["phone"], first["origin"], first["state"]) == ("+380671234567", "web", "waiting")
        again = await web.order(number="+380671234567")
        assert (again.status_code, again.json()["id"]) == (200, first["id"])
        assert [each["id"] for each in await web.get("callbacks")] == [first["id"]]
        await asyncio.sleep(60)
        done = await web.get(f"callbacks/{first['id']}", role="auditor")
        assert (done["state"], done["outcome"], done["attempts"], done["note"]) == ("done", "answered", 1, "Анна")
        assert await web.get("callbacks", state="waiting") == []
        assert len(await web.get("callbacks", state="done")) == 1
        assert await web.cancel(first["id"]) == 409
        often = await web.order()
        assert (often.status_code, often.json()["detail"]) == (
            409,
            "this number was called as often as may be in a day",
        )


@virtual_time
async def test_a_callback_is_called_off() -> None:
    async with opened() as web:
        after = (web.trial.clock.now() + timedelta(hours=1)).isoformat()
        id_ = (await web.order(after=after)).json()["id"]
        assert await web.cancel(id_) == 204
        assert (await web.get(f"callbacks/{id_}"))["outcome"] == "cancelled by supervisor"
        assert await web.cancel("nobody") == 404
        assert await web.get("callbacks/nobody") == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"number": "anonymous"}, 422),
        ({"number": "+380322327757"}, 422),
        ({"group": "nobody"}, 422),
        ({"group": ""}, 422),
        ({"to": "101"}, 422),
        ({"priority": 11}, 422),
        ({"after": "9999-12-31T23:59:59Z"}, 422),
        ({"after": "2026-11-23T10:00:00"}, 422),
        ({"number": ""}, 422),
    ],
)
def test_what_cannot_be_promised_is_refused(body: dict[str, Any], status: int) -> None:
    @virtual_time
    async def run() -> None:
        async with opened() as web:
            assert (await web.order(**body)).status_code == status
            assert await web.get("callbacks") == []

    run()


@virtual_time
async def test_a_user_orders_none() -> None:
    async with opened() as web:
        assert (await web.order(role="user")).status_code == 403
        assert (await web.order(role="auditor")).status_code == 403
        assert (await web.order(role="operator")).status_code == 201
