"""Whether a number was reached since a moment."""

from datetime import datetime, timedelta
from enum import StrEnum

from cordboard.office.ports import CallHistory
from cordboard.scenario.component import Component, Example
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber

_LONGEST = timedelta(days=1)
"""No talk lasts longer: it may have begun before the moment in question."""


class ReachedSince(Component):
    """Looks into the call log whether somebody has talked with a number since a moment, or it has called again.

    For callbacks: who was reached meanwhile, or is just calling, need not be called back. Calls that still go on count.

    Exits: *reached* if somebody of us talked with him, whoever called; *called_again* if he called, and nobody has
    talked with him yet; *no*, also if the number is hidden.
    """

    kind = "reached_since"
    title = "Was he reached since?"
    group = "office"
    outside = True
    examples = (
        Example(
            "Before a missed call is returned.",
            "meanwhile:\n  component: reached_since\n  phone: =phone\n  since: =appointment",
        ),
    )

    phone: PhoneNumber
    """The number outside: `=phone`."""
    since: datetime
    """The moment from which on it counts: the end of the call that was missed."""

    class Exit(StrEnum):
        """Its exits."""

        REACHED = "reached"
        CALLED_AGAIN = "called_again"
        NO = "no"

    async def run(self, ctx: Context) -> str:
        """Ask the log."""
        calls = await ctx.port(CallHistory).calls(self.phone, since=self.since - _LONGEST)
        if any(call.talked and (call.talked_until is None or call.talked_until > self.since) for call in calls):
            return self.Exit.REACHED
        if any(call.inbound and call.at > self.since and call.chain != ctx.chain for call in calls):
            return self.Exit.CALLED_AGAIN
        return self.Exit.NO
