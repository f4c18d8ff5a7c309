"""Stop."""

from cordboard.scenario.component import Component, Example, Value
from cordboard.scenario.context import Context


class Stop(Component):
    """Ends the scenario without hanging up.

    If another scenario called this one, it goes on behind its call. A call that still stands when its outermost
    scenario ends is hung up by the exchange. There are no exits.
    """

    kind = "stop"
    title = "Stop"
    group = "flow"
    examples = (
        Example(
            "End here, also the scenarios that called this one.",
            "end:\n  component: stop\n  whole_chain: yes",
        ),
    )

    value: Value = None
    """What the scenario that called this one gets as the result."""
    whole_chain: bool = False
    """Also end the scenarios that called this one, instead of going on in them."""

    async def run(self, ctx: Context) -> str:
        """End here."""
        ctx.stop(self.value, whole_chain=self.whole_chain)
