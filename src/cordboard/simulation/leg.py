"""A leg of the simulated exchange."""

import asyncio
import math
import wave
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from cordboard.simulation.bridge import SimulatedBridge
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.sounds import seconds_of
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
    Played,
    PlayEnd,
    Sound,
    Tone,
)

KEY_SECONDS = 0.16
"""How long pressing a key takes: 100 ms of the tone and a gap, as the real one sends it."""

Spawn = Callable[[Coroutine[Any, Any, Any]], "asyncio.Task[Any]"]


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
        self.bridge: SimulatedBridge | None = None
        """What joins it with another leg."""
        self._forget = forget
        self._spawn = spawn
        self._playing: _Playing | None = None

    # --- its beginning and its end ----------------------------------------------------------------------------

    async def ring(self) -> None:
        """See telephony.Leg."""
        if self.record.direction is Direction.INBOUND and self.life.ring() and self.phone is not None:
            self.phone.rings()

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
            if self.phone is not None:
                self.phone.hears(None)
                self.phone.is_ended(reason)
            self._forget(self)
            if self.bridge is not None:
                self.bridge.part()

    # --- what it hears and says -------------------------------------------------------------------------------

    def key_pressed(self, key: str) -> None:
        """The far end pressed a key."""
        if self.life.press(key):
            if self._playing is not None and key in self._playing.interrupt:
                self._playing.stop(key)
            if self.bridge is not None:
                self.bridge.key_from(self, key)

    async def play(self, sounds: Sequence[Sound], *, interrupt: str = "") -> Played:
        """See telephony.Leg."""
        if self.state is not LegState.ANSWERED or self.phone is None:
            return Played(PlayEnd.STOPPED)
        if waiting := self.life.keys.first_of(interrupt):
            return Played(PlayEnd.KEY, waiting)
        self.stop_sounds()
        playing = self._playing = _Playing(self.phone, sounds, interrupt)
        try:
            return await playing.run()
        finally:
            playing.stop()

    async def background(self, sounds: Sequence[Sound]) -> None:
        """See telephony.Leg."""
        self.stop_sounds()
        if self.state is LegState.ANSWERED and self.phone is not None and sum(map(seconds_of, sounds)) > 0:
            self._playing = _Playing(self.phone, sounds, "")
            self._spawn(self._playing.run(for_ever=True))

    def stop_sounds(self) -> None:
        """Nothing plays any more."""
        if self._playing is not None:
            self._playing.stop()
            self._playing = None

    async def send_digits(self, digits: str) -> None:
        """See telephony.Leg."""
        for key in digits:
            if self.state is not LegState.ANSWERED or self.phone is None:
                return
            self.phone.hears_key(key)
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
            _write(path, self.phone.voice, seconds)
        return seconds

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

    def __init__(self, phone: SimulatedPhone, sounds: Sequence[Sound], interrupt: str) -> None:
        self.interrupt = interrupt
        self._phone = phone
        self._sounds = sounds
        self._stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def stop(self, key: str = "") -> None:
        """Stop at once, because of `key` if there is one."""
        if not self._stopped.done():
            self._stopped.set_result(key)
            self._phone.hears(None)

    async def run(self, *, for_ever: bool = False) -> Played:
        """Play to the end; over and over if `for_ever`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            for sound in self._sounds:
                if not self._stopped.done():
                    self._phone.hears(sound)
                await asyncio.wait([self._stopped], timeout=seconds_of(sound))
                if self._stopped.done():
                    key = self._stopped.result()
                    return Played(PlayEnd.KEY if key else PlayEnd.STOPPED, key, loop.time() - began)
            if not for_ever:
                return Played(PlayEnd.FINISHED, seconds=loop.time() - began)


def _write(path: Path, voice: Sound | None, seconds: float) -> None:
    rate = 8000
    frequencies = voice.frequencies if isinstance(voice, Tone) else ()
    samples = (
        round(sum(8000 * math.sin(2 * math.pi * hz * n / rate) for hz in frequencies)).to_bytes(
            2, "little", signed=True
        )
        for n in range(round(seconds * rate))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(samples))
