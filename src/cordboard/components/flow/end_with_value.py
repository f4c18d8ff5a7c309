"""End with a value."""

from cordboard.scenario.component import Component, Example, Value
from cordboard.scenario.context import Context


class EndWithValue(Component):
    """Ends the scenario and gives a value back.

    The scenario that called it gets the value, or the program that started it by HTTP. The call is not hung up. There
    are no exits.
    """

    kind = "end_with_value"
    title = "End with a value"
    group = "flow"
    examples = (Example("What the caller has chosen.", 'end:\n  component: end_with_value\n  value: "{department}"'),)

    value: Value
    """What is given back: a text, or an expression such as `=price * 2`."""

    async def run(self, ctx: Context) -> str:
        """End here."""
        ctx.stop(self.value)
