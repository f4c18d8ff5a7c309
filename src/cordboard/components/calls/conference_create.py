"""Create a conference."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import Rooms
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context


class ConferenceCreate(Component):
    """Makes an empty conference room, into which "Join a conference" lets people by its name.

    A name is never given twice, however many calls ask for it at once. The room goes when it is empty and this call
    has ended.

    Exits: *created*; *taken* if there is a room of that name.
    """

    kind = "conference_create"
    title = "Create a conference"
    group = "calls"
    kinds = VOICE
    outside = True
    examples = (
        Example(
            "A place in the car park, or the next one.",
            "first:\n  component: conference_create\n  name: 711\n  places: 2\n  exits:\n    taken: second\n"
            "second:\n  component: conference_create\n  name: 712\n  places: 2",
        ),
    )

    name: Text
    """The name of the room, often the number under which it is reached: `711`."""
    places: Annotated[int, Field(ge=2, le=1000)] | None = None
    """How many may be in it at once. For a call that is parked, 2: of two who want to take it, one gets it. Empty: any
    number."""

    class Exit(StrEnum):
        """Its exits."""

        CREATED = "created"
        TAKEN = "taken"

    async def run(self, ctx: Context) -> str:
        """Make it."""
        created = await ctx.port(Rooms).create(self.name, ctx.leg, places=self.places or 0)
        return self.Exit.CREATED if created else self.Exit.TAKEN
