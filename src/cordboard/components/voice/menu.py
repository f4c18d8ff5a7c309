"""Menu."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components._keys import Key
from cordboard.components._languages import Texts
from cordboard.components._speaking import Speaking
from cordboard.scenario.component import VOICE, Example, ExitRow, Text, VariableName
from cordboard.scenario.context import Context
from cordboard.scenario.said import said
from cordboard.telephony import ALL_KEYS, KeyRule


class MenuKey(ExitRow):
    """One key and its exit."""

    key: Key
    """The key of the telephone: 0 to 9, `*` or `#`."""


class Menu(Speaking):
    """Says a prompt and waits for one key. A call that is not answered yet is answered first.

    A key that the menu does not have, or no key in time, makes it say the prompt again, until all attempts are used.

    Exits: one for each key; *wrong_key* or *nothing_pressed* when the attempts are used, by what happened last.
    """

    kind = "menu"
    title = "Menu"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (
        Example(
            "Two departments, and the operator for who presses nothing.",
            "ask:\n  component: menu\n  texts:\n    en: Press 1 for sales or 2 for delivery\n"
            "    uk: Натисніть 1 для відділу продажу або 2 для доставки\n"
            '  keys:\n    - {id: sales, key: "1"}\n    - {id: delivery, key: "2"}',
        ),
    )

    keys: tuple[MenuKey, ...]
    """The keys and where they lead."""
    wait: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=10))] = timedelta(seconds=5)
    """How long a key is waited for after the prompt."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """How many times the prompt is said at most."""
    interruptible: bool = True
    """Whether a key stops the prompt. If not, a key that was pressed meanwhile counts after the prompt."""
    wrong_key_text: Text = ""
    """What is said after a wrong key, before the prompt comes again."""
    wrong_key_texts: Texts = Field(default_factory=dict)
    """The same in several languages."""
    nothing_pressed_text: Text = ""
    """What is said when no key came in time, before the prompt comes again."""
    nothing_pressed_texts: Texts = Field(default_factory=dict)
    """The same in several languages."""
    pressed: VariableName = ""
    """The variable that takes the key; declare it as text. Empty if none was pressed."""

    class Exit(StrEnum):
        """Its fixed exits."""

        WRONG_KEY = "wrong_key"
        NOTHING_PRESSED = "nothing_pressed"

    @model_validator(mode="after")
    def _each_key_once(self) -> Self:
        keys = [row.key for row in self.keys]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(said("key {keys} stands in the menu twice", keys=", ".join(twice)))
        return self

    async def run(self, ctx: Context) -> str:
        """Ask until a key of the menu is pressed or the attempts are used."""
        prompt = await self.sounds(ctx)
        wrong = await self.spoken(ctx, self.wrong_key_texts or self.wrong_key_text)
        nothing = await self.spoken(ctx, self.nothing_pressed_texts or self.nothing_pressed_text)
        interrupt = ALL_KEYS if self.interruptible else ""
        rule = KeyRule(max_digits=1, terminator="", first_timeout=self.wait.total_seconds())
        exits = {row.key: row.id for row in self.keys}
        await self.open(ctx)
        failed = self.Exit.NOTHING_PRESSED
        for attempt in range(1, self.attempts + 1):
            await ctx.leg.play(prompt, interrupt=interrupt)
            key = (await ctx.leg.collect(rule)).digits
            ctx.set(self.pressed, key)
            if key in exits:
                return exits[key]
            failed = self.Exit.WRONG_KEY if key else self.Exit.NOTHING_PRESSED
            # What was typed ahead was meant for the exit that was missed.
            ctx.leg.forget_keys()
            if attempt < self.attempts:
                await ctx.leg.play(wrong if key else nothing, interrupt=interrupt)
        return failed
