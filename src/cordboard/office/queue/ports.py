"""What the queues ask of others, and what they tell. These docstrings are the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cordboard.office.ports import Presence
from cordboard.office.queue.asked import QueueExit, Queues, Wish
from cordboard.office.queue.engine import Standing
from cordboard.office.queue.model import Overflow
from cordboard.telephony import Leg, Sound

__all__ = [
    "Announcer",
    "Elsewhere",
    "GroupNow",
    "KeptPlace",
    "Listener",
    "Offer",
    "OperatorNow",
    "PlaceKeeper",
    "QueueExit",
    "Queues",
    "WaitingNow",
    "Wish",
]


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """The place of a caller who wants to be called back."""

    number: str
    """As it is called, by the routes of the office."""
    group: str
    since: datetime
    """When he came; aware."""
    priority: int = 0
    skills: tuple[str, ...] = ()
    chain: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """An operator is rung for a caller, or talks with him: what his screen needs to show the card."""

    login: str
    group: str
    number: str
    """Of the caller, as received."""
    name: str
    chain: str
    waited: float
    """Seconds."""
    leg: str
    """The id of the leg that rings him."""
    answered: bool = False


class Announcer(Protocol):
    """Lets a caller hear things. Nothing of this raises: a voice that is missing must not end a call."""

    async def music(self, name: str, language: str) -> Sequence[Sound]:
        """The prompt of that name, to be heard over and over, or the music on hold; nothing: he hears ringing."""

    async def position(self, leg: Leg, place: int, wait: float | None, language: str, *, key: str = "") -> None:
        """Say how he stands, and return when it was said. `place` is 0, or `wait` (seconds) None, if not to be told.

        `key` is the one with which he orders a callback; empty: there is none for him.
        """

    async def promised(self, leg: Leg, language: str) -> None:
        """Say that he will be called back."""


class Elsewhere(Protocol):
    """Leads a caller out of a queue, to anything but another queue."""

    async def lead(self, leg: Leg, overflow: Overflow) -> bool:
        """Return when that is over; false if it could not be done, and the leg waits for something else."""


class PlaceKeeper(Protocol):
    """Calls back who would not wait any longer."""

    async def keep(self, place: KeptPlace) -> bool:
        """Promise it. Durable when this returns; false if that number is not called back."""


class Listener(Protocol):
    """Is told of operators that are rung and that have answered. Must return at once."""

    def offered(self, offer: Offer) -> None:
        """See Offer."""


@dataclass(frozen=True, slots=True)
class WaitingNow:
    """A caller as he stands now."""

    id: str
    number: str
    name: str
    since: datetime
    priority: int
    place: int
    virtual: bool
    """Whether he has hung up and is to be called back."""
    ringing: Sequence[str]
    """The logins that are rung for him."""
    expected_wait: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class OperatorNow:
    """An operator of a group as he stands now."""

    login: str
    standing: Standing
    presence: Presence
    busy_with: str
    """The id of the caller for whom he is rung, or with whom he talks; empty: none of a queue."""
    answered: int
    """Calls of this group, since the exchange was started."""
    passed_over: datetime | None
    """Until when he is not rung, since he has rejected one."""


@dataclass(frozen=True, slots=True)
class GroupNow:
    """A group as it stands now."""

    name: str
    title: str
    number: str
    waiting: Sequence[WaitingNow]
    """In the order of being served."""
    operators: Sequence[OperatorNow]
    talks: Mapping[str, str]
    """Who talks with whom: the login of each operator, and the number of his caller."""
