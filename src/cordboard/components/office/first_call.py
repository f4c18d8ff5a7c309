"""Whether a number calls for the first time."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import CallHistory, Way
from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class FirstCall(Component):
    """Looks into the call log whether this number has called before.

    Only calls that began before the present one count, in the scenario of the call as well as in the one that runs
    after it. A call that was transferred is one call.

    Exits: *first*; *again*; *unknown* if the number is hidden: nobody can tell.
    """

    kind = "first_call"
    title = "Is it the first call?"
    group = "office"
    outside = True
    examples = (
        Example(
            "After a call: is it the first time that we talked?",
            "new:\n  component: first_call\n  phone: =phone",
        ),
    )

    phone: PhoneNumber
    """The number outside: `=caller`; in a scenario that runs after the call, `=phone`."""
    talked: bool = True
    """Whether only calls count in which a person talked with him. Otherwise those count too in which he only heard a
    menu, or nobody answered."""
    way: Way = Way.IN
    """Which calls count."""
    within: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=36600))] | None = None
    """How far back it looks: `365d`. Empty: the whole log."""

    class Exit(StrEnum):
        """Its exits."""

        FIRST = "first"
        AGAIN = "again"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Ask the log."""
        if not self.phone:
            return self.Exit.UNKNOWN
        calls = await ctx.port(CallHistory).calls(
            self.phone,
            since=ctx.now() - self.within if self.within else None,
            way=self.way,
            talked=True if self.talked else None,
            before=ctx.chain,
            limit=1,
        )
        return self.Exit.AGAIN if calls else self.Exit.FIRST
