"""A room of simulated legs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cordboard.simulation.bridge import SimulatedBridge
from cordboard.simulation.leg import SimulatedLeg
from cordboard.telephony import Leg, LegState, Sound

MakeBridge = Callable[[SimulatedLeg, SimulatedLeg], SimulatedBridge]


@dataclass(slots=True)
class _Member:
    leg: SimulatedLeg
    muted: bool
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class SimulatedConference:
    """Implements `telephony.Conference`: each hears the voices of all others. `bridge` makes one that is not open."""

    def __init__(self, id: str, bridge: MakeBridge) -> None:  # noqa: A002  (the contract's word)
        self._id = id
        self._bridge = bridge
        self._members: dict[str, _Member] = {}
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        """See telephony.Conference."""
        return self._id

    @property
    def legs(self) -> Sequence[Leg]:
        """See telephony.Conference."""
        return [member.leg for member in self._members.values()]

    async def add(self, leg: Leg, *, muted: bool = False, gain: int = 0) -> bool:  # noqa: ARG002  (no levels here)
        """See telephony.Conference."""
        assert isinstance(leg, SimulatedLeg), "a leg of another exchange"
        if self._over.is_set() or leg.state is not LegState.ANSWERED:
            return False
        if leg.id in self._members:
            self._members[leg.id].muted = muted
        else:
            if leg.place is not None:
                leg.place.leave(leg)
            leg.place = self
            self._members[leg.id] = _Member(leg, muted)
            leg.stop_sounds()
        self._listen()
        return True

    async def remove(self, leg: Leg) -> None:
        """See telephony.Conference."""
        assert isinstance(leg, SimulatedLeg), "a leg of another exchange"
        self.leave(leg)
        leg.listen()

    async def left(self, leg: Leg) -> None:
        """See telephony.Conference."""
        if leg.id in self._members:
            await self._members[leg.id].gone.wait()

    async def to_bridge(self) -> SimulatedBridge | None:
        """See telephony.Conference."""
        if len(self._members) != 2:
            return None
        a, b = (member.leg for member in self._members.values())
        self._empty()
        bridge = self._bridge(a, b)
        bridge.open()
        return bridge

    async def close(self) -> None:
        """See telephony.Conference."""
        for leg in self._empty():
            leg.listen()

    async def ended(self) -> None:
        """See telephony.Conference."""
        await self._over.wait()

    # --- where its legs are (simulation.leg.Place) ------------------------------------------------------------

    def voices_for(self, leg: SimulatedLeg) -> Sequence[Sound]:
        """See Place."""
        others = (member for member in self._members.values() if member.leg is not leg and not member.muted)
        return [voice for member in others for voice in member.leg.voices]

    def key_from(self, leg: SimulatedLeg, key: str) -> None:
        """See Place. The others hear no keys."""

    def leave(self, leg: SimulatedLeg) -> None:
        """See Place."""
        member = self._members.pop(leg.id, None)
        if member is not None:
            leg.place = None
            member.gone.set()
            self._listen()

    def voices_changed(self) -> None:
        """See Place."""
        self._listen()

    # --- within -----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for member in self._members.values():
            member.leg.listen()

    def _empty(self) -> Sequence[SimulatedLeg]:
        """Closed, and nobody is in it. What they hear is for the caller to see to."""
        members, self._members = self._members, {}
        self._over.set()
        for member in members.values():
            member.leg.place = None
            member.gone.set()
        return [member.leg for member in members.values()]
