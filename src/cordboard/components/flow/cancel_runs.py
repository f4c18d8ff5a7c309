"""Cancel runs."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from cordboard.scenario.component import Component, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said


class CancelRuns(Component):
    """Ends runs of service scenarios: the callback, because the client has called himself.

    This run is never among them.

    Exits: *cancelled*; *none* if there was no such run.
    """

    kind = "cancel_runs"
    title = "Cancel runs"
    group = "flow"
    outside = True
    examples = (
        Example(
            "The client has called: nobody need call him back.",
            'cancel:\n  component: cancel_runs\n  scenario: call_back\n  key: "{caller}"',
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="service")] = ""
    """The service scenario. Empty: any, by the key."""
    key: Text = ""
    """The key with which it was started: `{caller}`. Empty: any, by the scenario."""
    count: VariableName = ""
    """The variable that takes how many there were."""

    class Exit(StrEnum):
        """Its exits."""

        CANCELLED = "cancelled"
        NONE = "none"

    @model_validator(mode="after")
    def _which(self) -> Self:
        if not {"scenario", "key"} & self.model_fields_set:
            raise ValueError(said("say which runs: give a scenario or a key"))
        return self

    async def run(self, ctx: Context) -> str:
        """End them."""
        if "key" in self.model_fields_set and not self.key:
            # Written, but empty when the call comes (a hidden number): that is nobody's key, and not everybody's.
            return self.Exit.NONE
        count = await ctx.cancel_runs(self.scenario, self.key)
        ctx.set(self.count, count)
        return self.Exit.CANCELLED if count else self.Exit.NONE
