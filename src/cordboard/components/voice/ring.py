"""Ring."""

from enum import StrEnum

from cordboard.scenario.component import VOICE, Component, Example
from cordboard.scenario.context import Context


class Ring(Component):
    """Lets the caller hear that it rings, without answering: nobody pays.

    It rings until the call is answered, turned away or ended. Put a pause behind it to let it ring for a while. Nothing
    happens if the call is answered already.

    Exits: *done* at once.
    """

    kind = "ring"
    title = "Ring"
    group = "voice"
    kinds = VOICE
    examples = (
        Example(
            "Ring for ten seconds before the greeting.",
            "ring:\n  component: ring\n  exits:\n    done: wait\nwait:\n  component: pause\n  duration: 10s",
        ),
    )

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Ring."""
        await ctx.leg.ring()
        return self.Exit.DONE
