"""Compare."""

from enum import StrEnum

from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context


class Compare(Component):
    """Goes one way or the other, by a condition.

    Exits: *yes* if the condition holds, *no* if it does not.
    """

    kind = "compare"
    title = "Compare"
    group = "flow"
    examples = (
        Example(
            "Has the caller tried three times?",
            "enough:\n  component: compare\n  condition: =attempts >= 3",
        ),
    )

    condition: bool
    """What is asked, written as in Excel: `=attempts >= 3`, `=name = "Anna"`, `=a > 1 and b < 2`."""

    class Exit(StrEnum):
        """Its exits."""

        YES = "yes"
        NO = "no"

    async def run(self, ctx: Context) -> str:  # noqa: ARG002  (it needs nothing)
        """Decide."""
        return self.Exit.YES if self.condition else self.Exit.NO
