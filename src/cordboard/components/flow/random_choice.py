"""Random choice."""

import random
from typing import Annotated

from pydantic import Field

from cordboard.scenario.component import Component, Example, ExitRow
from cordboard.scenario.context import Context


class Chance(ExitRow):
    """One way and how often it is taken."""

    weight: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How often, compared with the others: a way with 3 is taken three times as often as one with 1."""


class RandomChoice(Component):
    """Goes one of several ways by chance: to try two greetings, or to ask every tenth caller.

    Exits: one for each row.
    """

    kind = "random_choice"
    title = "Random choice"
    group = "flow"
    outside = True
    examples = (
        Example(
            "One caller in ten is asked for his opinion.",
            "choose:\n  component: random_choice\n  ways:\n    - {id: ask, weight: 1}\n    - {id: go_on, weight: 9}",
        ),
    )

    ways: Annotated[tuple[Chance, ...], Field(min_length=1)]
    """The ways and their weights."""

    async def run(self, ctx: Context) -> str:
        """Throw the dice that the application hands in."""
        dice = ctx.port(random.Random)
        return dice.choices(self.ways, [way.weight for way in self.ways])[0].id
