"""Leave a message."""

from enum import StrEnum

from cordboard.office.ports import Voicemails
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context


class LeaveVoicemail(Component):
    """Lets the caller leave a message in the mailbox of a user or a group: greeting, tone, recording.

    A call that is not answered yet is answered first. The message is kept also if the caller simply hangs up; silence
    is none. Its owners see the lamp of their phones, get a notice, and a mail if their mailbox says so. They hear it
    at the number of voicemail.

    Exits: *done* when the caller has spoken, or has said nothing; *no_box* if nobody has such a mailbox: the caller
    hears nothing.
    """

    kind = "leave_voicemail"
    title = "Leave a message"
    group = "office"
    kinds = VOICE
    waits = True
    examples = (
        Example(
            "Nobody of the sales answers: the caller leaves a message for them.",
            "message:\n  component: leave_voicemail\n  to: sales",
        ),
    )

    to: Text
    """The login of the user, or the name of the group, whose mailbox it is: `anna`, `{login}`."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NO_BOX = "no_box"

    async def run(self, ctx: Context) -> str:
        """Hand the call over to voicemail."""
        voicemails = ctx.port(Voicemails)
        if not voicemails.has_box(self.to):
            return self.Exit.NO_BOX
        await voicemails.leave(ctx.leg, self.to)
        return self.Exit.DONE
