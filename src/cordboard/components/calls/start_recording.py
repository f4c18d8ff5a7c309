"""Start recording."""

from enum import StrEnum

from cordboard.components._files import Recording
from cordboard.office.ports import Recordings
from cordboard.scenario.component import VOICE, Example
from cordboard.scenario.context import Context


class StartRecording(Recording):
    """Records the call from here on: what the caller says and what he hears, through prompts, talks and conferences.

    It ends with "Stop recording" or with the call. Tell people that they are recorded, where the law asks for it.
    One that runs already is ended first.

    Exits: *done* when it runs; *not_answered* if the call is not answered: nothing can be recorded yet.
    """

    kind = "start_recording"
    title = "Start recording"
    group = "calls"
    kinds = VOICE
    examples = (
        Example(
            "Each side on a channel of its own, for listening to both.",
            "record:\n  component: start_recording\n  stereo: yes",
        ),
    )

    stereo: bool = False
    """The caller on the left channel and what he hears on the right, instead of both mixed into one."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NOT_ANSWERED = "not_answered"

    async def run(self, ctx: Context) -> str:
        """Start it, in a new file."""
        name = self.new_file(ctx)
        if await ctx.leg.start_recording(ctx.port(Recordings).path(name), stereo=self.stereo):
            return self.Exit.DONE
        ctx.port(Recordings).discard(name)
        ctx.set(self.file, "")
        return self.Exit.NOT_ANSWERED
