import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cordboard.office.call_log import CallLog
from cordboard.office.ended_calls import EndedCall
from cordboard.office.ports import Person
from cordboard.office.repositories import Ended, LoggedChain, LoggedLeg, Order
from cordboard.telephony import (
    ConnectionRecord,
    Direction,
    EndReason,
    LegRecord,
    LegState,
    Party,
    PhoneNumber,
)
from cordboard.testing.store import sqlite_store

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CALLING = LegRecord(
    "a", "one", Direction.INBOUND, LegState.CALLING, Party("0671234567"), "+380322327757", "", "city", TEN
)
ANSWERED = replace(CALLING, state=LegState.ANSWERED, answered=TEN)
JOINED = ConnectionRecord("j", "one", "a", "b", TEN)


class Office:
    """Knows nobody's phones."""

    zone = ZoneInfo("Europe/Kyiv")

    def phone(self, text: str) -> PhoneNumber:
        return PhoneNumber.parse(text, country="UA")

    def by_account(self, account: str) -> Person | None:
        return None


class GatedRepository:
    """Lets a test hold each save, and make it fail."""

    def __init__(self) -> None:
        self.saves: list[tuple[list[LoggedLeg], list[ConnectionRecord]]] = []
        self.ended: list[EndedCall] = []
        self.orders: list[Order] = []
        self.open = asyncio.Event()
        self.entered = asyncio.Event()
        self.fails = False

    async def save(
        self,
        legs: Sequence[LoggedLeg],
        connections: Sequence[ConnectionRecord],
        ended: Sequence[EndedCall] = (),
        orders: Sequence[Order] = (),
    ) -> None:
        self.entered.set()
        await self.open.wait()
        if self.fails:
            self.fails = False
            message = "no disk"
            raise OSError(message)
        self.saves.append(([*legs], [*connections]))
        self.ended += ended
        self.orders += orders

    async def close_open(
        self, reason: EndReason, told: Callable[[Sequence[LoggedChain]], Ended] = lambda _: ((), ())
    ) -> Sequence[LoggedChain]:
        raise NotImplementedError

    async def recent(
        self, limit: int, *, chain: str | None = None, number: PhoneNumber | None = None
    ) -> Sequence[LoggedChain]:
        raise NotImplementedError


async def test_only_the_newest_state_of_each_leg_waits_to_be_written() -> None:
    repository = GatedRepository()
    log = CallLog(repository, Office())
    log.leg_changed(CALLING)
    running = asyncio.create_task(log.run())
    await repository.entered.wait()
    log.leg_changed(replace(CALLING, state=LegState.RINGING))
    log.leg_changed(ANSWERED)
    log.connection_changed(JOINED)
    repository.open.set()
    await log.flush()
    running.cancel()
    canonical = {"caller_phone": "+380671234567", "dialled_phone": "+380322327757"}
    assert repository.saves == [
        ([LoggedLeg(CALLING, **canonical)], []),
        ([LoggedLeg(ANSWERED, **canonical)], [JOINED]),
    ]


async def test_what_could_not_be_written_is_written_next_time_unless_it_is_stale() -> None:
    repository = GatedRepository()
    repository.fails = True
    log = CallLog(repository, Office())
    log.leg_changed(CALLING)
    log.connection_changed(JOINED)
    failing = asyncio.create_task(log.flush())
    await repository.entered.wait()
    log.leg_changed(ANSWERED)
    repository.open.set()
    with pytest.raises(OSError, match="no disk"):
        await failing
    await log.flush()
    await log.flush()
    assert [([leg.record for leg in legs], joined) for legs, joined in repository.saves] == [([ANSWERED], [JOINED])]


async def test_the_log_of_a_crashed_exchange_is_closed_and_read_back(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        log = CallLog(store.call_log, Office())
        log.leg_changed(ANSWERED)
        log.connection_changed(JOINED)
        (chain,) = await log.recent(number="380671234567")
        assert chain == LoggedChain("one", (ANSWERED,), (JOINED,))
    async with sqlite_store(tmp_path) as store:
        log = CallLog(store.call_log, Office())
        assert await log.close_open() == 1
        (chain,) = await log.recent(chain="one")
        assert chain.legs[0].reason is EndReason.ERROR
        assert await log.recent(number="0501112233") == []


async def test_a_call_that_has_ended_is_told_with_its_last_row_also_if_the_first_try_failed() -> None:
    repository = GatedRepository()
    repository.open.set()
    log = CallLog(repository, Office(), orders=lambda call: [Order("webhook", call.id, {})])
    log.leg_changed(ANSWERED)
    await log.flush()
    assert repository.ended == []
    repository.fails = True
    log.leg_changed(replace(ANSWERED, state=LegState.ENDED, ended=TEN, reason=EndReason.HUNG_UP))
    with pytest.raises(OSError, match="no disk"):
        await log.flush()
    await log.flush()
    await log.flush()
    assert [(call.id, call.chain) for call in repository.ended] == [("a", "one")]
    assert repository.orders == [Order("webhook", "a", {})]


async def test_calls_that_a_crash_has_cut_are_told_once(tmp_path: Path) -> None:
    async with sqlite_store(tmp_path) as store:
        log = CallLog(store.call_log, Office())
        log.leg_changed(ANSWERED)
        await log.flush()
    for expected in (1, 0):
        async with sqlite_store(tmp_path) as store:
            assert await CallLog(store.call_log, Office()).close_open() == expected
            events = await store.runs.take_messages(["call.ended"])
            assert [(event.id, event.key) for event in events] == [("call.ended:a", "+380671234567")]
