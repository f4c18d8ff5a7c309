"""What every leg of one exchange shares."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from cordboard.media.api import Codec, MediaStream, StreamHandler
from cordboard.telephony import CallListener, Clock, Leg


class Services(Protocol):
    """The exchange as its legs see it."""

    listener: CallListener
    clock: Clock
    codecs: Sequence[Codec]

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something on behalf of a leg; owned by the exchange, so that the leg may end meanwhile."""

    async def open_stream(self, handler: StreamHandler) -> MediaStream:
        """Take ports for voices. Raises NoPortError, WorkerDiedError."""

    async def close_stream(self, stream: MediaStream) -> None:
        """Give the ports back."""

    def advertised(self, peer_host: str) -> str:
        """The address that a peer must send its voice to."""

    def forget(self, leg: Leg) -> None:
        """The leg has ended."""
