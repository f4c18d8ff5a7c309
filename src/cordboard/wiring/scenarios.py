"""What the office asks of scenarios, and what a caller hears when one has failed."""

import contextlib
from collections.abc import Mapping
from types import MappingProxyType

from cordboard.office.directory import OfficeDirectory
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.runner import Runner
from cordboard.speech.api import Speech, SpeechError
from cordboard.telephony import Leg


class Scenarios:
    """Runs scenarios for the switchboard. Implements office.switchboard.VoiceScenarios."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:
        """See VoiceScenarios."""
        try:
            await self._runner.run_voice(name, leg, values)
        except ScenarioError as fault:
            raise LookupError(str(fault)) from fault


class Goodbye:
    """What a caller hears whose scenario has failed: the last words before the call ends."""

    WORDS: Mapping[str, str] = MappingProxyType(
        {
            "en": "Sorry, something went wrong. Please call again later.",
            "ru": "Извините, произошла ошибка. Пожалуйста, перезвоните позже.",
            "uk": "Вибачте, сталася помилка. Будь ласка, зателефонуйте пізніше.",
        }
    )

    def __init__(self, speech: Speech, office: OfficeDirectory) -> None:
        self._speech = speech
        self._office = office

    async def __call__(self, leg: Leg) -> None:
        """Say it, in the office's language, and hang up."""
        with contextlib.suppress(SpeechError):
            language = self._office.settings.language
            clip = await self._speech.say(self.WORDS.get(language, self.WORDS["en"]), language)
            await leg.answer()
            await leg.play([clip])
        await leg.hang_up()
