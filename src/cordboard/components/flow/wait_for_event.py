"""Wait for an event."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import Component, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.values import from_json


class WaitForEvent(Component):
    """Waits for something to happen, or for words from another scenario ("Send a message").

    What the exchange itself tells: `call.missed`, `sms.received`, `user.state`, `line.down`. An event counts if it
    comes while this step waits; words that were sent to this very run also if they came before.

    Exits: *arrived* with the variables filled in; *time_is_up* if nothing came in time.
    """

    kind = "wait_for_event"
    title = "Wait for an event"
    group = "flow"
    waits = True
    outside = True
    examples = (
        Example(
            "Wait for an SMS of the client, until it does not matter any more.",
            'answer:\n  component: wait_for_event\n  event: sms.received\n  about: "{phone}"\n  longest: 2h\n'
            "  into:\n    text: words",
        ),
    )

    event: Text
    """The name: of an event, or what two scenarios have agreed upon."""
    about: Text = ""
    """Whom or what it must be about: a phone, a login, a line. It must be the same as where it is told; empty is also
    something that must be the same."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=366))] | None = None
    """How long it waits: `30s`, `2d`. Empty: for ever, in a call until the caller hangs up."""
    into: dict[str, VariableName] = Field(default_factory=dict)
    """What the event tells, by the names of its fields, and the variables that take it."""
    record: VariableName = ""
    """The variable that takes all that the event tells, as a record."""

    class Exit(StrEnum):
        """Its exits."""

        ARRIVED = "arrived"
        TIME_IS_UP = "time_is_up"

    async def run(self, ctx: Context) -> str:
        """Wait."""
        message = await ctx.wait_for(self.event, self.about, timeout=self.longest)
        if message is None:
            return self.Exit.TIME_IS_UP
        told = {name: from_json(value) for name, value in message.data.items()}
        ctx.set(self.record, told)
        for field, variable in self.into.items():
            if field in told:
                ctx.set(variable, told[field])
        return self.Exit.ARRIVED
