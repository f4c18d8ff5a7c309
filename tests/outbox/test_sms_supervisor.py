"""The lines as they run, in virtual time, over a real store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import State, TemporaryError, UncertainError
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.keeping import LineKind, PhoneFate, SentSms, SmsLineConfig, SmsRules
from cordboard.outbox.sms.lines import AGAIN, SmsLines
from cordboard.outbox.sms.ports import Coding, Fate, OutgoingSms, SmsReport
from cordboard.outbox.sms.segments import segments
from cordboard.scenario.ports import Effect
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.store.database import Store
from cordboard.testing.outbox import TEN, settled
from cordboard.testing.sms import ScriptedLine
from cordboard.testing.store import sqlite_store

pytestmark = pytest.mark.slow

ANNA = "+380671234567"


class Workshop:
    """Makes lines, and keeps those that it made."""

    def __init__(self, *ready: ScriptedLine) -> None:
        self._ready = {line.name: line for line in ready}
        self.made: list[tuple[ScriptedLine, Mapping[str, str]]] = []

    def __call__(self, name: str, settings: Mapping[str, str]) -> ScriptedLine:
        if settings.get("port") == "bad":
            raise ValueError(f"the port of {name} is no number")
        line = self._ready.pop(name, None) or ScriptedLine(name)
        self.made.append((line, settings))
        return line


@asynccontextmanager
async def running(store: Store, workshop: Workshop) -> AsyncIterator[SmsLines]:
    lines = SmsLines(store.sms_settings, store.sms_inbox, VirtualClock(TEN), {LineKind.HTTP: workshop})
    task = asyncio.create_task(lines.run())
    try:
        yield lines
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is so; the store works in threads, which virtual time does not wait for."""
    while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.05)


def config(name: str = "one", **settings: str) -> SmsLineConfig:
    return SmsLineConfig(name, LineKind.HTTP, settings, currency="UAH")


def message() -> OutgoingSms:
    coding, parts = segments("Hello", 1)
    assert coding is Coding.GSM7
    return OutgoingSms("k", ANNA, "", coding, parts, TEN + timedelta(hours=1))


@virtual_time
async def test_lines_come_change_and_go_without_a_restart(tmp_path: Path) -> None:
    workshop = Workshop()
    async with sqlite_store(tmp_path) as store, running(store, workshop) as lines:
        assert lines.states() == []
        await store.sms_settings.put_line(config(port="1"))
        await until(lines.states)
        (first, _) = workshop.made[0]
        await until(lambda: first.served)
        assert await lines.send("one", message()) == ["one-1-1"]
        await store.sms_settings.put_line(replace(config(port="1"), cost=Decimal(3), rank=7))
        await asyncio.sleep(5)
        assert len(workshop.made) == 1  # a price is no matter of the line itself
        await store.sms_settings.put_line(config(port="2"))
        await until(lambda: len(workshop.made) == 2)
        (second, settings) = workshop.made[1]
        assert (first.served, settings) == (0, {"port": "2"})
        await until(lambda: second.served)
        await store.sms_settings.put_line(replace(config(port="2"), enabled=False))
        await until(lambda: not lines.states())
        assert second.served == 0
        with pytest.raises(TemporaryError, match="the SMS line one is down: it is not running yet"):
            await lines.send("one", message())


@virtual_time
async def test_a_line_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store, running(store, Workshop()) as lines:
        await store.sms_settings.put_line(config(port="bad"))
        await store.sms_settings.put_line(SmsLineConfig("two", LineKind.HTTP, {}))
        await until(lambda: len(lines.states()) == 2)
        assert [(each.name, each.up, each.note) for each in lines.states()] == [
            ("one", False, "the port of one is no number"),
            ("two", True, ""),
        ]


@virtual_time
async def test_a_line_that_breaks_down_is_begun_anew(tmp_path: Path) -> None:
    workshop = Workshop()
    async with sqlite_store(tmp_path) as store, running(store, workshop) as lines:
        await store.sms_settings.put_line(config())
        await until(lambda: workshop.made and workshop.made[0][0].served)
        line = workshop.made[0][0]
        line.breaks.set()
        await until(lambda: not line.served)
        assert lines.state("one").note == "it broke down: RuntimeError('broken')"
        assert not lines.state("one").up
        await asyncio.sleep(AGAIN + 1)
        assert (line.served, len(line.inboxes), lines.state("one").up) == (1, 2, True)


@virtual_time
async def test_what_is_on_its_way_is_waited_for_when_a_line_changes(tmp_path: Path) -> None:
    slow = ScriptedLine("one", seconds=8)
    workshop = Workshop(slow)
    async with sqlite_store(tmp_path) as store, running(store, workshop) as lines:
        await store.sms_settings.put_line(config(port="1"))
        await until(lambda: slow.served)
        sending = asyncio.create_task(lines.send("one", message()))
        await until(lambda: slow.sent)
        await store.sms_settings.put_line(config(port="2"))
        assert await sending == ["one-1-1"]
        await until(lambda: len(workshop.made) == 2)
        assert slow.served == 0


# --- all together --------------------------------------------------------------------------------------------------


