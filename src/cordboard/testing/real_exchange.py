"""The real exchange for tests: the switch and scripted phones over SIP and RTP on loopback."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cordboard.phone import Call, Desk, Phone, open_desk
from cordboard.phone.desk import Taker
from cordboard.phone.listening import read_sound
from cordboard.simulation.far_end import FarEnd
from cordboard.sip.api import Address, EndedBy
from cordboard.sip.digest import ha1_of
from cordboard.switch.exchange import SipExchange, open_exchange
from cordboard.switch.settings import SwitchSettings
from cordboard.telephony import Account, Clock, EndReason, LegState, Line, Registration, SystemClock, Tone
from cordboard.testing.audio import SAMPLE_RATE, Samples, heard_among, level_at, strongest_frequency
from cordboard.testing.exchange import VOICES, WITHIN, Body, Hold, Listened, PhoneUnderTest, until

_REALM = "contract"
_TOLD = {
    403: EndReason.FORBIDDEN,
    404: EndReason.NOT_FOUND,
    480: EndReason.UNREACHABLE,
    486: EndReason.BUSY,
    500: EndReason.ERROR,
    503: EndReason.SHUTDOWN,
    603: EndReason.REJECTED,
}
_REFUSALS = {EndReason.BUSY: (486, "Busy Here"), EndReason.REJECTED: (603, "Decline")}
_SAMPLES = 1600
"""A stretch of sound in which a tone is told: 200 ms."""
_FRAME = 160
_LOUD = 500
"""The highest sample of a frame that is no silence."""


class RealImplementation:
    """The switch on loopback. Implements `Implementation`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, body: Body) -> None:
        """See Implementation."""
        asyncio.run(self._run(body))

    async def _run(self, body: Body) -> None:
        async with open_office(self._folder, rtp_ports=range(33000, 33200), phone_ports=range(33200, 33400)) as office:
            await body(RealExchange(office))


class Accounts:
    """Accounts whose passwords are their own names, and lines; both may change. Implements telephony.Directory."""

    def __init__(self, *names: str, realm: str = _REALM, behind_nat: bool = False) -> None:
        self.realm = realm
        self.names = set(names)
        self.wanted: list[Line] = []
        self.behind_nat = behind_nat

    def account(self, name: str) -> Account | None:
        """See Directory."""
        if name not in self.names:
            return None
        secret = ha1_of("MD5", name, self.realm, name)
        return Account(name, name, f"Phone {name}", secret, behind_nat=self.behind_nat)

    def line(self, name: str) -> Line | None:
        """See Directory."""
        return next((line for line in self.wanted if line.name == name), None)

    def lines(self) -> Sequence[Line]:
        """See Directory."""
        return tuple(self.wanted)


