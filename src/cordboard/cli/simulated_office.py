"""The office that the simulator tries scenarios in: the real rules over data in memory, and no world outside."""

import asyncio
import logging
import re
import sys
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from html import unescape
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from cordboard.cli.common import fail, opened, settings_for, told
from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_desks import SimulatedDesks
from cordboard.cli.simulated_tables import given_workbooks, shown_rows
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.datasource.excel.memory import MemoryWorkbooks
from cordboard.datasource.excel.ports import Workbooks
from cordboard.datasource.sql.nobody import NoDatabases
from cordboard.datasource.sql.ports import SqlSources
from cordboard.datasource.web.nobody import Nobody
from cordboard.datasource.web.ports import Web
from cordboard.office.calendar import CalendarFile, OfficeCalendar
from cordboard.office.call_history import HeldCalls, LoggedCallHistory
from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import OfficeData, OfficeSettings
from cordboard.office.number_lists import HeldNumberLists, OfficeNumberLists
from cordboard.office.pins import WRONG_LIMIT
from cordboard.office.ports import (
    Calendar,
    CallHistory,
    Form,
    Numbering,
    NumberLists,
    Person,
    PinCheck,
    Recordings,
    Rooms,
    Screens,
    Staff,
    Tags,
)
from cordboard.office.recordings import RecordingFolder
from cordboard.office.rooms import ConferenceRooms
from cordboard.outbox.ports import Templates
from cordboard.outbox.templates import TemplateFolder
from cordboard.scenario.ports import Effect
from cordboard.scenario.runner import Goodbye as SayGoodbye
from cordboard.scenario.runner import Runner
from cordboard.scenario.values import AnyValue
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.script import Given
from cordboard.speech.api import Prompts, Speech
from cordboard.speech.cache import spoken as spoken_before
from cordboard.speech.prompts import PromptStore
from cordboard.telephony import (
    Clip,
    Exchange,
    LegHandler,
    LineTarget,
    PhoneNumber,
    Sound,
    SystemClock,
    Target,
    Wording,
    choose,
)
from cordboard.wiring.scenarios import Goodbye


