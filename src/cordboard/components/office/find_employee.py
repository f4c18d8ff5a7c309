"""Find an employee."""

from enum import StrEnum

from cordboard.office.ports import Staff
from cordboard.scenario.component import Component, Example, VariableName
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class FindEmployee(Component):
    """Looks up the user of the office whose own phone has a number, usually the caller's.

    However the number is written, it is found. A hidden number is nobody's. Remember that the number of a caller can
    be forged: check a PIN before something costs money.

    Exits: *found* with the variables filled in; *unknown* if nobody has that phone.
    """

    kind = "find_employee"
    title = "Find an employee"
    group = "office"
    outside = True
    examples = (
        Example(
            "Is the caller one of us?",
            "ours:\n  component: find_employee\n  phone: =caller\n  login: login",
        ),
    )

    phone: PhoneNumber
    """The number: `=caller`."""
    login: VariableName = ""
    """The variable that takes his login."""
    name: VariableName = ""
    """The variable that takes his name."""
    number: VariableName = ""
    """The variable that takes his internal number."""

    class Exit(StrEnum):
        """Its exits."""

        FOUND = "found"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Ask the office."""
        person = ctx.port(Staff).by_phone(self.phone)
        if person is None:
            return self.Exit.UNKNOWN
        ctx.set(self.login, person.login)
        ctx.set(self.name, person.name)
        ctx.set(self.number, person.number)
        return self.Exit.FOUND
