"""What every leg of one exchange shares."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from cordboard.switch.negotiation import Terms
from cordboard.switch.voices import Voices
from cordboard.telephony import CallListener, Clock, Leg


class Services(Protocol):
    """The exchange as its legs see it."""

    listener: CallListener
    clock: Clock
    terms: Terms
    voices: Voices

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something on behalf of a leg; owned by the exchange, so that the leg may end meanwhile."""

    def advertised(self, peer_host: str) -> str:
        """The address that a peer must send its voice to."""

    def forget(self, leg: Leg) -> None:
        """The leg has ended."""
