"""Join."""

from cordboard.scenario.component import SERVICE, Component, Example
from cordboard.scenario.context import Context


class Join(Component):
    """Ends a way of "Parallel branches". When all have come here, the scenario goes on behind the step that divided it.

    All ways may share one. There are no exits. Where no ways are gone at once, it leaves by *error*.
    """

    kind = "join"
    title = "Join"
    group = "flow"
    kinds = SERVICE
    ends_branch = True
    examples = (
        Example(
            "Two ways that end at one place.",
            "both:\n  component: parallel\n  branches:\n    - {id: one, to: end}\n    - {id: other, to: end}\n"
            "end:\n  component: join",
        ),
    )

    async def run(self, ctx: Context) -> str:
        """End here."""
        ctx.join()
