import asyncio
from datetime import UTC, datetime

import pytest

from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import (
    Answered,
    ConnectionRecord,
    Digit,
    Direction,
    Ended,
    EndReason,
    Held,
    LegEvent,
    LegLife,
    LegRecord,
    LegState,
    Party,
    Resumed,
    Ringing,
)


class Listener:
    def __init__(self) -> None:
        self.records: list[LegRecord] = []

    def leg_changed(self, record: LegRecord) -> None:
        self.records.append(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        raise AssertionError(record)


def a_life(listener: Listener) -> LegLife:
    record = LegRecord(
        "leg",
        "chain",
        Direction.OUTBOUND,
        LegState.CALLING,
        Party("700"),
        "101",
        "",
        "",
        datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
    )
    return LegLife(record, listener, VirtualClock())


@virtual_time
async def test_a_listener_hears_everything_in_order_and_then_the_stream_stops() -> None:
    life = a_life(Listener())
    with life.events() as events:
        life.ring()
        life.answer("phone-101")
        life.hold(True)
        life.hold(False)
        life.press("5")
        life.end(EndReason.HUNG_UP)
        heard: list[LegEvent] = [event async for event in events]
    assert heard == [
        Ringing(),
        Answered("phone-101"),
        Held(),
        Resumed(),
        Digit("5"),
        Ended(EndReason.HUNG_UP),
    ]


@virtual_time
async def test_who_comes_after_the_end_is_told_the_end() -> None:
    life = a_life(Listener())
    life.end(EndReason.BUSY)
    with life.events() as events:
        assert [event async for event in events] == [Ended(EndReason.BUSY)]
    assert await life.ended() is EndReason.BUSY


@virtual_time
async def test_it_only_moves_forward() -> None:
    listener = Listener()
    life = a_life(listener)
    assert life.answer()
    assert not life.ring()
    assert not life.answer()
    assert life.end(EndReason.HUNG_UP)
    assert not life.end(EndReason.ERROR)
    assert not life.hold(True)
    assert not life.press("1")
    assert not life.recorded()
    assert [record.state for record in listener.records] == [LegState.CALLING, LegState.ANSWERED, LegState.ENDED]
    assert listener.records[-1].reason is EndReason.HUNG_UP
    assert listener.records[-1].answered == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@virtual_time
async def test_a_stream_is_forgotten_when_its_context_ends() -> None:
    life = a_life(Listener())
    with life.events() as events:
        pass
    life.end(EndReason.HUNG_UP)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(events), 1)
