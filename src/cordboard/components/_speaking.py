"""What all components that speak have in common."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components._languages import Language, LanguageChoice, Texts, spoken_in
from cordboard.components.prompt_folder import PromptFolder
from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said
from cordboard.speech.api import Speech
from cordboard.telephony import Sound, Wording

Speed = Annotated[Decimal, Field(ge=Decimal("0.5"), le=2)]
"""How fast it is spoken, of the voice's own speed."""


async def spoken(
    ctx: Context, text: Wording, language: Language | None, voice: str = "", speed: Decimal | None = None
) -> Sequence[Sound]:
    """`text` in the language, the voice and the speed of a step, else those of the call; nothing for an empty one."""
    silent = not text.strip() if isinstance(text, str) else not text
    if silent:
        return []
    pace = float(speed) if speed is not None else ctx.session.speed
    return [await ctx.port(Speech).say(text, spoken_in(ctx, language), voice or ctx.session.voice, pace)]


async def let_hear(ctx: Context, *, answer: bool) -> None:
    """Let the caller hear us: by an answer, or before it."""
    await (ctx.leg.answer() if answer else ctx.leg.early_media())


class Speaking(Component):
    """Properties and ways of a component that says a text or plays a file. No component itself."""

    heard = frozenset({"text", "texts", "file"})

    text: Text = ""
    """What is said. The exchange speaks it; `{name}` puts the value of a variable in."""
    texts: Texts = Field(default_factory=dict)
    """The same text in several languages, instead of `text`: a line each for en, ru and uk. The language of the step
    decides, or that of the call, or that of the office."""
    file: Annotated[str, Refers("file")] = ""
    """A recorded sound in the prompts folder (WAV, mono, 16 bit, 8000 Hz). It is played instead of the text."""
    language: LanguageChoice = None
    """The language: en, ru or uk. Empty: what "Set the language" has chosen, or the language of the office."""
    answer: bool = True
    """Whether a call that is not answered yet is answered first. If not, the caller hears it before the answer, and
    nobody pays; not every network lets him press keys there."""

    @model_validator(mode="after")
    def _one_wording(self) -> Self:
        if self.texts and self.text:
            raise ValueError(said("give either one text or the texts in several languages"))
        return self

    async def sounds(self, ctx: Context) -> Sequence[Sound]:
        """What is to be heard: the file, or the text, or nothing."""
        if self.file:
            return [ctx.port(PromptFolder).find(self.file)]
        return await self.spoken(ctx, self.texts or self.text)

    async def spoken(self, ctx: Context, text: Wording) -> Sequence[Sound]:
        """`text` in the language of this step; nothing for an empty one."""
        return await spoken(ctx, text, self.language)

    async def open(self, ctx: Context) -> None:
        """Let the caller hear us: by an answer, or before it."""
        await let_hear(ctx, answer=self.answer)
