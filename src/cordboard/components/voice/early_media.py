"""Speak before the answer."""

from enum import StrEnum

from cordboard.scenario.component import VOICE, Component, Example
from cordboard.scenario.context import Context


class EarlyMedia(Component):
    """Lets the caller hear us before the call is answered, so that nobody pays for it.

    Music that plays behind the following steps is then heard before the answer. Components that speak do this by
    themselves where their property `answer` is off. Nothing happens if the call is answered already.

    Exits: *done* when the voice is open.
    """

    kind = "early_media"
    title = "Speak before the answer"
    group = "voice"
    kinds = VOICE
    examples = (
        Example(
            "Say that nobody is in, and turn the call away unanswered.",
            "open:\n  component: early_media\n  exits:\n    done: closed\n"
            "closed:\n  component: play\n  text: We are closed today\n  answer: no\n  exits:\n    done: away\n"
            "away:\n  component: reject",
        ),
    )

    class Exit(StrEnum):
        """Its exits."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:
        """Open the voice."""
        await ctx.leg.early_media()
        return self.Exit.DONE
