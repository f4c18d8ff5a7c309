"""An incoming SMS starts the scenario that is attached to it, which answers: real runner, store, outbox and lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.components import all_components
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.outbox.sms.lines import SmsLines
from cordboard.outbox.sms.ports import Fate, IncomingSms, SmsReport
from cordboard.outbox.sms.ringing import RingingInbox
from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.scenario.runner import Runner
from cordboard.scenario.triggers import Triggers
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.exchange import Listened
from cordboard.testing.sms import ScriptedLine
from cordboard.testing.store import sqlite_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

ANNA = "+380671234567"
KYIV = ZoneInfo("Europe/Kyiv")
ANSWER = """
scenario: answer
kind: service
start: answer
variables:
  - {name: phone, type: phone, parameter: yes}
  - {name: text, parameter: yes}
  - {name: words}
steps:
  answer:
    component: send_sms
    to: "{phone}"
    text: "You wrote: {text}"
    exits: {done: wait}
  wait:
    component: wait_for_event
    event: sms.delivered
    about: "{phone}"
    longest: 5m
    exits: {arrived: end}
  end: {component: end_with_value, value: "=phone"}
"""


@asynccontextmanager
async def exchange(folder: Path, line: ScriptedLine) -> AsyncIterator[Store]:
    """All that an incoming SMS needs, on the store in `folder`."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(sqlite_store(folder))
        clock = SystemClock()
        runner = Runner(
            Catalogue(all_components()),
            store.releases,
            store.runs,
            SimulatedExchange(Listened(), clock),
            zone=KYIV,
            country="UA",
            clock=clock,
            traces=store.traces,
        )
        triggers = Triggers(store.hooks, store.runs, runner, clock, KYIV)
        runner.mailroom.listen(triggers.wake)
        inbox = RingingInbox(store.sms_inbox, runner.mailroom.ring)
        lines = SmsLines(store.sms_settings, inbox, clock, {LineKind.HTTP: lambda *_: line})
        gateway = SmsGateway(store.sms_settings, store.sms_ledger, lines, clock, lambda: KYIV)
        deliverer = Deliverer(store.outbox, {"sms": gateway}, clock, "a")
        serving = (lines.run(), runner.serve(), triggers.run(), deliverer.run())
        tasks = [asyncio.create_task(each) for each in serving]
        try:
            yield store
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            await runner.close()


async def ended(store: Store) -> Any:
    """The value with which the one run of the scenario ends."""
    while not (  # noqa: ASYNC110 - the database says nothing by itself
        over := [run.ending for run in await store.runs.find(scenario="answer") if run.ending]
    ):
        await asyncio.sleep(0.05)
    assert over[0].error == ""
    return over[0].value


def part(number: int, text: str) -> IncomingSms:
    at = datetime.now(UTC)
    return IncomingSms(ANNA, "+380322327757", text, at, key=f"n{number}", reference=7, part=number, parts=2)


async def test_an_sms_starts_the_scenario_that_is_attached_and_is_answered_once(tmp_path: Path) -> None:
    line = ScriptedLine("one")
    async with exchange(tmp_path, line) as store:
        await store.releases.publish({"answer": ANSWER}, message="first", at=datetime.now(UTC))
        await store.hooks.put(Hook("sms", HookKind.EVENT, "answer", "sms.received"))
        await store.sms_settings.put_line(SmsLineConfig("one", LineKind.HTTP, cost=Decimal("0.4"), currency="UAH"))
        await store.sms_inbox.received("one", part(2, "the price?"))
    # The exchange is started anew between the parts; the second one comes twice.
    async with exchange(tmp_path, line) as store:
        for _ in range(2):
            await store.sms_inbox.received("one", part(1, "What is "))
        while not line.sent:  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.05)
        (sent,) = line.sent
        assert (sent.to, sent.parts[0].text) == (ANNA, "You wrote: What is the price?")
        await line.inboxes[-1].reported("one", SmsReport("one-1-1", Fate.DELIVERED))
        assert await ended(store) == {"phone": [ANNA, ANNA]}
        assert [each.error for each in await store.hooks.all()] == [""]
        assert len(await store.runs.find(scenario="answer")) == 1
    assert len(line.sent) == 1
