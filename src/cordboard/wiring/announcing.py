"""What the office says in its own name: made by the speech and the prompts of the exchange."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from cordboard.office.voicemail_words import Announcer, Digits, Phrase, Recorded
from cordboard.speech.api import PromptError, Prompts, Speech, SpeechError, spell
from cordboard.telephony import Clip, Leg, Sound, Wording, choose

_LANGUAGES = ("en", "ru", "uk")
_log = structlog.get_logger("app")


class SpokenAnnouncer:
    """Implements `office.voicemail_words.Announcer` and `PromptKeeper`. `zone` and `language` are the office's."""

    def __init__(
        self, speech: Speech, prompts: Prompts, zone: Callable[[], ZoneInfo], language: Callable[[], str]
    ) -> None:
        self._speech = speech
        self._prompts = prompts
        self._zone = zone
        self._language = language

    async def sounds(self, phrases: Sequence[Phrase], language: str = "") -> Sequence[Sound]:
        """See Announcer. What is spoken in a row is spoken in one breath."""
        tongue = language or self._language()
        sounds: list[Sound] = []
        row: list[str] = []
        for phrase in phrases:
            clip = await self._recorded(phrase, tongue) if isinstance(phrase, Recorded) else None
            if clip is not None:
                sounds += [*await self._spoken(row, tongue), clip]
                row = []
            else:
                row.append(self._words(phrase, tongue))
        return [*sounds, *await self._spoken(row, tongue)]

    async def keep(self, name: str, audio: Path, language: str = "") -> bool:
        """See PromptKeeper."""
        try:
            await self._prompts.save(name, audio, language)
        except (PromptError, OSError) as fault:
            _log.warning("what was recorded with a phone is no prompt", prompt=name, fault=str(fault))
            return False
        return True

    async def _recorded(self, phrase: Recorded, language: str) -> Clip | None:
        try:
            return await self._prompts.find(phrase.name, language)
        except PromptError as fault:
            if phrase.instead:
                _log.info("a prompt is spoken until it is recorded", prompt=phrase.name, fault=str(fault))
            return None

    async def _spoken(self, texts: Sequence[str], language: str) -> Sequence[Sound]:
        text = " ".join(filter(None, texts))
        try:
            return [await self._speech.say(text, language)] if text else []
        except SpeechError as fault:
            _log.warning("something is not said", fault=str(fault))
            return []

    def _words(self, phrase: Phrase, language: str) -> str:
        tongue = language if language in _LANGUAGES else "en"
        match phrase:
            case int():
                return spell(phrase, "number", tongue) + "."
            case datetime():
                return spell(phrase.astimezone(self._zone()), "datetime", tongue) + "."
            case Digits(text):
                return spell(text, "digits", tongue) + "." if text else ""
            case Recorded(name, instead):
                return self._prompts.text(name, tongue) or choose(instead, tongue)[0]
            case _:
                return choose(phrase, tongue)[0]


class QueueAnnouncer:
    """Implements `office.queue.ports.Announcer`."""

    def __init__(self, announcer: Announcer, hold_music: Callable[[], Sequence[Sound]]) -> None:
        """`hold_music` is what is heard where a group names no music of its own."""
        self._announcer = announcer
        self._hold_music = hold_music

    async def music(self, name: str, language: str) -> Sequence[Sound]:
        """See Announcer."""
        own = await self._announcer.sounds([Recorded(name)], language) if name else ()
        return own or self._hold_music()

    async def position(self, leg: Leg, place: int, wait: float | None, language: str, *, key: str = "") -> None:
        """See Announcer."""
        phrases: list[Phrase] = [_PLACE, place] if place else []
        if wait is not None:
            minutes = max(1, round(wait / 60))
            spelled = {name: spell(timedelta(minutes=minutes), "duration", name) for name in _LANGUAGES}
            phrases += [_WAIT, spelled]
        if key:
            phrases += [_OFFER, _KEYS.get(key) or Digits(key)]
        if phrases:
            await leg.play(await self._announcer.sounds(phrases, language))

    async def promised(self, leg: Leg, language: str) -> None:
        """See Announcer."""
        await leg.play(await self._announcer.sounds([_PROMISED], language))


_PLACE: Wording = {"en": "Your place in the queue is", "ru": "Ваше место в очереди —", "uk": "Ваше місце в черзі —"}
_WAIT: Wording = {"en": "The expected wait is", "ru": "Ожидание —", "uk": "Очікування —"}
_OFFER: Wording = {
    "en": "To keep your place and be called back, press",
    "ru": "Чтобы сохранить место и получить звонок от нас, нажмите",
    "uk": "Щоб зберегти місце й отримати дзвінок від нас, натисніть",
}
_KEYS: Mapping[str, Wording] = {
    "*": {"en": "star.", "ru": "звёздочку.", "uk": "зірочку."},
    "#": {"en": "pound.", "ru": "решётку.", "uk": "решітку."},
}
_PROMISED: Wording = {
    "en": "You keep your place, and we shall call you back.",
    "ru": "Ваше место сохранено, мы вам перезвоним.",
    "uk": "Ваше місце збережено, ми вам зателефонуємо.",
}
