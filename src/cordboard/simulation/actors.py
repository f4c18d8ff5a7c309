"""The parties of a simulation: each does its deeds one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.report import Done
from cordboard.simulation.script import ANY, Deed
from cordboard.telephony import LegState

FOR_EVER = 1e9
"""Seconds that no simulation lasts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A step that was entered."""

    at: float
    scenario: str
    step: str
    leg_id: str
    """Empty in a service scenario."""


class Walk:
    """The steps that were entered so far, and whoever waits for the next."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._more = asyncio.Event()

    def add(self, entry: Entry) -> None:
        """A step was entered."""
        self.entries.append(entry)
        self._more.set()
        self._more = asyncio.Event()

    async def next(self, begin: int, at: str, leg_id: str | None, visit: int) -> int:
        """The index of the first entering of `at` (`step`, or `scenario.step`) from `begin` on.

        With a `visit` it is that one of all, counted from 1. Only the call of `leg_id` counts; None: all runs.
        """
        while True:
            found = [index for index, entry in enumerate(self.entries) if _is(entry, at, leg_id)]
            if visit and len(found) >= visit:
                return found[visit - 1]
            if not visit and (later := [index for index in found if index >= begin]):
                return later[0]
            await self._more.wait()

    def current(self, leg_id: str | None) -> int:
        """The index of the step in which a call stands now."""
        return next((i for i in range(len(self.entries) - 1, -1, -1) if leg_id in {None, self.entries[i].leg_id}), 0)


def _is(entry: Entry, at: str, leg_id: str | None) -> bool:
    return leg_id in {None, entry.leg_id} and at in {entry.step, f"{entry.scenario}.{entry.step}"}


class Actor:
    """One party and its deeds. `outside` does those that are no business of a phone."""

    def __init__(
        self,
        deeds: Sequence[Deed],
        walk: Walk,
        phone: SimulatedPhone | None,
        outside: Callable[[Deed], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self.phone = phone
        self.done: list[Done] = []
        self.undone = list(deeds)
        self.waits = False
        """Whether it waits for something that may never come, or has nothing more to do."""
        self._walk = walk
        self._outside = outside
        self._changed = changed
        self._leg_id = phone.leg.id if phone is not None else None
        self._met = 0
        """The entries before this one do not count any more."""
        self._heard = 0
        """Nor what was heard before this."""

    async def act(self) -> None:
        """Do everything, each in its time."""
        moment = _now()
        for deed in list(self.undone):
            moment = await self._time_of(deed, moment)
            if await self._do(deed):
                self.undone.remove(deed)
                self.done.append(Done(_now(), deed))
            self._met = max(self._met, self._walk.current(self._leg_id))
        self._rest(True)

    async def _time_of(self, deed: Deed, before: float) -> float:
        if deed.hears or deed.at:
            self._rest(True)
        if deed.hears and self.phone is not None:
            before = await self._time_of_words(self.phone, deed.hears, before)
        elif deed.at:
            index = await self._walk.next(self._met, deed.at, self._leg_id, deed.visit)
            self._met = index + 1
            before = self._walk.entries[index].at
        self._rest(False)
        await self._pass(before + deed.after - _now(), on_phone=not deed.outside)
        return _now()

    async def _time_of_words(self, phone: SimulatedPhone, words: str, since: float) -> float:
        def found() -> int | None:
            for index in range(self._heard, len(phone.heard)):
                heard = phone.heard[index]
                if (
                    heard.text
                    and (words == ANY or words in heard.text)
                    and (heard.until is None or heard.until > since)
                ):
                    return index
            return None

        await phone.until(lambda: found() is not None, f"hears {words!r}", within=FOR_EVER)
        index = found() or 0
        self._heard = index + 1
        return phone.heard[index].at

    async def _pass(self, seconds: float, *, on_phone: bool) -> None:
        """Let time pass, but not behind the end of the call if it is for something `on_phone`."""
        if self.phone is None or not on_phone or seconds <= 0:
            await asyncio.sleep(max(0.0, seconds))
            return
        phone = self.phone
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await phone.until(lambda: _ended(phone), "is over", within=FOR_EVER)

    async def _do(self, deed: Deed) -> bool:
        """Do it now; False if it is too late for it."""
        if deed.outside:
            await self._outside(deed)
            return True
        phone = self.phone
        if phone is None:
            return not (deed.press or deed.hang_up or deed.hold)
        if _ended(phone):
            return not (deed.press or deed.hang_up or deed.hold)
        if deed.press or deed.hold:
            # A step that answers the call has begun, and a moment later it is answered: the key waits for that.
            self._rest(True)
            await phone.until(lambda: _answered(phone) or _ended(phone), "is answered", within=FOR_EVER)
            self._rest(False)
            if not _answered(phone):
                return False
        if deed.press:
            phone.press(deed.press)
        elif deed.hang_up:
            phone.hang_up()
        elif deed.hold:
            phone.hold()
            await asyncio.sleep(deed.hold)
            phone.resume()
        return True

    def _rest(self, waits: bool) -> None:
        self.waits = waits
        if waits:
            self._changed()


def _answered(phone: SimulatedPhone) -> bool:
    return phone.state is LegState.ANSWERED or phone.leg.early


def _ended(phone: SimulatedPhone) -> bool:
    return phone.state is LegState.ENDED


def _now() -> float:
    return asyncio.get_running_loop().time()
