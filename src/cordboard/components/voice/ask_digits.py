"""Ask for digits."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components._keys import EndKey
from cordboard.components._speaking import Speaking
from cordboard.scenario.component import VOICE, VariableName
from cordboard.scenario.context import Context
from cordboard.telephony import ALL_KEYS, KeyRule

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=10))]


class AskDigits(Speaking):
    """Says a prompt and takes digits: a number to dial, a PIN, a code. An unanswered call is answered first.

    A key stops the prompt. The input ends with the last digit it may have, with the end key, or when nothing more comes
    in time. Too few digits make it ask again, until all attempts are used. Declare the variable as secret
    if nobody may read the digits in the trace.

    Exits: *done* with the digits in the variable; *nothing_pressed* or *too_short* when the attempts are used, by what
    happened last. The variable then holds what there was.
    """

    kind = "ask_digits"
    title = "Ask for digits"
    group = "voice"
    kinds = VOICE
    waits = True

    variable: VariableName
    """The variable that takes the digits, without the end key. Declare it as text: a number loses its leading zeros."""
    longest: Annotated[int, Field(ge=1, le=100)] = 20
    """How many digits it takes at most. For a PIN of four digits, 4: no end key is needed then."""
    shortest: Annotated[int, Field(ge=1, le=100)] = 1
    """How many digits there must be at least."""
    end_key: EndKey = "#"
    """The key that ends the input: `#` or `*`. Empty: none does, both are digits."""
    first_wait: Seconds = timedelta(seconds=5)
    """How long the first digit is waited for after the prompt."""
    next_wait: Seconds = timedelta(seconds=3)
    """How long each further digit is waited for."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """How many times it asks at most."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NOTHING_PRESSED = "nothing_pressed"
        TOO_SHORT = "too_short"

    @model_validator(mode="after")
    def _shortest_fits(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError("the shortest input is longer than the longest")
        return self

    async def run(self, ctx: Context) -> str:
        """Ask until there are digits enough or the attempts are used."""
        prompt = await self.sounds(ctx)
        rule = KeyRule(
            max_digits=self.longest,
            terminator=self.end_key,
            first_timeout=self.first_wait.total_seconds(),
            between_timeout=self.next_wait.total_seconds(),
        )
        await ctx.leg.answer()
        digits = ""
        for _ in range(self.attempts):
            await ctx.leg.play(prompt, interrupt=ALL_KEYS)
            digits = (await ctx.leg.collect(rule)).digits
            ctx.set(self.variable, digits)
            if len(digits) >= self.shortest:
                return self.Exit.DONE
        return self.Exit.TOO_SHORT if digits else self.Exit.NOTHING_PRESSED
