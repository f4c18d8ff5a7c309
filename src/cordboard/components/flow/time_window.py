"""Time window."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator

from cordboard.components._written import may_be
from cordboard.office.ports import Calendar, Span, days_around, days_of, open_at, spans_of
from cordboard.scenario.component import Component, Example, Row
from cordboard.scenario.context import Context
from cordboard.scenario.said import said


def _days(text: str) -> str:
    try:
        list(days_of(text))
    except ValueError as fault:
        raise ValueError(
            said("{day!r} is no week day: write mon, tue, wed, thu, fri, sat or sun, or mon-fri", day=str(fault))
        ) from None
    return text


def _hours(text: str) -> str:
    try:
        spans_of(text)
    except ValueError as fault:
        raise ValueError(said("{hours!r} are no hours: write 09:00-13:00, 14:00-18:00", hours=str(fault))) from None
    return text


class Hours(Row):
    """Hours on some days of the week."""

    days: Annotated[str, AfterValidator(_days)] = ""
    """The days: `mon-fri`, or `sat, sun`. Empty: every day."""
    hours: Annotated[str, AfterValidator(_hours)]
    """From and to: `09:00-18:00`; several with a comma between. `22:00-06:00` goes beyond midnight: it belongs to the
    day on which it begins."""


class TimeWindow(Component):
    """Goes by the time: whether it is within hours that are written here, or those of the office's calendar.

    Exits: *inside*; *outside*; *holiday* on a day on which the office is closed though its week says otherwise, all day
    long. A night that began before the holiday is still *inside*.
    """

    kind = "time_window"
    title = "Time window"
    group = "flow"
    examples = (
        Example("Does the office work now?", "open:\n  component: time_window"),
        Example(
            "At night nobody is called back, whatever day it is.",
            "night:\n  component: time_window\n  hours:\n    - {hours: 22:00-08:00}\n  holidays: no",
        ),
    )

    hours: tuple[Hours, ...] = ()
    """The hours. None: those of the office's calendar."""
    holidays: bool = True
    """Whether holidays are told apart. If not, they are days like any other (those of the calendar are closed then)."""
    at: datetime | None = None
    """The moment that is looked at. Empty: now."""

    class Exit(StrEnum):
        """Its exits."""

        INSIDE = "inside"
        OUTSIDE = "outside"
        HOLIDAY = "holiday"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No holiday where they are not told apart."""
        apart = may_be(written, "holidays", default=True)
        return tuple(name for name in cls.fixed_exits() if name != cls.Exit.HOLIDAY or apart)

    async def run(self, ctx: Context) -> str:
        """Look at the clock."""
        at = (self.at or ctx.now()).astimezone(ctx.now().tzinfo)
        # Hours that are drawn need the office's calendar for nothing but its holidays.
        calendar = ctx.port(Calendar) if self.holidays or not self.hours else None
        if self._is_open(at, calendar):
            return self.Exit.INSIDE
        if self.holidays and calendar is not None and calendar.holiday(at.date()):
            return self.Exit.HOLIDAY
        return self.Exit.OUTSIDE

    def _is_open(self, at: datetime, calendar: Calendar | None) -> bool:
        if not self.hours:
            return calendar is not None and calendar.is_working(at)
        return open_at(at, ((day, self._spans(day, calendar)) for day in days_around(at)))

    def _spans(self, day: date, calendar: Calendar | None) -> list[Span]:
        if self.holidays and calendar is not None and calendar.holiday(day):
            return []
        rows = (row for row in self.hours if day.weekday() in days_of(row.days))
        return [span for row in rows for span in spans_of(row.hours)]
