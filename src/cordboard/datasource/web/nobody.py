"""The web of a simulation: nobody is there."""

from cordboard.datasource.web.ports import NoAnswerError, WebAnswer, WebRequest


class Nobody:
    """Implements `Web` where the world must not be asked. What is answered instead, a simulation says itself."""

    async def ask(self, request: WebRequest) -> WebAnswer:
        """Nobody answers."""
        raise NoAnswerError(f"nobody is asked in a simulation: say what {request.url} answers under `answers`")
