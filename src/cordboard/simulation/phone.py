"""The far end of a simulated leg: what it hears and what it does."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.transfer import AskedTransfer
from cordboard.telephony import ALL_KEYS, Clip, EndReason, LegState, Sound, Target

if TYPE_CHECKING:
    from cordboard.simulation.leg import SimulatedLeg


@dataclass(slots=True)
class Heard:
    """A sound that arrived. Times are the loop's, in seconds."""

    sound: Sound
    at: float
    until: float | None = None
    """None while it goes on."""

    @property
    def text(self) -> str:
        """What was said; empty if it was not a clip."""
        return self.sound.text if isinstance(self.sound, Clip) else ""


class SimulatedPhone:
    """One party outside the exchange, for one call. Tests and the simulator hold it; the leg tells it things."""

    def __init__(self, leg: "SimulatedLeg", voice: Sound | None = None) -> None:
        self.voice = voice
        self.heard: list[Heard] = []
        self.keys_heard = ""
        """Keys that the exchange pressed towards us."""
        self.states: list[LegState] = [LegState.CALLING]
        """What it went through, in order."""
        self.told: EndReason | None = None
        """Why the exchange ended or refused the call; None if we ended it ourselves, or it goes on."""
        self.leg = leg
        self.silent = False
        """Whether it sends nothing: it has put us on hold so."""
        self._found = 0
        self._changed = asyncio.Event()

    # --- what it knows ----------------------------------------------------------------------------------------

    @property
    def state(self) -> LegState:
        """Where the call stands, as this side sees it."""
        return self.states[-1]

    @property
    def texts(self) -> list[str]:
        """What was said to it so far."""
        return [heard.text for heard in self.heard if heard.text]

    @property
    def hearing(self) -> Sound | None:
        """What arrives at this moment; of several voices (in a conference) the one that came last."""
        return next((heard.sound for heard in reversed(self.heard) if heard.until is None), None)

    @property
    def hearing_all(self) -> frozenset[Sound]:
        """All that arrives at this moment: one sound, or the voices of a conference."""
        return frozenset(heard.sound for heard in self.heard if heard.until is None)

    async def wait_heard(self, text: str, *, within: float = 60.0) -> Heard:
        """Wait until a clip with `text` in it begins, after the one that the last such wait found.

        Raises AssertionError after `within` seconds.
        """

        def found() -> int | None:
            return next((i for i in range(self._found, len(self.heard)) if text in self.heard[i].text), None)

        await self.until(lambda: found() is not None, f"hears {text!r}", within=within)
        index = found()
        assert index is not None
        self._found = index + 1
        return self.heard[index]

    async def wait_state(self, state: LegState, *, within: float = 60.0) -> None:
        """Wait until the call went through `state`. Raises AssertionError after `within` seconds."""
        await self.until(lambda: state in self.states, f"is {state}", within=within)

    async def until(self, condition: Callable[[], bool], words: str, *, within: float) -> None:
        """Wait until `condition`, looked at whenever something happens here.

        Raises AssertionError, with `words` for what should have been, after `within` seconds.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        assert condition(), f"no phone that {words} in {within} s; it went through {self.states}, heard {self.texts}"

    # --- what it does -----------------------------------------------------------------------------------------

    def press(self, keys: str) -> None:
        """Press keys one after the other, in no time. Nothing happens unless voices flow."""
        for key in keys:
            if key not in ALL_KEYS:
                raise ValueError(f"{key!r} is no key of a telephone; there are {ALL_KEYS}")
            if self.state is LegState.ANSWERED or self.leg.early:
                self.leg.key_pressed(key)

    def hang_up(self) -> None:
        """End the call, or give up calling."""
        if self.state is not LegState.ENDED:
            answered = LegState.ANSWERED in self.states
            self._enter(LegState.ENDED)
            self.leg.finish(EndReason.HUNG_UP if answered else EndReason.CANCELLED)

    def hold(self, *, speaks: bool = True) -> None:
        """Put the exchange on hold: it hears nothing. What it `speaks` is its own music, if it says anything."""
        if self.state is LegState.ANSWERED:
            self.silent = not speaks
            self.leg.hold(True)

    def resume(self) -> None:
        """Come back from hold."""
        if self.state is LegState.ANSWERED:
            self.silent = False
            self.leg.hold(False)

    def ask_transfer(self, to: "str | SimulatedPhone") -> AskedTransfer | None:
        """Want its party led to a number, or (attended) to whom the other phone, its own second call, talks with.

        None if nobody takes transfers, it is no phone of the office, or it does not talk.
        """
        if self.state is not LegState.ANSWERED:
            return None
        consulted = to.leg if isinstance(to, SimulatedPhone) else None
        number = consulted.record.dialled if consulted is not None else str(to)
        request = AskedTransfer(number, consulted)
        return request if self.leg.ask_transfer(request) else None

    # --- what the leg tells it --------------------------------------------------------------------------------

    def rings(self) -> None:
        """It rings: there, or here as the caller hears it."""
        self._enter(LegState.RINGING)

    def is_answered(self) -> None:
        """Voices flow."""
        self._enter(LegState.ANSWERED)

    def is_ended(self, reason: EndReason) -> None:
        """The exchange ended it."""
        if self.state is not LegState.ENDED:
            self.told = reason
            self._enter(LegState.ENDED)

    def hears(self, sound: Sound) -> None:
        """From now on this arrives, alone and from its beginning."""
        now = asyncio.get_running_loop().time()
        for heard in self._open():
            heard.until = now
        self.heard.append(Heard(sound, now))
        self._changed.set()

    def hears_voices(self, voices: Iterable[Sound]) -> None:
        """From now on these arrive together, and nothing else. One that was arriving goes on."""
        now = asyncio.get_running_loop().time()
        wanted = dict.fromkeys(voices)  # in their order, each once
        for heard in self._open():
            if heard.sound in wanted:
                del wanted[heard.sound]
            else:
                heard.until = now
        self.heard += [Heard(voice, now) for voice in wanted]
        self._changed.set()

    def _open(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.until is None]

    def hears_key(self, key: str) -> None:
        """A key arrived from the other side."""
        self.keys_heard += key
        self._changed.set()

    def _enter(self, state: LegState) -> None:
        self.states.append(state)
        self._changed.set()


class CalledPhone(SimulatedPhone):
    """A party that the exchange calls; it behaves as its `FarEnd` says."""

    def __init__(self, leg: "SimulatedLeg", target: Target, behaviour: FarEnd) -> None:
        super().__init__(leg, behaviour.voice)
        self.target = target
        self.behaviour = behaviour
        self.alone = False
        """Whether no other phone rings with it: of several, none is heard before the answer."""

    async def ring(self) -> EndReason | None:
        """Ring and decide: None is an answer. Never returns if nobody ever decides."""
        does = self.behaviour
        if does.rings_after is not None:
            await asyncio.sleep(does.rings_after)
            self.rings()
            self.leg.life.ring()
            if self.alone and does.early is not None:
                self.leg.opens_early(does.early)
        if does.answers_after is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(does.answers_after)
        if does.refuses is not None:
            self._enter(LegState.ENDED)
        return does.refuses

    async def talk(self) -> None:
        """What it does once it has answered, in the order of time."""
        deeds: list[tuple[float, Callable[[], None]]] = []
        for at, keys in self.behaviour.keys.items():
            deeds.append((at, partial(self.press, keys)))
        for at, length in self.behaviour.holds.items():
            deeds += [(at, self.hold), (at + length, self.resume)]
        if self.behaviour.hangs_up_after is not None:
            deeds.append((self.behaviour.hangs_up_after, self.hang_up))
        now = 0.0
        for at, do in sorted(deeds, key=lambda deed: deed[0]):
            await asyncio.sleep(at - now)
            now = at
            do()
