"""Say a value."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cordboard.components._keys import Keys
from cordboard.components._languages import LanguageChoice, spoken_in
from cordboard.components._saying import Case, Gender, Kind, words
from cordboard.components._speaking import Speed, let_hear, spoken
from cordboard.scenario.component import VOICE, Component, Example, Text, Value
from cordboard.scenario.context import Context
from cordboard.telephony import PlayEnd


class Say(Component):
    """Says a number, an amount of money, a date or the like in words, grammatically, in the caller's language.

    A call that is not answered yet is answered first. To say it within a sentence, use the parts of "Play".

    Exits: *done* when all was heard; *key_pressed* if the caller stopped it by a key, which is kept for the next
    component that asks for keys. A value that cannot be said so leaves by *error*.
    """

    kind = "say"
    title = "Say a value"
    group = "voice"
    kinds = VOICE
    waits = True
    examples = (
        Example("What the caller owes.", "debt:\n  component: say\n  value: =debt\n  what: money\n  currency: UAH"),
        Example("The time of day.", "clock:\n  component: say\n  value: =now\n  what: time"),
    )

    value: Value
    """What is said: `=debt`, `{number}`."""
    what: Kind = Kind.NUMBER
    """As what: number, ordinal (the third), money, date, time, datetime, duration, digits (one by one), phone (in
    groups) or temperature."""
    currency: Text = ""
    """For money that is a mere number: its currency, `UAH`, `EUR`, `USD`."""
    gender: Gender | None = None
    """For a number in Russian and Ukrainian: masculine, feminine or neuter, as what is counted. Empty: masculine."""
    case: Case | None = None
    """In Russian and Ukrainian: the case that the sentence needs. Empty: the nominative."""
    voice: Text = ""
    """The voice that speaks: Anna, Aleksandr; for texts in several languages one of each, with commas between. Empty:
    what "Set the language" has chosen, or that of the office."""
    speed: Speed | None = None
    """How fast it is spoken, from 0.5 to 2. Empty: as "Set the language" has chosen, or 1."""
    stop_keys: Keys = ""
    """The keys that stop it, one after the other: `123*#`. Empty: no key does."""
    language: LanguageChoice = None
    """The language: en, ru or uk. Empty: what "Set the language" has chosen, or the language of the office."""
    answer: bool = True
    """Whether a call that is not answered yet is answered first. If not, the caller hears it before the answer."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        KEY_PRESSED = "key_pressed"

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No key can be pressed where none stops it."""
        return cls.fixed_exits() if written.get("stop_keys") else (cls.Exit.DONE.value,)

    async def run(self, ctx: Context) -> str:
        """Speak."""
        text = words(
            ctx,
            self.value,
            self.what,
            spoken_in(ctx, self.language),
            gender=self.gender or "",
            case=self.case or "",
            currency=self.currency,
        )
        sounds = await spoken(ctx, text, self.language, self.voice, self.speed)
        await let_hear(ctx, answer=self.answer)
        played = await ctx.leg.play(sounds, interrupt=self.stop_keys)
        return self.Exit.KEY_PRESSED if played.end is PlayEnd.KEY else self.Exit.DONE
