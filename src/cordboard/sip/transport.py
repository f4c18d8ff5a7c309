"""What a transport is. The sockets live in `transport_udp` and `transport_tcp`, a pipe for tests in `testing.sip`."""

from collections.abc import Callable
from typing import Protocol

from cordboard.sip.api import Address


class Receiver(Protocol):
    """Whom a transport tells."""

    def received(self, data: bytes, source: Address, transport: "Transport") -> None:
        """One whole message (or, on UDP, whatever the datagram held)."""

    def unreachable(self, peer: Address) -> None:
        """Nothing can be sent to this peer: no connection, or ICMP said so."""

    def spoiled(self, source: Address, reason: str) -> None:
        """A stream held what is no SIP; its connection was closed."""


class Transport(Protocol):
    """One listening socket, and the connections that belong to it."""

    reliable: bool

    @property
    def local(self) -> Address:
        """Where it listens, with the real port."""

    async def open(self, receiver: Receiver) -> None:
        """Bind. Raises PortTakenError, or OSError for an address that is not ours."""

    def send(self, data: bytes, to: Address) -> None:
        """Send; on a stream, over the connection with that peer, which is made if there is none. Never raises."""

    async def close(self) -> None:
        """Close everything."""


TransportFactory = Callable[[Address], Transport]
"""Makes the transport that will listen there."""
