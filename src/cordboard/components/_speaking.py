"""What all components that speak have in common."""

import re
from collections.abc import Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import Field, model_validator

from cordboard.components._languages import Language, LanguageChoice, Texts, spoken_in
from cordboard.scenario.component import Component, Text
from cordboard.scenario.context import Context
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said
from cordboard.speech.api import PromptError, Prompts, Speech
from cordboard.telephony import Played, PlayEnd, Silence, Sound, Wording

Speed = Annotated[Decimal, Field(ge=Decimal("0.5"), le=2)]
"""How fast it is spoken, of the voice's own speed."""


_BREATH = Silence(0.2)
"""Between sentences that were made apart."""


async def spoken(
    ctx: Context, text: Wording, language: Language | None, voice: str = "", speed: Decimal | None = None
) -> Sequence[Sound]:
    """`text` in the language, the voice and the speed of a step, else those of the call; nothing for an empty one."""
    silent = not text.strip() if isinstance(text, str) else not text
    if silent:
        return []
    return [await ctx.port(Speech).say(text, spoken_in(ctx, language), *manner(ctx, voice, speed))]


def manner(ctx: Context, voice: str, speed: Decimal | None) -> tuple[str, float]:
    """The voice and the speed of a step, else those of the call."""
    return voice or ctx.session.voice, float(speed) if speed is not None else ctx.session.speed


async def play_in_turn(
    ctx: Context,
    text: Wording,
    language: Language | None,
    voice: str = "",
    speed: Decimal | None = None,
    *,
    answer: bool,
    interrupt: str = "",
) -> Played:
    """Let the caller hear a text from its first breath on, while the rest of a long one is still being made."""
    played = Played(PlayEnd.FINISHED)
    clips = ctx.port(Speech).say_in_turn(text, spoken_in(ctx, language), *manner(ctx, voice, speed))
    async with aclosing(clips):
        breath: list[Sound] = []
        async for clip in clips:
            if not breath:
                await let_hear(ctx, answer=answer)
            played = await ctx.leg.play([*breath, clip], interrupt=interrupt)
            if played.end is not PlayEnd.FINISHED:
                return played
            breath = [_BREATH]
    return played


async def recorded(ctx: Context, name: str, language: Language | None = None) -> Sequence[Sound]:
    """The prompt of that name; nothing if it cannot be played, which the log and the trace then tell."""
    try:
        return [await ctx.port(Prompts).find(name, spoken_in(ctx, language))]
    except PromptError as fault:
        ctx.log.warning("%s. Until then it is done without", fault)
        return []


def words_of(ctx: Context, name: str, language: Language | None) -> str:
    """What is said in place of a prompt that is not there: what it says, if somebody wrote that down, else its name."""
    stem = PurePosixPath(name).with_suffix("").name
    return ctx.port(Prompts).text(name, spoken_in(ctx, language)) or re.sub(r"[\W_]+", " ", stem).strip()


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
    file: Annotated[str, Refers("file", instead=("text", "texts"))] = ""
    """A recorded sound that is played instead of the text: a file in the prompts folder, by its name. `welcome` is
    `welcome.uk.wav` for those who are spoken to in Ukrainian, or `welcome.wav` for everybody. If it is missing, the
    text is spoken, or what `welcome.txt` holds, or its name."""
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
        sounds = await recorded(ctx, self.file, self.language) if self.file else []
        return sounds or await self.spoken(ctx, self.texts or self.text or self.instead(ctx))

    def instead(self, ctx: Context) -> str:
        """What is said where a file is missing, and there is no text of it."""
        return words_of(ctx, self.file, self.language) if self.file else ""

    async def spoken(self, ctx: Context, text: Wording) -> Sequence[Sound]:
        """`text` in the language of this step; nothing for an empty one."""
        return await spoken(ctx, text, self.language)

    async def open(self, ctx: Context) -> None:
        """Let the caller hear us: by an answer, or before it."""
        await let_hear(ctx, answer=self.answer)
