"""Jump to a scenario."""

from typing import Annotated

from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class JumpToScenario(Component):
    """Ends this scenario and goes on in another of the same kind.

    Variables that both declare with the same name and type keep their values. There are no exits: nothing comes back.
    """

    kind = "jump_to_scenario"
    title = "Jump to a scenario"
    group = "flow"
    examples = (
        Example(
            "At night another scenario takes over.",
            "night:\n  component: jump_to_scenario\n  scenario: night",
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="same")]
    """The scenario to go on in."""

    async def run(self, ctx: Context) -> str:
        """Leave for good."""
        ctx.jump(self.scenario)
