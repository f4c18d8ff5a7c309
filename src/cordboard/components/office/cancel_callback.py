"""Call a callback off."""

from enum import StrEnum

from cordboard.office.ports import Callbacks
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class CancelCallback(Component):
    """Calls off what was promised to a number, unless he is talking already.

    Exits: *cancelled*; *none* if he is not to be called back.
    """

    kind = "cancel_callback"
    title = "Cancel a callback"
    group = "office"
    outside = True
    examples = (
        Example("He has just been helped by the menu.", "enough:\n  component: cancel_callback\n  phone: =caller"),
    )

    phone: PhoneNumber
    """Whose: `=caller`."""
    reason: Text = "cancelled by a scenario"
    """What is noted beside it."""

    class Exit(StrEnum):
        """Its exits."""

        CANCELLED = "cancelled"
        NONE = "none"

    async def run(self, ctx: Context) -> str:
        """Call it off."""
        gone = await ctx.port(Callbacks).cancel_number(self.phone.written, self.reason)
        return self.Exit.CANCELLED if gone else self.Exit.NONE
