"""Start."""

from enum import StrEnum

from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context


class Start(Component):
    """Where the scenario begins. Nothing happens here; the next step follows at once.

    Exits: *done* always.
    """

    kind = "start"
    title = "Start"
    group = "flow"
    examples = (
        Example(
            "Where every scenario begins.",
            "begin:\n  component: start\n  exits:\n    done: greet\ngreet:\n  component: log\n  text: it has begun",
        ),
    )

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:  # noqa: ARG002  (it needs nothing)
        """Go on."""
        return self.Exit.DONE
