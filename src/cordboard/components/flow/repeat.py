"""Repeat."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.components._places import begin_round, place
from cordboard.scenario.component import Component, Example, VariableName
from cordboard.scenario.context import Context


class Repeat(Component):
    """Goes the same way a number of times: lead the last step of that way back to here.

    When the loop is left before its end, it goes on where it was as soon as somebody comes here again. To begin anew,
    name a variable for the number, and set it to 0 before.

    Exits: *again* as many times as is written, then *done*.
    """

    kind = "repeat"
    title = "Repeat"
    group = "flow"
    waits = True  # for the check of loops: this one ends by itself
    examples = (
        Example(
            "Three attempts, a minute apart.",
            "three:\n  component: repeat\n  times: 3\n  number: attempt\n  exits:\n    again: wait\n"
            "wait:\n  component: pause\n  duration: 1m\n  exits:\n    done: three",
        ),
    )

    times: Annotated[int, Field(ge=0, le=100_000)]
    """How many times."""
    number: VariableName = ""
    """The variable that takes the number of the present time: 1, then 2. Declare it as a number."""

    class Exit(StrEnum):
        """Its exits."""

        AGAIN = "again"
        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Count."""
        done = place(ctx, ctx.remembered(), self.number)
        if done >= self.times:
            ctx.remember(None)
            return self.Exit.DONE
        ctx.remember(begin_round(ctx, done + 1, self.number))
        return self.Exit.AGAIN
