"""Check a PIN."""

from enum import StrEnum
from typing import Annotated

from cordboard.office.ports import PinCheck, Staff
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class CheckPin(Component):
    """Compares digits with the PIN of a user of the office.

    Wrong ones are counted, over calls and restarts. Five in a row lock the PIN for 15 minutes.

    Exits: *right*; *wrong*, also if there is no such user or he has no PIN; *locked* if there were too many wrong
    ones, whatever was entered now.
    """

    kind = "check_pin"
    title = "Check a PIN"
    group = "office"
    outside = True
    examples = (
        Example(
            "The PIN that an employee has entered.",
            'pin:\n  component: check_pin\n  login: "{login}"\n  pin: "{pin}"',
        ),
    )

    login: Annotated[Text, Refers("user", computed=True)]
    """The login of the user: `{login}`."""
    pin: Text
    """What was entered: `{pin}`. Declare that variable as secret."""

    class Exit(StrEnum):
        """Its exits."""

        RIGHT = "right"
        WRONG = "wrong"
        LOCKED = "locked"

    async def run(self, ctx: Context) -> str:
        """Ask the office."""
        check: PinCheck = await ctx.port(Staff).check_pin(self.login, self.pin)
        return self.Exit(check.value)
