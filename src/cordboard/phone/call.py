"""One call as the phone has it: what the wire said, what was heard, what was pressed."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from cordboard.media.api import Codec, MediaStream, Remote, ToneSpec, WorkerDiedError
from cordboard.sip.api import (
    EndedBy,
    Identity,
    IncomingSession,
    NotAcceptableError,
    OutgoingSession,
    SessionEnd,
)
from cordboard.sip.referrals import Reference
from cordboard.sip.sdp import TELEPHONE_EVENT, AudioDescription, Payload, answer, build, parse

OFFER = (Payload(8, "PCMA"), Payload(0, "PCMU"), Payload(101, TELEPHONE_EVENT, 8000, "0-15"))
_LONGEST = 3600.0
"""Seconds of a call that are recorded."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a packet brought, or that the phone did."""

    at: float
    """Seconds since the call began."""
    what: str
    """status, key, press, say, hold, resume, transfer or end."""
    detail: str


@dataclass(frozen=True, slots=True)
class PhoneEnd:
    """How a call ended. `status` is the final response if it was never answered."""

    by: EndedBy
    status: int | None
    phrase: str
    elsewhere: bool = False
    """Another phone answered it."""


class Call:
    """A call of a phone, made or taken.

    Everything that arrives is recorded into `heard`, from the answer on, or from when the far end opened its voice
    before that (early media).
    """

    def __init__(
        self, stream: MediaStream, host: str, heard: Path, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self.session: IncomingSession | OutgoingSession | None = None
        self.heard = heard
        """A WAV file: complete once the call has ended, readable before."""
        self.timeline: list[Fact] = []
        self.keys = ""
        """Keys that the far end has pressed."""
        self.caller = Identity("")
        """Who calls, of a call that was taken."""
        self.called = Identity("")
        self.end: PhoneEnd | None = None
        self.progress: list[int] = []
        """The statuses that were told of its transfer."""
        self._reference: Reference | None = None
        self._peer = "exchange"
        self._stream = stream
        self._spawn = spawn
        self._ours = AudioDescription(host=host, port=stream.address[1], payloads=OFFER)
        self._session_id, self._version = random.getrandbits(31), 0
        self._said: bytes | None = None
        self._started = asyncio.get_running_loop().time()
        self._rings, self._up, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._recording: asyncio.Task[None] | None = None

    # --- waiting ----------------------------------------------------------------------------------------------

    async def ringing(self) -> bool:
        """Wait until it rings at the far end; false if it was answered or ended without."""
        await self._first(self._rings, self._up, self._over)
        return self._rings.is_set()

    @property
    def was_answered(self) -> bool:
        """Whether it has been answered."""
        return self._up.is_set()

    async def answered(self) -> bool:
        """Wait until it is answered; false if it ended before."""
        await self._first(self._up, self._over)
        return self._up.is_set()

    async def ended(self) -> PhoneEnd:
        """Wait for the end. What was heard is complete in its file then."""
        await self._over.wait()
        if self._recording is not None:
            await asyncio.wait([self._recording])
        assert self.end is not None
        return self.end

    @staticmethod
    async def _first(*events: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    # --- doing ------------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Ring, of a call that came in."""
        self._incoming.progress(180)
        self._rings.set()

    async def speak_early(self) -> None:
        """Ring, of a call that came in, and let the caller hear what is said before the answer."""
        self._incoming.progress(183, await self._description())
        self._rings.set()

    async def answer(self) -> None:
        """Answer a call that came in."""
        self._incoming.accept(await self._description())
        self._connected()

    async def _description(self) -> bytes:
        # Whatever was said before the answer, the answer says it again (RFC 6337 §3.1.1).
        if self._said is None:
            offer = self._incoming.offer
            if offer is None:
                self._said = self._build(self._ours)
            else:
                theirs = parse(offer)
                ours = answer(theirs, self._ours)
                await self._agree(theirs, ours)
                self._said = self._build(ours)
        return self._said

    def refuse(self, status: int, phrase: str = "") -> None:
        """Refuse a call that came in."""
        self._incoming.refuse(status, phrase)

    def redirect(self, number: str, host: str = "") -> None:
        """Want the call led to another number, of a call that came in (302)."""
        self._incoming.refuse(302, "Moved Temporarily", headers={"Contact": f"<sip:{number}@{host or 'elsewhere'}>"})

    async def refer(self, number: str) -> bool:
        """Ask the exchange to lead its party to a number (REFER, blind); false if it does not take that.

        How it goes on is in `progress` and in the timeline. The phone may hang up meanwhile.
        """
        return await self._refer(f"<sip:{number}@{self._peer}>")

    async def refer_to(self, other: "Call") -> bool:
        """Ask the exchange to lead its party to whom this phone has consulted in `other` (attended, RFC 5589 §7)."""
        call_id, ours, theirs = other.dialog
        replaces = quote(f"{call_id};to-tag={theirs};from-tag={ours}", safe="")
        return await self._refer(f"<sip:{other.called.user}@{self._peer}?Replaces={replaces}>")

    async def referred(self) -> int:
        """Wait until nothing more is told of the last transfer; its final status."""
        assert self._reference is not None, "nothing was transferred"
        await self._reference.over.wait()
        return self.progress[-1] if self.progress else 0

    @property
    def dialog(self) -> tuple[str, str, str]:
        """Call-ID, our tag and that of the exchange."""
        assert self.session is not None
        return self.session.dialog_id

    async def _refer(self, target: str) -> bool:
        assert self.session is not None
        self._reference = await self.session.refer(target, self._told, [])
        return self._reference is not None

    def _told(self, status: int) -> None:
        self.progress.append(status)
        self._note("transfer", str(status))

    async def hang_up(self) -> None:
        """End the call, whatever its state."""
        if self.session is not None and self.end is None:
            await self.session.bye()

    async def press(self, keys: str, *, by_info: bool = False) -> None:
        """Press keys and return when they were sent: by RFC 4733, or by SIP INFO."""
        self._note("press", keys)
        if not by_info:
            await self._stream.press(keys)
            return
        assert self.session is not None
        for key in keys:
            await self.session.inform("application/dtmf-relay", f"Signal={key}\r\nDuration=160\r\n".encode())

    async def say_tone(self, hz: float) -> None:
        """Send a tone until something else is said or the call ends; 0 stops it."""
        self._note("say", f"{hz:g} Hz" if hz else "nothing")
        if hz:
            self._spawn(self._play_tone(hz))
        else:
            await self._stream.stop()

    async def hold(self, direction: str = "sendonly", *, host: str = "") -> None:
        """Put the far end on hold (RFC 3264 §8.4): by a direction, or as old phones do by the host 0.0.0.0."""
        await self._reoffer(direction, host)
        self._note("hold", "")

    async def resume(self) -> None:
        """Take the far end back."""
        await self._reoffer("sendrecv")
        self._note("resume", "")

    # --- what the wire says (sip.api.SessionHandler; see _Ears for `ended`) -----------------------------------

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """A provisional response; with a description the far end may be heard before it answers."""
        self._note("status", str(status))
        if status >= 180:
            self._rings.set()
        if sdp is not None:
            self._spawn(self._take_early(sdp))

    def accepted(self, sdp: bytes | None) -> None:
        """Our INVITE was answered."""
        self._note("status", "200")
        if sdp is not None:
            self._spawn(self._take_answer(sdp))

    def acknowledged(self, sdp: bytes | None) -> None:
        """The ACK; with a late offer it brings the answer."""
        if sdp is not None and self._incoming.offer is None:
            self._spawn(self._take_answer(sdp))

    async def offered(self, sdp: bytes | None) -> bytes:
        """A re-INVITE."""
        if sdp is None:
            return self._build(self._ours)
        theirs = parse(sdp)
        ours = answer(theirs, self._ours)
        await self._agree(theirs, ours)
        return self._build(ours)

    def information(self, _content_type: str, body: bytes) -> None:
        """An INFO."""
        self._note("info", body.decode(errors="replace").strip())

    def session_ended(self, end: SessionEnd) -> None:
        """The end."""
        self.end = PhoneEnd(end.by, end.status, end.phrase, end.elsewhere)
        self._note("end", f"{end.status} {end.phrase}".strip() if end.status else f"by {end.by}")
        self._spawn(self._close())

    # --- what the voice brings (media.api.StreamHandler) ------------------------------------------------------

    def key_pressed(self, key: str, _duration: float) -> None:
        """A key of the far end."""
        self.keys += key
        self._note("key", key)

    def lost(self) -> None:
        """The worker died."""
        self._note("end", "the media worker died")
        self._over.set()

    # --- within -----------------------------------------------------------------------------------------------

    def offer(self) -> bytes:
        """Our offer."""
        return self._build(self._ours)

    @property
    def _incoming(self) -> IncomingSession:
        assert hasattr(self.session, "accept"), "this call was made, not taken"
        return cast("IncomingSession", self.session)

    def _note(self, what: str, detail: str) -> None:
        self.timeline.append(Fact(asyncio.get_running_loop().time() - self._started, what, detail))

    def _build(self, ours: AudioDescription) -> bytes:
        self._version += 1
        return build(ours, session_id=self._session_id, version=self._version)

    async def _take_early(self, sdp: bytes) -> None:
        theirs = parse(sdp)
        await self._agree(theirs, theirs)
        self._listen()

    async def _take_answer(self, sdp: bytes) -> None:
        theirs = parse(sdp)
        await self._agree(theirs, theirs)
        self._connected()

    async def _agree(self, theirs: AudioDescription, common: AudioDescription) -> None:
        voice, events = common.codec, common.event
        if voice is None:
            raise NotAcceptableError
        await self._stream.set_remote(
            Remote(
                theirs.host,
                theirs.port,
                Codec(voice.name.upper()),
                voice.pt,
                events.pt if events else None,
                send=theirs.receives,
                receive=theirs.sends,
            )
        )

    async def _reoffer(self, direction: str, host: str = "") -> None:
        assert self.session is not None
        ours = replace(self._ours, direction=direction, host=host or self._ours.host)
        theirs = parse(await self.session.reoffer(self._build(ours)))
        await self._agree(theirs, theirs)

    def _connected(self) -> None:
        self._listen()
        self._up.set()

    def _listen(self) -> None:
        if self._recording is None:
            self._recording = asyncio.create_task(self._record())

    async def _record(self) -> None:
        with contextlib.suppress(WorkerDiedError):
            await self._stream.record(self.heard, limit=_LONGEST)

    async def _play_tone(self, hz: float) -> None:
        with contextlib.suppress(WorkerDiedError):
            await self._stream.play([ToneSpec((hz,), 1.0)], loop=True)

    async def _close(self) -> None:
        with contextlib.suppress(WorkerDiedError):
            await self._stream.close()
        self._over.set()


class Ears:
    """Hears a session for a call: both have a method `ended`. Implements sip.api.SessionHandler."""

    def __init__(self, call: Call) -> None:
        self.progressed = call.progressed
        self.accepted = call.accepted
        self.acknowledged = call.acknowledged
        self.offered = call.offered
        self.information = call.information
        self.ended = call.session_ended
