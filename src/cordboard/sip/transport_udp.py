"""SIP over UDP."""

import asyncio
import errno
from typing import Any

from cordboard.sip.api import Address, PortTakenError
from cordboard.sip.transport import Receiver


class UdpTransport(asyncio.DatagramProtocol):
    """One UDP socket."""

    reliable = False

    def __init__(self, listen: Address) -> None:
        self._listen = listen
        self._receiver: Receiver | None = None
        self._socket: asyncio.DatagramTransport | None = None
        self._sending: Address | None = None

    @property
    def local(self) -> Address:
        """Where it listens."""
        return self._listen

    async def open(self, receiver: Receiver) -> None:
        """Bind. Raises PortTakenError."""
        self._receiver = receiver
        loop = asyncio.get_running_loop()
        try:
            self._socket, _ = await loop.create_datagram_endpoint(
                lambda: self, local_addr=(self._listen.host, self._listen.port)
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(self._listen) from error
            raise
        self._listen = Address("udp", self._listen.host, self._socket.get_extra_info("sockname")[1])

    def send(self, data: bytes, to: Address) -> None:
        """Send one datagram."""
        if self._socket is None or self._socket.is_closing():
            return
        self._sending = to
        self._socket.sendto(data, (to.host, to.port))
        self._sending = None

    async def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """asyncio: a datagram arrived."""
        if self._receiver is not None:
            self._receiver.received(data, Address("udp", addr[0], addr[1]), self)

    def error_received(self, exc: Exception) -> None:  # noqa: ARG002 - asyncio's signature
        """asyncio: sending has failed (then it is called from within `send`), or ICMP said so, which names no peer."""
        if self._sending is not None and self._receiver is not None:
            asyncio.get_running_loop().call_soon(self._receiver.unreachable, self._sending)
