"""Say digits."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.components._keys import Keys
from cordboard.components._languages import LanguageChoice
from cordboard.components._speaking import spoken
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.telephony import PlayEnd


class SayDigits(Component):
    """Reads a number out digit by digit: an internal number, a code, a phone.

    Everything but digits is passed over. A call that is not answered yet is answered first.

    Exits: *done* when all was heard, also if there was no digit; *key_pressed* if the caller stopped it by a key,
    which is kept for the next component that asks for keys.
    """

    kind = "say_digits"
    title = "Say digits"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (
        Example(
            "The code that was given to the caller.",
            'code:\n  component: say_digits\n  digits: "{code}"',
        ),
    )

    digits: Text
    """What is read out, usually a variable: `{number}`."""
    language: LanguageChoice = None
    """The language of the words: en, ru or uk. Empty: that of the call, or of the office."""
    stop_keys: Keys = ""
    """The keys that stop it, one after the other: `123*#`. Empty: no key does."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        KEY_PRESSED = "key_pressed"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No key can be pressed where none stops it."""
        return cls.fixed_exits() if written.get("stop_keys") else (cls.Exit.DONE.value,)

    async def run(self, ctx: Context) -> str:
        """Speak, with a comma behind each digit for the pause."""
        digits = [character for character in self.digits if character in "0123456789"]
        if not digits:
            return self.Exit.DONE
        sounds = await spoken(ctx, ", ".join(digits), self.language)
        await ctx.leg.answer()
        played = await ctx.leg.play(sounds, interrupt=self.stop_keys)
        return self.Exit.KEY_PRESSED if played.end is PlayEnd.KEY else self.Exit.DONE
