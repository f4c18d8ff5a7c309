"""Who last called a number."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import CallHistory, Way
from cordboard.scenario.component import Component, Example, VariableName
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class LastCaller(Component):
    """Looks into the call log for the employee who last called this number or talked with it.

    Calls that nobody answered count, however the number was written then. The present call does not. An employee who
    dialled through the exchange from his own mobile is known by it. Who has left the office is passed over.

    Exits: *found* with the variables filled in; *nobody* if no employee had to do with it in that time, or the number
    is hidden.
    """

    kind = "last_caller"
    title = "Who last called this number?"
    group = "office"
    outside = True
    examples = (
        Example(
            "A client calls back: to whom?",
            "who:\n  component: last_caller\n  phone: =caller\n  login: login",
        ),
        Example(
            "The colleague who last talked with him, this month.",
            "who:\n  component: last_caller\n  phone: =caller\n  within: 30d\n  talked: yes\n  name: name",
        ),
    )

    phone: PhoneNumber
    """The number outside: `=caller`."""
    within: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=3660))] = timedelta(days=7)
    """How far back it looks: `7d`."""
    way: Way = Way.ANY
    """Which calls count."""
    talked: bool = False
    """Whether only calls count in which they talked. Otherwise attempts do too."""
    login: VariableName = ""
    """The variable that takes the employee's login."""
    name: VariableName = ""
    """The variable that takes his name."""
    number: VariableName = ""
    """The variable that takes his internal number."""
    when: VariableName = ""
    """The variable that takes the moment of that call."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        NOBODY = "nobody"

    async def run(self, ctx: Context) -> str:
        """Ask the log."""
        call = await ctx.port(CallHistory).last_with_employee(
            self.phone,
            since=ctx.now() - self.within,
            way=self.way,
            talked=True if self.talked else None,
            before=ctx.chain,
        )
        if call is None or call.person is None:
            return self.Exit.NOBODY
        ctx.set(self.login, call.person.login)
        ctx.set(self.name, call.person.name)
        ctx.set(self.number, call.person.number)
        ctx.set(self.when, call.at.astimezone(ctx.now().tzinfo))
        return self.Exit.FOUND
