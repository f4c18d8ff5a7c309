"""Play."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import model_validator

from cordboard.components._keys import Keys
from cordboard.components._speaking import Speaking
from cordboard.scenario.component import VOICE
from cordboard.scenario.context import Context
from cordboard.telephony import PlayEnd


class Play(Speaking):
    """Says a text or plays a recorded sound to the caller. A call that is not answered yet is answered first.

    Exits: *done* when all was heard; *key_pressed* if the caller stopped it by a key. The key is kept for the next
    component that asks for keys.
    """

    kind = "play"
    title = "Play"
    group = "voice"
    kinds = VOICE
    waits = True

    stop_keys: Keys = ""
    """The keys that stop it, one after the other: `123*#`. Empty: no key does."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        KEY_PRESSED = "key_pressed"

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not {"text", "texts", "file"} & self.model_fields_set:
            raise ValueError("say what is to be heard: give a text or a file")
        return self

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No key can be pressed where none stops it."""
        return cls.fixed_exits() if written.get("stop_keys") else (cls.Exit.DONE.value,)

    async def run(self, ctx: Context) -> str:
        """Speak."""
        sounds = await self.sounds(ctx)
        await ctx.leg.answer()
        played = await ctx.leg.play(sounds, interrupt=self.stop_keys)
        return self.Exit.KEY_PRESSED if played.end is PlayEnd.KEY else self.Exit.DONE
