"""Set the language and the voice."""

from enum import StrEnum

from cordboard.components._languages import LanguageChoice
from cordboard.components._speaking import Speed
from cordboard.scenario.component import Component, Example, ScenarioKind, Text
from cordboard.scenario.context import Context

_USUAL = "usual"


class SetLanguage(Component):
    """Chooses how this caller is spoken to from now on, also in other scenarios of the call.

    Steps that name a language or a voice of their own keep it. Texts in several languages are said in the chosen one.

    Exits: *done* always. A language that is not spoken here leaves by *error*.
    """

    kind = "set_language"
    title = "Set the language"
    group = "voice"
    kinds = frozenset({ScenarioKind.VOICE, ScenarioKind.SERVICE})
    examples = (
        Example("Behind the menu key for Ukrainian.", "ukrainian:\n  component: set_language\n  language: uk"),
        Example(
            "A man's voice from here on, in Russian as in Ukrainian, and not so fast.",
            "slower:\n  component: set_language\n  voice: Aleksandr, Anatol\n  speed: 0.9",
        ),
    )

    language: LanguageChoice = None
    """en, ru or uk, or an expression that gives one. Empty: again the language of the office; in a step that chooses a
    voice or a speed, the language stays."""
    voice: Text = ""
    """The voice: Anna, Aleksandr; with commas between, one for each language. `cordboard voice list` tells which there
    are. Empty: it stays. `usual`: again that of the office."""
    speed: Speed | None = None
    """How fast it speaks, from 0.5 to 2; 1 is usual. Empty: it stays."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Remember it with the call."""
        if self.language or not (self.voice or self.speed):
            ctx.session.language = self.language.value if self.language else ""
        if self.voice:
            ctx.session.voice = "" if self.voice == _USUAL else self.voice
        if self.speed:
            ctx.session.speed = float(self.speed)
        return self.Exit.DONE
