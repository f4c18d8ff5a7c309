"""In which order free operators are asked: one small function a strategy, all of them pure."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cordboard.office.queue.model import Member, Strategy


@dataclass(frozen=True, slots=True)
class Candidate:
    """A free operator, as strategies look at him."""

    member: Member
    place: int
    """In the list, from 0."""
    idle_since: float
    last_turn: int
    """When he was last rung in this group, counted in calls; 0: never."""
    answered: int
    """How many calls of this group he has answered."""


Key = Callable[[Candidate, Sequence[str]], tuple[float, ...]]
"""The least one is asked. Takes the skills that the caller needs."""


def skill(candidate: Candidate, skills: Sequence[str]) -> int:
    """How well he fits: the sum of his levels in `skills`."""
    return sum(candidate.member.skills.get(name, 0) for name in skills)


_KEYS: Mapping[Strategy, Key] = {
    Strategy.LIST: lambda each, _: (each.place,),
    Strategy.ROUND_ROBIN: lambda each, _: (each.last_turn, each.place),
    Strategy.LONGEST_IDLE: lambda each, _: (each.idle_since, each.place),
    Strategy.FEWEST_CALLS: lambda each, _: (each.answered, each.idle_since, each.place),
    Strategy.SKILLS: lambda each, skills: (-skill(each, skills), each.idle_since, each.place),
    Strategy.RING_ALL: lambda each, _: (each.place,),
}


def choose(
    strategy: Strategy, free: Sequence[Candidate], skills: Sequence[str], chance: random.Random, *, one: bool = False
) -> Sequence[Candidate]:
    """Who of `free` is rung: one, or all of a level if all ring, unless only `one` may. Nobody only if nobody is free.

    All of `free` have the `skills` that the caller needs. Those of the lowest level go first in every strategy.
    """
    if not free:
        return ()
    level = min(each.member.level for each in free)
    asked = [each for each in free if each.member.level == level]
    if strategy is Strategy.RANDOM:
        return (chance.choice(asked),)
    asked.sort(key=lambda each: _KEYS[strategy](each, skills))
    return asked if strategy is Strategy.RING_ALL and not one else asked[:1]
