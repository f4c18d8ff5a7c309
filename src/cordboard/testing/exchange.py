"""What the contract suite needs of an exchange and of the phones around it, and the simulated ones of it.

Everybody is known by a tone: a clip is a file with a tone in it, a voice is a tone that a phone sends all the time.
So a real phone answers "what do you hear?" by looking at the audio that arrived, and the simulated one by looking
at the sound itself.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import pytest

from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.transfer import AskedTransfer
from cordboard.simulation.virtual_time import VirtualClock, run
from cordboard.telephony import (
    Clip,
    ConnectionRecord,
    EndReason,
    Exchange,
    Leg,
    LegHandler,
    LegRecord,
    LegState,
    PhoneTarget,
    Sound,
    Tone,
    TransferHandler,
)
from cordboard.testing.audio import read_wav, strongest_frequency, tone_wav

WITHIN = 15.0
"""Seconds in which something expected must have come about."""
VOICES = (440.0, 620.0, 1000.0, 1400.0)
"""Hz: the tones by which the parties of a conference are known, none an overtone of another."""


async def until(condition: Callable[[], object], *, within: float = WITHIN) -> None:
    """Wait for a condition that nothing announces. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  (nothing could set an event)
            await asyncio.sleep(0.01)


class Hold(Enum):
    """The three ways in which a phone puts a call on hold."""

    SENDONLY = "a=sendonly"
    INACTIVE = "a=inactive"
    ADDRESS = "c=0.0.0.0"


