"""Play."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import Annotated, Any, Self

from pydantic import AfterValidator, model_validator

from cordboard.components._keys import Keys
from cordboard.components._languages import Language, spoken_in
from cordboard.components._saying import Case, Gender, Kind, joined, words
from cordboard.components._speaking import Speaking, Speed, manner, play_in_turn, recorded, spoken, words_of
from cordboard.office.ports import Recordings
from cordboard.scenario.component import VOICE, Example, Row, Text, Value
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import InLanguages, Inserts, Refers
from cordboard.scenario.said import said
from cordboard.speech.api import Speech, inserted, marked
from cordboard.telephony import Clip, PlayEnd, Sound, Wording


class Part(Row):
    """One of several things that are heard without a gap: a text, a value, a file or a recording."""

    text: Text = ""
    """What is said; `{name}` puts the value of a variable in."""
    en: Annotated[Text, InLanguages()] = ""
    """Instead of `text`: what is said in English."""
    ru: Annotated[Text, InLanguages()] = ""
    """What is said in Russian."""
    uk: Annotated[Text, InLanguages()] = ""
    """What is said in Ukrainian."""
    value: Value = None
    """Instead of a text: a value that is said in words, `=debt`."""
    what: Kind = Kind.NUMBER
    """As what the value is said: number, ordinal, money, date, time, datetime, duration, digits, phone or
    temperature."""
    currency: Text = ""
    """For money that is a mere number: its currency, `UAH`."""
    gender: Gender | None = None
    """For a number in Russian and Ukrainian: masculine, feminine or neuter. Empty: masculine."""
    case: Case | None = None
    """In Russian and Ukrainian: the case that the sentence needs. Empty: the nominative."""
    file: Annotated[str, Refers("file")] = ""
    """A recorded sound in the prompts folder. If it is missing, what `name.txt` holds is spoken, or its name."""
    recording: Text = ""
    """A recording of the exchange, by the name that "Record a message" put into a variable: `{message}`."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = self.model_fields_set
        things = sum(name in given for name in ("text", "value", "file", "recording")) + bool(given & set(Language))
        if things != 1:
            raise ValueError(said("a part is one thing: a text, its en, ru and uk, a value, a file or a recording"))
        return self

    def wording(self, ctx: Context, language: str) -> Wording:
        """What is said, in one language or several."""
        if "value" in self.model_fields_set:
            gender, case = self.gender or "", self.case or ""
            return words(ctx, self.value, self.what, language, gender=gender, case=case, currency=self.currency)
        texts = {"en": self.en, "ru": self.ru, "uk": self.uk}
        return {language: text for language, text in texts.items() if text} or self.text


