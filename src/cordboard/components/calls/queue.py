"""Enter a queue."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cordboard.components._languages import LanguageChoice, spoken_in
from cordboard.office.ports import MAX_PRIORITY, QueueExit, Queues, Wish
from cordboard.scenario.component import VOICE, Component, Example, Text
from cordboard.scenario.context import Context, ScenarioError
from cordboard.scenario.markers import Refers
from cordboard.scenario.said import said


class EnterQueue(Component):
    """Lets the caller wait until an operator of a group is free, and joins them.

    The group says what he hears, in which order operators are asked, and how long he may wait. Each step of priority is
    worth some time of waiting, so that an important caller passes others, and nobody waits for ever. If the operator's
    phone dies in the talk, the caller stands first again.

    Exits: *answered* after the talk, if it was the operator who hung up; *timeout* if he has waited as long as the
    group allows; *full* if as many wait as may; *no_operators* if nobody of the group is there; *callback* if he has
    pressed the key to be called back: he keeps his place, say goodbye; *overflow* if the group has led him elsewhere,
    and that is over.
    """

    kind = "queue"
    title = "Enter a queue"
    group = "calls"
    kinds = VOICE
    waits = True
    outside = True
    examples = (
        Example("The sales group.", "wait:\n  component: queue\n  name: sales"),
        Example(
            "A client with a manager of his own, before others.",
            "wait:\n  component: queue\n  name: sales\n  priority: 5\n  own: olena",
        ),
    )

    name: Annotated[Text, Refers("group", computed=True)]
    """The name of the group."""
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    """From 0, for everybody, to 10."""
    own: Annotated[Text, Refers("user", computed=True)] = ""
    """The login of the caller's own manager, who is asked first: `{manager}`."""
    skills: Text = ""
    """What the operator must be able to do, with commas: `english, contracts`."""
    language: LanguageChoice = None
    """The language of what is announced. Empty: what "Set the language" has chosen, or the language of the office."""

    class Exit(StrEnum):
        """Its exits."""

        ANSWERED = "answered"
        TIMEOUT = "timeout"
        FULL = "full"
        NO_OPERATORS = "no_operators"
        CALLBACK = "callback"
        OVERFLOW = "overflow"

    async def run(self, ctx: Context) -> str:
        """Wait."""
        skills = tuple(skill for each in self.skills.split(",") if (skill := each.strip()))
        wish = Wish(self.priority, self.own, skills, spoken_in(ctx, self.language))
        queues = ctx.port(Queues)
        if not queues.knows(self.name):
            raise ScenarioError(
                said("there is no group {name!r}: correct step {step!r}", name=self.name, step=ctx.step)
            )
        result = await queues.enter(ctx.leg, self.name, wish)
        # Who has hung up leaves the scenario by that, whatever is said here.
        return self.Exit.ANSWERED if result is QueueExit.GONE else self.Exit(result.value)
