"""Components tried on the real wire: the runner over SIP and RTP on loopback, scripted phones, a store in a file.

What must be is written as rows: the steps of a scenario, what the phone that calls it does, and the path that the
scenario has gone. The rows of a table are called at once, each under a number of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.office.call_log import CallLog
from cordboard.office.directory import OfficeDirectory
from cordboard.office.pins import PinGuard
from cordboard.office.ports import Tags
from cordboard.office.repositories import LoggedChain
from cordboard.office.tags import CallTags
from cordboard.phone import recognise
from cordboard.speech.api import Speech
from cordboard.speech.cache import spoken
from cordboard.speech.service import SpeechService, find_engines
from cordboard.store.database import Store
from cordboard.telephony import ConnectionRecord, EndReason, LegRecord, LegState
from cordboard.testing.audio import tone_wav
from cordboard.testing.components import voice
from cordboard.testing.components_on_exchange import ACCOUNTS, Stage, playing
from cordboard.testing.exchange import Listened, until
from cordboard.testing.office import HandClock, HeldOffice
from cordboard.testing.real_exchange import Accounts, RealExchange, RealPhone, open_office
from cordboard.testing.store import sqlite_store

PROMPTS = (540.0, 800.0, 1200.0)
"""Hz of prompts that last for half a minute, none of them a voice: `long-540.wav` …"""
SPEECH = Path(__file__).parents[3] / ".speech"
"""Where `tools/fetch-speech` has put the voices."""
PATIENCE = 20.0
"""Seconds in which a scenario must have come to its end, and a prompt be heard."""

Act = Callable[[RealPhone, Path], Awaitable[None]]
"""Something that a phone does, or waits for; the path is the folder of the prompts that were spoken."""


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario, a phone that calls it, and what must be."""

    name: str
    """Of the scenario."""
    steps: str
    does: Sequence[Act]
    path: str
    """The steps with their exits, in the order in which they were over: `ask.one said.done`."""
    variables: str = ""
    after: str = ""
    """The step that begins the branch after the hang-up."""
    holds: Mapping[str, str] = field(default_factory=dict)
    """Variables, and what they hold at the end."""
    hz: float = 0.0
    """What the phone says all the time."""


class Wire:
    """The exchange, what stands around it, and what came of the scenarios. Made by `wire`."""

    def __init__(self, x: RealExchange, stage: Stage, store: Store, log: CallLog, folder: Path) -> None:
        self.x = x
        self.stage = stage
        self.store = store
        self.sounds = folder / "sounds"
        """The prompts that were spoken."""
        self._log = log

    async def play(self, rows: Sequence[Row]) -> None:
        """Call the scenarios of all rows at once. Raises ExceptionGroup with a fault for each row that was not so."""
        faults = await asyncio.gather(*(self._play(row, str(800 + at)) for at, row in enumerate(rows)))
        if found := [fault for fault in faults if fault is not None]:
            raise ExceptionGroup("rows that were not so", found)

    async def _play(self, row: Row, number: str) -> Exception | None:
        try:
            phone = await self.x.call_in(number, hz=row.hz)
            for act in row.does:
                await act(phone, self.sounds)
            await until(lambda: self.ended(row.name), within=PATIENCE)
            assert " ".join(self.path(row.name)) == row.path
            held = self.variables(row.name)
            assert {name: held[name] for name in row.holds} == row.holds
        except Exception as fault:  # noqa: BLE001  (of every row it is told)
            fault.add_note(f"row {row.name!r}; so far it went {self.path(row.name)}")
            return fault
        return None

    def ended(self, scenario: str) -> int:
        """How many runs of a scenario have ended."""
        return sum(run.scenario == scenario for run in self.stage.ends)

    def path(self, scenario: str) -> list[str]:
        """What the runs of a scenario have gone through."""
        return [f"{step.step}.{step.exit}" for step in self.stage.steps if step.scenario == scenario]

    def variables(self, scenario: str) -> Mapping[str, str]:
        """The variables of a scenario's last run as they were at its end."""
        return next(run.variables for run in reversed(self.stage.ends) if run.scenario == scenario)

    async def chains(self) -> Sequence[LoggedChain]:
        """The call log, the youngest call first."""
        return await self._log.recent()


