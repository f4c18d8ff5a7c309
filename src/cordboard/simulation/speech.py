"""A voice that costs nothing: the text stands for its sound."""

from cordboard.telephony import Clip


class SimulatedSpeech:
    """Implements `speech.api.Speech`. `said` keeps each text with its language, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def say(self, text: str, language: str = "") -> Clip:
        """See speech.api.Speech. It never fails."""
        self.said.append((text, language))
        return Clip(None, text)
