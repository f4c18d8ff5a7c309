"""Hang up."""

from enum import StrEnum

from cordboard.scenario.component import VOICE, Component
from cordboard.scenario.context import Context


class HangUp(Component):
    """Ends the call. The scenario goes on without it; only components that need none make sense from here on.

    Exits: *done* when the call is over.
    """

    kind = "hang_up"
    title = "Hang up"
    group = "calls"
    kinds = VOICE
    ends_leg = True

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Put the handset down."""
        await ctx.leg.hang_up()
        return self.Exit.DONE
