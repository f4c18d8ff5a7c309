"""Ask for digits."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from cordboard.components._keys import EndKey
from cordboard.components._languages import Texts
from cordboard.components._speaking import Speaking
from cordboard.components._written import may_be
from cordboard.scenario.component import VOICE, Example, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import ALL_KEYS, KeyRule, LegState

Seconds = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=10))]

_RIGHT, _AGAIN = "1", "2"
_QUESTION: Mapping[str, str] = MappingProxyType(
    {
        "en": "You have entered {digits}. If this is right, press 1. To enter it again, press 2.",
        "ru": "Вы ввели {digits}. Если всё верно, нажмите 1. Чтобы ввести заново, нажмите 2.",
        "uk": "Ви ввели {digits}. Якщо все правильно, натисніть 1. Щоб ввести знову, натисніть 2.",
    }
)


class AskDigits(Speaking):
    """Says a prompt and takes digits: a number to dial, a PIN, a code. An unanswered call is answered first.

    A key stops the prompt. The input ends with the last digit it may have, with the end key, or when nothing more comes
    in time. Too few digits make it ask again, until all attempts are used. Declare the variable as secret
    if nobody may read the digits in the trace.

    Exits: *done* with the digits in the variable; *nothing_pressed*, *too_short* or *not_confirmed* when the attempts
    are used, by what happened last. The variable then holds what there was.
    """

    kind = "ask_digits"
    title = "Ask for digits"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (
        Example(
            "The number of an order, which the caller confirms.",
            "order:\n  component: ask_digits\n  text: Enter the number of your order and press the hash key\n"
            "  variable: order\n  longest: 8\n  confirm: yes",
        ),
    )

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
    nothing_pressed_text: Text = ""
    """What is said when nothing came in time, before it asks again."""
    nothing_pressed_texts: Texts = Field(default_factory=dict)
    """The same in several languages."""
    too_short_text: Text = ""
    """What is said after too few digits, before it asks again."""
    too_short_texts: Texts = Field(default_factory=dict)
    """The same in several languages."""
    confirm: bool = False
    """Whether the digits are read back: the caller presses 1 if they are right, or 2 to enter them again."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        NOTHING_PRESSED = "nothing_pressed"
        TOO_SHORT = "too_short"
        NOT_CONFIRMED = "not_confirmed"

    @model_validator(mode="after")
    def _shortest_fits(self) -> Self:
        if self.shortest > self.longest:
            raise ValueError(said("the shortest input is longer than the longest"))
        return self

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """Nothing is left unconfirmed where nobody asks."""
        asked = may_be(written, "confirm", default=False)
        return tuple(name for name in cls.fixed_exits() if name != cls.Exit.NOT_CONFIRMED or asked)

    async def run(self, ctx: Context) -> str:
        """Ask until there are digits enough or the attempts are used."""
        prompt = await self.sounds(ctx)
        complaints = {
            self.Exit.NOTHING_PRESSED: self.nothing_pressed_texts or self.nothing_pressed_text,
            self.Exit.TOO_SHORT: self.too_short_texts or self.too_short_text,
        }
        await self.open(ctx)
        outcome = self.Exit.NOTHING_PRESSED
        for attempt in range(1, self.attempts + 1):
            await ctx.leg.play(prompt, interrupt=ALL_KEYS)
            outcome = await self._take(ctx)
            if outcome is self.Exit.DONE or ctx.leg.state is LegState.ENDED:
                # Nobody is there to be asked again; what he has pressed stays in the variable.
                break
            if attempt < self.attempts and outcome in complaints:
                await ctx.leg.play(await self.spoken(ctx, complaints[outcome]), interrupt=ALL_KEYS)
        return outcome

    async def _take(self, ctx: Context) -> "AskDigits.Exit":
        """Digits once, and whether they will do."""
        rule = KeyRule(
            max_digits=self.longest,
            terminator=self.end_key,
            first_timeout=self.first_wait.total_seconds(),
            between_timeout=self.next_wait.total_seconds(),
        )
        digits = (await ctx.leg.collect(rule)).digits
        ctx.set(self.variable, digits)
        if not digits:
            return self.Exit.NOTHING_PRESSED
        if len(digits) < self.shortest:
            return self.Exit.TOO_SHORT
        if self.confirm and not await self._is_right(ctx, digits):
            return self.Exit.NOT_CONFIRMED
        return self.Exit.DONE

    async def _is_right(self, ctx: Context, digits: str) -> bool:
        """Read them back. What is neither yes nor no has the question once more."""
        one_by_one = ", ".join(digits)
        question = await self.spoken(ctx, {name: text.format(digits=one_by_one) for name, text in _QUESTION.items()})
        # What was typed ahead answers a question that the caller has not heard.
        ctx.leg.forget_keys()
        rule = KeyRule(max_digits=1, terminator="", first_timeout=self.first_wait.total_seconds())
        for _ in range(2):
            await ctx.leg.play(question, interrupt=ALL_KEYS)
            key = (await ctx.leg.collect(rule)).digits
            if key in (_RIGHT, _AGAIN):
                return key == _RIGHT
        return False
