"""A voice that costs nothing: the text stands for its sound."""

from cordboard.telephony import Clip, Wording, choose


class SimulatedSpeech:
    """Implements `speech.api.Speech`. `said` keeps each text with its language, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def say(self, text: Wording, language: str = "") -> Clip:
        """See speech.api.Speech. It never fails. The office speaks English."""
        wording, _ = choose(text, language or "en")
        self.said.append((wording, language))
        return Clip(None, wording)
