"""A room of legs whose voices the worker mixes."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cordboard.media.api import MediaRoom, WorkerDiedError
from cordboard.switch.bridge import SipBridge
from cordboard.switch.leg import SipLeg
from cordboard.switch.services import Services
from cordboard.telephony import EndReason, Leg

_GAIN = 20
"""Decibels."""

MakeBridge = Callable[[SipLeg, SipLeg], SipBridge]


@dataclass(slots=True)
class _Member:
    leg: SipLeg
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class SipConference:
    """Implements `telephony.Conference`. `bridge` makes one that is not open yet.

    Who is in it is said here and at once; the worker follows. It has a room only while somebody is in: an empty
    conference costs nothing there and outlives the worker. One whose legs the worker takes with it is closed.
    """

    def __init__(self, id: str, services: Services, bridge: MakeBridge) -> None:  # noqa: A002  (the contract's word)
        self._id = id
        self._services = services
        self._bridge = bridge
        self._members: dict[str, _Member] = {}
        self._room: MediaRoom | None = None
        self._opening = asyncio.Lock()
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        """See telephony.Conference."""
        return self._id

    @property
    def legs(self) -> Sequence[Leg]:
        """See telephony.Conference."""
        return [member.leg for member in self._members.values()]

    async def add(self, leg: Leg, *, muted: bool = False, gain: int = 0) -> bool:
        """See telephony.Conference."""
        assert isinstance(leg, SipLeg), "a leg of another exchange"
        stream = leg.voice
        if self._over.is_set() or stream is None:
            return False
        member = self._enter(leg)
        try:
            room = await self._open_room()
            if self._has(member):
                await room.add(stream, speaks=not muted, gain=max(-_GAIN, min(_GAIN, gain)))
            elif not self._members:
                self._close_room()
        except WorkerDiedError:
            self._end()
        except asyncio.CancelledError:
            self._services.spawn(self.remove(leg))
            raise
        return self._has(member)

    async def remove(self, leg: Leg) -> None:
        """See telephony.Conference."""
        assert isinstance(leg, SipLeg), "a leg of another exchange"
        room, stream = self._room, leg.voice
        if leg.id in self._members:
            self.leave(leg)
            if room is not None and stream is not None:
                with contextlib.suppress(WorkerDiedError):
                    await room.remove(stream)

    async def left(self, leg: Leg) -> None:
        """See telephony.Conference."""
        if leg.id in self._members:
            await self._members[leg.id].gone.wait()

    async def to_bridge(self) -> SipBridge | None:
        """See telephony.Conference."""
        if len(self._members) != 2:
            return None
        bridge = self._bridge(*(member.leg for member in self._members.values()))
        room, self._room = self._room, None  # the worker takes them out of it as it joins them, without a gap
        self._end()
        try:
            await bridge.open()
        finally:
            self._close_room(room)
        return bridge

    async def close(self) -> None:
        """See telephony.Conference."""
        room, self._room = self._room, None
        self._end()
        if room is not None:
            with contextlib.suppress(WorkerDiedError):
                await room.close()

    async def ended(self) -> None:
        """See telephony.Conference."""
        await self._over.wait()

    # --- where its legs are (switch.leg.Place) ----------------------------------------------------------------

    def leave(self, leg: SipLeg) -> None:
        """See Place."""
        member = self._members.pop(leg.id, None)
        if member is None:
            return
        leg.place = None
        member.gone.set()
        if leg.record.reason is EndReason.MEDIA_LOST:
            self._end()
        elif not self._members:
            self._close_room()

    def key_by_signalling(self, leg: SipLeg, key: str) -> None:
        """See Place. The others hear no keys."""

    # --- within -----------------------------------------------------------------------------------------------

    def _enter(self, leg: SipLeg) -> _Member:
        if leg.id not in self._members:
            if leg.place is not None:
                leg.place.leave(leg)  # the worker takes it out by itself
            leg.place = self
            leg.fall_silent()
            self._members[leg.id] = _Member(leg)
        return self._members[leg.id]

    def _has(self, member: _Member) -> bool:
        return self._members.get(member.leg.id) is member

    async def _open_room(self) -> MediaRoom:
        async with self._opening:
            if self._room is None:
                self._room = await self._services.voices.room()
            return self._room

    def _close_room(self, room: MediaRoom | None = None) -> None:
        """Give a room back to the worker, behind what it has been told already."""
        if room is None:
            room, self._room = self._room, None
        if room is not None:
            self._services.spawn(_close(room))

    def _end(self) -> None:
        """It is over, for whoever waits; the legs stay as they are."""
        self._over.set()
        members, self._members = self._members, {}
        for member in members.values():
            member.leg.place = None
            member.gone.set()
        self._close_room()


async def _close(room: MediaRoom) -> None:
    with contextlib.suppress(WorkerDiedError):
        await room.close()
