"""A third one beside the talk of a simulated leg."""

import asyncio
from collections.abc import Sequence

from cordboard.simulation.leg import SimulatedLeg
from cordboard.telephony import LegState, Monitoring, Sound


class SimulatedMonitor:
    """Implements `telephony.transfers.Monitor`, and is the place of his leg."""

    def __init__(self, watched: SimulatedLeg, own: SimulatedLeg, mode: Monitoring) -> None:
        self.mode = mode
        self._watched = watched
        self._own = own
        self._over = asyncio.Event()

    def open(self) -> None:
        """Let him take part, or be over at once if one of the legs is not there for it."""
        if not self._watched.open or self._own.state is not LegState.ANSWERED:
            self._over.set()
            return
        if self._own.place is not None:
            self._own.place.leave(self._own)
        self._own.place = self
        self._own.stop_sounds()
        self._watched.monitors.append(self)
        self._changed()

    async def change(self, mode: Monitoring) -> None:
        """See Monitor."""
        if not self._over.is_set():
            self.mode = mode
            self._changed()

    async def ended(self) -> None:
        """See Monitor."""
        await self._over.wait()

    async def close(self) -> None:
        """See Monitor."""
        self.end()

    def listen(self) -> None:
        """The watched one hears something else."""
        self._own.listen()

    def end(self) -> None:
        """It is over."""
        if not self._over.is_set():
            self._over.set()
            self._watched.monitors.remove(self)
            self._own.place = None
            self._own.listen()
            self._changed()

    @property
    def voices(self) -> Sequence[Sound]:
        """What he says."""
        return self._own.voices

    # --- where his leg is (simulation.leg.Place) --------------------------------------------------------------

    def voices_for(self, leg: SimulatedLeg) -> Sequence[Sound]:  # noqa: ARG002  (there is but one)
        """See Place. Whatever the watched one hears and says; also of others who take part there."""
        others = [one for one in self._watched.monitors if one is not self and one.mode is not Monitoring.LISTEN]
        return [*self._watched.own_voices, *self._watched.hearing, *(voice for one in others for voice in one.voices)]

    def key_from(self, leg: SimulatedLeg, key: str) -> None:
        """See Place. Nobody hears his keys."""

    def leave(self, leg: SimulatedLeg) -> None:  # noqa: ARG002  (there is but one)
        """See Place."""
        self.end()

    def voices_changed(self) -> None:
        """See Place."""
        self._changed()

    def _changed(self) -> None:
        self._watched.listen_anew()
        if self._watched.place is not None:
            self._watched.place.voices_changed()
