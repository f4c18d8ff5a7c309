"""Say what a user is about."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.office.ports import People, Presence
from cordboard.scenario.component import Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class About(StrEnum):
    """What he is about."""

    READY = "ready"
    ON_BREAK = "on_break"
    AWAY = "away"
    DO_NOT_DISTURB = "do_not_disturb"


class SetPresence(Component):
    """Says for a user whether he takes calls, as he can do with his phone.

    On a break and away, groups do not ring him, colleagues do; who is not to be disturbed is busy for everybody. It
    stays so through a restart, until somebody says otherwise or the time is over.

    Exits: *done*; *unknown*, if there is no such user.
    """

    kind = "set_presence"
    title = "Set a user's state"
    group = "office"
    outside = True
    examples = (
        Example(
            "An operator has dialled the number for a break.",
            'lunch:\n  component: set_presence\n  login: "=user"\n  state: on_break\n  reason: lunch\n  lasts: 30m',
        ),
    )

    login: Annotated[Text, Refers("user", computed=True)]
    """The login of the user: `=user` is whoever is on the call."""
    state: About = About.READY
    """What he is about."""
    reason: Text = ""
    """Of a break: why."""
    lasts: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=366))] | None = None
    """After so long he is ready again: `30m`. Empty: until somebody says so."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        UNKNOWN = "unknown"

    async def run(self, ctx: Context) -> str:
        """Tell the office."""
        until = ctx.now() + self.lasts if self.lasts else None
        try:
            await ctx.port(People).set_presence(self.login, _PRESENCE[self.state], reason=self.reason, until=until)
        except LookupError:
            return self.Exit.UNKNOWN
        return self.Exit.DONE


_PRESENCE = {
    About.READY: Presence.READY,
    About.ON_BREAK: Presence.BREAK,
    About.AWAY: Presence.AWAY,
    About.DO_NOT_DISTURB: Presence.DO_NOT_DISTURB,
}
