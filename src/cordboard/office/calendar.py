"""When the office works: hours of the week, holidays of the country, and its own exceptions, from a file."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog

from cordboard.office.hours import Span, days_around, days_of, open_at, spans_of

_log = structlog.get_logger("office")

EXAMPLE = """\
# When the office works. Days that are not written are closed; a span that closes before it opens ends the next day.
[week]
mon-fri = "09:00-13:00, 14:00-18:00"
sat = "10:00-15:00"

[holidays]
# Public holidays of this country, as far as they are known. Leave it out, and only the days below count.
country = "UA"

# Days on which it is otherwise: closed, other hours, and what the day is called.
[days]
2026-12-31 = "09:00-14:00"
2027-01-01 = "closed; New Year"
"""


class CalendarError(ValueError):
    """The calendar is written wrongly; the message has a line for each fault."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which it is otherwise than every week."""

    spans: tuple[Span, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class OfficeCalendar:
    """One state of the calendar. Moments are those of the office's zone."""

    week: Mapping[int, tuple[Span, ...]] = field(
        default_factory=lambda: dict.fromkeys(range(5), spans_of("09:00-18:00"))
    )
    """Week day (0 is Monday) to its hours."""
    country: str = ""
    """Whose public holidays count; empty: nobody's."""
    subdivision: str = ""
    """Of the country, where holidays differ: a canton, a land."""
    days: Mapping[date, Day] = field(default_factory=dict)

    def is_working(self, at: datetime) -> bool:
        """See office.ports.Calendar."""
        return open_at(at, ((day, self._spans(day)) for day in days_around(at)))

    def holiday(self, day: date) -> str:
        """See office.ports.Calendar."""
        own = self.days.get(day)
        if own is not None:
            return "" if own.spans else own.name or self._public(day) or "closed"
        return self._public(day)

    def _spans(self, day: date) -> tuple[Span, ...]:
        own = self.days.get(day)
        if own is not None:
            return own.spans
        return () if self._public(day) else self.week.get(day.weekday(), ())

    def _public(self, day: date) -> str:
        return _public_holidays(self.country, self.subdivision, day.year).get(day, "") if self.country else ""


def read_calendar(text: str) -> OfficeCalendar:
    """Read what is written as EXAMPLE is. Raises CalendarError naming all that is wrong."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise CalendarError(f"this is no TOML: {fault}") from fault
    faults: list[str] = []
    faults += [f"[{name}] is unknown: there are week, holidays and days" for name in written.keys() - _SECTIONS]
    sections = {name: written.get(name, {}) for name in _SECTIONS}
    for name, section in sections.items():
        if not isinstance(section, dict):
            faults.append(f"{name}: write it as a section, [{name}]")
            sections[name] = {}
    week = _week(sections["week"], faults)
    days = dict(_days(sections["days"], faults))
    country, subdivision = _country(sections["holidays"], faults)
    if faults:
        raise CalendarError("\n".join(faults))
    return OfficeCalendar(week, country, subdivision, days)


class CalendarFile:
    """Implements `office.ports.Calendar` over a file that may change at any time.

    Without a file it is Monday to Friday, 9 to 18. A file that cannot be read is logged, once, and the last state
    holds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._calendar = OfficeCalendar()

    def is_working(self, at: datetime) -> bool:
        """See office.ports.Calendar."""
        return self._current().is_working(at)

    def holiday(self, day: date) -> str:
        """See office.ports.Calendar."""
        return self._current().holiday(day)

    def _current(self) -> OfficeCalendar:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if self._seen is not None:
                self._seen, self._calendar = None, OfficeCalendar()
            return self._calendar
        seen = (status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._seen = seen
            try:
                self._calendar = read_calendar(self._path.read_text(encoding="utf-8"))
            except (CalendarError, OSError, UnicodeDecodeError) as fault:
                _log.error("the calendar cannot be read, its last state holds", file=str(self._path), fault=str(fault))
        return self._calendar


_SECTIONS = ("week", "holidays", "days")


def _week(section: Mapping[str, Any], faults: list[str]) -> Mapping[int, tuple[Span, ...]]:
    week: dict[int, tuple[Span, ...]] = {}
    for names, hours in section.items():
        spans = _hours(hours, f"week: {names}", faults)
        try:
            days = list(days_of(names))
        except ValueError as fault:
            faults.append(f"week: {str(fault)!r} is no day: write mon, tue, wed, thu, fri, sat, sun, or mon-fri")
            continue
        if any(day in week for day in days):
            faults.append(f"week: {names} names a day that was there before")
        week |= dict.fromkeys(days, spans)
    return week


def _days(section: Mapping[str, Any], faults: list[str]) -> Iterable[tuple[date, Day]]:
    for name, told in section.items():
        try:
            day = date.fromisoformat(name)
        except ValueError:
            faults.append(f"days: {name!r} is no date: write 2026-12-31")
            continue
        hours, _, words = told.partition(";") if isinstance(told, str) else (told, "", "")
        yield day, Day(_hours(hours, f"days: {name}", faults), words.strip())


def _hours(told: object, place: str, faults: list[str]) -> tuple[Span, ...]:
    try:
        if not isinstance(told, str):
            raise ValueError(told)
        return spans_of(told)
    except ValueError:
        faults.append(f'{place}: {told!r} are no hours: write "09:00-13:00, 14:00-18:00" or "closed"')
        return ()


def _country(section: Mapping[str, Any], faults: list[str]) -> tuple[str, str]:
    country, subdivision = str(section.get("country", "")), str(section.get("subdivision", ""))
    faults += [
        f"holidays: {name} is unknown: there are country and subdivision"
        for name in section
        if name not in ("country", "subdivision")
    ]
    if country:
        try:
            _public_holidays(country, subdivision, 2026)
        except NotImplementedError:
            place = f"{country} {subdivision}".rstrip()
            faults.append(f"holidays: nothing is known of {place}: leave it out, and list days")
    return country, subdivision


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """As the library knows them, which for some countries and years is nothing. Raises NotImplementedError."""
    import holidays  # noqa: PLC0415 - it takes 0.3 s, and an office without a country never needs it

    return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
