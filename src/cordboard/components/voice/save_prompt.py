"""Save as a prompt."""

from enum import StrEnum

from cordboard.components._languages import LanguageChoice
from cordboard.office.ports import Recordings
from cordboard.scenario.component import Component, Example, ScenarioKind, Text
from cordboard.scenario.context import Context
from cordboard.speech.api import PromptError, Prompts


class SavePrompt(Component):
    """Makes a prompt of a recording: from now on, steps that play a file of that name play it.

    So the office records its greeting with a telephone. The new prompt takes the place of the old one; it is cut to
    what is said, and made as loud as all others. Whoever reaches this step changes what callers hear: let the scenario
    ask for a PIN before.

    Exits: *saved*; *unusable* if there is no such recording, nothing is heard in it, or the name will not do: the old
    prompt stays, and the log tells why.
    """

    kind = "save_prompt"
    title = "Save as a prompt"
    group = "voice"
    kinds = frozenset({ScenarioKind.VOICE, ScenarioKind.SERVICE})
    outside = True
    examples = (
        Example(
            "A greeting that was just recorded, for callers who are spoken to in Ukrainian.",
            'keep:\n  component: save_prompt\n  recording: "{message}"\n  name: greeting\n  language: uk',
        ),
    )

    recording: Text
    """The recording, by the name that "Record a message" put into a variable: `{message}`."""
    name: Text
    """The name of the prompt: letters, digits, `-` and `_`."""
    language: LanguageChoice = None
    """For callers of which language it is: en, ru or uk. Empty: for everybody."""
    text: Text = ""
    """What is said in it. It is spoken if the file is lost. Empty: what was written down before stays."""

    class Exit(StrEnum):
        """Its exits."""

        SAVED = "saved"
        UNUSABLE = "unusable"

    async def run(self, ctx: Context) -> str:
        """Hand the file over."""
        try:
            recording = ctx.port(Recordings).path(self.recording)
            language = self.language.value if self.language else ""
            await ctx.port(Prompts).save(self.name, recording, language, self.text)
        except (PromptError, ValueError) as fault:
            ctx.log.warning("%s", fault)
            return self.Exit.UNUSABLE
        return self.Exit.SAVED
