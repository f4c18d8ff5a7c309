"""A network in memory: agents talk over pipes that lose, double and delay packets as a test says, in virtual time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from cordboard.sip.api import Address, EndedBy, NotAcceptableError, Session, SessionEnd
from cordboard.sip.transport import Receiver

Fate = Callable[[bytes, Address, Address], float | tuple[float, ...] | None]
"""Delay in seconds of a packet (data, from, to); None: lost; several: as many copies."""


@dataclass(slots=True)
class Network:
    """Joins memory transports. `log` holds every packet that was sent: time, from, to, first line."""

    fate: Fate = lambda _data, _source, _to: 0.01
    log: list[tuple[float, Address, Address, str]] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)
    places: dict[Address, "MemoryTransport"] = field(default_factory=dict)

    def transport(self, listen: Address) -> "MemoryTransport":
        """A TransportFactory."""
        return MemoryTransport(self, listen)

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        """Take a packet on its way."""
        loop = asyncio.get_running_loop()
        self.log.append((round(loop.time(), 3), source, to, data.split(b"\r\n", 1)[0].decode(errors="replace")))
        self.packets.append(data)
        fate = self.fate(data, source, to)
        for delay in fate if isinstance(fate, tuple) else () if fate is None else (fate,):
            # Packets with one delay keep their order: the loop's heap alone does not promise that.
            loop.call_later(delay + len(self.log) * 1e-9, self._deliver, data, source, to)

    def _deliver(self, data: bytes, source: Address, to: Address) -> None:
        place = self.places.get(to)
        if place is not None and place.receiver is not None:
            place.receiver.received(data, source, place)

    def sent(self, start: str) -> list[float]:
        """The times at which packets with that beginning of the first line, or that CSeq method, were sent."""
        return [time for time, _, _, line in self.log if line.startswith(start)]


class MemoryTransport:
    """One place in the network."""

    def __init__(self, network: Network, listen: Address) -> None:
        self.reliable = listen.transport == "tcp"
        self.receiver: Receiver | None = None
        self._network = network
        self._local = listen

    @property
    def local(self) -> Address:
        """Where it listens."""
        return self._local

    async def open(self, receiver: Receiver) -> None:
        """Appear in the network."""
        self.receiver = receiver
        self._network.places[self._local] = self

    def send(self, data: bytes, to: Address) -> None:
        """Send; on a reliable transport a place where nobody is tells so."""
        if self.reliable and to not in self._network.places and self.receiver is not None:
            asyncio.get_running_loop().call_soon(self.receiver.unreachable, to)
            return
        self._network.carry(data, self._local, to)

    async def close(self) -> None:
        """Leave the network."""
        self.receiver = None
        self._network.places.pop(self._local, None)


@dataclass(slots=True)
class Witness:
    """A SessionHandler that writes down what it is told, and answers offers with `answer`."""

    answer: bytes | None = b"v=0\r\n"
    told: list[tuple[str, object]] = field(default_factory=list)
    session: Session | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """See SessionHandler."""
        self._note("progressed", (status, sdp))

    def accepted(self, sdp: bytes | None) -> None:
        """See SessionHandler."""
        self._note("accepted", sdp)

    def acknowledged(self, sdp: bytes | None) -> None:
        """See SessionHandler."""
        self._note("acknowledged", sdp)

    async def offered(self, sdp: bytes | None) -> bytes:
        """See SessionHandler."""
        self._note("offered", sdp)
        if self.answer is None:
            raise NotAcceptableError
        return self.answer

    def information(self, content_type: str, body: bytes) -> None:
        """See SessionHandler."""
        self._note("information", (content_type, body))

    def ended(self, end: SessionEnd) -> None:
        """See SessionHandler."""
        self._note("ended", end)

    def _note(self, what: str, value: object) -> None:
        self.told.append((what, value))
        self._news.set()

    @property
    def events(self) -> list[str]:
        """The names of what was told, in order."""
        return [what for what, _ in self.told]

    @property
    def end(self) -> SessionEnd:
        """How it ended. Raises StopIteration if it has not."""
        return next(value for _, value in self.told if isinstance(value, SessionEnd))

    @property
    def ended_by(self) -> EndedBy:
        """Who ended it."""
        return self.end.by

    async def until(self, what: str, seconds: float = 60.0) -> object:
        """Wait until that was told; what came with it."""
        async with asyncio.timeout(seconds):
            while what not in self.events:
                self._news.clear()
                await self._news.wait()
        return next(value for name, value in self.told if name == what)


@dataclass(slots=True)
class Peer:
    """Somebody in the network who says exactly what a test writes, and hears what is sent to him."""

    network: Network
    address: Address
    heard: list[bytes] = field(default_factory=list)

    async def open(self) -> "Peer":
        """Appear in the network."""
        await MemoryTransport(self.network, self.address).open(self)
        return self

    def received(self, data: bytes, source: Address, transport: object) -> None:  # noqa: ARG002 - Receiver's signature
        """See Receiver."""
        self.heard.append(data)

    def unreachable(self, peer: Address) -> None:
        """See Receiver."""

    def spoiled(self, source: Address, reason: str) -> None:
        """See Receiver."""

    def say(self, text: str, to: Address) -> None:
        """Send a packet: lines as a test writes them, their ends become CRLF."""
        self.network.carry(text.replace("\n", "\r\n").encode(), self.address, to)

    @property
    def lines(self) -> list[str]:
        """The first lines of what was heard."""
        return [data.split(b"\r\n", 1)[0].decode() for data in self.heard]

    def header(self, name: str, which: int = -1) -> str:
        """A header of what was heard. Raises StopIteration if it is not there."""
        start = name.lower() + ":"
        return next(
            line.partition(":")[2].strip()
            for line in self.heard[which].decode().split("\r\n")
            if line.lower().startswith(start)
        )
