"""What inbound and outbound legs have in common: a session on the wire, a stream of voices, a life."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from cordboard.media.api import AudioFileError, MediaStream, PlayReport, PlayStop, Source, WorkerDiedError
from cordboard.sip.api import NotAcceptableError, Session, SessionEnd
from cordboard.switch.causes import reason_for
from cordboard.switch.keys import SAME_PRESS, KeyWay, Press, Presses, key_in_info
from cordboard.switch.negotiation import Negotiation
from cordboard.switch.services import Services
from cordboard.switch.sounds import sources
from cordboard.telephony import (
    Digit,
    Direction,
    EndReason,
    LegLife,
    LegRecord,
    LegState,
    LivingLeg,
    Played,
    PlayEnd,
    Sound,
)

_PLAY_ENDS = {
    PlayStop.FINISHED: PlayEnd.FINISHED,
    PlayStop.KEY: PlayEnd.KEY,
    PlayStop.STOPPED: PlayEnd.STOPPED,
}


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What plays in the foreground, and the key that is to end it."""

    interrupt: str
    key: asyncio.Future[str]


class Place(Protocol):
    """Where a leg's voice goes: a bridge or a conference. A leg is in one at most."""

    def leave(self, leg: "SipLeg") -> None:
        """It has ended or goes elsewhere. The worker knows, or is told by whoever calls."""

    def key_by_signalling(self, leg: "SipLeg", key: str) -> None:
        """It pressed a key of which the worker does not know."""


