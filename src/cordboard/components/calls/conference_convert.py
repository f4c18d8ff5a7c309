"""Convert a conference."""

from enum import StrEnum

from cordboard.office.ports import Rooms
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context


class ConferenceConvert(Component):
    """Makes a plain talk of the two who are in a conference room.

    They hear no gap, and the name of the room is free again. The talk can then be held, transferred and recorded as
    any other. Put it behind "Join a conference" without waiting.

    Exits: *ended* after the talk; *not_two* if there are not exactly two in the room; *no_room* if there is none of
    that name.
    """

    kind = "conference_convert"
    title = "Convert a conference"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "Whoever dials 711 gets the call that is parked there.",
            "take:\n  component: conference_join\n  name: 711\n  wait: no\n  exits:\n    joined: talk\n"
            "talk:\n  component: conference_convert\n  name: 711",
        ),
    )

    name: Text
    """The name of the room."""

    class Exit(StrEnum):
        """Its exits."""

        ENDED = "ended"
        NOT_TWO = "not_two"
        NO_ROOM = "no_room"

    async def run(self, ctx: Context) -> str:
        """Make it a talk, and wait for its end."""
        try:
            talk = await ctx.port(Rooms).convert(self.name)
        except LookupError:
            return self.Exit.NO_ROOM
        if talk is None:
            return self.Exit.NOT_TWO
        await talk.over_for(ctx.leg)
        return self.Exit.ENDED
