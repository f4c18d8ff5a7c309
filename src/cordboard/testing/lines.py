"""A guarded exchange in virtual time, with usage that is held in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.lines.caps import Alarm
from cordboard.office.lines.guard import LineGuard
from cordboard.office.lines.guarded_exchange import GuardedExchange
from cordboard.office.lines.usage import UsageKey, Used
from cordboard.office.model import OfficeData
from cordboard.office.pins import PinGuard
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.telephony import CallListener, Clock, ConnectionRecord, Leg, LegHandler, LegRecord, Target
from cordboard.testing.office import OFFICE, HeldOffice


class HeldUsage:
    """Implements `office.lines.usage.UsageRepository` in memory. While `fails` has words, nothing can be written."""

    def __init__(self, kept: Mapping[UsageKey, Used] | None = None) -> None:
        self.kept: dict[UsageKey, Used] = dict(kept or {})
        self.fails = ""

    async def add(self, used: Mapping[UsageKey, Used]) -> None:
        """See UsageRepository."""
        if self.fails:
            raise OSError(self.fails)
        for key, more in used.items():
            self.kept[key] = self.kept.get(key, Used()) + more

    async def since(self, day: str) -> Mapping[UsageKey, Used]:
        """See UsageRepository."""
        return {key: used for key, used in self.kept.items() if key.day >= day}

    async def forget(self, before: str) -> int:
        """See UsageRepository."""
        old = [key for key in self.kept if key.day < before]
        for key in old:
            del self.kept[key]
        return len(old)


class Both:
    """Tells two listeners, in order. Implements telephony.CallListener."""

    def __init__(self, *listeners: CallListener) -> None:
        self._listeners = listeners

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        for each in self._listeners:
            each.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        for each in self._listeners:
            each.connection_changed(record)


@dataclass
class Guarded:
    """An exchange with its guard."""

    exchange: GuardedExchange
    inner: SimulatedExchange
    guard: LineGuard
    office: OfficeDirectory
    usage: HeldUsage
    alarms: list[Alarm] = field(default_factory=list)
    down: dict[str, str] = field(default_factory=dict)
    """Lines that are down, and why."""
    inbound: asyncio.Queue[Leg] = field(default_factory=asyncio.Queue)
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    """What a test does beside; ended with the exchange."""


async def office_of(data: OfficeData, clock: Clock) -> OfficeDirectory:
    """The directory of that office."""
    held = HeldOffice(data)
    directory = OfficeDirectory(held, PinGuard(held, clock), clock)
    await directory.reload()
    return directory


@asynccontextmanager
async def guarded(
    *documents: Document,
    far_ends: Mapping[Target, FarEnd] | None = None,
    usage: HeldUsage | None = None,
    handler: LegHandler | None = None,
    **changes: Any,
) -> AsyncIterator[Guarded]:
    """OFFICE with these documents, at work. Calls that nobody serves wait in `inbound`."""
    clock = VirtualClock()
    office = await office_of(replace(OFFICE, documents=documents, **changes), clock)
    usage = usage or HeldUsage()

    async def tell(alarm: Alarm) -> None:
        made.alarms.append(alarm)

    async def take(leg: Leg) -> None:
        made.inbound.put_nowait(leg)
        await leg.ended()

    guard = LineGuard(office, usage, clock, tell)
    inner = SimulatedExchange(guard, clock, dict(far_ends or {}))
    made = Guarded(GuardedExchange(inner, guard, lambda line: made.down.get(line, "")), inner, guard, office, usage)
    await guard.load()
    tasks = [
        asyncio.create_task(inner.serve(handler or take)),
        asyncio.create_task(guard.run(made.exchange)),
    ]
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        for task in [*made.tasks, *tasks]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await guard.flush()
