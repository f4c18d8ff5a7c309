"""A simulated exchange whose phones are known by their voices, for everything that happens during a talk.

The voice of account 102 is a tone of 102 Hz, so `hears(phone)` names whom a phone hears.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from cordboard.office.directory import OfficeDirectory
from cordboard.office.documents import Document
from cordboard.office.model import InternalNumber, OfficeData, OfficeLine, OfficeSettings, Route, User, UserPhone
from cordboard.office.reception import Reception
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.office.transfers import Transfer, Transfers
from cordboard.office.voicemail_words import Digits, Phrase, Recorded
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.phone import CalledPhone, SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock
from cordboard.telephony import (
    CallListener,
    Clip,
    Clock,
    ConnectionRecord,
    DialResult,
    EndReason,
    Lamp,
    Leg,
    LegRecord,
    LegState,
    Line,
    LineTarget,
    PhoneTarget,
    Sound,
    Target,
    Tone,
    dial,
)
from cordboard.telephony.directory import LineMode
from cordboard.telephony.sounds import RINGBACK
from cordboard.testing.exchange import Listened, voice
from cordboard.testing.office import HeldOffice, loaded_directory

ACCOUNTS = tuple(str(number) for number in range(101, 109))


def hears(phone: SimulatedPhone) -> str:
    """What arrives now: the account of a voice, `ringing`, the text of a clip, or nothing."""
    return _named(phone.hearing)


def _named(sound: Sound | None) -> str:
    match sound:
        case Tone() if sound == RINGBACK:
            return "ringing"
        case Tone((hz, *_)):
            return f"{hz:g}"
        case Clip(text=text):
            return text
        case _:
            return ""


@dataclass
class Talkers:
    """Phones that dial each other, and what came of it."""

    exchange: SimulatedExchange
    listener: Listened
    results: list[DialResult] = field(default_factory=list)
    tasks: Collection["asyncio.Task[object]"] = ()

    def there(self, account: str, behaviour: FarEnd) -> None:
        """How the phone of an account behaves from now on; its voice is added."""
        self.exchange.far_ends[PhoneTarget(account)] = _with_voice(behaviour, account)

    def outside(self, line: str, number: str, behaviour: FarEnd) -> None:
        """Somebody outside who can be called over a line."""
        self.exchange.far_ends[LineTarget(line, number)] = behaviour

    def dials(self, account: str, number: str) -> SimulatedPhone:
        """The phone of an account calls."""
        return self.exchange.call_in(account, number, account=account, voice=voice(float(account)))

    async def talk(self, a: str, b: str) -> tuple[SimulatedPhone, CalledPhone]:
        """The phones of two accounts in a talk, which the first has begun."""
        caller = self.dials(a, b)
        await caller.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0)
        callee = self.rung(b)
        await asyncio.sleep(0.1)
        assert (hears(caller), hears(callee)) == (b, a)
        return caller, callee

    def in_order(self, first: str, talk: tuple[SimulatedPhone, CalledPhone]) -> tuple[SimulatedPhone, SimulatedPhone]:
        """The two of a talk, the phone of the account `first` before the other."""
        return talk if talk[0].leg.record.account == first else (talk[1], talk[0])

    def rung(self, account: str) -> CalledPhone:
        """The last call that has reached the phone of an account."""
        return [phone for phone in self.exchange.called if phone.target == PhoneTarget(account)][-1]

    def chains(self) -> set[str]:
        """The chains of all legs as they were told last."""
        return {record.chain for record in {record.id: record for record in self.listener.legs}.values()}

    async def over(self) -> None:
        """Nobody talks, nobody is called, and nothing is left behind."""
        await asyncio.sleep(1)
        assert self.exchange.legs() == []
        assert not self.exchange.talks.all()
        assert not self.exchange.talks.attempts()
        own = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not own and task not in self.tasks]
        assert left == []


def _with_voice(behaviour: FarEnd, account: str) -> FarEnd:
    return FarEnd(
        rings_after=behaviour.rings_after,
        answers_after=behaviour.answers_after,
        refuses=behaviour.refuses,
        keys=behaviour.keys,
        holds=behaviour.holds,
        hangs_up_after=behaviour.hangs_up_after,
        voice=voice(float(account)),
    )


class Both:
    """A listener that tells two."""

    def __init__(self, first: CallListener, second: CallListener) -> None:
        self._both = (first, second)

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        for each in self._both:
            each.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener."""
        for each in self._both:
            each.connection_changed(record)


@asynccontextmanager
async def talkers(
    handler: Callable[[Talkers, Leg], Awaitable[None]] | None = None,
    *,
    listener: CallListener | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Talkers]:
    """Phones of ACCOUNTS answer after a second. `handler` takes calls; without one, the dialled account is called."""
    listened = Listened()
    exchange = SimulatedExchange(
        listened if listener is None else Both(listened, listener), clock or VirtualClock(), _phones()
    )
    made = Talkers(exchange, listened)

    async def take(leg: Leg) -> None:
        await (handler or call_the_dialled)(made, leg)

    serving = asyncio.create_task(exchange.serve(take))
    await asyncio.sleep(0)
    made.tasks = [serving]
    try:
        yield made
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def call_the_dialled(made: Talkers, leg: Leg) -> None:
    """Call the phone of the account that was dialled, and note what came of it."""
    target = PhoneTarget(leg.record.dialled)
    result = await dial(made.exchange, leg, [target], show=leg.record.caller)
    made.results.append(result)
    if result.leg is not None and leg.state is not LegState.ENDED and not leg.record.answered:
        await leg.reject(result.reason or EndReason.UNREACHABLE)


