"""Send a message."""

from enum import StrEnum

from pydantic import Field

from cordboard.scenario.component import Component, Example, Text, Value
from cordboard.scenario.context import Context


class SendMessage(Component):
    """Sends words to other scenarios: to all that wait for them, and those that are started by such an event.

    It is certain to arrive, once, also if the exchange is restarted now.

    Exits: *done* at once.
    """

    kind = "send_message"
    title = "Send a message"
    group = "flow"
    examples = (
        Example(
            "Tell the scenario that calls back that the client has called himself.",
            'tell:\n  component: send_message\n  event: client.called\n  about: "{caller}"',
        ),
    )

    event: Text
    """The name that the others wait for."""
    about: Text = ""
    """Whom or what it is about: those get it who wait with the same."""
    values: dict[str, Value] = Field(default_factory=dict)
    """What it tells: names and values."""
    run_id: Text = ""
    """Send it to one run alone, by the id that "Start a service scenario" or "Find runs" gave."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Post it."""
        ctx.post(self.event, self.about, self.values, run_id=self.run_id)
        return self.Exit.DONE
