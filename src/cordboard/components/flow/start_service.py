"""Start a service scenario."""

from enum import StrEnum

from pydantic import Field

from cordboard.scenario.component import Component, ScenarioName, Text, Value, VariableName
from cordboard.scenario.context import Context, RunMode


class StartService(Component):
    """Starts a service scenario, which runs on beside this one, also after the call has ended.

    It belongs to the same story in the call log. It is certain to run, even if the exchange is restarted now.

    Exits: *done* as soon as it is started.
    """

    kind = "start_service"
    title = "Start a service scenario"
    group = "flow"

    scenario: ScenarioName
    """The service scenario to start."""
    values: dict[str, Value] = Field(default_factory=dict)
    """Its variables and the values they begin with. They are copied once."""
    key: Text = ""
    """What the run is about, usually a phone number: `{caller}`. It can be found and cancelled by this."""
    once_per_key: bool = False
    """Do not start another while one with the same key has not ended. Two quick calls then give one callback."""
    run_id: VariableName = ""
    """The variable that takes the id of the run: of the new one, or of the one that is there already."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Start it, or find it started."""
        mode = RunMode.SINGLE if self.once_per_key else RunMode.PARALLEL
        ctx.set(self.run_id, await ctx.start_service(self.scenario, self.values, key=self.key, mode=mode))
        return self.Exit.DONE
