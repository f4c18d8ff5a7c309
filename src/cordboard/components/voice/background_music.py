"""Background music."""

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from cordboard.components._speaking import Speaking
from cordboard.scenario.component import VOICE, Example
from cordboard.scenario.context import Context
from cordboard.scenario.said import said


class Doing(StrEnum):
    """What happens to the music."""

    START = "start"
    STOP = "stop"


class BackgroundMusic(Speaking):
    """Plays a file or a text over and over while the scenario goes on.

    So nobody waits in silence during a query, a pause, or the search for somebody. It ends as soon as something else
    plays, two parties are joined, or another step of this kind stops it.

    Exits: *done* at once.
    """

    kind = "background_music"
    title = "Background music"
    group = "voice"
    kinds = VOICE
    heard = frozenset()  # the validator below looks for it, and knows of stopping
    examples = (
        Example("Music from here on.", "music:\n  component: background_music\n  file: waiting.wav"),
        Example("Silence again.", "silence:\n  component: background_music\n  music: stop"),
    )

    music: Doing = Doing.START
    """start or stop."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    def instead(self, ctx: Context) -> str:  # noqa: ARG002  (the signature is that of Speaking)
        """Nothing: silence is better than a name said over and over."""
        return ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.music is Doing.START and not {"text", "texts", "file"} & self.model_fields_set:
            raise ValueError(said("say what is to be heard: give a text or a file"))
        return self

    async def run(self, ctx: Context) -> str:
        """Start it or stop it."""
        if self.music is Doing.STOP:
            await ctx.leg.background(())
            return self.Exit.DONE
        sounds = await self.sounds(ctx)
        await self.open(ctx)
        await ctx.leg.background(sounds)
        return self.Exit.DONE
