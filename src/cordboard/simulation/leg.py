"""A leg of the simulated exchange."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol

import structlog

from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.sounds import seconds_of
from cordboard.simulation.tape import Tape, samples, write
from cordboard.telephony import (
    CallListener,
    Clock,
    Digit,
    Direction,
    EndReason,
    LegLife,
    LegRecord,
    LegState,
    LivingLeg,
    Monitoring,
    Played,
    PlayEnd,
    Sound,
    TransferHandler,
    TransferRequest,
)

_log = structlog.get_logger("simulation")

KEY_SECONDS = 0.16
"""How long pressing a key takes: 100 ms of the tone and a gap, as the real one sends it."""

Spawn = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


class Place(Protocol):
    """Where a leg's voice goes: a bridge or a conference. A leg is in one at most."""

    def voices_for(self, leg: "SimulatedLeg") -> Sequence[Sound]:
        """What it hears there."""

    def key_from(self, leg: "SimulatedLeg", key: str) -> None:
        """It pressed a key."""

    def leave(self, leg: "SimulatedLeg") -> None:
        """It has ended, or goes elsewhere."""

    def voices_changed(self) -> None:
        """Something else is heard of a leg that is there."""


class Watcher(Protocol):
    """A third one beside the talk of a leg."""

    mode: Monitoring

    @property
    def voices(self) -> Sequence[Sound]:
        """What he says."""

    def listen(self) -> None:
        """The watched one hears something else."""

    def end(self) -> None:
        """The watched leg has ended."""


