"""A voice that costs nothing: the text stands for its sound."""

import re
from collections.abc import AsyncGenerator, Sequence
from html import unescape

from cordboard.telephony import Clip, Sound, Wording, choose


class SimulatedSpeech:
    """Implements `speech.api.Speech`. `said` keeps each text with its language, `manners` its voice and speed."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.manners: list[tuple[str, float]] = []

    async def say(self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0) -> Clip:
        """See speech.api.Speech. It never fails. The office speaks English."""
        wording, _ = choose(text, language or "en")
        self.said.append((wording, language))
        self.manners.append((voice, speed))
        return Clip(None, wording)

    async def say_in_turn(
        self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[Clip, None]:
        """See speech.api.Speech. It is made at once, and so stays whole."""
        yield await self.say(text, language, voice, speed)

    async def say_marked(self, markup: str, language: str = "", voice: str = "", speed: float = 1.0) -> Sequence[Sound]:
        """See Speech. What stands between the tags is what is heard."""
        return [await self.say(" ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split()), language, voice, speed)]
