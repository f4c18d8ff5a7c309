"""Record a message."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.components._files import Recording
from cordboard.components._keys import Keys
from cordboard.office.ports import Recordings
from cordboard.scenario.component import VOICE, Example, VariableName
from cordboard.scenario.context import Context

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=10))]


class Record(Recording):
    """Records what the caller says: a message, an order, an answer. A call that is not answered yet is answered first.

    The recording ends with a key, with silence, after its longest time, or with the call. If the caller simply hangs
    up, the file is complete and its variables are filled in: send it from the branch after the hang-up. Where nobody
    said anything, no file is kept and the variables are empty.

    Exits: *recorded* with the file; *silence* if nobody said anything.
    """

    kind = "record"
    title = "Record a message"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (
        Example(
            "A message of two minutes at most, behind a prompt that ends with a tone.",
            'message:\n  component: record\n  longest: 2m\n  stop_keys: "#"\n  silence: 4s',
        ),
    )

    seconds: VariableName = ""
    """The variable that takes how many seconds long the recording is."""
    longest: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=4))] = timedelta(minutes=5)
    """How long it may be: `2m`."""
    stop_keys: Keys = "#"
    """The keys that end it: `123*#`. Empty: no key does."""
    silence: Seconds | None = timedelta(seconds=5)
    """How long nothing may be heard before it ends. Empty: silence does not end it."""
    shortest: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=1)
    """How much voice it takes, all in all, to be a message and not silence."""

    class Exit(StrEnum):
        """Its exits."""

        RECORDED = "recorded"
        SILENCE = "silence"

    async def run(self, ctx: Context) -> str:
        """Listen."""
        ctx.set(self.seconds, 0)
        await ctx.leg.answer()
        recordings = ctx.port(Recordings)
        name = self.new_file(ctx)
        heard = await ctx.leg.record_to(
            recordings.path(name),
            limit=self.longest.total_seconds(),
            stop_on=self.stop_keys,
            silence=self.silence.total_seconds() if self.silence else None,
        )
        ctx.set(self.seconds, round(heard, 1))
        if await recordings.has_voice(name, self.shortest.total_seconds()):
            return self.Exit.RECORDED
        recordings.discard(name)
        ctx.set(self.file, "")
        ctx.set(self.seconds, 0)
        return self.Exit.SILENCE
