"""Pause."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import Component
from cordboard.scenario.context import Context


class Pause(Component):
    """Waits. In a voice scenario the caller hears silence meanwhile, or the music that plays.

    A service scenario may wait for days: it costs nothing, and a restart of the exchange does not end it.

    Exits: *done* when the time has passed.
    """

    kind = "pause"
    title = "Pause"
    group = "flow"
    waits = True

    duration: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=366))]
    """How long: `30s`, `5m`, `1h30m`, `2d`."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Wait."""
        await ctx.sleep(self.duration.total_seconds())
        return self.Exit.DONE
