"""Notify a user."""

import json
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import NOTICE, Staff
from cordboard.scenario.component import Component, Example, Text, Value
from cordboard.scenario.context import Context
from cordboard.scenario.expressions.functions.json_values import json_text
from cordboard.scenario.markers import Refers


class NotifyUser(Component):
    """Tells users of the office something on their pages: a missed call, an order, an alarm.

    Who has his page open sees it at once, everybody else when he opens it. It stays until he has read it, also when the
    exchange is restarted. The scenario does not wait.

    Exits: *done*; *unknown* if one of them is no user of the office. The others are told all the same.
    """

    kind = "notify_user"
    title = "Notify a user"
    group = "messages"
    examples = (
        Example(
            "A missed call, for two people.",
            'tell:\n  component: notify_user\n  users: [olena, ivan]\n  text: "{phone} has called, nobody answered"\n'
            "  urgent: yes\n  values:\n    phone: =phone",
        ),
    )

    users: Annotated[list[Annotated[Text, Refers("user", computed=True)]], Field(max_length=1000)]
    """Whom to tell: logins, `olena`, `{login}`, or a list of them: `=logins`. Empty ones do not count."""
    text: Annotated[Text, Field(min_length=1, max_length=2000)]
    """What he is told."""
    values: dict[str, Value] = Field(default_factory=dict)
    """What his page gets along with it: names and values, such as the phone that he may call back."""
    urgent: bool = False
    """Whether it is shown above the others, and with a sound."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Order it."""
        staff = ctx.port(Staff)
        logins = list(dict.fromkeys(login for login in self.users if login))
        known = [login for login in logins if staff.by_login(login) is not None]
        if known:
            told = {"to": known, "text": self.text, "data": json.loads(json_text(self.values)), "urgent": self.urgent}
            ctx.emit(NOTICE, "", told)
        return self.Exit.DONE if logins == known else self.Exit.UNKNOWN