class SimulatedLeg(LivingLeg):
    """Implements `telephony.Leg` towards a `SimulatedPhone`. Made by the exchange alone."""

    def __init__(
        self,
        record: LegRecord,
        listener: CallListener,
        clock: Clock,
        *,
        spawn: Spawn,
        forget: Callable[["SimulatedLeg"], None],
    ) -> None:
        super().__init__(LegLife(record, listener, clock))
        self.phone: SimulatedPhone | None = None
        """Who is at the far end; None while an outbound leg has no answer."""
        self.place: Place | None = None
        """What joins it with other legs."""
        self.hearing: Sequence[Sound] = ()
        """What its far end hears, but for those who watch over its talk."""
        self.monitors: list[Watcher] = []
        """Who watches over its talk."""
        self.caller_hears_early = True
        """Whether the network of an inbound leg's caller carries voices before the answer."""
        self.transfers: Callable[[], TransferHandler | None] = lambda: None
        """Who takes transfers now."""
        self._forget = forget
        self._spawn = spawn
        self._playing: _Playing | None = None
        self._early = False
        self._early_voice: Sound | None = None
        """What the far end of an outbound leg lets be heard before it answers."""
        self._tape: Tape | None = None
        self._taped = 0.0
        """Seconds of the recording that the end of the leg has ended."""

    def ask_transfer(self, request: TransferRequest) -> bool:
        """Its phone wants its party led elsewhere; false: nobody takes that."""
        handler = self.transfers()
        if handler is None or not self.record.account:
            return False
        self._spawn(self._transfer(handler, request))
        return True

    async def _transfer(self, handler: TransferHandler, request: TransferRequest) -> None:
        try:
            await handler(self, request)
        except Exception:  # noqa: BLE001  (a fault of one transfer must hurt nothing else)
            _log.exception("the handler of a transfer failed", leg=self.id, chain=self.chain)
        finally:
            request.done(EndReason.ERROR)

    # --- its beginning and its end ----------------------------------------------------------------------------

    async def ring(self) -> None:
        """See telephony.Leg."""
        if self.record.direction is Direction.INBOUND and self.life.ring() and self.phone is not None:
            self.phone.rings()

    async def early_media(self) -> bool:
        """See telephony.Leg."""
        if self.record.direction is Direction.OUTBOUND or self.state is LegState.ANSWERED:
            return self.open
        if self.state is LegState.ENDED or not self.caller_hears_early:
            return False
        await self.ring()
        self._early = True
        return True

    @property
    def early(self) -> bool:
        """Whether its voice is open before the answer."""
        return self._early and self.state is LegState.RINGING

    @property
    def open(self) -> bool:
        """Whether voices can flow."""
        return self.early or self.state is LegState.ANSWERED

    @property
    def own_voices(self) -> Sequence[Sound]:
        """What is heard of its far end."""
        says = self._early_voice if self.phone is None else self.phone.voice
        return [] if says is None or (self.phone is not None and self.phone.silent) else [says]

    @property
    def voices(self) -> Sequence[Sound]:
        """What is heard of its far end by others, with those who speak on its side."""
        return [*self.own_voices, *self._said_by(Monitoring.BARGE)]

    def _said_by(self, *modes: Monitoring) -> Sequence[Sound]:
        return [voice for one in self.monitors if one.mode in modes for voice in one.voices]

    def opens_early(self, voice: Sound) -> None:
        """The far end of an outbound leg is heard before it answers."""
        self._early, self._early_voice = True, voice
        self.life.early_media()

    async def answer(self) -> bool:
        """See telephony.Leg."""
        if self.record.direction is Direction.INBOUND:
            if self.life.answer() and self.phone is not None:
                self.phone.is_answered()
        else:
            with self.events() as events:
                while self.state in (LegState.CALLING, LegState.RINGING):
                    await anext(events)
        return self.state is LegState.ANSWERED

    async def reject(self, reason: EndReason) -> None:
        """See telephony.Leg."""
        self.finish(reason)

    async def hang_up(self, reason: EndReason = EndReason.HUNG_UP) -> None:
        """See telephony.Leg."""
        self.finish(reason)

    def finish(self, reason: EndReason) -> None:
        """End it now, whoever wanted it."""
        if self.life.end(reason):
            self.stop_sounds()
            self.listen()
            self._taped = self._end_tape()
            if self.phone is not None:
                self.phone.is_ended(reason)
            self._forget(self)
            if self.place is not None:
                self.place.leave(self)
            for monitor in list(self.monitors):
                monitor.end()

    def hold(self, held: bool) -> None:
        """The far end holds us, or came back."""
        if self.life.hold(held):
            self.listen()
            if self.place is not None:
                self.place.voices_changed()

    # --- what it hears and says -------------------------------------------------------------------------------

    def key_pressed(self, key: str) -> None:
        """The far end pressed a key."""
        if self.life.press(key):
            if self._playing is not None and key in self._playing.interrupt:
                self.stop_sounds(key)
                self.listen()
            if self.place is not None:
                self.place.key_from(self, key)

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:
        """See telephony.Leg."""
        phone = self._ear
        if phone is None:
            return Played(PlayEnd.STOPPED)
        if waiting := self.life.keys.first_of(interrupt):
            return Played(PlayEnd.KEY, waiting)
        self.stop_sounds()
        playing = self._playing = _Playing(self._hear_anew, sounds, interrupt)
        try:
            return await playing.run()
        finally:
            if self._playing is playing:
                self.stop_sounds()
                self.listen()

    async def background(self, sounds: Sequence[Sound]) -> None:
        """See telephony.Leg."""
        self.stop_sounds()
        if self._ear is not None and sum(map(seconds_of, sounds)) > 0:
            self._playing = _Playing(self._hear_anew, sounds, "")
            self._spawn(self._playing.run(for_ever=True))
        else:
            self.listen()

    @property
    def _ear(self) -> SimulatedPhone | None:
        """Who hears what we play, if anybody does."""
        return self.phone if self.open else None

    def stop_sounds(self, key: str = "") -> None:
        """Nothing plays any more, because of `key` if there is one. The far end is told by `listen`."""
        if self._playing is not None:
            self._playing.stop(key)
            self._playing = None

    def listen(self) -> None:
        """Let the far end hear what is to be heard where the leg is, unless something plays."""
        if self._playing is None and self.phone is not None:
            there = self.place if self.open and not self.record.held else None
            self.hearing = there.voices_for(self) if there is not None else ()
            self.listen_anew()

    def _hear_anew(self, sound: Sound) -> None:
        if self.phone is not None:
            self.phone.hears(sound)
            self.hearing = [sound]
            self.listen_anew()

    def listen_anew(self) -> None:
        """Those who watch over its talk hear what it hears, and it may hear them."""
        if self.phone is not None:
            self.phone.hears_voices([*self.hearing, *self._said_by(Monitoring.WHISPER, Monitoring.BARGE)])
        for monitor in self.monitors:
            monitor.listen()

    async def send_digits(self, digits: str) -> None:
        """See telephony.Leg."""
        for key in digits:
            if self._ear is None:
                return
            self._ear.hears_key(key)
            await asyncio.sleep(KEY_SECONDS)

    async def record_to(
        self, path: Path, *, limit: float = 3600.0, stop_on: str = "", silence: float | None = None
    ) -> float:
        """See telephony.Leg. The far end's voice is heard if it is a tone; any other is silent in the file."""
        if self.state is not LegState.ANSWERED or self.phone is None:
            return 0.0
        if waiting := self.life.keys.first_of(stop_on):
            self.life.keys.drop(waiting)
            return 0.0
        if silence is not None and self.phone.voice is None:
            limit = min(limit, silence)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await self._until_key_or_end(stop_on, limit)
        finally:
            seconds = loop.time() - began
            write(path, samples(self.phone.voice, 0.0, seconds))
        return seconds

    async def start_recording(self, path: Path, *, stereo: bool = False) -> bool:
        """See telephony.Leg. Tones and clips with files are heard in it; any other sound is silent in the file."""
        if self.state is not LegState.ANSWERED or self.phone is None:
            return False
        self._end_tape()
        try:
            self._tape = Tape(path, self.phone, stereo=stereo)
        except OSError:
            return False
        self.life.recorded()
        return True

    async def stop_recording(self) -> float:
        """See telephony.Leg."""
        taped, self._taped = self._taped, 0.0
        return taped or self._end_tape()

    def _end_tape(self) -> float:
        tape, self._tape = self._tape, None
        return tape.finish() if tape is not None else 0.0

    async def _until_key_or_end(self, stop_on: str, limit: float) -> None:
        try:
            async with asyncio.timeout(limit):
                with self.events() as events:
                    async for event in events:
                        if isinstance(event, Digit) and event.key in stop_on:
                            self.life.keys.drop(event.key)
                            return
        except TimeoutError:
            return


class _Playing:
    """Sounds on their way to a phone, until they are over or something stops them."""

    def __init__(self, hear: Callable[[Sound], None], sounds: Sequence[Sound], interrupt: str) -> None:
        self.interrupt = interrupt
        self._hear = hear
        self._sounds = sounds
        self._stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def stop(self, key: str = "") -> None:
        """Stop at once, because of `key` if there is one."""
        if not self._stopped.done():
            self._stopped.set_result(key)

    async def run(self, *, for_ever: bool = False) -> Played:
        """Play to the end; over and over if `for_ever`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            for sound in self._sounds:
                if not self._stopped.done():
                    self._hear(sound)
                await asyncio.wait([self._stopped], timeout=seconds_of(sound))
                if self._stopped.done():
                    key = self._stopped.result()
                    return Played(PlayEnd.KEY if key else PlayEnd.STOPPED, key, loop.time() - began)
            if not for_ever:
                return Played(PlayEnd.FINISHED, seconds=loop.time() - began)
