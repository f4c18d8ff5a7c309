"""A phone that is nothing but a socket: it sees each packet of a prompt, and sends its keys in step with them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cordboard.cli.stage import Stage
from cordboard.media.dtmf import event_frames
from cordboard.media.rtp import HEADER, HEADER_SIZE, MARKER, timestamp_distance
from cordboard.office.demo import CITY_NUMBER
from cordboard.phone.call import OFFER
from cordboard.sip.api import Identity, SessionEnd
from cordboard.sip.sdp import AudioDescription, build, parse

FRAME = 160
"""Samples in a packet: 20 ms."""
_QUIET = 0x20
"""A-law: what is above is voice and not the noise between words."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a key stopped a prompt, in the stream's own time."""

    packets: int
    """Of the prompt that came after the key's first packet was sent."""
    milliseconds: float
    """From the last packet before the key to the last one of the prompt, by their timestamps."""


class BarePhone(asyncio.DatagramProtocol):
    """Made by `bare_call`. Implements sip.api.SessionHandler."""

    def __init__(self) -> None:
        self.loud: list[int] = []
        """Timestamps of the packets with voice in them."""
        self._news = asyncio.Event()
        self._to: tuple[str, int] | None = None
        self._events = 101
        self._key: list[bytes] = []
        self._transport: Any = None

    async def cut(self, key: str, *, after: int, gap: float) -> Cut:
        """Press a key when so many loud packets have come; the prompt is over when `gap` seconds were without voice.

        Something must be said after that: by it the end is known.
        """
        while len(self.loud) < after:
            await self._next()
        heard = len(self.loud)
        self._key = self._packets(key)
        self._send_one()
        while True:
            await self._next()
            for place in range(heard, len(self.loud)):
                if timestamp_distance(self.loud[place], self.loud[place - 1]) > gap * 8000:
                    late = timestamp_distance(self.loud[place - 1], self.loud[heard - 1])
                    return Cut(place - heard, late / 8)

    async def _next(self) -> None:
        self._news.clear()
        await self._news.wait()

    # --- packets --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = transport

    def datagram_received(self, data: bytes, _addr: object) -> None:
        """A packet of the exchange: it is the clock by which our key goes out."""
        _, kind, _, timestamp, _ = HEADER.unpack_from(data)
        if kind & ~MARKER == OFFER[0].pt and max((byte ^ 0x55) & 0x7F for byte in data[HEADER_SIZE:]) > _QUIET:
            self.loud.append(timestamp)
        self._send_one()
        self._news.set()

    def _packets(self, key: str) -> list[bytes]:
        frames = [frame for frame in event_frames(key) if frame is not None]
        return [
            HEADER.pack(0x80, self._events | (MARKER if frame.marker else 0), number, 1000, 4711) + frame.payload
            for number, frame in enumerate(frames)
        ]

    def _send_one(self) -> None:
        if self._key:
            self._transport.sendto(self._key.pop(0), self._to)

    # --- signalling -----------------------------------------------------------------------------------------------

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """See SessionHandler."""

    def accepted(self, sdp: bytes | None) -> None:
        """See SessionHandler."""
        assert sdp is not None
        theirs = parse(sdp)
        self._to = (theirs.host, theirs.port)
        assert theirs.event is not None
        self._events = theirs.event.pt

    def acknowledged(self, sdp: bytes | None) -> None:
        """See SessionHandler."""

    async def offered(self, sdp: bytes | None) -> bytes:
        """See SessionHandler; nobody offers anything."""
        raise NotImplementedError

    def information(self, content_type: str, body: bytes) -> None:
        """See SessionHandler."""

    def ended(self, end: SessionEnd) -> None:
        """See SessionHandler."""


@asynccontextmanager
async def bare_call(on: Stage, number: str) -> AsyncIterator[BarePhone]:
    """Somebody in the city calls the office."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(BarePhone, ("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    server = on.server
    session = on.outside.agent.invite(
        f"sip:{CITY_NUMBER}@{server.host}:{server.port}",
        phone,
        caller=Identity(number),
        called=Identity(CITY_NUMBER, server.host),
        offer=build(AudioDescription("127.0.0.1", port, OFFER[:1] + OFFER[2:]), session_id=1, version=1),
        via=server,
    )
    try:
        yield phone
    finally:
        await session.bye()
        transport.close()
