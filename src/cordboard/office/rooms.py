"""Conference rooms by name: who is in them, what he hears while alone, and when they go."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from cordboard.telephony import Conference, Exchange, Leg, LegState, Sound, Talk

TakePlace = Callable[[Leg], Awaitable[None]]
"""Lets a leg take another's place, and returns when its time there is over."""
_TWO = 2
_PATIENCE = 5.0
"""Seconds for which a place is kept for whoever comes in the stead of one who has left."""


class ConferenceRooms:
    """Implements `office.ports.Rooms`. Its tasks end with the legs that they wait for, or by `close`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._rooms: dict[str, _Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def create(self, name: str, leg: Leg, *, places: int = 0) -> bool:
        """See Rooms. The name is taken before anything is waited for."""
        if name in self._rooms:
            return False
        room = self._rooms[name] = _Room(places)
        try:
            room.conference = await self._exchange.conference()
        except BaseException:
            del self._rooms[name]
            raise
        room.ready.set()
        self._spawn(self._outlive(name, room, leg))
        return True

    async def enter(
        self, name: str, leg: Leg, *, muted: bool = False, while_alone: Sequence[Sound] = ()
    ) -> "RoomStay | None":
        """See Rooms."""
        room = self._rooms.get(name)
        if room is None:
            raise LookupError(name)
        if 0 < room.places <= room.taken:
            return None
        room.taken += 1
        inside = False
        try:
            await leg.answer()
            await room.ready.wait()
            inside = room.conference is not None and await room.conference.add(leg, muted=muted)
        finally:
            if not inside:
                room.taken -= 1
        if not inside:
            return None
        stay = RoomStay(room, leg, while_alone, muted=muted)
        room.stays.append(stay)
        self._spawn(self._accompany(name, room, stay))
        await room.refresh()
        return stay

    def heir_of(self, leg: Leg) -> TakePlace | None:
        """Let somebody else take the place of `leg`, who may leave the room at once. None if it is in none.

        Its place is kept for five seconds. What comes is muted as it was, and hears the same while alone.
        """
        stays = (stay for room in self._rooms.values() for stay in room.stays)
        stay = next((stay for stay in stays if stay.leg is leg and stay.heir is None and not stay.left), None)
        if stay is None:
            return None
        heir = stay.heir = asyncio.get_running_loop().create_future()
        stay.settled.clear()

        async def take(coming: Leg) -> None:
            if not heir.done():
                heir.set_result(coming)
                await stay.over()

        return take

    async def convert(self, name: str) -> Talk | None:
        """See Rooms."""
        room = self._rooms.get(name)
        if room is None or room.conference is None:
            raise LookupError(name)
        if room.converted is not None:
            return None
        # Who is told that he is out of the conference must know by then that he is in a talk.
        converted = room.converted = asyncio.get_running_loop().create_future()
        talk = None
        try:
            talk = await self._talk_of(room)
        finally:
            converted.set_result(talk)
            if talk is None:
                room.converted = None
            elif self._rooms.get(name) is room:
                del self._rooms[name]
        return talk

    async def _talk_of(self, room: "_Room") -> Talk | None:
        """A talk as any other: it can be held, transferred and taken over, and the log has it as one call."""
        assert room.conference is not None
        for stay in list(room.stays):  # somebody may be about to take another's place
            await stay.settled.wait()
        if len(room.stays) != _TWO:
            return None
        first, second = sorted((stay.leg for stay in room.stays), key=lambda leg: leg.record.started)
        self._exchange.talks.one_call(first, second)
        bridge = await room.conference.to_bridge()
        return self._exchange.talks.adopt(first, second, bridge) if bridge is not None else None

    async def close(self) -> None:
        """Forget all rooms; the legs are the exchange's."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._rooms.clear()

    async def _outlive(self, name: str, room: "_Room", leg: Leg) -> None:
        """Wait for the end of the call that made the room."""
        await leg.ended()
        room.kept = False
        await self._close_empty(name, room)

    async def _accompany(self, name: str, room: "_Room", stay: "RoomStay") -> None:
        """Wait until a leg has left, or the talk it was made into is over."""
        assert room.conference is not None
        await room.conference.left(stay.leg)
        while (
            (room.converted is None or not room.converted.done())
            and await stay.succeeded()
            and await room.conference.add(stay.leg, muted=stay.muted)
        ):
            stay.settled.set()
            await room.refresh()
            await room.conference.left(stay.leg)
        stay.settled.set()
        converted = room.converted
        talk = await asyncio.shield(converted) if converted is not None else None
        if talk is not None and not stay.left:
            await talk.over_for(stay.leg)
        stay.ended.set()
        room.stays.remove(stay)
        room.taken -= 1
        if talk is None:
            await room.refresh()
            await self._close_empty(name, room)

    async def _close_empty(self, name: str, room: "_Room") -> None:
        if room.kept or room.stays or self._rooms.get(name) is not room:
            return
        del self._rooms[name]
        if room.conference is not None:
            await room.conference.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class RoomStay:
    """Implements `office.ports.Stay`."""

    def __init__(self, room: "_Room", leg: Leg, while_alone: Sequence[Sound], *, muted: bool) -> None:
        self.leg = leg
        self.heir: asyncio.Future[Leg] | None = None
        """Set while somebody is on his way who takes the place of `leg`."""
        self.muted = muted
        self.while_alone = while_alone
        self.entertained = False
        """Whether he hears that."""
        self.left = False
        self.settled = asyncio.Event()
        """Not set while somebody is on his way who takes its place."""
        self.settled.set()
        self.ended = asyncio.Event()
        self._room = room

    async def over(self) -> None:
        """See Stay."""
        await self.ended.wait()

    async def succeeded(self) -> bool:
        """Whether somebody has come in the place of `leg`: then that is he."""
        if self.heir is None:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                self.leg = await self.heir
        except TimeoutError:
            self.heir.cancel()
            return False
        finally:
            self.heir = None
        self.entertained = False
        return True

    async def lonely(self, seconds: float) -> None:
        """See Stay."""
        while True:
            changed = self._room.changed
            try:
                async with asyncio.timeout(seconds if self._room.stays == [self] else None):
                    await changed.wait()
            except TimeoutError:
                return

    async def leave(self) -> None:
        """See Stay."""
        if self._room.converted is None and self._room.conference is not None:
            self.left = True
            await self._room.conference.remove(self.leg)


class _Room:
    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        """Of the places, also by those who are just coming in."""
        self.conference: Conference | None = None
        self.ready = asyncio.Event()
        self.kept = True
        """Whether the call that made it goes on."""
        self.stays: list[RoomStay] = []
        self.converted: asyncio.Future[Talk | None] | None = None
        self.changed = asyncio.Event()
        """Set, and made anew, whenever somebody comes or goes."""

    async def refresh(self) -> None:
        """Somebody has come or gone: music for who is alone now, silence where there is talk."""
        self.changed.set()
        self.changed = asyncio.Event()
        alone = len(self.stays) == 1
        for stay in list(self.stays):
            if alone == stay.entertained or not stay.while_alone or stay.leg.state is not LegState.ANSWERED:
                continue
            stay.entertained = alone
            await stay.leg.background(stay.while_alone if alone else ())