class Listened:
    """A CallListener that keeps what it was told."""

    def __init__(self) -> None:
        self.legs: list[LegRecord] = []
        self.connections: list[ConnectionRecord] = []

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        self.legs.append(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        self.connections.append(record)

    def of(self, leg: str) -> list[LegRecord]:
        """All that was said of one leg, in order."""
        return [record for record in self.legs if record.id == leg]


class PhoneUnderTest(Protocol):
    """A party outside the exchange, in one call. Waiting raises an error after `WITHIN` seconds."""

    @property
    def told(self) -> EndReason | None:
        """Why the exchange refused or ended the call, as it was told on the wire; None if it was not, or not yet."""

    @property
    def called_by(self) -> str:
        """The number that its display shows, of a phone that was called."""

    async def reaches(self, state: LegState) -> None:
        """Wait until the call has come to `state` as this phone sees it."""

    async def hears(self, hz: float | None) -> None:
        """Wait until that tone is what arrives now; None: silence."""

    async def hears_all(self, *hz: float) -> None:
        """Wait until of VOICES exactly these arrive now, together."""

    async def longest_gap(self) -> float:
        """The longest silence, in seconds, between the first and the last sound that has arrived so far."""

    async def hears_keys(self, keys: str) -> None:
        """Wait until exactly these keys have arrived since the call began."""

    async def press(self, keys: str) -> None:
        """Press keys (RFC 4733 on a real phone). May return before the exchange has them."""

    async def hold(self, way: Hold = Hold.SENDONLY) -> None:
        """Put the exchange on hold."""

    async def resume(self) -> None:
        """Come back."""

    async def transfer(self, to: "str | PhoneUnderTest") -> bool:
        """Want its party led to a number, or to whom its other call talks with; false if the exchange declines."""

    async def transferred(self) -> EndReason | None:
        """Wait until it is told how its transfer ended; None: well."""

    @property
    def told_ringing(self) -> bool:
        """Whether it was told that it rings where it transfers to."""

    async def hang_up(self) -> None:
        """End the call, or give up calling. May return before the exchange knows."""


class ExchangeUnderTest(Protocol):
    """An exchange with phone accounts 101 to 104, whose phones are signed in once `phone` was called for them.

    Account 109 exists, but never has a phone.
    """

    @property
    def exchange(self) -> Exchange:
        """What is tested."""

    @property
    def listener(self) -> Listened:
        """Handed to the exchange as its listener."""

    @property
    def folder(self) -> Path:
        """Where files may be written."""

    async def phone(self, account: str, behaviour: FarEnd) -> None:
        """Sign a phone of `account` in that will behave so. `voice` is a Tone of one frequency that lasts for ever."""

    async def call_in(
        self, dialled: str, *, account: str = "101", hz: float = 0.0, replaces: PhoneUnderTest | None = None
    ) -> PhoneUnderTest:
        """The phone of `account` dials; it sends a tone of `hz` all through the call, or silence if that is 0.

        It wants the place of another phone's call, if `replaces` is given.
        """

    async def rung(self, account: str) -> PhoneUnderTest:
        """Wait until a call has reached the phone of `account`, and give its last one."""


Body = Callable[[ExchangeUnderTest], Coroutine[Any, Any, None]]


class Implementation(Protocol):
    """A way to run a test's body with an exchange. One parameter of the suite."""

    def run(self, body: Body) -> None:
        """Open an exchange, run `body` with it, close it."""


def tone_clip(x: ExchangeUnderTest, hz: float, seconds: float) -> Clip:
    """A clip with a tone in its file."""
    path = x.folder / f"{hz:g}-{seconds:g}.wav"
    return Clip(path if path.exists() else tone_wav(path, hz, seconds=seconds), f"tone of {hz:g} Hz")


def voice(hz: float) -> Tone:
    """What a phone says that is known by `hz`."""
    return Tone((hz,), on=3600.0)


@asynccontextmanager
async def serving(
    exchange: Exchange, handler: LegHandler, transfer: TransferHandler | None = None
) -> AsyncIterator[None]:
    """Serve with `handler` inside, then stop, which ends all calls."""
    task = asyncio.create_task(exchange.serve(handler, transfer=transfer))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def caller_and_leg(
    x: ExchangeUnderTest, *, dialled: str = "700", account: str = "101", hz: float = 0.0, answered: bool = True
) -> AsyncIterator[tuple[PhoneUnderTest, Leg]]:
    """A call that came in, from both its ends. It is over after the block at the latest."""
    taken: asyncio.Queue[Leg] = asyncio.Queue()

    async def take(leg: Leg) -> None:
        taken.put_nowait(leg)
        await leg.ended()

    async with serving(x.exchange, take):
        phone = await x.call_in(dialled, account=account, hz=hz)
        async with asyncio.timeout(WITHIN):
            leg = await taken.get()
        if answered:
            assert await leg.answer()
            await phone.reaches(LegState.ANSWERED)
        yield phone, leg


# --- the simulated exchange ---------------------------------------------------------------------------------------


class SimulatedImplementation:
    """The simulated exchange in virtual time. Implements `Implementation`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, body: Body) -> None:
        """See Implementation."""

        async def with_exchange() -> None:
            await body(_Simulated(self._folder))

        run(with_exchange())


class _Simulated:
    """Implements ExchangeUnderTest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listener = Listened()
        self.exchange = SimulatedExchange(self.listener, VirtualClock())

    async def phone(self, account: str, behaviour: FarEnd) -> None:
        self.exchange.far_ends[PhoneTarget(account)] = behaviour

    async def call_in(
        self, dialled: str, *, account: str = "101", hz: float = 0.0, replaces: PhoneUnderTest | None = None
    ) -> PhoneUnderTest:
        said = voice(hz) if hz else None
        place = replaces.party.leg.id if isinstance(replaces, _Phone) else ""
        return _Phone(self.exchange.call_in(account, dialled, account=account, voice=said, replaces=place))

    async def rung(self, account: str) -> PhoneUnderTest:
        def calls() -> list[SimulatedPhone]:
            return [call for call in self.exchange.called if call.target == PhoneTarget(account)]

        await until(calls)
        return _Phone(calls()[-1])


class _Phone:
    """Implements PhoneUnderTest."""

    def __init__(self, phone: SimulatedPhone) -> None:
        self._phone = phone
        self._asked: AskedTransfer | None = None

    @property
    def party(self) -> SimulatedPhone:
        return self._phone

    async def transfer(self, to: str | PhoneUnderTest) -> bool:
        self._asked = self._phone.ask_transfer(to.party if isinstance(to, _Phone) else str(to))
        return self._asked is not None

    async def transferred(self) -> EndReason | None:
        assert self._asked is not None, "nothing was transferred"
        async with asyncio.timeout(WITHIN):
            await self._asked.over.wait()
        return self._asked.failure

    @property
    def told_ringing(self) -> bool:
        return self._asked is not None and self._asked.rings

    @property
    def told(self) -> EndReason | None:
        return self._phone.told

    @property
    def called_by(self) -> str:
        return self._phone.leg.record.caller.number

    async def reaches(self, state: LegState) -> None:
        await self._phone.wait_state(state, within=WITHIN)

    async def hears(self, hz: float | None) -> None:
        await until(lambda: _frequency(self._phone.hearing) == hz)

    async def hears_all(self, *hz: float) -> None:
        await until(lambda: {_frequency(sound) for sound in self._phone.hearing_all} & set(VOICES) == set(hz))

    async def longest_gap(self) -> float:
        heard = sorted(self._phone.heard, key=lambda one: one.at)
        until, gap = heard[0].at if heard else 0.0, 0.0
        for one in heard:
            gap = max(gap, one.at - until)
            until = max(until, asyncio.get_running_loop().time() if one.until is None else one.until)
        return gap

    async def hears_keys(self, keys: str) -> None:
        await until(lambda: self._phone.keys_heard == keys)

    async def press(self, keys: str) -> None:
        self._phone.press(keys)

    async def hold(self, way: Hold = Hold.SENDONLY) -> None:
        self._phone.hold(speaks=way is not Hold.INACTIVE)

    async def resume(self) -> None:
        self._phone.resume()

    async def hang_up(self) -> None:
        self._phone.hang_up()


def _frequency(sound: Sound | None) -> float | None:
    match sound:
        case Tone((hz, *_)):
            return hz
        case Clip(Path() as path):
            return round(strongest_frequency(read_wav(path)))
        case _:
            return None


# --- the suite ----------------------------------------------------------------------------------------------------


def _real(folder: Path) -> Implementation:
    # Imported late: it is built of what this module defines.
    from cordboard.testing.real_exchange import RealImplementation  # noqa: PLC0415

    return RealImplementation(folder)


IMPLEMENTATIONS = [
    pytest.param(SimulatedImplementation, id="simulated"),
    pytest.param(_real, id="real", marks=[pytest.mark.slow, pytest.mark.wire]),
]
"""What the suite runs over: callables that take a folder and give an Implementation."""


def contract(body: Body) -> Callable[..., None]:
    """Make a test, one for each implementation, of a body that wants an exchange."""

    @pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
    def test(implementation: Callable[[Path], Implementation], tmp_path: Path) -> None:
        implementation(tmp_path).run(body)

    test.__name__ = body.__name__
    test.__doc__ = body.__doc__
    return test
