"""Whether a number stands on a list."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import NumberLists
from cordboard.scenario.component import Component, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.telephony import PhoneNumber


class OnList(Component):
    """Looks whether a number stands on a list of the office: a black list, important clients, who must not be called.

    Lists have names. They are filled by "Change a list" or by the administrator (`cordboard list add black +380800*`);
    one that nobody has filled is empty. A prefix with a star stands for all numbers that begin so.

    Exits: *listed* with the note of the most exact entry; *not_listed*, also if the number is hidden.
    """

    kind = "on_list"
    title = "Is it on the list?"
    group = "office"
    outside = True
    examples = (
        Example("Is the caller unwanted?", "unwanted:\n  component: on_list\n  phone: =caller"),
        Example(
            "An important client, and what is known about him.",
            "vip:\n  component: on_list\n  phone: =caller\n  list_name: vip\n  remark: note",
        ),
    )

    phone: PhoneNumber
    """The number: `=caller`."""
    list_name: Annotated[Text, Field(min_length=1)] = "black"
    """The list: `black`, `vip`."""
    remark: VariableName = ""
    """The variable that takes the note of the entry."""

    class Exit(StrEnum):
        """Its exits."""

        LISTED = "listed"
        NOT_LISTED = "not_listed"

    async def run(self, ctx: Context) -> str:
        """Ask the office."""
        entry = await ctx.port(NumberLists).find(self.list_name, self.phone, ctx.now())
        if entry is None:
            return self.Exit.NOT_LISTED
        ctx.set(self.remark, entry.note)
        return self.Exit.LISTED
