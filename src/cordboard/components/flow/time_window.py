"""Time window."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from cordboard.components._written import may_be
from cordboard.office.ports import Calendar, Span, days_around, days_of, open_at, spans_of
from cordboard.scenario.component import Component, Example, Row
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import PhoneNumber


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
        Example(
            "May this client be called now, where he lives?",
            "day:\n  component: time_window\n  phone: =phone\n  hours:\n    - {days: mon-sat, hours: 09:00-20:00}",
        ),
    )

    hours: tuple[Hours, ...] = ()
    """The hours. None: those of the office's calendar."""
    holidays: bool = True
    """Whether holidays are told apart. If not, they are days like any other (those of the calendar are closed then)."""
    at: datetime | None = None
    """The moment that is looked at. Empty: now."""
    phone: PhoneNumber | None = None
    """By whose clock the hours count that are written here: `=phone` is that of the called one's country or region. If
    it may be in several time zones, all of them must be inside. Empty: by the clock of the office."""

    class Exit(StrEnum):
        """Its exits."""

        INSIDE = "inside"
        OUTSIDE = "outside"
        HOLIDAY = "holiday"

    @model_validator(mode="after")
    def _hours_for_a_phone(self) -> Self:
        if "phone" in self.model_fields_set and not self.hours:
            raise ValueError(said("write the hours that count for the phone: the calendar is that of the office"))
        return self

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No holiday where they are not told apart."""
        apart = may_be(written, "holidays", default=True)
        return tuple(name for name in cls.fixed_exits() if name != cls.Exit.HOLIDAY or apart)

    async def run(self, ctx: Context) -> str:
        """Look at the clock."""
        here = (self.at or ctx.now()).astimezone(ctx.now().tzinfo)
        zones = self.phone.zones if self.phone else ()
        moments = [here.astimezone(ZoneInfo(zone)) for zone in zones] or [here]
        # Hours that are drawn need the office's calendar for nothing but its holidays.
        calendar = ctx.port(Calendar) if self.holidays or not self.hours else None
        if all(self._is_open(at, calendar) for at in moments):
            return self.Exit.INSIDE
        if self.holidays and calendar is not None and any(calendar.holiday(at.date()) for at in moments):
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
