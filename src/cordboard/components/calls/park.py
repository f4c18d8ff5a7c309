"""Park."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from cordboard.office.ports import ParkingLots
from cordboard.scenario.component import VOICE, Component, Example, Text, VariableName
from cordboard.scenario.context import Context, ScenarioError


class Park(Component):
    """Parks the caller on the first free place of a parking lot, where he hears its music.

    Whoever dials the number of the place, on any phone of the office, talks with him. A call that is not answered yet
    is answered when there is a place for it. No place is ever given twice.

    Exits: *ended* after the talk with whoever took him; *timeout* if nobody came for him in the time that is written;
    *full* if there is no free place.
    """

    kind = "park"
    title = "Park"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "For two minutes; then back to the secretary.",
            "park:\n  component: park\n  lot: office\n  longest: 2m\n  exits:\n    timeout: secretary\n"
            "secretary:\n  component: dial\n  who: olena",
        ),
    )

    lot: Text
    """The name of the parking lot."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=1))] | None = None
    """How long he waits there. Empty: as long as he likes."""
    place: VariableName = ""
    """The variable that takes the number of the place, as soon as he is there."""

    class Exit(StrEnum):
        """Its exits."""

        ENDED = "ended"
        TIMEOUT = "timeout"
        FULL = "full"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Who waits as long as he likes has no time-out."""
        return tuple(name for name in cls.fixed_exits() if name != cls.Exit.TIMEOUT or written.get("longest"))

    async def run(self, ctx: Context) -> str:
        """Park him, and wait for whatever ends it."""
        timeout = self.longest.total_seconds() if self.longest is not None else None
        try:
            end = await ctx.port(ParkingLots).park(
                self.lot, ctx.leg, timeout=timeout, placed=lambda number: ctx.set(self.place, number)
            )
        except LookupError:
            raise ScenarioError(
                f"there is no parking lot {self.lot!r}: correct its name in step {ctx.step!r}"
            ) from None
        return self.Exit(end.value)
