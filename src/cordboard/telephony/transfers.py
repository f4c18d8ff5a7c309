"""What a phone asks for when it transfers a call by itself, and how somebody watches over a talk of others."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from cordboard.telephony.ports import Leg
from cordboard.telephony.reasons import EndReason


class TransferRequest(Protocol):
    """A phone wants the party at the other end of one of its legs to be led elsewhere (REFER, RFC 3515).

    Whoever takes it says how it goes on; when the handler returns without a word, the phone is told that it failed.
    """

    @property
    def number(self) -> str:
        """Whom to lead it to, as the phone would dial; of an attended transfer, whom the phone has consulted."""

    @property
    def consulted(self) -> Leg | None:
        """Attended: the phone's own leg to whom it has consulted; the led party takes its place. None: blind."""

    def ringing(self) -> None:
        """Tell the phone that it rings there."""

    def done(self, failure: EndReason | None = None) -> None:
        """Tell the phone how it ended, once; None: the transfer has come about. Then nothing more is told."""


TransferHandler = Callable[[Leg, TransferRequest], Awaitable[None]]
"""Takes a transfer that the phone behind an answered leg asks for. May take as long as the new talk lasts."""


class Monitoring(StrEnum):
    """How a third one takes part in a talk."""

    LISTEN = "listen"
    """He hears both and nobody hears him."""
    WHISPER = "whisper"
    """He hears both, and the watched one hears him."""
    BARGE = "barge"
    """All hear each other."""


class Monitor(Protocol):
    """A third one beside the talk of a leg."""

    async def change(self, mode: Monitoring) -> None:
        """From now on he takes part so. Nothing if it is over."""

    async def ended(self) -> None:
        """Wait until the watched leg or his own has ended, or it was closed."""

    async def close(self) -> None:
        """Let him out; his leg stays answered and hears nothing. Nothing if it is over."""
