"""SIP over TCP: connections are shared by everybody who talks with that peer (RFC 3261 §18)."""

import asyncio
import errno

from cordboard.sip.api import Address, PortTakenError
from cordboard.sip.framing import PONG, Framer
from cordboard.sip.parsing import MalformedError
from cordboard.sip.transport import Receiver

MAX_CONNECTIONS = 2000
IDLE = 600.0
"""Seconds after which a silent connection is closed. Phones ping every two minutes (RFC 5626 §4.4.1)."""
FIRST_MESSAGE = 30.0
"""Seconds that a newcomer has for its first whole message."""
CONNECT = 5.0
"""Seconds that a connection may take to be made."""
LINGER = 1.0
"""Seconds that peers have, when we close, to take what was still to be sent."""
MAX_UNSENT = 1 << 20
"""Bytes that may wait for a peer that does not read."""


class TcpTransport:
    """A listening socket and its connections, in either direction."""

    reliable = True

    def __init__(
        self,
        listen: Address,
        *,
        max_connections: int = MAX_CONNECTIONS,
        idle: float = IDLE,
        first_message: float = FIRST_MESSAGE,
    ) -> None:
        self._listen = listen
        self._max = max_connections
        self.idle = idle
        self.first_message = first_message
        self.receiver: Receiver | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[tuple[str, int], _Connection] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._waiting: dict[tuple[str, int], list[bytes]] = {}
        self._dialling: dict[tuple[str, int], asyncio.Task[None]] = {}

    @property
    def local(self) -> Address:
        """Where it listens."""
        return self._listen

    async def open(self, receiver: Receiver) -> None:
        """Bind and listen. Raises PortTakenError."""
        self.receiver = receiver
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: _Connection(self), self._listen.host, self._listen.port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTakenError(self._listen) from error
            raise
        self._listen = Address("tcp", self._listen.host, self._server.sockets[0].getsockname()[1])

    def send(self, data: bytes, to: Address) -> None:
        """Send over the connection with that peer, or make one first."""
        peer = (to.host, to.port)
        connection = self._connections.get(peer)
        if connection is not None:
            connection.write(data)
            return
        if self.receiver is None:
            return
        waiting = self._waiting.setdefault(peer, [])
        waiting.append(data)
        if peer not in self._dialling:
            self._dialling[peer] = asyncio.get_running_loop().create_task(self._dial(peer))

    async def _dial(self, peer: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT):
                _, connection = await loop.create_connection(lambda: _Connection(self, peer), *peer)
        except (OSError, TimeoutError):
            self._waiting.pop(peer, None)
            if self.receiver is not None:
                self.receiver.unreachable(Address("tcp", *peer))
        else:
            for data in self._waiting.pop(peer, []):
                connection.write(data)
        finally:
            self._dialling.pop(peer, None)

    async def close(self) -> None:
        """Close the listener and every connection."""
        self.receiver = None
        tasks = list(self._dialling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._connections.values()):
            connection.close()
        if self._server is not None:
            self._server.close()
        try:
            async with asyncio.timeout(LINGER):
                await self._empty.wait()
        except TimeoutError:
            for connection in list(self._connections.values()):
                connection.abort()
            await asyncio.sleep(0)

    def admit(self, connection: "_Connection", peer: tuple[str, int]) -> bool:
        """Whether there is room for one more."""
        if len(self._connections) >= self._max:
            return False
        self._connections[peer] = connection
        self._empty.clear()
        return True

    def drop(self, connection: "_Connection", peer: tuple[str, int]) -> None:
        """A connection was lost: whoever waits for an answer over it is told."""
        if self._connections.get(peer) is connection:
            del self._connections[peer]
            if not self._connections:
                self._empty.set()
            if self.receiver is not None:
                self.receiver.unreachable(Address("tcp", *peer))


class _Connection(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, owner: TcpTransport, peer: tuple[str, int] | None = None) -> None:
        self._owner = owner
        self._peer = peer or ("", 0)
        self._ours = peer is not None
        self._socket: asyncio.Transport | None = None
        self._framer = Framer()
        self._deadline: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._spoken = self._ours

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
        if not self._ours:
            name = transport.get_extra_info("peername")
            self._peer = (name[0], name[1]) if name else ("", 0)
        if not self._owner.admit(self, self._peer):
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        self._deadline = loop.call_later(min(self._owner.idle, self._owner.first_message), self._check)

    def data_received(self, data: bytes) -> None:
        receiver = self._owner.receiver
        if receiver is None or self._socket is None:
            return
        source = Address("tcp", *self._peer)
        try:
            messages = self._framer.feed(data)
        except MalformedError as error:
            receiver.spoiled(source, str(error))
            self.close()
            return
        if self._framer.pings:
            self._socket.write(PONG * self._framer.pings)
            self._framer.pings = 0
            self._heard = asyncio.get_running_loop().time()
        for message in messages:
            self._spoken = True
            self._heard = asyncio.get_running_loop().time()
            receiver.received(message, source, self._owner)

    def write(self, data: bytes) -> None:
        """Send; a peer that does not read is dropped."""
        if self._socket is None or self._socket.is_closing():
            return
        if self._socket.get_write_buffer_size() > MAX_UNSENT:
            self._socket.abort()
            return
        self._heard = asyncio.get_running_loop().time()
        self._socket.write(data)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        limit = self._owner.idle if self._spoken else self._owner.first_message
        left = self._heard + limit - loop.time()
        if left <= 0:
            self.close()
        else:
            self._deadline = loop.call_later(min(left, self._owner.idle), self._check)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._deadline is not None:
            self._deadline.cancel()
        self._owner.drop(self, self._peer)

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()

    def abort(self) -> None:
        """Close it without sending what waits."""
        if self._socket is not None:
            self._socket.abort()
