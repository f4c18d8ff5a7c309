"""Texts that travel as calls do, over a line or to a phone, one at a time and whole. The docstrings are the contract.

What is at the far end (a gateway with SIM cards, for instance) cuts them as its network wants them.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TextPeer:
    """With whom texts are exchanged: the far end of a line, or what has signed in with an account. One of the two."""

    line: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text that has come."""

    sender: str
    """A number or a name, as the far end gives it."""
    to: str
    """The number to which it was sent, as far as the far end tells."""
    text: str
    key: str
    """The same if the far end repeats it."""


TextTaker = Callable[[IncomingText], Awaitable[None]]
"""Keeps a text. Durable when it returns: only then the far end is told. If it raises, the far end may repeat it."""


@dataclass(frozen=True, slots=True)
class TextState:
    """How it stands with a peer."""

    up: bool
    note: str


class TextError(Exception):
    """A text was not confirmed. The message says why, for the administrator."""


class TextPutOffError(TextError):
    """It was certainly not taken, and may be later."""


class TextRefusedError(TextError):
    """It was refused, and always will be."""


class TextUnansweredError(TextError):
    """It has left, and nobody knows whether it was taken."""


class Texts(Protocol):
    """The exchange as a carrier of texts."""

    def state(self, peer: TextPeer) -> TextState:
        """Whether it can be reached just now, as far as is known without trying."""

    async def send(self, peer: TextPeer, number: str, text: str) -> None:
        """Hand a text over for a number. Returns when the far end has taken it. Bounds its own time.

        Raises TextPutOffError, TextRefusedError, TextUnansweredError.
        """

    def taking(self, peer: TextPeer, take: TextTaker) -> AbstractContextManager[None]:
        """While the context lasts, what comes from the peer goes to `take`. Without one it is refused."""