class OfficeInMemory:
    """Implements `simulation.simulator.SimulatedOffice` over `office`.

    `calendar` is by itself Monday to Friday, 9 to 18. `pins` are those of its people in clear, `prompts` the folder of
    recorded sounds. `spoken` holds sounds of texts that were spoken before, so that they take as long as they did; any
    other text takes about as long. Make it where no loop runs.
    """

    def __init__(
        self,
        office: OfficeData,
        *,
        pins: Mapping[str, str] | None = None,
        prompts: Path | None = None,
        spoken: Mapping[str, Path] | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._office = office
        self._pins = dict(pins or {})
        self._prompts = prompts or Path("prompts")
        self._spoken = spoken or {}
        self._calendar: Calendar = calendar or OfficeCalendar()
        self._directory = asyncio.run(_directory(office))
        self._desks: MutableMapping[Exchange, SimulatedDesks] = WeakKeyDictionary()
        """Of each simulation."""
        self._accounts = {phone.account: phone.login for phone in office.phones}
        self.catalogue = catalogue()
        self.zone = ZoneInfo(office.settings.time_zone)
        self.country = office.settings.country

    @asynccontextmanager
    async def opened(
        self, given: Given, exchange: Exchange, effects: Callable[[], Awaitable[Sequence[Effect]]]
    ) -> AsyncIterator[Mapping[type, object]]:
        """See SimulatedOffice."""
        assert isinstance(exchange, SimulatedExchange)
        rooms = ConferenceRooms(exchange)
        speech = SimulatedVoice(given.language or self._office.settings.language, self._spoken)
        prompts = PromptStore(self._prompts)
        with TemporaryDirectory(prefix="cordboard-") as folder:
            recordings = RecordingFolder(Path(folder))
            desks = self._desks[exchange] = SimulatedDesks(
                self._directory, exchange, rooms, speech=speech, prompts=prompts, recordings=recordings
            )
            async with desks.at_work():
                yield {
                    **desks.ports,
                    Speech: speech,
                    Numbering: self._directory,
                    Staff: SimulatedStaff(self._directory, {**self._pins, **given.pins}),
                    Prompts: prompts,
                    Recordings: recordings,
                    Rooms: rooms,
                    Calendar: self._calendar,
                    Screens: SimulatedScreens(),
                    Tags: SimulatedTags(),
                    # Nobody has called before, and the lists are empty: `answers` of a script say otherwise.
                    CallHistory: LoggedCallHistory(HeldCalls(), self._directory),
                    NumberLists: OfficeNumberLists(HeldNumberLists(), SystemClock()),
                    Web: Nobody(),
                    SqlSources: NoDatabases(),
                    Workbooks: given_workbooks(given.tables, self.country, effects),
                    Templates: TemplateFolder(self._prompts.with_name("templates")),
                    Random: Random(1),
                }
            await rooms.close()

    async def tables(self, ports: Mapping[type, object]) -> Mapping[str, Sequence[Mapping[str, AnyValue]]]:
        """See SimulatedOffice."""
        books = ports[Workbooks]
        assert isinstance(books, MemoryWorkbooks)
        return {name: shown_rows(await books.shown(name)) for name in books.names}

    def names_of(self, target: Target) -> Collection[str]:
        """See SimulatedOffice."""
        if isinstance(target, LineTarget):
            return {target.number}
        person = self._directory.by_account(target.account)
        return {target.account, *((person.login, person.number) if person else ())}

    def line_number(self, line: str) -> tuple[str, str]:
        """See SimulatedOffice."""
        lines = [one for one in self._directory.lines() if line in {"", one.name}]
        return (lines[0].name, lines[0].number) if lines else (line, "")

    def reception(self, exchange: Exchange, runner: Runner) -> LegHandler:
        """See SimulatedOffice."""
        return self._desks[exchange].reception(runner)

    def goodbye(self, ports: Mapping[type, object]) -> SayGoodbye:
        """See SimulatedOffice."""
        speech: Any = ports[Speech]
        return Goodbye(speech, self._directory)


class SimulatedVoice:
    """Implements `speech.api.Speech`: the text stands for its sound."""

    def __init__(self, language: str, spoken: Mapping[str, Path]) -> None:
        self._language = language
        self._spoken = spoken

    async def say(self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0) -> Clip:
        """See Speech. It never fails, and knows one voice."""
        del voice, speed
        wording, _ = choose(text, language or self._language)
        return Clip(self._spoken.get(wording), wording)

    async def say_in_turn(
        self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[Clip, None]:
        """See Speech. It is made at once, and so stays whole."""
        yield await self.say(text, language, voice, speed)

    async def say_marked(self, markup: str, language: str = "", voice: str = "", speed: float = 1.0) -> Sequence[Sound]:
        """See Speech. What stands between the tags is what is heard."""
        return [await self.say(" ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split()), language, voice, speed)]


class SimulatedStaff:
    """Implements `office.ports.Staff`: the people of the office, with PINs in clear."""

    def __init__(self, directory: OfficeDirectory, pins: Mapping[str, str]) -> None:
        self._directory = directory
        self._pins = pins
        self._wrong: Counter[str] = Counter()

    def by_login(self, login: str) -> Person | None:
        """See Staff."""
        return self._directory.by_login(login)

    def by_account(self, account: str) -> Person | None:
        """See Staff."""
        return self._directory.by_account(account)

    def by_phone(self, phone: PhoneNumber) -> Person | None:
        """See Staff."""
        return self._directory.by_phone(phone)

    async def check_pin(self, login: str, pin: str) -> PinCheck:
        """See Staff."""
        if self._wrong[login] >= WRONG_LIMIT:
            return PinCheck.LOCKED
        if pin and self._pins.get(login) == pin:
            self._wrong[login] = 0
            return PinCheck.RIGHT
        if login not in self._pins:
            return PinCheck.WRONG
        self._wrong[login] += 1
        return PinCheck.LOCKED if self._wrong[login] >= WRONG_LIMIT else PinCheck.WRONG


class SimulatedScreens:
    """Implements `office.ports.Screens`: whoever is asked closes the form. What he writes is given as an answer."""

    async def ask(self, user: str, form: Form) -> Mapping[str, str] | None:  # noqa: ARG002  (nobody is there)
        """See Screens."""
        return None


class SimulatedTags:
    """Implements `office.ports.Tags`: there is no call log."""

    async def tag(self, chain: str, name: str, value: str) -> None:
        """See Tags."""


class _FixedOffice:
    """Implements `OfficeRepository` and `PinFailureRepository` over data that does not change."""

    def __init__(self, office: OfficeData) -> None:
        self._data = office

    async def load(self) -> OfficeData:
        return self._data

    async def version(self) -> int:
        return 1


async def _directory(office: OfficeData) -> OfficeDirectory:
    fixed: Any = _FixedOffice(office)
    pins: Any = None  # SimulatedStaff answers in its place
    directory = OfficeDirectory(fixed, pins)
    await directory.reload()
    return directory


def office_for(office_file: Path | None, data: Path | None, *, spoken: bool = False) -> OfficeInMemory:
    """The office of a file; without one that of the data folder; without that an empty one.

    What is wrong with it is said in a sentence, and ends the command. With `spoken`, texts that the exchange has spoken
    before take as long as they did.
    """
    settings = settings_for(data)
    sounds = spoken_before(settings.sounds) if spoken and settings.sounds.is_dir() else {}
    if office_file is not None:
        try:
            read = read_office(office_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as fault:
            fail(f"{office_file} cannot be read: {fault}.")
        if read.faults:
            fail("\n".join(f"{office_file}:{fault.told(told)}" for fault in read.faults))
        return _made(read.office, pins=read.pins, prompts=settings.prompts, spoken=sounds, calendar=read.calendar)
    more = {"prompts": settings.prompts, "spoken": sounds, "calendar": CalendarFile(settings.calendar)}
    if not settings.set_up:
        return _made(OfficeData(OfficeSettings(time_zone=settings.time_zone)), **more)
    return _made(asyncio.run(_stored(settings)), **more)


def _made(office: OfficeData, **more: Any) -> OfficeInMemory:
    try:
        with quiet():
            return OfficeInMemory(office, **more)
    except (ZoneInfoNotFoundError, ValueError):
        fail(f"There is no time zone {office.settings.time_zone!r}: write one like Europe/Kyiv.")


async def _stored(settings: Settings) -> OfficeData:
    async with opened(settings) as store:
        return await store.office.load()


@contextmanager
def quiet() -> Iterator[None]:
    """What an exchange would log is told by transcripts and failures: the rest goes beside what is printed."""
    log, before = logging.getLogger("cordboard"), structlog.get_config()
    level = log.level
    log.setLevel(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        log.setLevel(level)
        structlog.configure(**before)
