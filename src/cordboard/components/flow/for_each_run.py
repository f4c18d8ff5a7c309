"""For each, a run."""

from enum import StrEnum
from itertools import chain, repeat
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import SERVICE, Component, Example, Value, VariableName
from cordboard.scenario.context import Context, RunMode, ScenarioError
from cordboard.scenario.markers import Gives, Refers
from cordboard.scenario.results import Outcome
from cordboard.scenario.said import said
from cordboard.scenario.values import show

_MOST = 1000
"""Items. The list of runs that can be asked for holds as many."""
_LOOKS = (1, 2, 4, 8, 15, 30)
"""Seconds between one look at the runs and the next; the last goes on for ever."""


class ForEachRun(Component):
    """Starts a service scenario for each item of a list, some of them at once, and waits until all have ended.

    It goes on after a restart of the exchange where it was: no item is started twice, none is left out. There may be
    1000 items.

    Exits: *done* when all have ended, or the list is empty.
    """

    kind = "for_each_run"
    title = "For each, a run"
    group = "flow"
    kinds = SERVICE
    waits = True
    outside = True
    examples = (
        Example(
            "Inform all debtors, three at once.",
            "inform:\n  component: for_each_run\n  items: =debtors\n  scenario: inform\n  item: debtor\n  at_most: 3",
        ),
    )

    items: Value
    """The list: `=phones`. For rows of a table, a list of records."""
    scenario: Annotated[str, Refers("scenario", kind="service")]
    """The service scenario that is started for each."""
    item: Annotated[str, Gives()]
    """The variable of that scenario that takes the item: one of its start parameters."""
    values: Annotated[dict[str, Value], Gives()] = Field(default_factory=dict)
    """Other variables of that scenario and the values they begin with, the same for all."""
    at_most: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many may be under way at once."""
    finished: VariableName = ""
    """The variable that takes how many came to their end."""
    failed: VariableName = ""
    """The variable that takes how many ended by a fault, or were cancelled."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Start them all (the run mode lets so many begin), then look until none is left.

        Entered anew after each sleep: what was started is found started, and sleeps that are over return at once. So
        a sleep that does return is an old one, and one look at the runs is enough.
        """
        if not isinstance(self.items, list):
            raise ScenarioError(said("a list is expected, not {value!r}", value=show(self.items)[:60]))
        if len(self.items) > _MOST:
            raise ScenarioError(
                said("there are {count} items: cut the list, {most} are possible", count=len(self.items), most=_MOST)
            )
        for item in self.items:
            values = {**self.values, self.item: item}
            await ctx.start_service(self.scenario, values, key=ctx.visit, mode=RunMode.AT_MOST, at_most=self.at_most)
        runs = await ctx.find_runs(self.scenario, ctx.visit, ended=True)
        if any(run.ending is None for run in runs):
            for seconds in chain(_LOOKS, repeat(_LOOKS[-1])):
                await ctx.sleep(seconds)
        finished = sum(run.ending is not None and run.ending.outcome is Outcome.FINISHED for run in runs)
        ctx.set(self.finished, finished)
        ctx.set(self.failed, len(runs) - finished)
        return self.Exit.DONE
