"""A far end for tests of voices: a UDP socket that keeps what it hears and says what it is told."""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np

from cordboard.media.api import Codec, Remote
from cordboard.media.g711 import FRAME_SAMPLES, decode, encode
from cordboard.media.rtp import HEADER, HEADER_SIZE, MARKER
from cordboard.testing.audio import Samples, samples_of

PAYLOAD_TYPES = {Codec.PCMU: 0, Codec.PCMA: 8}
DTMF = 101


class Heard(NamedTuple):
    """One packet; `source` is where it came from."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    source: tuple[str, int]


class RtpPeer(asyncio.DatagramProtocol):
    """Made by `open`, closed by `close`. `heard` grows; `until` waits for something in it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.ssrc = random.getrandbits(32)
        self.sequence = random.getrandbits(16)
        self.timestamp = random.getrandbits(32)
        self._transport: asyncio.DatagramTransport | None = None
        self._news = asyncio.Event()
        self._closed = asyncio.Event()

    @classmethod
    async def open(cls) -> "RtpPeer":
        """Listen on a free port of the loopback."""
        _, peer = await asyncio.get_running_loop().create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        return peer

    async def close(self) -> None:
        """Free the port."""
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        del exc
        self._closed.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        # Python 3.11 gives a transport that is not of this class, though it does what it says.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """See asyncio."""
        _, kind, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        payload = data[HEADER_SIZE:]
        self.heard.append(Heard(kind & 0x7F, bool(kind & MARKER), sequence, timestamp, ssrc, payload, addr))
        self._news.set()

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def remote(
        self, codec: Codec = Codec.PCMA, *, dtmf: int | None = DTMF, send: bool = True, latch: bool = False
    ) -> Remote:
        """This peer, as it would be signalled."""
        return Remote("127.0.0.1", self.port, codec, PAYLOAD_TYPES[codec], dtmf, send=send, latch=latch)

    # --- says -------------------------------------------------------------------------------------------------

    def send_raw(self, data: bytes, address: tuple[str, int]) -> None:
        """Send any bytes."""
        assert self._transport is not None
        self._transport.sendto(data, address)

    def send(self, address: tuple[str, int], payload_type: int, payload: bytes, *, marker: bool = False) -> None:
        """Send a packet and count its sequence on; the timestamp stays."""
        kind = payload_type | (MARKER if marker else 0)
        self.send_raw(HEADER.pack(0x80, kind, self.sequence, self.timestamp, self.ssrc) + payload, address)
        self.sequence = (self.sequence + 1) & 0xFFFF

    def say(self, address: tuple[str, int], samples: Samples, codec: Codec = Codec.PCMA) -> int:
        """Send the samples, all packets at once; returns how many."""
        data = encode(codec, samples.astype("<i2").tobytes())
        starts = range(0, len(data), FRAME_SAMPLES)
        for start in starts:
            self.send(address, PAYLOAD_TYPES[codec], data[start : start + FRAME_SAMPLES], marker=start == 0)
            self.timestamp = (self.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        return len(starts)

    def press(self, address: tuple[str, int], key: str) -> None:
        """Send a key as three packets and three ends, all at once."""
        code = "0123456789*#ABCD".index(key)
        for index, duration in enumerate((160, 320, 480, 640, 640, 640)):
            end = 0x80 if index >= 3 else 0
            self.send(address, DTMF, bytes((code, end | 10)) + duration.to_bytes(2, "big"), marker=index == 0)
        self.timestamp = (self.timestamp + 640) & 0xFFFFFFFF

    # --- hears ------------------------------------------------------------------------------------------------

    async def until(self, condition: Callable[["RtpPeer"], object], *, seconds: float = 10.0) -> None:
        """Wait until the condition holds of this peer. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._news.clear()
                await self._news.wait()

    def voices(self, codec: Codec = Codec.PCMA) -> list[Heard]:
        """The packets of that codec."""
        return [packet for packet in self.heard if packet.payload_type == PAYLOAD_TYPES[codec]]

    def samples(self, codec: Codec = Codec.PCMA) -> Samples:
        """All that was heard, packets put together as they came."""
        return samples_of(decode(codec, b"".join(packet.payload for packet in self.voices(codec))))

    def loud(self, codec: Codec = Codec.PCMA) -> Samples:
        """What was heard without the silent packets."""
        parts = [samples_of(decode(codec, packet.payload)) for packet in self.voices(codec)]
        loud = [part for part in parts if np.abs(part).max() > 100]
        return np.concatenate(loud) if loud else np.zeros(0, dtype=np.int16)
