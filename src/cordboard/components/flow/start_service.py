"""Start a service scenario."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from cordboard.scenario.component import Component, Example, Text, Value, VariableName
from cordboard.scenario.context import Context, RunMode
from cordboard.scenario.markers import Gives, Refers
from cordboard.scenario.said import said


class StartService(Component):
    """Starts a service scenario, which runs on beside this one, also after the call has ended.

    It belongs to the same story in the call log. It is certain to run, even if the exchange is restarted now.

    Exits: *done* as soon as it is started.
    """

    kind = "start_service"
    title = "Start a service scenario"
    group = "flow"
    version = 2
    examples = (
        Example(
            "Two quick calls give one callback.",
            'back:\n  component: start_service\n  scenario: call_back\n  key: "{caller}"\n  mode: single\n'
            "  values:\n    phone: =caller",
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="service")]
    """The service scenario to start."""
    values: Annotated[dict[str, Value], Gives()] = Field(default_factory=dict)
    """Its variables and the values they begin with. They are copied once."""
    key: Text = ""
    """What the run is about, usually a phone number: `{caller}`. It can be found and cancelled by this. Empty: the key
    that the scenario itself makes, if it does."""
    mode: RunMode | None = None
    """What happens while a run of this scenario with the same key has not ended. parallel: another is started. single:
    none is, the one that is there does. queued: another, which begins when those before it have ended. restart:
    another, and those that are there are cancelled. at_most: another, which waits while too many are under way. Empty:
    what the scenario itself says."""
    at_most: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """With the mode at_most: how many may be under way."""
    run_id: VariableName = ""
    """The variable that takes the id of the run: of the new one, or of the one that is there already."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    @model_validator(mode="after")
    def _number_with_its_mode(self) -> Self:
        if self.at_most and self.mode is not RunMode.AT_MOST:
            raise ValueError(said("the number counts only with the mode at_most"))
        return self

    @classmethod
    def upgrade(cls, written: dict[str, Any], version: int) -> dict[str, Any]:
        """Version 1 had a yes or no in place of the mode."""
        if version < 2 and "once_per_key" in written:
            once = written.pop("once_per_key")
            written.setdefault("mode", "single" if once.strip().lower() in ("yes", "true", "да") else "parallel")
        return written

    async def run(self, ctx: Context) -> str:
        """Start it, or find it started."""
        started = await ctx.start_service(
            self.scenario, self.values, key=self.key, mode=self.mode, at_most=self.at_most or 0
        )
        ctx.set(self.run_id, started)
        return self.Exit.DONE