class Forgetful:
    """Implements telephony.Registrations for an exchange that is not started again."""

    async def load(self) -> Sequence[Registration]:
        """Nothing."""
        return ()

    async def save(self, registration: Registration) -> None:
        """Nothing."""

    async def remove(self, account: str, contact: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Office:
    """An exchange on loopback and a desk with phones beside it."""

    exchange: SipExchange
    listener: Listened
    directory: Accounts
    desk: Desk
    folder: Path

    @property
    def server(self) -> Address:
        """Where the exchange listens."""
        return self.exchange.agent.addresses[0]

    def phone(self, account: str, *, password: str = "", taker: Taker | None = None) -> Phone:
        """A phone at the desk, not signed in yet."""
        return self.desk.phone(account, password or account, self.server, taker=taker)


@asynccontextmanager
async def open_office(
    folder: Path,
    directory: Accounts | None = None,
    *,
    rtp_ports: range = range(33400, 33600),
    phone_ports: range = range(33600, 33800),
    clock: Clock | None = None,
    listen: Address = Address("udp", "127.0.0.1", 0),  # noqa: B008  (frozen)
    external_address: str = "",
    local_networks: Sequence[str] = ("127.0.0.0/8",),
    listener: Listened | None = None,
    silence: float = 20.0,
) -> AsyncIterator[Office]:
    """An exchange and a desk, for as long as the context lasts. What phones hear is in `folder`/calls."""
    listener = listener or Listened()
    directory = directory or Accounts("101", "102", "103", "104", "109")
    settings = SwitchSettings(
        [listen],
        rtp_ports,
        rtp_host="127.0.0.1",
        external_address=external_address,
        local_networks=local_networks,
        silence=silence,
    )
    calls = folder / "calls"
    calls.mkdir()
    async with (
        open_exchange(settings, directory, Forgetful(), listener, clock or SystemClock()) as exchange,
        open_desk(rtp_ports=phone_ports, folder=calls) as desk,
    ):
        yield Office(exchange, listener, directory, desk, folder)


def kill_worker(first_port: int = 33400) -> None:
    """Kill the media worker of an office's exchange: the child of this process whose ports begin there."""
    own = os.getpid()
    children = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii").split()
    (worker,) = (pid for pid in children if _is_worker(Path(f"/proc/{pid}/cmdline").read_bytes(), first_port))
    os.kill(int(worker), signal.SIGKILL)


def _is_worker(command: bytes, first_port: int) -> bool:
    return b"cordboard.media.worker" in command and f"\0{first_port}\0".encode() in command


class RealExchange:
    """An office as the contract suite sees it. Implements ExchangeUnderTest."""

    def __init__(self, office: Office) -> None:
        self.folder = office.folder
        self.exchange = office.exchange
        self.listener = office.listener
        self._desk = office.desk
        self._server = office.server
        self._rung: dict[str, list[Call]] = {}

    async def phone(self, account: str, behaviour: FarEnd) -> None:
        """See ExchangeUnderTest."""
        rung = self._rung.setdefault(account, [])

        async def take(call: Call) -> None:
            rung.append(call)
            self._desk.own(_behave(call, behaviour))

        await self._desk.phone(account, account, self._server, taker=take).register()

    async def call_in(
        self,
        dialled: str,
        *,
        account: str = "101",
        hz: float = 0.0,
        replaces: "PhoneUnderTest | str | None" = None,
    ) -> "RealPhone":
        """See ExchangeUnderTest. `replaces` may also be as in Phone.dial."""
        phone: Phone = self._desk.phone(account, account, self._server)
        call = await phone.dial(dialled, replaces=_named(replaces))
        if hz:
            self._desk.own(_speak(call, hz))
        return RealPhone(call)

    async def rung(self, account: str) -> "RealPhone":
        """See ExchangeUnderTest."""
        await until(lambda: self._rung.get(account))
        return RealPhone(self._rung[account][-1])


def _named(replaced: PhoneUnderTest | str | None) -> str:
    """The dialog of a phone's call as the exchange sees it (RFC 3891 §4)."""
    if not isinstance(replaced, RealPhone):
        return str(replaced or "")
    call_id, ours, theirs = replaced.call.dialog
    return f"{call_id};to-tag={theirs};from-tag={ours}"


async def _speak(call: Call, hz: float) -> None:
    if await call.answered():
        await call.say_tone(hz)


async def _behave(call: Call, behaviour: FarEnd) -> None:
    """Do as the behaviour says; the call's end cuts it short."""
    doing = asyncio.ensure_future(_live(call, behaviour))
    ended = asyncio.ensure_future(call.ended())
    try:
        await asyncio.wait((doing, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:
        doing.cancel()
        ended.cancel()
        await asyncio.gather(doing, ended, return_exceptions=True)


async def _live(call: Call, behaviour: FarEnd) -> None:
    if behaviour.rings_after is not None:
        await asyncio.sleep(behaviour.rings_after)
        if isinstance(behaviour.early, Tone):
            await call.speak_early()
            await call.say_tone(behaviour.early.frequencies[0])
        else:
            call.ring()
    if behaviour.answers_after is None:
        return
    await asyncio.sleep(behaviour.answers_after)
    if behaviour.redirects_to:
        call.redirect(behaviour.redirects_to)
        return
    if behaviour.refuses is not None:
        call.refuse(*_REFUSALS[behaviour.refuses])
        return
    await call.answer()
    if isinstance(behaviour.voice, Tone):
        await call.say_tone(behaviour.voice.frequencies[0])
    elif behaviour.early is not None:
        await call.say_tone(0)
    acts: list[tuple[float, Any]] = [(at, call.press(keys)) for at, keys in behaviour.keys.items()]
    for at, seconds in behaviour.holds.items():
        acts += [(at, call.hold()), (at + seconds, call.resume())]
    if behaviour.hangs_up_after is not None:
        acts.append((behaviour.hangs_up_after, call.hang_up()))
    loop = asyncio.get_running_loop()
    started = loop.time()
    for at, act in sorted(acts, key=lambda one: one[0]):
        await asyncio.sleep(max(0.0, started + at - loop.time()))
        await act


class RealPhone:
    """A scripted phone in one call. Implements PhoneUnderTest."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._heard_until = 0

    @property
    def told(self) -> EndReason | None:
        """See PhoneUnderTest."""
        end = self.call.end
        if end is None or end.by is not EndedBy.REMOTE:
            return None
        if end.elsewhere:
            return EndReason.ANSWERED_ELSEWHERE
        if end.status is not None:
            return _TOLD.get(end.status, EndReason.ERROR)
        return EndReason.HUNG_UP if self.call.was_answered else EndReason.CANCELLED

    @property
    def called_by(self) -> str:
        """See PhoneUnderTest."""
        return self.call.caller.user

    async def reaches(self, state: LegState) -> None:
        """See PhoneUnderTest."""
        waits = {
            LegState.RINGING: self.call.ringing,
            LegState.ANSWERED: self.call.answered,
            LegState.ENDED: self.call.ended,
        }
        async with asyncio.timeout(5.0):
            assert await waits[state](), f"the call ended before it was {state}"

    async def hears(self, hz: float | None) -> None:
        """See PhoneUnderTest."""
        await until(lambda: self._hears(hz))

    def _hears(self, hz: float | None) -> bool:
        """Whether it has arrived since what was heard last: a recording reaches its file once a second."""
        if not self.call.heard.exists():
            return hz is None
        sound = self._heard()
        for start in range(self._heard_until, len(sound) - _SAMPLES + 1, _SAMPLES // 2):
            window = sound[start : start + _SAMPLES]
            strongest = strongest_frequency(window)
            loud = level_at(window, strongest) > 500
            if not loud if hz is None else loud and abs(strongest - hz) < 10:
                self._heard_until = start
                return True
        return False

    async def hears_all(self, *hz: float) -> None:
        """See PhoneUnderTest."""
        await until(lambda: self._hears_all(set(hz)))

    def _hears_all(self, hz: set[float]) -> bool:
        sound = self._heard()
        for start in range(self._heard_until, len(sound) - _SAMPLES + 1, _SAMPLES // 2):
            if heard_among(sound[start : start + _SAMPLES], VOICES) == hz:
                self._heard_until = start
                return True
        return False

    async def longest_gap(self) -> float:
        """See PhoneUnderTest."""
        sound = self._heard()
        frames = sound[: len(sound) // _FRAME * _FRAME].reshape(-1, _FRAME)
        loud = np.flatnonzero(np.abs(frames).max(axis=1) > _LOUD)
        return float(np.diff(loud).max(initial=1) - 1) * _FRAME / SAMPLE_RATE

    def _heard(self) -> Samples:
        if not self.call.heard.exists():
            return np.zeros(0, dtype=np.int16)
        return read_sound(self.call.heard).astype(np.int16)

    async def hears_keys(self, keys: str) -> None:
        """See PhoneUnderTest."""
        await until(lambda: self.call.keys == keys)

    async def press(self, keys: str) -> None:
        """See PhoneUnderTest."""
        await self.call.press(keys)

    async def hold(self, way: Hold = Hold.SENDONLY) -> None:
        """See PhoneUnderTest."""
        match way:
            case Hold.SENDONLY:
                await self.call.hold()
            case Hold.INACTIVE:
                await self.call.hold("inactive")
            case Hold.ADDRESS:
                await self.call.hold("sendrecv", host="0.0.0.0")

    async def resume(self) -> None:
        """See PhoneUnderTest."""
        await self.call.resume()

    async def transfer(self, to: "str | PhoneUnderTest") -> bool:
        """See PhoneUnderTest."""
        return await (self.call.refer_to(to.call) if isinstance(to, RealPhone) else self.call.refer(str(to)))

    async def transferred(self) -> EndReason | None:
        """See PhoneUnderTest."""
        async with asyncio.timeout(WITHIN):
            status = await self.call.referred()
        return None if status == 200 else _TOLD.get(status, EndReason.ERROR)

    @property
    def told_ringing(self) -> bool:
        """See PhoneUnderTest."""
        return 180 in self.call.progress

    async def hang_up(self) -> None:
        """See PhoneUnderTest."""
        await self.call.hang_up()
