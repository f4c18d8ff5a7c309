import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.office.call_log import CallLog
from cordboard.office.repositories import LoggedChain, LoggedLeg
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


def phone(text: str) -> PhoneNumber:
    return PhoneNumber.parse(text, country="UA")


class GatedRepository:
    """Lets a test hold each save, and make it fail."""

    def __init__(self) -> None:
        self.saves: list[tuple[list[LoggedLeg], list[ConnectionRecord]]] = []
        self.open = asyncio.Event()
        self.entered = asyncio.Event()
        self.fails = False

    async def save(self, legs: Sequence[LoggedLeg], connections: Sequence[ConnectionRecord]) -> None:
        self.entered.set()
        await self.open.wait()
        if self.fails:
            self.fails = False
            message = "no disk"
            raise OSError(message)
        self.saves.append(([*legs], [*connections]))

    async def close_open(self, reason: EndReason) -> int:
        raise NotImplementedError

    async def recent(
        self, limit: int, *, chain: str | None = None, number: PhoneNumber | None = None
    ) -> Sequence[LoggedChain]:
        raise NotImplementedError


async def test_only_the_newest_state_of_each_leg_waits_to_be_written() -> None:
    repository = GatedRepository()
    log = CallLog(repository, phone)
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
    log = CallLog(repository, phone)
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
        log = CallLog(store.call_log, phone)
        log.leg_changed(ANSWERED)
        log.connection_changed(JOINED)
        (chain,) = await log.recent(number="380671234567")
        assert chain == LoggedChain("one", (ANSWERED,), (JOINED,))
    async with sqlite_store(tmp_path) as store:
        log = CallLog(store.call_log, phone)
        assert await log.close_open() == 1
        (chain,) = await log.recent(chain="one")
        assert chain.legs[0].reason is EndReason.ERROR
        assert await log.recent(number="0501112233") == []
