"""Ask how a user stands."""

from enum import StrEnum
from typing import Annotated

from cordboard.office.ports import People, Presence, Staff
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class UserState(Component):
    """Tells whether a colleague could take a call now.

    What he has said himself counts first, then his phones.

    Exits: *free*; *busy*, if he talks or is rung; *on_break*, *away* and *do_not_disturb*, as he has said; *offline*,
    if no phone of his is signed in; *unknown*, if there is no such user.
    """

    kind = "user_state"
    title = "How does a user stand?"
    group = "office"
    outside = True
    examples = (
        Example(
            "Who is at lunch is not rung.",
            "manager:\n  component: user_state\n  login: olena",
        ),
    )

    login: Annotated[Text, Refers("user", computed=True)]
    """The login of the user: `{login}`."""

    class Exit(StrEnum):
        """Its exits."""

        FREE = "free"
        BUSY = "busy"
        ON_BREAK = "on_break"
        AWAY = "away"
        DO_NOT_DISTURB = "do_not_disturb"
        OFFLINE = "offline"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Ask the office."""
        if ctx.port(Staff).by_login(self.login) is None:
            return self.Exit.UNKNOWN
        state = ctx.port(People).state(self.login)
        if (said := _SAID.get(state.presence)) is not None:
            return said
        if not state.online:
            return self.Exit.OFFLINE
        return self.Exit.BUSY if state.calls else self.Exit.FREE


_SAID = {
    Presence.BREAK: UserState.Exit.ON_BREAK,
    Presence.AWAY: UserState.Exit.AWAY,
    Presence.DO_NOT_DISTURB: UserState.Exit.DO_NOT_DISTURB,
}
