"""A third one beside the talk of a leg: the worker lets him hear and be heard."""

import asyncio
from typing import Final

from cordboard.media.api import Watching, WorkerDiedError
from cordboard.switch.leg import SipLeg
from cordboard.telephony import Monitoring

_WATCHING: Final = {
    Monitoring.LISTEN: Watching.LISTEN,
    Monitoring.WHISPER: Watching.WHISPER,
    Monitoring.BARGE: Watching.BARGE,
}


class SipMonitor:
    """Implements `telephony.Monitor`, and is the place of his leg."""

    def __init__(self, watched: SipLeg, own: SipLeg, mode: Monitoring) -> None:
        self._watched = watched
        self._own = own
        self._mode = mode
        self._over = asyncio.Event()

    async def open(self) -> None:
        """Let him take part. If a leg has no voice, or the worker is dead, it is over when this returns."""
        if self._watched.flow is None or self._own.voice is None:
            self._over.set()
            return
        if self._own.place is not None:
            self._own.place.leave(self._own)  # the worker takes the stream from where it was
        self._own.place = self
        self._own.fall_silent()
        self._own.services.spawn(self._lasts())
        try:
            await self._take_part()
        except asyncio.CancelledError:
            self._own.services.spawn(self.close())
            raise

    async def change(self, mode: Monitoring) -> None:
        """See Monitor."""
        self._mode = mode
        if not self._over.is_set():
            await self._take_part()

    async def ended(self) -> None:
        """See Monitor."""
        await self._over.wait()

    async def close(self) -> None:
        """See Monitor."""
        watched, own = self._watched.stream, self._own.stream
        if self._end() and watched is not None and own is not None:
            await self._own.services.voices.unwatch(watched, own)

    async def _take_part(self) -> None:
        watched, own = self._watched.stream, self._own.stream
        if watched is None or own is None:
            return  # it has ended, and so will this
        try:
            await self._own.services.voices.watch(watched, own, _WATCHING[self._mode])
        except WorkerDiedError:
            self._end()

    async def _lasts(self) -> None:
        """Until the watched leg has ended; the worker knows by itself."""
        gone = [asyncio.ensure_future(one) for one in (self._watched.ended(), self._over.wait())]
        try:
            await asyncio.wait(gone, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in gone:
                one.cancel()
        self._end()

    def _end(self) -> bool:
        """It is over, for whoever waits; the worker is not told. False if it was over."""
        if self._over.is_set():
            return False
        self._over.set()
        self._own.place = None
        return True

    # --- where his leg is (switch.leg.Place) ------------------------------------------------------------------

    def leave(self, leg: SipLeg) -> None:  # noqa: ARG002  (there is but one)
        """See Place."""
        self._end()

    def key_by_signalling(self, leg: SipLeg, key: str) -> None:
        """See Place. Nobody hears his keys."""
