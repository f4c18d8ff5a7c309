"""What components may ask of the queues: a part of `office.ports`, which hands it on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cordboard.telephony import Leg

MAX_PRIORITY = 10
"""Priorities go from 0 (everybody) up to this."""


class QueueExit(StrEnum):
    """How somebody's waiting has ended."""

    ANSWERED = "answered"
    """After the talk with an operator."""
    TIMEOUT = "timeout"
    """He has waited as long as the group lets anybody wait."""
    FULL = "full"
    """As many wait already as may."""
    NO_OPERATORS = "no_operators"
    """Nobody is there who could take him."""
    CALLBACK = "callback"
    """He has pressed the key: he will be called back, and keeps his place."""
    OVERFLOW = "overflow"
    """He was led elsewhere, as the group says, and that is over."""
    GONE = "gone"
    """He has hung up."""


@dataclass(frozen=True, slots=True)
class Wish:
    """With what somebody enters a queue."""

    priority: int = 0
    """From 0 to MAX_PRIORITY."""
    own: str = ""
    """The login of his own manager."""
    skills: tuple[str, ...] = ()
    """What his operator must be able to do."""
    language: str = ""
    """In which he is spoken to; empty: that of the office."""


class Queues(Protocol):
    """What components ask."""

    def knows(self, group: str) -> bool:
        """Whether there is a group of that name."""

    async def enter(self, leg: Leg, group: str, wish: Wish | None = None) -> QueueExit:
        """Let a caller wait in a group's queue, and return when that, or the talk, is over. He is not hung up.

        Raises LookupError if there is no such group.
        """
