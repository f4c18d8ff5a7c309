"""Call a scenario."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import Component, Example, Value, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Gives, Refers


class CallScenario(Component):
    """Runs another scenario of the same kind and comes back.

    Variables that both scenarios declare with the same name and type are shared, there and back. If the other
    scenario fails, this step leaves by *error*.

    Exits: *done* when the other scenario has ended.
    """

    kind = "call_scenario"
    title = "Call a scenario"
    group = "flow"
    examples = (
        Example(
            "Ask for the number of the order, wherever it is needed.",
            "order:\n  component: call_scenario\n  scenario: ask_for_order\n  result: order",
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="same")]
    """The scenario to run."""
    values: Annotated[dict[str, Value], Gives()] = Field(default_factory=dict)
    """Variables of the other scenario and the values they begin with."""
    result: VariableName = ""
    """The variable that takes the value which the other scenario's Stop gives."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """There and back."""
        ended = await ctx.call(self.scenario, self.values)
        ctx.set(self.result, ended.value)
        return self.Exit.DONE