class Hands:
    """A clock that is set by hand. The loop's own time is real here: the deliverer bounds the store's work with it."""

    def __init__(self) -> None:
        self.time = TEN

    def now(self) -> datetime:
        return self.time


@asynccontextmanager
async def delivering(store: Store, clock: Hands, *ready: ScriptedLine) -> AsyncIterator[Deliverer]:
    """The outbox with its lines."""
    for rank, line in enumerate(ready):
        await store.sms_settings.put_line(replace(config(line.name), rank=rank))
    async with running(store, Workshop(*ready)) as lines:
        await until(lambda: len(lines.states()) == len(ready))
        gateway = SmsGateway(store.sms_settings, store.sms_ledger, lines, clock, lambda: ZoneInfo("UTC"))
        deliverer = Deliverer(store.outbox, {"sms": gateway}, clock, "a")
        task = asyncio.create_task(deliverer.run())
        try:
            yield deliverer
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def order(key: str, text: str = "Hello", to: str = ANNA, **more: Any) -> Effect:
    return Effect("sms", key, {"to": to, "text": text, "ordered": TEN.isoformat()} | more)


async def test_an_order_goes_out_once_and_its_fate_is_known(tmp_path: Path) -> None:
    one, two = ScriptedLine("one", TemporaryError("no signal")), ScriptedLine("two")
    async with sqlite_store(tmp_path) as store, delivering(store, Hands(), one, two):
        await store.runs.emit([order("a", "ж" * 71)])
        (done,) = await settled(store, 1)
        assert (done.state, done.receipt, done.tries) == (State.DELIVERED, "SMS line two, 2 parts", 1)
        for reference in ("two-1-1", "two-1-2"):
            await two.inboxes[0].reported("two", SmsReport(reference, Fate.DELIVERED))
        (sent,) = await store.sms_ledger.sent(deliveries=[done.id])
        assert sent.fate is PhoneFate.REACHED
    assert (len(one.sent), len(two.sent)) == (1, 1)


async def test_an_uncertain_one_is_left_alone_until_a_report_settles_it(tmp_path: Path) -> None:
    one, two = ScriptedLine("one", UncertainError("no answer")), ScriptedLine("two")
    async with sqlite_store(tmp_path) as store, delivering(store, Hands(), one, two):
        await store.runs.emit([order("a")])
        (done,) = await settled(store, 1)
        assert (done.state, done.error) == (State.UNCERTAIN, "line one: no answer")
        assert await store.outbox.next_due() is None  # nothing happens to it by itself any more
        await one.inboxes[0].reported("one", SmsReport("m1", Fate.DELIVERED, to=ANNA, at=datetime.now(UTC)))
        assert dict(await store.outbox.counts()) == {("sms", State.DELIVERED): 1}
    assert (len(one.sent), two.sent) == (1, [])


async def test_in_quiet_hours_orders_wait_untried_and_keep_their_order(tmp_path: Path) -> None:
    one, clock, noon = ScriptedLine("one"), Hands(), TEN + timedelta(hours=3)
    async with sqlite_store(tmp_path) as store:
        await store.sms_settings.set_rules(SmsRules(quiet="11:00-15:00"))  # in Kyiv it is noon
        async with delivering(store, clock, one) as deliverer:
            short = order("late", "Too late", "+380671234568", patience=3600.0)
            await store.runs.emit([order("a", "First"), order("b", "Second"), short, order("c", "Now", urgent=True)])
            while [each.due for each in await store.outbox.find(states=[State.WAITING])] != [noon] * 3:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)
            await until(lambda: one.sent)
            assert [sms.parts[0].text for sms in one.sent] == ["Now"]
            waiting = await store.outbox.find(states=[State.WAITING])
            assert [(each.key, each.tries, each.due) for each in waiting] == [
                ("late", 0, noon),
                ("b", 0, noon),
                ("a", 0, noon),
            ]
            clock.time = noon
            deliverer.wake()
            done = {each.key: each for each in await settled(store, 4)}
    assert [sms.parts[0].text for sms in one.sent] == ["Now", "First", "Second"]
    assert (done["late"].state, done["a"].state, done["a"].tries) == (State.FAILED, State.DELIVERED, 1)
    assert done["late"].error == (
        "its deadline is over. The last attempt: it waits until 2026-11-23 13:00: these are quiet hours"
    )


@pytest.mark.parametrize(("begun", "state", "sent"), [(False, State.DELIVERED, 1), (True, State.UNCERTAIN, 0)])
async def test_after_a_crash_what_never_left_is_sent_and_what_may_have_left_is_not(
    tmp_path: Path, begun: bool, state: State, sent: int
) -> None:
    one = ScriptedLine("one")
    async with sqlite_store(tmp_path) as store:
        await store.runs.emit([order("a")])
        await store.outbox.take_in(TEN)
        (claimed,) = await store.outbox.claim("sms", TEN, "a", TEN + timedelta(minutes=10), 1)  # then it was killed
        if begun:
            row = SentSms(claimed.id, "k", ANNA, "one", 1, Decimal(1), "UAH", TEN)
            assert await store.sms_ledger.begin(row, SmsRules(), TEN) == 1
        async with delivering(store, Hands(), one):
            (done,) = await settled(store, 1)
    assert (done.state, len(one.sent), done.doubts) == (state, sent, 2 - sent)
