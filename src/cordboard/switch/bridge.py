"""Two legs joined."""

import asyncio
from dataclasses import replace

from cordboard.media.api import WorkerDiedError
from cordboard.switch.leg import SipLeg
from cordboard.telephony import ConnectionRecord, LegState


class SipBridge:
    """Two streams that forward to each other in the worker. Implements `telephony.Bridge`."""

    def __init__(self, record: ConnectionRecord, a: SipLeg, b: SipLeg) -> None:
        self.record = record
        self.legs = (a, b)
        self._services = a.services
        self._over = asyncio.Event()
        self._connects = False
        """Whether both are answered: only then it is a connection."""

    @property
    def id(self) -> str:
        """See telephony.Bridge."""
        return self.record.id

    async def ended(self) -> None:
        """See telephony.Bridge."""
        await self._over.wait()

    async def open(self) -> None:
        """Let the voices flow. If one leg has none, or the worker is dead, the bridge is ended when this returns."""
        a, b = self.legs
        streams = a.flow, b.flow
        if streams[0] is None or streams[1] is None:
            self._over.set()
            return
        self._connects = a.state is b.state is LegState.ANSWERED
        for leg in self.legs:
            if leg.place is not None:
                leg.place.leave(leg)  # the worker takes the streams from where they were when it joins them
        for leg in self.legs:
            leg.place = self
            leg.fall_silent()
        if self._connects:
            self._services.listener.connection_changed(self.record)
        try:
            await self._services.voices.join(streams[0], streams[1])
        except WorkerDiedError:
            self.end()
        except asyncio.CancelledError:
            self._services.spawn(self.close())
            raise

    def end(self) -> bool:
        """It is over, for whoever listens; the worker is not told. False if it was over."""
        if self._over.is_set():
            return False
        self._over.set()
        for leg in self.legs:
            leg.place = None
        if self._connects:
            self._services.listener.connection_changed(replace(self.record, ended=self._services.clock.now()))
        return True

    async def close(self) -> None:
        """See telephony.Bridge."""
        a, b = self.legs
        if self.end() and a.flow is not None and b.flow is not None:
            await self._services.voices.part(a.flow, b.flow)

    # --- where its legs are (switch.leg.Place) ----------------------------------------------------------------

    def leave(self, leg: SipLeg) -> None:  # noqa: ARG002  (without one there is no bridge)
        """See Place."""
        self.end()

    def key_by_signalling(self, leg: SipLeg, key: str) -> None:
        """See Place. The other side hears it, as it hears the keys that come with the voice."""
        a, b = self.legs
        other = b if leg is a else a
        self._services.spawn(other.send_digits(key))
