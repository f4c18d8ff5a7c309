"""Two simulated legs joined."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cordboard.telephony import CallListener, Clock, ConnectionRecord, LegState, Sound

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
        self._connects = False
        """Whether both are answered: only then it is a connection."""

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
        if not a.open or not b.open:
            self._over.set()
            return
        self._connects = a.state is b.state is LegState.ANSWERED
        for leg in self._legs:
            if leg.place is not None:
                leg.place.leave(leg)
        for leg in self._legs:
            leg.place = self
            leg.stop_sounds()
        for leg in self._legs:
            leg.listen()
        if self._connects:
            self._listener.connection_changed(self._record)

    # --- where its legs are (simulation.leg.Place) ------------------------------------------------------------

    def voices_for(self, leg: "SimulatedLeg") -> Sequence[Sound]:
        """See Place."""
        return self._other(leg).voices

    def key_from(self, leg: "SimulatedLeg", key: str) -> None:
        """See Place. The other side hears it."""
        phone = self._other(leg).phone
        if phone is not None:
            phone.hears_key(key)

    def leave(self, leg: "SimulatedLeg") -> None:  # noqa: ARG002  (without one there is no bridge)
        """See Place."""
        self.part()

    def voices_changed(self) -> None:
        """See Place."""
        for leg in self._legs:
            leg.listen()

    # --- within -----------------------------------------------------------------------------------------------

    def _other(self, leg: "SimulatedLeg") -> "SimulatedLeg":
        a, b = self._legs
        return b if leg is a else a

    def part(self) -> None:
        """The voices stop. Nothing if they did before."""
        if self._over.is_set():
            return
        self._over.set()
        for leg in self._legs:
            leg.place = None
        for leg in self._legs:
            leg.listen()
        if self._connects:
            self._listener.connection_changed(replace(self._record, ended=self._clock.now()))
