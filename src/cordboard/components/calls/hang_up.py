"""Hang up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.scenario.component import VOICE, Component, Example
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
    examples = (
        Example(
            "The end of the call, behind the goodbye.",
            "end:\n  component: hang_up",
        ),
    )

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG003  (it is the same for all)
        """None: that nothing comes after the end of the call is the usual case."""
        return ()

    async def run(self, ctx: Context) -> str:
        """Put the handset down."""
        await ctx.leg.hang_up()
        return self.Exit.DONE