class SipLeg(LivingLeg):
    """One party's end of a call on the real wire. Implements `telephony.Leg`; the two directions complete it."""

    def __init__(self, record: LegRecord, services: Services) -> None:
        super().__init__(LegLife(record, services.listener, services.clock))
        self.services = services
        self.stream: MediaStream | None = None
        self.negotiation: Negotiation | None = None
        self.place: Place | None = None
        self.log = structlog.get_logger("switch").bind(leg=record.id, chain=record.chain)
        self._answer_owed = False
        """The far end has our offer and its answer comes with the ACK (a late offer)."""
        self._presses = Presses()
        self._prompt: _Prompt | None = None
        self._taping = False
        self._taped = 0.0
        """Seconds of the recording that the end of the leg has ended."""
        self._closing: asyncio.Task[None] | None = None
        """The stream on its way out, once the leg has ended."""
        self._background: asyncio.Task[None] | None = None

    # --- what the directions add ------------------------------------------------------------------------------

    async def ring(self) -> None:
        """See telephony.Leg. Nothing on an outbound leg: it is the far end that rings."""

    async def early_media(self) -> bool:
        """See telephony.Leg."""
        return self.early or self.state is LegState.ANSWERED

    @property
    def early(self) -> bool:
        """Whether its voice is open before the answer."""
        return False

    async def answer(self) -> bool:
        """See telephony.Leg."""
        raise NotImplementedError

    async def leave(self, reason: EndReason) -> None:
        """End it on the wire."""
        raise NotImplementedError

    def speaks(self, session: Session) -> bool:
        """Whether that session is (one of) its own."""
        raise NotImplementedError

    @property
    def answers_sessions(self) -> bool:
        """Whether its far end has called us, and not we it."""
        return self.record.direction is Direction.INBOUND

    # --- its end ----------------------------------------------------------------------------------------------

    async def reject(self, reason: EndReason) -> None:
        """See telephony.Leg."""
        await self.hang_up(reason)

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """See telephony.Leg."""
        self.finish(reason)

    def finish(self, reason: EndReason) -> None:
        """End the leg now; the wire and the ports are cleaned up behind it."""
        if not self.life.end(reason):
            return
        self.log.info("leg ended", reason=str(reason))
        self.fall_silent()
        if self.place is not None:
            self.place.leave(self)
        self.services.spawn(self.leave(reason))
        stream, self.stream = self.stream, None
        if stream is not None:
            self._closing = self.services.spawn(self._close(stream))
        self.services.forget(self)

    async def _close(self, stream: MediaStream) -> None:
        if self._taping:
            self._taped = await self._stop_tape(stream)
        await self.services.voices.close_stream(stream)

    # --- what its far end does (sip.api.SessionHandler, media.api.StreamHandler) ------------------------------

    def key_pressed(self, key: str, duration: float) -> None:  # noqa: ARG002  (how long is not asked yet)
        """A key arrived with the voice."""
        if self._presses.take(key, KeyWay.VOICE) is not None:
            self._take_key(key)

    def information(self, content_type: str, body: bytes) -> None:
        """A key arrived with the signalling. Of one that came with the voice the worker tells the other party."""
        key = key_in_info(content_type, body)
        press = self._presses.take(key, KeyWay.SIGNALLING) if key else None
        if press is not None:
            self._take_key(key)
            if self.place is not None:
                self.services.spawn(self._pass_on(press))

    async def _pass_on(self, press: Press) -> None:
        """Let the place have a key of which the worker does not know: not yet, if the phone may send it there too."""
        remote = self.negotiation.remote if self.negotiation is not None else None
        if remote is not None and remote.dtmf_payload_type is not None:
            await asyncio.sleep(SAME_PRESS)
        if self.place is not None and not press.twice:
            self.place.key_by_signalling(self, press.key)

    def _take_key(self, key: str) -> None:
        self.life.press(key)
        prompt = self._prompt
        if prompt is not None and key in prompt.interrupt and not prompt.key.done():
            prompt.key.set_result(key)

    def lost(self) -> None:
        """The media worker died."""
        self.finish(EndReason.MEDIA_LOST)

    def session_ended(self, end: SessionEnd) -> None:
        """The session of an answered (or inbound) leg is over."""
        self.finish(reason_for(end, answered=self.record.answered is not None))

    @property
    def held(self) -> bool:
        """Whether the far end holds us."""
        return self.record.held

    async def silent_for(self) -> float:
        """See switch.vanished.Watched."""
        answered, stream = self.record.answered, self.voice
        if answered is None or stream is None:
            return 0.0
        since_answer = (self.services.clock.now() - answered).total_seconds()
        try:
            last = (await stream.stats()).last_received
        except WorkerDiedError:
            return 0.0
        return since_answer if last is None else min(last, since_answer)

    async def probe(self, patience: float) -> bool:
        """See switch.vanished.Watched."""
        raise NotImplementedError

    async def offered(self, sdp: bytes | None) -> bytes:
        """The far end changes the session: hold, resume, another codec or address."""
        if self.stream is None or self.negotiation is None:
            raise NotAcceptableError
        if sdp is None:
            return self.offer_late(self.negotiation)
        answer = self.negotiation.answer(self.services.terms.read(sdp))
        await self.take_remote()
        return answer

    def offer_late(self, negotiation: Negotiation) -> bytes:
        """Our offer to somebody who made none."""
        self._answer_owed = True
        return negotiation.offer()

    def acknowledged(self, sdp: bytes | None) -> None:
        """The ACK to our 2xx, which brings the answer to a late offer."""
        if self._answer_owed and self.negotiation is not None:
            self._answer_owed = False
            if sdp is not None:
                self.services.spawn(self.take_answer(self.negotiation, sdp))
            elif self.negotiation.remote is None:
                self.log.warning("the far end never said where its voice is")
                self.finish(EndReason.ERROR)

    async def take_answer(self, negotiation: Negotiation, sdp: bytes) -> None:
        """The far end answered our offer. An answer that cannot be used ends the leg."""
        try:
            negotiation.take_answer(sdp)
            await self.take_remote()
        except NotAcceptableError as fault:
            self.log.warning("the far end's answer cannot be used", fault=str(fault))
            self.finish(EndReason.ERROR)
        except WorkerDiedError:
            self.finish(EndReason.MEDIA_LOST)

    async def take_remote(self) -> None:
        """Tell the worker what was agreed, and the listeners whether we are held. Raises WorkerDiedError."""
        if self.stream is not None and self.negotiation is not None and self.negotiation.remote is not None:
            await self.stream.set_remote(self.negotiation.remote)
            self.life.hold(self.negotiation.held)

    async def open_stream(self) -> MediaStream | None:
        """Take ports for the voices; None if the leg has ended meanwhile. Raises NoPortError, WorkerDiedError."""
        stream = await self.services.voices.open(self)
        if self.state is LegState.ENDED:
            await self.services.voices.close_stream(stream)
            return None
        self.stream = stream
        return stream

    @property
    def voice(self) -> MediaStream | None:
        """The stream, while somebody answered is there to hear it."""
        return self.stream if self.state is LegState.ANSWERED else None

    @property
    def flow(self) -> MediaStream | None:
        """The stream, while voices flow: from the answer on, or from early media."""
        return self.stream if self.early else self.voice

    @property
    def ear(self) -> MediaStream | None:
        """The stream, while somebody is there to hear what we play: not a far end that has not answered our call."""
        return self.flow if self.record.direction is Direction.INBOUND else self.voice

    # --- what it hears and says -------------------------------------------------------------------------------

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:
        """See telephony.Leg."""
        stream = self.ear
        if stream is None:
            return Played(PlayEnd.STOPPED)
        if waiting := self.life.keys.first_of(interrupt):
            return Played(PlayEnd.KEY, waiting)
        self.fall_silent()
        prompt = self._prompt = _Prompt(interrupt, asyncio.get_running_loop().create_future())
        try:
            report = await self._play(stream, sources(sounds), prompt)
        except WorkerDiedError:
            return Played(PlayEnd.STOPPED)
        finally:
            if self._prompt is prompt:
                self._prompt = None
        if report.stop is PlayStop.STOPPED and prompt.key.done():
            return Played(PlayEnd.KEY, prompt.key.result(), report.seconds)
        return Played(_PLAY_ENDS[report.stop], report.key, report.seconds)

    async def _play(self, stream: MediaStream, what: Sequence[Source], prompt: _Prompt) -> PlayReport:
        """The worker stops at a key by itself, unless the key came by INFO, or just before the play command."""
        if not prompt.interrupt:
            return await stream.play(what)
        # It must not stop at the twin of a key that has ended the prompt before this one.
        by_itself = "".join(key for key in prompt.interrupt if key not in self._presses.awaited())
        playing = asyncio.ensure_future(stream.play(what, interrupt=by_itself))
        try:
            await asyncio.wait((playing, prompt.key), return_when=asyncio.FIRST_COMPLETED)
            if not playing.done() and self._prompt is prompt:
                # Awaited here, so that it cannot hit what is played next.
                await stream.stop()
            return await playing
        finally:
            playing.cancel()

    def fall_silent(self) -> None:
        """Stop the background. What plays in the foreground is replaced by whatever comes, and hears no keys now."""
        self._prompt = None
        background, self._background = self._background, None
        if background is not None:
            # Its stop names it, so nobody need wait: it cannot hit what is played next.
            background.cancel()

    async def background(self, sounds: Sequence[Sound]) -> None:
        """See telephony.Leg."""
        self.fall_silent()
        if sounds and self.ear is not None:
            self._background = self.services.spawn(self._loop(self.ear, sounds))

    async def _loop(self, stream: MediaStream, sounds: Sequence[Sound]) -> None:
        try:
            await stream.play(sources(sounds), loop=True)
        except WorkerDiedError:
            pass  # the leg is told by itself
        except AudioFileError as fault:
            self.log.error("nothing plays in the background", fault=str(fault))

    async def send_digits(self, digits: str) -> None:
        """See telephony.Leg."""
        if self.ear is not None:
            with contextlib.suppress(WorkerDiedError):
                await self.ear.press(digits)

    async def record_to(
        self, path: Path, *, limit: float = 3600.0, stop_on: str = "", silence: float | None = None
    ) -> float:
        """See telephony.Leg."""
        stream = self.voice
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

    async def start_recording(self, path: Path, *, stereo: bool = False) -> bool:
        """See telephony.Leg."""
        stream = self.voice
        if stream is None:
            return False
        try:
            await stream.start_tape(path, stereo=stereo)
        except AudioFileError as fault:
            self.log.error("the talk is not recorded", fault=str(fault))
            return False
        except WorkerDiedError:
            return False
        self._taping = self.voice is not None
        if self._taping:
            self.life.recorded()
        return self._taping

    async def stop_recording(self) -> float:
        """See telephony.Leg."""
        if self._closing is not None:
            await asyncio.wait([self._closing])
            taped, self._taped = self._taped, 0.0
            return taped
        stream, self._taping = self.voice, False
        return await self._stop_tape(stream) if stream is not None else 0.0

    async def _stop_tape(self, stream: MediaStream) -> float:
        try:
            return await stream.stop_tape()
        except AudioFileError as fault:
            self.log.error("the recording of the talk is not complete", fault=str(fault))
        except WorkerDiedError:
            pass  # the leg is told by itself
        return 0.0


async def _stop_recording(stream: MediaStream) -> None:
    with contextlib.suppress(WorkerDiedError):
        await stream.stop_recording()
