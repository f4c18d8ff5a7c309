"""Answer."""

from enum import StrEnum

from cordboard.scenario.component import VOICE, Component, Example
from cordboard.scenario.context import Context


class Answer(Component):
    """Answers the call: from now on the caller hears us, and pays.

    Components that speak answer by themselves; this one is for answering without a word. Nothing happens if the
    call is answered already.

    Exits: *done* when voices can flow.
    """

    kind = "answer"
    title = "Answer"
    group = "voice"
    kinds = VOICE
    examples = (Example("Before music plays.", "answer:\n  component: answer"),)

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Answer."""
        await ctx.leg.answer()
        return self.Exit.DONE
