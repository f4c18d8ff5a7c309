"""Change a list."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import ListedNumber, NumberLists, listed_number
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context


class Change(StrEnum):
    """What is done."""

    ADD = "add"
    REMOVE = "remove"


class ChangeList(Component):
    """Puts a number on a list of the office, or takes it away. "Is it on the list?" looks it up.

    A number that stands there already gets the new note and the new time.

    Exits: *done*, also if there was nothing to take away; *no_number* if it is no number, or a hidden one.
    """

    kind = "change_list"
    title = "Change a list"
    group = "office"
    outside = True
    examples = (
        Example(
            "A nuisance caller is not put through for a week.",
            'block:\n  component: change_list\n  number: "{phone}"\n  remark: nuisance\n  lasts: 7d',
        ),
        Example(
            "Who asks for it is called no more.",
            'silence:\n  component: change_list\n  list_name: do not call\n  number: "{phone}"',
        ),
    )

    number: Text
    """The number in any usual writing, or a prefix with a star: `{phone}`, `+380800*`."""
    list_name: Annotated[Text, Field(min_length=1)] = "black"
    """The list: `black`, `vip`. It comes to be with its first number."""
    change: Change = Change.ADD
    """What is done."""
    remark: Text = ""
    """What is noted beside the number."""
    lasts: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=36600))] | None = None
    """How long it stands there: `7d`. Empty: for ever."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NO_NUMBER = "no_number"

    async def run(self, ctx: Context) -> str:
        """Change it."""
        number = listed_number(self.number, ctx.country)
        if not number:
            return self.Exit.NO_NUMBER
        lists = ctx.port(NumberLists)
        if self.change is Change.REMOVE:
            await lists.remove(self.list_name, number)
        else:
            until = ctx.now() + self.lasts if self.lasts else None
            await lists.add(ListedNumber(self.list_name, number, self.remark, until))
        return self.Exit.DONE
