"""When somebody may be called back, and how often: what an administrator sets up, and the clock of who is called."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from cordboard.office.documents import Document
from cordboard.office.hours import days_around, open_at, spans_of
from cordboard.office.ports import Calendar
from cordboard.telephony import PhoneNumber

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

DEFAULT = "default"
"""The name of the rules that count."""
_STEP = timedelta(minutes=5)
_FAR = timedelta(days=21)
"""No office is closed for longer without a break; if one is, it is asked again then."""


class CallbackRules(Document):
    """How callbacks are made. Those named `default` count; without any, these values."""

    kind: ClassVar[str] = "callback_rules"

    quiet: str = "21:00-09:00"
    """Hours in which nobody is called, by the clock of where the number is; of the office, if nobody knows where that
    is. Of a number that may be in several zones it must not be quiet in any. Spans with commas; empty: none."""
    working_hours: bool = False
    """Whether calls are made only while the office works by its calendar."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """How often one callback is tried."""
    pause_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """Between two attempts."""
    ring_seconds: Annotated[int, Field(ge=5, le=180)] = 45
    attempts_a_day: Annotated[int, Field(ge=1, le=100)] = 6
    """How often one number is called in 24 hours, by all its callbacks together."""
    loop_minutes: Annotated[int, Field(ge=0, le=1440)] = 5
    """A missed call from a number that we have called in vain so recently promises no callback: an exchange that calls
    back what it has missed, as we do, would go on like that for ever."""
    lasts_hours: Annotated[int, Field(ge=1, le=720)] = 72
    """After that a callback has failed."""
    at_once: Annotated[int, Field(ge=1, le=100)] = 5
    """How many calls are made at once that do not lead to a group. For a group there are never more than operators who
    are free for them."""

    @field_validator("quiet")
    @classmethod
    def _spans(cls, value: str) -> str:
        try:
            spans_of(value)
        except ValueError as fault:
            raise ValueError(f"{str(fault)!r} are no hours: write 21:00-09:00, or leave it empty") from fault
        return value

    def faults(self, office: "OfficeData") -> Iterator[str]:  # noqa: ARG002  (nothing else of it matters)
        """See Document."""
        if self.name != DEFAULT:
            yield f"the callback rules {self.name} are never used: only those named default are"

    def may_call(self, phone: PhoneNumber, at: datetime, zone: ZoneInfo, calendar: Calendar) -> bool:
        """Whether that number may be called at that (aware) moment. `zone` is that of the office."""
        spans = spans_of(self.quiet)
        for each in [ZoneInfo(name) for name in phone.zones] or [zone]:
            there = at.astimezone(each)
            if open_at(there, ((day, spans) for day in days_around(there))):
                return False
        return not self.working_hours or calendar.is_working(at.astimezone(zone))

    def next_moment(self, phone: PhoneNumber, at: datetime, zone: ZoneInfo, calendar: Calendar) -> datetime:
        """The first moment from `at` on when it may be called, to within five minutes."""
        moment = at
        while moment < at + _FAR and not self.may_call(phone, moment, zone, calendar):
            # Whole steps of the clock, so that nine o'clock is nine o'clock.
            moment += _STEP - timedelta(seconds=moment.timestamp() % _STEP.total_seconds())
        return moment
