"""Set the language."""

from enum import StrEnum

from cordboard.components._languages import LanguageChoice
from cordboard.scenario.component import Component, Example, ScenarioKind
from cordboard.scenario.context import Context


class SetLanguage(Component):
    """Chooses the language in which this caller is spoken to from now on, also in other scenarios of the call.

    Steps that name a language of their own keep it. Texts in several languages are said in the chosen one.

    Exits: *done* always. A language that is not spoken here leaves by *error*.
    """

    kind = "set_language"
    title = "Set the language"
    group = "voice"
    kinds = frozenset({ScenarioKind.VOICE, ScenarioKind.SERVICE})
    examples = (Example("Behind the menu key for Ukrainian.", "ukrainian:\n  component: set_language\n  language: uk"),)

    language: LanguageChoice = None
    """en, ru or uk, or an expression that gives one. Empty: again the language of the office."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Remember it with the call."""
        ctx.session.language = self.language.value if self.language else ""
        return self.Exit.DONE
