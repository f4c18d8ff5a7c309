"""Count calls."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import CallHistory, Way
from cordboard.scenario.component import Component, Example, VariableName
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class Which(StrEnum):
    """Calls by what came of them."""

    ALL = "all"
    ANSWERED = "answered"
    """Those in which a person talked with him."""
    MISSED = "missed"
    """Those in which nobody did, whether he heard a menu or not."""


_TALKED = {Which.ALL: None, Which.ANSWERED: True, Which.MISSED: False}


class CallsToday(Component):
    """Counts the calls of a number since midnight, by the clock of the office, or over a time of your own.

    The present call does not count, nor does one that began later. A call that was transferred is one call.

    Exits: *done* with the variable filled in; a hidden number has no calls.
    """

    kind = "calls_today"
    title = "Calls today"
    group = "office"
    outside = True
    examples = (
        Example(
            "How often has he tried in vain today?",
            "tries:\n  component: calls_today\n  phone: =caller\n  which: missed\n  count: attempts",
        ),
        Example(
            "How often did we call him within an hour?",
            "calls:\n  component: calls_today\n  phone: =phone\n  way: out\n  within: 1h\n  count: attempts",
        ),
    )

    phone: PhoneNumber
    """The number outside: `=caller`."""
    count: VariableName
    """The variable that takes how many there were."""
    which: Which = Which.ALL
    """Which ones, by what came of them."""
    way: Way = Way.IN
    """Which ones, by who called."""
    within: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=366))] | None = None
    """How far back it looks: `24h`. Empty: to midnight."""

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Count."""
        now = ctx.now()
        midnight = datetime.combine(now.date(), time(), now.tzinfo)
        calls = await ctx.port(CallHistory).calls(
            self.phone,
            since=now - self.within if self.within else midnight,
            way=self.way,
            talked=_TALKED[self.which],
            before=ctx.chain,
        )
        ctx.set(self.count, len(calls))
        return self.Exit.DONE
