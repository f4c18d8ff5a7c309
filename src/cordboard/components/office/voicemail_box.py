"""Hear messages."""

from enum import StrEnum
from typing import Annotated

from cordboard.office.ports import VoicemailBoxes
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers


class VoicemailBox(Component):
    """Lets a user hear the messages in his mailbox, as at the number of voicemail.

    With keys he repeats, saves and deletes them, calls back, forwards them to a colleague, and records his greeting.
    Nobody asks for his PIN here: let the scenario do that before.

    Exits: *done* when he is done; *no_box* if there is no mailbox of his: he hears nothing.
    """

    kind = "voicemail_box"
    title = "Hear messages"
    group = "office"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example(
            "The employee who was found by his mobile phone.",
            'messages:\n  component: voicemail_box\n  login: "{login}"',
        ),
    )

    login: Annotated[Text, Refers("user", computed=True)]
    """The login of the user: `{login}`."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NO_BOX = "no_box"

    async def run(self, ctx: Context) -> str:
        """Hand the call over to voicemail."""
        heard = await ctx.port(VoicemailBoxes).hear(ctx.leg, self.login)
        return self.Exit.DONE if heard else self.Exit.NO_BOX
