"""A small office in memory, with one of everything that a rule depends on."""

from datetime import UTC, datetime, timedelta

from cordboard.office.directory import OfficeDirectory
from cordboard.office.model import (
    InternalNumber,
    OfficeData,
    OfficeItem,
    OfficeLine,
    OfficeSettings,
    Route,
    User,
    UserPhone,
)
from cordboard.office.pins import PinGuard
from cordboard.office.repositories import PinFailures
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode


class HandClock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The time that was set."""
        return self.time

    def advance(self, **how_much: float) -> None:
        """Move on by timedelta's arguments."""
        self.time += timedelta(**how_much)


class HeldOffice:
    """The office and its counters held in memory, for tests in virtual time; OFFICE if none is given.

    Implements `OfficeRepository` and `PinFailureRepository`, but for changes: `change` makes them. While `fails`
    has words, the version cannot be asked.
    """

    def __init__(self, office: "OfficeData | None" = None) -> None:
        self.office = office or OFFICE
        self.revision = 1
        self.fails = ""
        self.failures: dict[str, PinFailures] = {}

    def change(self, office: OfficeData) -> None:
        """As if another process had written."""
        self.office = office
        self.revision += 1

    async def load(self) -> OfficeData:
        """See OfficeRepository."""
        return self.office

    async def version(self) -> int:
        """See OfficeRepository."""
        if self.fails:
            raise OSError(self.fails)
        return self.revision

    async def save(self, *items: OfficeItem) -> None:
        """Not here."""
        raise NotImplementedError

    async def remove(self, item: OfficeItem) -> bool:
        """Not here."""
        raise NotImplementedError

    async def get(self, login: str) -> PinFailures:
        """See PinFailureRepository."""
        return self.failures.get(login, PinFailures())

    async def put(self, login: str, failures: PinFailures) -> None:
        """See PinFailureRepository."""
        self.failures[login] = failures


def _line(name: str, number: str = "", *, scenario: str = "", enabled: bool = True, username: str = "") -> OfficeLine:
    return OfficeLine(Line(name, LineMode.ADDRESS, "127.0.0.1", number=number, username=username), scenario, enabled)


OFFICE = OfficeData(
    OfficeSettings(language="ru", main_scenario="main"),
    users=(
        User("anna", "Анна", "101", "067 123 45 67", "uk", "hash of 4821", ("+380", "112")),
        User("boris", "Борис", "102", "+380671234567", allowed_prefixes=()),
        User("carl", "Карл", "103", allowed_prefixes=("+",)),
        User("gone", "Ушёл", "104", "+380501112233", allowed_prefixes=("+",), enabled=False),
        User("phoneless", "Без телефона", "105", pin_hash="rubbish"),
    ),
    phones=(
        UserPhone("101", "anna", "s1"),
        UserPhone("101-mobile", "anna", "s2", behind_nat=True),
        UserPhone("102", "boris", "s3"),
        UserPhone("104", "gone", "s4"),
    ),
    lines=(
        _line("city", "+380322327757"),
        _line("gsm", username="gsm-user", scenario="night"),
        _line("broken", enabled=False),
    ),
    internal_numbers=(InternalNumber("700", "menu"), InternalNumber("*1", "status")),
    routes=(
        Route("national", "0", ("broken", "city", "gsm")),
        Route("world", "+", ("gsm",)),
        Route("access", "9", ("city",), strip=1),
        Route("poland, dear", "+48", ("gsm",), priority=2),
        Route("poland", "+48", ("city",), strip=1, prepend="00", priority=1),
        Route("emergency", "112", ("city",), shortest=3),
        Route("dead", "+1", ("broken",)),
    ),
)


async def loaded_directory(held: HeldOffice | None = None, clock: HandClock | None = None) -> OfficeDirectory:
    """The directory of `held` (OFFICE if left out), loaded."""
    held = held or HeldOffice()
    clock = clock or HandClock()
    directory = OfficeDirectory(held, PinGuard(held, clock), clock)
    await directory.reload()
    return directory
