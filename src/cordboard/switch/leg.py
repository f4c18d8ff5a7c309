"""What inbound and outbound legs have in common: a session on the wire, a stream of voices, a life."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import structlog

from cordboard.media.api import MediaStream, NoPortError, PlayReport, PlayStop, Source, WorkerDiedError
from cordboard.sip.api import NotAcceptableError, Session, SessionEnd
from cordboard.switch.causes import reason_for
from cordboard.switch.negotiation import Negotiation
from cordboard.switch.services import Services
from cordboard.switch.sounds import sources
from cordboard.telephony import (
    Collected,
    Digit,
    EndReason,
    KeyRule,
    LegEvent,
    LegLife,
    LegRecord,
    LegState,
    Played,
    PlayEnd,
    Sound,
)

_PLAY_ENDS = {
    PlayStop.FINISHED: PlayEnd.FINISHED,
    PlayStop.KEY: PlayEnd.KEY,
    PlayStop.STOPPED: PlayEnd.STOPPED,
}

# application/dtmf-relay says "Signal=5\r\nDuration=160"; application/dtmf is the bare key.
_INFO_KEY = re.compile(rb"^(?:\s*Signal\s*=\s*)?([0-9*#A-D])\s*(?:$|[\r\n])", re.IGNORECASE | re.MULTILINE)


class SipLeg:
    """One party's end of a call on the real wire. Implements `telephony.Leg`; the two directions complete it."""

    def __init__(self, record: LegRecord, services: Services) -> None:
        self.life = LegLife(record, services.listener, services.clock)
        self.services = services
        self.stream: MediaStream | None = None
        self.negotiation: Negotiation | None = None
        self._interrupt = ""
        self._interrupted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._background: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("switch").bind(leg=record.id, chain=record.chain)

    # --- what it is -------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """See telephony.Leg."""
        return self.life.record.id

    @property
    def chain(self) -> str:
        """See telephony.Leg."""
        return self.life.record.chain

    @property
    def record(self) -> LegRecord:
        """See telephony.Leg."""
        return self.life.record

    @property
    def state(self) -> LegState:
        """See telephony.Leg."""
        return self.life.state

    def events(self) -> AbstractContextManager[AsyncIterator[LegEvent]]:
        """See telephony.Leg."""
        return self.life.events()

    async def ended(self) -> EndReason:
        """See telephony.Leg."""
        return await self.life.ended()

    # --- what the directions add ------------------------------------------------------------------------------

    async def ring(self) -> None:
        """See telephony.Leg. Nothing on an outbound leg: it is the far end that rings."""

    async def answer(self) -> bool:
        """See telephony.Leg."""
        raise NotImplementedError

    def sessions(self) -> Sequence[Session]:
        """What is to be ended on the wire when the leg ends."""
        raise NotImplementedError

    async def leave(self, session: Session, reason: EndReason) -> None:  # noqa: ARG002  (a direction may need it)
        """End one session on the wire."""
        await session.bye()

    # --- its end ----------------------------------------------------------------------------------------------

    async def reject(self, reason: EndReason) -> None:
        """See telephony.Leg."""
        await self.hang_up(reason)

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """See telephony.Leg."""
        self.finish(reason)

    def finish(self, reason: EndReason) -> None:
        """End the leg now; the wire and the ports are cleaned up behind it."""
        sessions = self.sessions()
        stream, self.stream = self.stream, None
        if not self.life.end(reason):
            return
        self._log.info("leg ended", reason=str(reason))
        if self._background is not None:
            self._background.cancel()
        for session in sessions:
            self.services.spawn(self.leave(session, reason))
        if stream is not None:
            self.services.spawn(self.services.close_stream(stream))
        self.services.forget(self)

    # --- what its far end does (sip.api.SessionHandler, media.api.StreamHandler) ------------------------------

    def key_pressed(self, key: str, duration: float) -> None:  # noqa: ARG002  (how long is not asked yet)
        """A key arrived with the voice."""
        self._take_key(key)

    def information(self, content_type: str, body: bytes) -> None:
        """A key arrived with the signalling."""
        if content_type.split(";", maxsplit=1)[0].strip().lower() in ("application/dtmf-relay", "application/dtmf"):
            found = _INFO_KEY.search(body)
            if found:
                self._take_key(found[1].decode().upper())

    def _take_key(self, key: str) -> None:
        self.life.press(key)
        if key in self._interrupt and not self._interrupted.done():
            self._interrupted.set_result(key)

    def lost(self) -> None:
        """The media worker died."""
        self.finish(EndReason.MEDIA_LOST)

    def session_ended(self, end: SessionEnd) -> None:
        """The session of an answered (or inbound) leg is over."""
        self.finish(reason_for(end, answered=self.record.answered is not None))

    async def offered(self, sdp: bytes | None) -> bytes:
        """The far end changes the session: hold, resume, another codec or address."""
        if self.stream is None or self.negotiation is None:
            raise NotAcceptableError
        if sdp is None:
            return self.negotiation.offer()
        answer = self.negotiation.answer(sdp)
        await self._take_remote()
        return answer

    async def _take_remote(self) -> None:
        """Tell the worker what was agreed, and the listeners whether we are held."""
        if self.stream is not None and self.negotiation is not None and self.negotiation.remote is not None:
            await self.stream.set_remote(self.negotiation.remote)
            self.life.hold(self.negotiation.held)

    async def open_stream(self, peer_host: str, *, latch: bool) -> bool:
        """Take ports for the voices; false if there are none left, or no worker."""
        if self.stream is None:
            try:
                self.stream = await self.services.open_stream(self)
            except (NoPortError, WorkerDiedError) as fault:
                self._log.error("no media for the leg", fault=str(fault))
                return False
            if self.state is LegState.ENDED:
                stream, self.stream = self.stream, None
                await self.services.close_stream(stream)
                return False
            host = self.services.advertised(peer_host)
            self.negotiation = Negotiation(host, self.stream.address[1], self.services.codecs, latch=latch)
        return True

    # --- what it hears and says -------------------------------------------------------------------------------

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:
        """See telephony.Leg."""
        if self.state is not LegState.ANSWERED or self.stream is None:
            return Played(PlayEnd.STOPPED)
        if waiting := self.life.keys.first_of(interrupt):
            return Played(PlayEnd.KEY, waiting)
        await self.background(())
        self._interrupt, self._interrupted = interrupt, asyncio.get_running_loop().create_future()
        try:
            report = await self._play(self.stream, sources(sounds), interrupt)
        except WorkerDiedError:
            return Played(PlayEnd.STOPPED)
        finally:
            self._interrupt = ""
        if report.stop is PlayStop.STOPPED and self._interrupted.done():
            return Played(PlayEnd.KEY, self._interrupted.result(), report.seconds)
        return Played(_PLAY_ENDS[report.stop], report.key, report.seconds)

    async def _play(self, stream: MediaStream, what: Sequence[Source], interrupt: str) -> PlayReport:
        """The worker stops at a key by itself, unless the key came by INFO, or just before the play command."""
        playing = asyncio.ensure_future(stream.play(what, interrupt=interrupt))
        try:
            await asyncio.wait((playing, self._interrupted), return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                # Awaited here, so that it cannot hit what is played next.
                await stream.stop()
            return await playing
        finally:
            playing.cancel()

    async def background(self, sounds: Sequence[Sound]) -> None:
        """See telephony.Leg."""
        if self._background is not None:
            self._background.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(self._background)
            self._background = None
        if sounds and self.stream is not None:
            self._background = self.services.spawn(_loop(self.stream, sounds))

    async def collect(self, rule: KeyRule) -> Collected:
        """See telephony.Leg."""
        return await self.life.keys.collect(rule)

    def forget_keys(self) -> None:
        """See telephony.Leg."""
        self.life.keys.clear()

    async def send_digits(self, digits: str) -> None:
        """See telephony.Leg."""
        if self.stream is not None:
            with contextlib.suppress(WorkerDiedError):
                await self.stream.press(digits)

    async def record_to(
        self, path: Path, *, limit: float = 3600.0, stop_on: str = "", silence: float | None = None
    ) -> float:
        """See telephony.Leg."""
        stream = self.stream
        if stream is None:
            return 0.0
        if waiting := self.life.keys.first_of(stop_on):
            self.life.keys.drop(waiting)
            return 0.0

        async def stop_on_key() -> None:
            with self.life.events() as events:
                async for event in events:
                    if isinstance(event, Digit) and event.key in stop_on:
                        self.life.keys.drop(event.key)
                        await _stop_recording(stream)
                        return

        listener = asyncio.create_task(stop_on_key())
        try:
            return await stream.record(path, limit=limit, silence=silence)
        except WorkerDiedError:
            return 0.0
        finally:
            listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listener


async def _loop(stream: MediaStream, sounds: Sequence[Sound]) -> None:
    with contextlib.suppress(WorkerDiedError):
        await stream.play(sources(sounds), loop=True)


async def _stop_recording(stream: MediaStream) -> None:
    with contextlib.suppress(WorkerDiedError):
        await stream.stop_recording()
