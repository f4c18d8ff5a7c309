"""Parallel branches."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import SERVICE, Component, Example, ExitRow, VariableName
from cordboard.scenario.context import Context


class Branch(ExitRow):
    """One way that is gone beside the others."""


class Parallel(Component):
    """Goes several ways at once, and on when all have come to their end.

    The end of a way is a "Join" step, or one behind which no cord leads on.
    Each way works with variables of its own. When it ends, what it has changed is put back, in the order of the rows.
    A fault in one way ends the others, and this step leaves by *error*.

    Exits: one for each way; *done* when all have ended, or the first has.
    """

    kind = "parallel"
    title = "Parallel branches"
    group = "flow"
    kinds = SERVICE
    waits = True
    begins_branches = True
    examples = (
        Example(
            "Wait for the client's call or for the evening, whatever comes first.",
            "both:\n  component: parallel\n  first: yes\n  branches:\n    - {id: call, to: call}\n"
            "    - {id: evening, to: evening}\n"
            "call:\n  component: wait_for_event\n  event: call.missed\n"
            "evening:\n  component: pause\n  time_of_day: 18:00",
        ),
    )

    branches: Annotated[tuple[Branch, ...], Field(min_length=1, max_length=100)]
    """The ways. Lead the cord of each to its first step."""
    first: bool = False
    """Go on as soon as one of them has ended; the others are cancelled."""
    ended: VariableName = ""
    """The variable that takes the id of the way that ended first."""

    class Exit(StrEnum):
        """Its fixed exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Go them."""
        ctx.set(self.ended, await ctx.branches([branch.id for branch in self.branches], first=self.first))
        return self.Exit.DONE
