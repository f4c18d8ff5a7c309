"""Stop recording."""

from enum import StrEnum

from cordboard.scenario.component import VOICE, Component, Example, VariableName
from cordboard.scenario.context import Context


class StopRecording(Component):
    """Ends the recording of the call that "Start recording" began. Nothing happens if there is none.

    Exits: *done* when the file is complete.
    """

    kind = "stop_recording"
    title = "Stop recording"
    group = "calls"
    kinds = VOICE
    examples = (Example("Before the caller says the number of his card.", "quiet:\n  component: stop_recording"),)

    seconds: VariableName = ""
    """The variable that takes how many seconds long the recording is; 0 if there was none."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """End it."""
        ctx.set(self.seconds, round(await ctx.leg.stop_recording(), 1))
        return self.Exit.DONE
