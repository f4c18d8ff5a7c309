"""Two legs joined."""

import asyncio
import contextlib
from dataclasses import replace

from cordboard.media.api import MediaServer, MediaStream, WorkerDiedError
from cordboard.switch.leg import SipLeg
from cordboard.telephony import CallListener, Clock, ConnectionRecord, LegState


class SipBridge:
    """Two streams that forward to each other in the worker. Implements `telephony.Bridge`."""

    def __init__(self, record: ConnectionRecord, a: SipLeg, b: SipLeg) -> None:
        self.record = record
        self.legs = (a, b)
        self._over = asyncio.Event()
        self._joined: tuple[MediaServer, MediaStream, MediaStream] | None = None

    @property
    def id(self) -> str:
        """See telephony.Bridge."""
        return self.record.id

    async def ended(self) -> None:
        """See telephony.Bridge."""
        await self._over.wait()

    async def close(self) -> None:
        """See telephony.Bridge."""
        self._over.set()
        joined, self._joined = self._joined, None
        if joined is not None:
            media, a, b = joined
            if not any(leg.state is LegState.ENDED for leg in self.legs):
                with contextlib.suppress(WorkerDiedError):
                    await media.part(a, b)

    async def join(self, media: MediaServer) -> None:
        """Let the voices flow. A leg that has ended, or a dead worker, leaves the bridge ended."""
        a, b = self.legs
        for leg in self.legs:
            await leg.background(())
        if a.stream is None or b.stream is None:
            self._over.set()
            return
        try:
            await media.join(a.stream, b.stream)
        except WorkerDiedError:
            self._over.set()
        else:
            self._joined = (media, a.stream, b.stream)

    async def watch(self, listener: CallListener, clock: Clock) -> None:
        """Report the connection, and end it with either leg."""
        if self._over.is_set():
            return
        listener.connection_changed(self.record)
        waits = [asyncio.ensure_future(leg.ended()) for leg in self.legs]
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait([*waits, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in (*waits, over):
                wait.cancel()
            await self.close()
            listener.connection_changed(replace(self.record, ended=clock.now()))