def _phones(after: float = 1.0) -> dict[Target, FarEnd]:
    return {PhoneTarget(account): _with_voice(FarEnd.answers(after), account) for account in ACCOUNTS}


# --- with an office behind it -------------------------------------------------------------------------------------

CLIENT = "0671234567"
"""Somebody outside, reached over the line city."""


class Announcing:
    """Says phrases as clips: `711`, `Parking place`. Implements voicemail_words.Announcer."""

    async def sounds(self, phrases: Sequence[Phrase], language: str = "") -> Sequence[Sound]:  # noqa: ARG002  (the port's)
        """See Announcer."""
        return [Clip(None, _text(phrase)) for phrase in phrases]


def _text(phrase: Phrase) -> str:
    match phrase:
        case Digits(text) | Recorded(text):
            return text
        case Mapping():
            return phrase["en"]
        case _:
            return str(phrase)


class ShownLamps:
    """Remembers what each lamp shows. Implements telephony.Lamps."""

    def __init__(self) -> None:
        self.lamps: dict[str, Lamp] = {}

    def show(self, number: str, lamp: Lamp) -> None:
        """See Lamps."""
        self.lamps[number] = lamp

    def show_messages(self, account: str, new: int, old: int) -> None:
        """See Lamps."""

    @property
    def busy(self) -> list[str]:
        """Those that are on."""
        return sorted(number for number, lamp in self.lamps.items() if lamp is Lamp.BUSY)


class Scenarios:
    """Every scenario says its name for a minute; "status" is none. Implements VoiceScenarios."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:  # noqa: ARG002  (the port's)
        """See VoiceScenarios."""
        if name == "status":
            raise LookupError(name)
        self.ran.append(name)
        await leg.answer()
        await leg.background([Clip(None, name)])
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await leg.ended()


@dataclass
class OfficeTalkers(Talkers):
    """The same with users `u101` … of the accounts, a line to the city, and a transfer desk."""

    directory: OfficeDirectory = field(kw_only=True)
    switchboard: OfficeSwitchboard = field(kw_only=True)
    transfers: Transfers = field(kw_only=True)
    scenarios: Scenarios = field(kw_only=True)

    def refers(
        self, phone: SimulatedPhone, number: str, *, consulted: SimulatedPhone | None = None
    ) -> tuple[Transfer, "asyncio.Task[None]"]:
        """A phone transfers its other party, as with a REFER."""
        request = Transfer(number, consulted.leg if consulted else None)
        return request, asyncio.create_task(self.transfers(phone.leg, request))

    def client(self, dialled: str = "2327757", *, name: str = "Client") -> SimulatedPhone:
        """Somebody calls from outside; the scenario that takes him is to be given."""
        return self.exchange.call_in(CLIENT, dialled, line="city", name=name, voice=voice(99))


@asynccontextmanager
async def office_talkers(*documents: Document, after: float = 1.0) -> AsyncIterator[OfficeTalkers]:
    """Phones answer `after` seconds, and can dial whatever an office has. Calls over the line enter "main"."""
    users = tuple(User(f"u{each}", f"User {each}", each, allowed_prefixes=("+",)) for each in ACCOUNTS[:-1])
    stranger = User(f"u{ACCOUNTS[-1]}", "Inside only", ACCOUNTS[-1])
    held = HeldOffice(
        OfficeData(
            OfficeSettings(),
            users=(*users, stranger),
            phones=tuple(UserPhone(each, f"u{each}", "") for each in ACCOUNTS),
            lines=(OfficeLine(Line("city", LineMode.ADDRESS, "127.0.0.1", number="2327757")),),
            internal_numbers=(InternalNumber("700", "menu"), InternalNumber("701", "status")),
            routes=(Route("national", "0", ("city",)),),
            documents=documents,
        )
    )
    directory = await loaded_directory(held)
    listened, scenarios = Listened(), Scenarios()
    exchange = SimulatedExchange(listened, VirtualClock(), _phones(after))
    switchboard = OfficeSwitchboard(exchange, directory, scenarios)
    transfers = Transfers(exchange, directory, switchboard)
    made = OfficeTalkers(
        exchange,
        listened,
        directory=directory,
        switchboard=switchboard,
        transfers=transfers,
        scenarios=scenarios,
    )
    made.outside("city", CLIENT, FarEnd(answers_after=1, voice=voice(99)))
    serving = asyncio.create_task(exchange.serve(Reception(exchange, directory, switchboard), transfer=transfers))
    await asyncio.sleep(0)
    made.tasks = [serving]
    try:
        yield made
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
