"""What all components that speak have in common."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components.prompt_folder import PromptFolder
from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.speech.api import Speech
from cordboard.telephony import Sound, Wording

LANGUAGES = frozenset({"en", "ru", "uk"})


class Speaking(Component):
    """Properties and ways of a component that says a text or plays a file. No component itself."""

    text: Text = ""
    """What is said. The exchange speaks it; `{name}` puts the value of a variable in."""
    texts: dict[str, Text] = Field(default_factory=dict)
    """The same text in several languages, instead of `text`: a line each for en, ru and uk. The language of the step
    decides, or that of the office."""
    file: Annotated[str, Refers("file")] = ""
    """A recorded sound in the prompts folder (WAV, mono, 16 bit, 8000 Hz). It is played instead of the text."""
    language: str = ""
    """The language of the text: en, ru or uk. Empty: the language of the office."""

    @model_validator(mode="after")
    def _known_languages(self) -> Self:
        unknown = sorted(set(self.texts) - LANGUAGES)
        if unknown:
            raise ValueError(f"texts: {', '.join(unknown)} is no language here: possible are en, ru and uk")
        if self.texts and self.text:
            raise ValueError("give either one text or the texts in several languages")
        return self

    async def sounds(self, ctx: Context) -> Sequence[Sound]:
        """What is to be heard: the file, or the text, or nothing."""
        if self.file:
            return [ctx.port(PromptFolder).find(self.file)]
        return await self.spoken(ctx, self.texts or self.text)

    async def spoken(self, ctx: Context, text: Wording) -> Sequence[Sound]:
        """`text` in the language of this step; nothing for an empty one."""
        silent = not text.strip() if isinstance(text, str) else not text
        return [] if silent else [await ctx.port(Speech).say(text, self.language)]
