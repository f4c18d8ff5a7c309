"""Set the caller ID."""

from enum import StrEnum

from cordboard.scenario.component import Component, Example, ScenarioKind, Text
from cordboard.scenario.context import Context
from cordboard.telephony import Party


class SetCallerId(Component):
    """Says which number and name those see who are called from here on, by "Dial" or by a call that is originated.

    Phones of the office show it as it is written. Outside, a line shows its own number: a provider refuses numbers that
    are not ours. Who dials by his own rights is shown as himself, whatever stands here: nobody can forge a colleague.

    Exits: *done* always.
    """

    kind = "set_caller_id"
    title = "Set the caller ID"
    group = "calls"
    kinds = frozenset({ScenarioKind.VOICE, ScenarioKind.SERVICE})
    examples = (
        Example(
            "Show who takes the call that it came for the sales department.",
            'sales:\n  component: set_caller_id\n  number: =text(caller)\n  name: "Sales: {caller_name}"',
        ),
    )

    number: Text = ""
    """The number that is shown: `{caller}` keeps the caller's own."""
    name: Text = ""
    """The name that is shown beside it."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Remember it with the call; with nothing written, it is again as the office decides."""
        ctx.session.shown = Party(self.number, self.name) if self.number or self.name else None
        return self.Exit.DONE
