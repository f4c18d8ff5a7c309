"""Two simulated legs joined."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from cordboard.telephony import CallListener, Clock, ConnectionRecord, LegState

if TYPE_CHECKING:
    from cordboard.simulation.leg import SimulatedLeg


class SimulatedBridge:
    """Implements `telephony.Bridge`: each side hears the other's voice and keys."""

    def __init__(
        self, record: ConnectionRecord, a: "SimulatedLeg", b: "SimulatedLeg", listener: CallListener, clock: Clock
    ) -> None:
        self._record = record
        self._legs = (a, b)
        self._listener = listener
        self._clock = clock
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        """See telephony.Bridge."""
        return self._record.id

    async def ended(self) -> None:
        """See telephony.Bridge."""
        await self._over.wait()

    async def close(self) -> None:
        """See telephony.Bridge."""
        self.part()

    def open(self) -> None:
        """Let the voices flow, or be over at once if a leg is not there for it."""
        a, b = self._legs
        for leg in self._legs:
            leg.stop_sounds()
        if a.state is not LegState.ANSWERED or b.state is not LegState.ANSWERED:
            self._over.set()
            return
        for leg, other in ((a, b), (b, a)):
            leg.bridge = self
            if leg.phone is not None and other.phone is not None:
                leg.phone.hears(other.phone.voice)
        self._listener.connection_changed(self._record)

    def key_from(self, leg: "SimulatedLeg", key: str) -> None:
        """One side pressed a key: the other hears it."""
        for other in self._legs:
            if other is not leg and other.phone is not None:
                other.phone.hears_key(key)

    def part(self) -> None:
        """The voices stop. Nothing if they did before."""
        if self._over.is_set():
            return
        self._over.set()
        for leg in self._legs:
            leg.bridge = None
            if leg.phone is not None:
                leg.phone.hears(None)
        self._listener.connection_changed(replace(self._record, ended=self._clock.now()))
