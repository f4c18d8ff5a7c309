"""Pause."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context
from cordboard.scenario.said import said


class Pause(Component):
    """Waits: for a while, until a moment, or until a time of day.

    In a voice scenario the caller hears silence meanwhile, or the music that plays. A service scenario may wait for
    days: it costs nothing, and a restart of the exchange does not end it.

    Exits: *done* when the time has come; at once if the moment is over already.
    """

    kind = "pause"
    title = "Pause"
    group = "flow"
    waits = True
    examples = (
        Example("Half a minute.", "wait:\n  component: pause\n  duration: 30s"),
        Example("Until the office opens.", 'wait:\n  component: pause\n  time_of_day: "09:00"'),
        Example(
            "Until an hour before the appointment.", 'wait:\n  component: pause\n  until: =appointment - duration("1h")'
        ),
    )

    duration: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))] | None = None
    """How long: `30s`, `5m`, `1h30m`, `2d`."""
    until: datetime | None = None
    """Instead: until this moment, `2026-12-31 18:00`."""
    time_of_day: time | None = None
    """Instead: until it is this time, `18:00`: today, or tomorrow if that is over for today."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if len({"duration", "until", "time_of_day"} & self.model_fields_set) != 1:
            raise ValueError(said("say how long: give either a duration, a moment or a time of day"))
        return self

    async def run(self, ctx: Context) -> str:
        """Wait."""
        await ctx.sleep(self.seconds_from(ctx.now()))
        return self.Exit.DONE

    def seconds_from(self, now: datetime) -> float:
        """How long it is from `now`; not positive if the moment is over."""
        if self.duration is not None:
            return self.duration.total_seconds()
        moment = self.until if self.time_of_day is None else _next(self.time_of_day, now)
        # Through UTC: the difference of two moments of one zone would forget that the clocks are put back in between.
        return 0.0 if moment is None else (moment.astimezone(UTC) - now.astimezone(UTC)).total_seconds()


def _next(when: time, now: datetime) -> datetime:
    today = datetime.combine(now.date(), when, now.tzinfo)
    return today if today > now else datetime.combine(now.date() + timedelta(days=1), when, now.tzinfo)
