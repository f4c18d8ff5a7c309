"""What all components that speak have in common."""

from collections.abc import Sequence
from typing import Annotated

from cordboard.components.prompt_folder import PromptFolder
from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.speech.api import Speech
from cordboard.telephony import Sound


class Speaking(Component):
    """Properties and ways of a component that says a text or plays a file. No component itself."""

    text: Text = ""
    """What is said. The exchange speaks it; `{name}` puts the value of a variable in."""
    file: Annotated[str, Refers("file")] = ""
    """A recorded sound in the prompts folder (WAV, mono, 16 bit, 8000 Hz). It is played instead of the text."""
    language: str = ""
    """The language of the text: en, ru or uk. Empty: the language of the office."""

    async def sounds(self, ctx: Context) -> Sequence[Sound]:
        """What is to be heard: the file, or the text, or nothing."""
        if self.file:
            return [ctx.port(PromptFolder).find(self.file)]
        return await self.spoken(ctx, self.text)

    async def spoken(self, ctx: Context, text: str) -> Sequence[Sound]:
        """`text` in the language of this step; nothing for an empty one."""
        return [await ctx.port(Speech).say(text.strip(), self.language)] if text.strip() else []