class Play(Speaking):
    """Says a text or plays a recorded sound to the caller. A call that is not answered yet is answered first.

    Several things can be heard one after the other, without a gap: recorded words with an amount of money in their
    midst.

    Exits: *done* when all was heard; *key_pressed* if the caller stopped it by a key. The key is kept for the next
    component that asks for keys.
    """

    kind = "play"
    title = "Play"
    group = "voice"
    kinds = VOICE
    waits = True
    heard = Speaking.heard | {"parts", "ssml"}
    examples = (
        Example(
            "A greeting in the caller's language.",
            "greet:\n  component: play\n  texts:\n    en: Good day\n    ru: Добрый день\n    uk: Добрий день",
        ),
        Example(
            "An amount within a sentence.",
            "debt:\n  component: play\n  parts:\n    - {en: You owe us, uk: Ваш борг становить}\n"
            "    - {value: =debt, what: money, currency: UAH}",
        ),
        Example(
            "A recorded sentence, and the caller's message behind it.",
            'back:\n  component: play\n  parts:\n    - {file: your-message.wav}\n    - {recording: "{message}"}',
        ),
    )

    parts: tuple[Part, ...] = ()
    """Instead of one text or file: several, one after the other."""
    ssml: Annotated[str, Inserts(escape=inserted), AfterValidator(marked)] = ""
    """Instead of a text: one with markup, a subset of SSML: `<break time="1s"/>`, `<p>`, `<s>`,
    `<prosody rate="slow">`, `<emphasis>`, `<say-as interpret-as="digits">`, `<sub alias="…">`, `<voice name="Anna">`,
    `<lang xml:lang="en">`. What `{name}` puts in is said as it is, and never read as markup."""
    voice: Text = ""
    """The voice that speaks: Anna, Aleksandr; for texts in several languages one of each, with commas between. Empty:
    what "Set the language" has chosen, or that of the office."""
    speed: Speed | None = None
    """How fast it is spoken, from 0.5 to 2. Empty: as "Set the language" has chosen, or 1."""
    stop_keys: Keys = ""
    """The keys that stop it, one after the other: `123*#`. Empty: no key does."""

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"
        KEY_PRESSED = "key_pressed"

    @model_validator(mode="after")
    def _something(self) -> Self:
        single = {"text", "texts", "file", "ssml"} & self.model_fields_set
        if not single and not self.parts:
            raise ValueError(said("say what is to be heard: give a text, a file or parts"))
        if single and self.parts:
            raise ValueError(said("give either one text or file, or parts"))
        if self.ssml and (self.text or self.texts):
            raise ValueError(said("give either a text or one with markup"))
        return self

    @classmethod
    def exits_to_wire(cls, written: Mapping[str, Any]) -> tuple[str, ...]:
        """No key can be pressed where none stops it."""
        return cls.fixed_exits() if written.get("stop_keys") else (cls.Exit.DONE.value,)

    async def spoken(self, ctx: Context, text: Wording) -> Sequence[Sound]:
        """See Speaking; in the voice of this step."""
        return await spoken(ctx, text, self.language, self.voice, self.speed)

    async def sounds(self, ctx: Context) -> Sequence[Sound]:
        """See Speaking; a text with markup, too."""
        if not self.ssml:
            return await super().sounds(ctx)
        if self.file and (found := await recorded(ctx, self.file, self.language)):
            return found
        how = manner(ctx, self.voice, self.speed)
        return await ctx.port(Speech).say_marked(self.ssml, spoken_in(ctx, self.language), *how)

    async def run(self, ctx: Context) -> str:
        """Speak. What was recorded, and all parts, are made ready before the first sound is heard."""
        if not self.parts and not self.file and (self.texts or self.text.strip()):
            played = await play_in_turn(
                ctx,
                self.texts or self.text,
                self.language,
                self.voice,
                self.speed,
                answer=self.answer,
                interrupt=self.stop_keys,
            )
            return self.Exit.KEY_PRESSED if played.end is PlayEnd.KEY else self.Exit.DONE
        sounds = await (self._parts(ctx) if self.parts else self.sounds(ctx))
        await self.open(ctx)
        played = await ctx.leg.play(sounds, interrupt=self.stop_keys)
        return self.Exit.KEY_PRESSED if played.end is PlayEnd.KEY else self.Exit.DONE

    async def _parts(self, ctx: Context) -> Sequence[Sound]:
        """What is spoken in a row is one sentence to the voice."""
        sounds: list[Sound] = []
        for to_speak, parts in groupby(self.parts, lambda part: not part.file and not part.recording):
            if to_speak:
                language = spoken_in(ctx, self.language)
                sounds += await self.spoken(ctx, joined(part.wording(ctx, language) for part in parts))
            else:
                for part in parts:
                    sounds += await self._prompt(ctx, part.file) if part.file else [_recorded(ctx, part.recording)]
        return sounds

    async def _prompt(self, ctx: Context, name: str) -> Sequence[Sound]:
        found = await recorded(ctx, name, self.language)
        return found or await self.spoken(ctx, words_of(ctx, name, self.language))


def _recorded(ctx: Context, name: str) -> Clip:
    try:
        path = ctx.port(Recordings).path(name)
        if not path.stat().st_size:
            raise FileNotFoundError
    except (ValueError, OSError):
        raise ScenarioError(said("there is no recording {name!r}", name=name)) from None
    return Clip(path, name)