@asynccontextmanager
async def wire(
    folder: Path,
    *scenarios: str,
    rows: Sequence[Row] = (),
    numbers: Mapping[str, str] | None = None,
    ports: Callable[[Store], Mapping[type, object]] = lambda _store: {},
) -> AsyncIterator[Wire]:
    """An exchange on which the scenarios, and those of the rows, are published. Phones 101 to 108 are users.

    `ports` are what components use beside the office and speech, over the store.
    """
    texts = [voice(row.steps, name=row.name, variables=row.variables, after_hangup=row.after) for row in rows]
    dialled = {str(800 + at): row.name for at, row in enumerate(rows)} | dict(numbers or {})
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(sqlite_store(folder))
        log = CallLog(store.call_log, await _office())
        stack.push_async_callback(log.flush)
        tags = CallTags(store.tags)
        stack.push_async_callback(tags.close)
        speech = SpeechService(find_engines(SPEECH), folder / "sounds")
        stack.push_async_callback(speech.close)
        office = await stack.enter_async_context(
            open_office(
                folder,
                Accounts(*ACCOUNTS, "109"),
                rtp_ports=range(34000, 34200),
                phone_ports=range(34200, 34400),
                listener=_Logged(log),
            )
        )
        x = RealExchange(office)
        stage = await stack.enter_async_context(
            playing(
                x,
                *scenarios,
                *texts,
                numbers=dialled,
                store=store.runs,
                ports={Speech: speech, Tags: tags, **ports(store)},
            )
        )
        for hertz in PROMPTS:
            tone_wav(folder / "prompts" / f"long-{hertz:g}.wav", hertz, seconds=30)
        services = asyncio.create_task(stage.runner.serve())
        try:
            yield Wire(x, stage, store, log, folder)
        finally:
            services.cancel()
            with suppress(asyncio.CancelledError):
                await services


async def _office() -> OfficeDirectory:
    """The office as the call log needs it: how numbers are written."""
    held = HeldOffice()
    office = OfficeDirectory(held, PinGuard(held, HandClock()))
    await office.reload()
    return office


class _Logged(Listened):
    """A listener that also writes the call log."""

    def __init__(self, log: CallLog) -> None:
        super().__init__()
        self._log = log

    def leg_changed(self, record: LegRecord) -> None:
        super().leg_changed(record)
        self._log.leg_changed(record)

    def connection_changed(self, record: ConnectionRecord) -> None:
        super().connection_changed(record)
        self._log.connection_changed(record)


# --- what phones do -----------------------------------------------------------------------------------------------


def hears(*hz: float | None) -> Act:
    """These tones arrive, one after the other; None: silence."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        for one in hz:
            await phone.hears(one)

    return act


def hears_words(*texts: str) -> Act:
    """Exactly these prompts were said, in this order, or will be in a moment."""

    async def act(phone: RealPhone, sounds: Path) -> None:
        await until(phone.call.heard.exists)
        end = asyncio.get_running_loop().time() + PATIENCE
        said: tuple[str, ...] = ()
        while said != texts and asyncio.get_running_loop().time() < end:
            known = await asyncio.to_thread(spoken, sounds)
            said = tuple(heard.text for heard in await asyncio.to_thread(recognise, phone.call.heard, known))
            await asyncio.sleep(0.2)
        assert said == texts, f"it was: {said}"

    return act


def presses(keys: str) -> Act:
    """It presses keys."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await phone.press(keys)

    return act


def gets_keys(keys: str) -> Act:
    """Exactly these keys arrive."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await phone.hears_keys(keys)

    return act


def hangs_up() -> Act:
    """It hangs up."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await phone.hang_up()

    return act


def reaches(state: LegState) -> Act:
    """The call comes so far."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await phone.reaches(state)

    return act


def is_turned_away(status: int) -> Act:
    """The call ends unanswered with this status of SIP."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await phone.reaches(LegState.ENDED)
        assert not phone.call.was_answered
        assert phone.call.end is not None
        assert phone.call.end.status == status

    return act


def is_hung_up_on() -> Act:
    """The exchange ends the answered call."""

    async def act(phone: RealPhone, _sounds: Path) -> None:
        await until(lambda: phone.told, within=PATIENCE)
        assert phone.told is EndReason.HUNG_UP

    return act
