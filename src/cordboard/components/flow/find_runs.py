"""Find runs."""

from enum import StrEnum
from typing import Annotated

from cordboard.scenario.component import Component, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class FindRuns(Component):
    """Looks for runs of service scenarios that have not ended: whether this client is being called back already.

    Exits: *found*; *none* if there is no such run.
    """

    kind = "find_runs"
    title = "Find runs"
    group = "flow"
    outside = True
    examples = (
        Example(
            "Is a callback to this caller under way?",
            'look:\n  component: find_runs\n  scenario: call_back\n  key: "{caller}"',
        ),
    )

    scenario: Annotated[str, Refers("scenario", kind="service")] = ""
    """The service scenario. Empty: any."""
    key: Text = ""
    """The key with which it was started: `{caller}`. Empty: any."""
    count: VariableName = ""
    """The variable that takes how many there are."""
    run_id: VariableName = ""
    """The variable that takes the id of the youngest."""
    run_ids: VariableName = ""
    """The variable that takes the ids of all, as a list, the youngest first."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        NONE = "none"

    async def run(self, ctx: Context) -> str:
        """Look."""
        # A key that is written, but empty when the call comes (a hidden number), is nobody's and not everybody's.
        nobody = "key" in self.model_fields_set and not self.key
        found = [] if nobody else [run.id for run in await ctx.find_runs(self.scenario, self.key)]
        ctx.set(self.count, len(found))
        ctx.set(self.run_ids, found)
        ctx.set(self.run_id, found[0] if found else "")
        return self.Exit.FOUND if found else self.Exit.NONE
