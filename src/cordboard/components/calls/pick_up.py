"""Pick up."""

from enum import StrEnum
from typing import Annotated

from cordboard.office.ports import Pickups
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class PickUp(Component):
    """Lets the caller answer a call that rings at somebody else's.

    Of several calls he gets the one that has rung longest. A call that is not answered yet is answered only if there
    is one to pick up.

    Exits: *ended* after the talk; *nothing* if nothing rings there, or somebody was faster.
    """

    kind = "pick_up"
    title = "Pick up"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "The night watch answers whatever rings at the secretary's.",
            'take:\n  component: pick_up\n  login: watch\n  number: "101"\n  exits:\n    nothing: busy\n'
            "busy:\n  component: reject\n  reason: busy",
        ),
    )

    login: Annotated[Text, Refers("user", computed=True)]
    """The login of the user who picks up: `{login}`."""
    number: Text = ""
    """The internal number at which it rings. Empty: anybody of a group of that user."""

    class Exit(StrEnum):
        """Its exits."""

        ENDED = "ended"
        NOTHING = "nothing"

    async def run(self, ctx: Context) -> str:
        """Answer it."""
        failure = await ctx.port(Pickups).pick_up(ctx.leg, self.login, number=self.number)
        return self.Exit.ENDED if failure is None else self.Exit.NOTHING
