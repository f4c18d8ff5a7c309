"""Send keys."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import ALL_KEYS

PAUSE = ","
PAUSE_SECONDS = 1.0


def _keys(text: str) -> str:
    for character in text:
        if character not in ALL_KEYS + PAUSE:
            raise ValueError(
                said("{key!r} is no key of a telephone: write 0 to 9, * or #, and a comma for a pause", key=character)
            )
    return text


class SendDtmf(Component):
    """Presses keys towards the other side: the PIN of a conference, the way through a foreign menu.

    Nothing is sent while the call is not answered.

    Exits: *done* when the keys were sent.
    """

    kind = "send_dtmf"
    title = "Send keys"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (Example("Two seconds later, an extension.", 'extension:\n  component: send_dtmf\n  keys: ",,105#"'),)

    keys: Annotated[Text, AfterValidator(_keys)]
    """The keys, one after the other: `105#`, or `{code}`. A comma waits for a second."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Press them."""
        for number, keys in enumerate(self.keys.split(PAUSE)):
            if number:
                await ctx.sleep(PAUSE_SECONDS)
            if keys:
                await ctx.leg.send_digits(keys)
        return self.Exit.DONE
