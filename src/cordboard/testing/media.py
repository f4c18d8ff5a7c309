"""For tests of voices: far ends that keep what they hear and say what they are told, and a worker without a process."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np

from cordboard.media import control
from cordboard.media.api import Codec, Remote, Source, StreamStats, ToneSpec
from cordboard.media.desk import Desk
from cordboard.media.g711 import FRAME_SAMPLES, decode, encode
from cordboard.media.helper import Helper
from cordboard.media.ports import PortRange
from cordboard.media.rtp import HEADER, HEADER_SIZE, MARKER
from cordboard.media.stream import PHASES
from cordboard.media.worker import TICK_SECONDS
from cordboard.testing.audio import SAMPLE_RATE, Samples, samples_of

PAYLOAD_TYPES = {Codec.PCMU: 0, Codec.PCMA: 8}
DTMF = 101
_RTCP = range(192, 224)
"""Its packet types, where RTP has marker and payload type (RFC 5761 §4)."""


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
        if kind in _RTCP:
            return  # Meant for the neighbour below, whose next port this one happens to be.
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

    def steps(self) -> list[tuple[int, int]]:
        """From packet to packet: how far the sequence and the timestamp went on."""
        return [
            ((later.sequence - earlier.sequence) & 0xFFFF, (later.timestamp - earlier.timestamp) & 0xFFFFFFFF)
            for earlier, later in pairwise(self.heard)
        ]


class Party(NamedTuple):
    """Somebody on the phone who hums one tone without end: his far end, his stream and what he says."""

    peer: RtpPeer
    opened: control.Opened
    codec: Codec = Codec.PCMA
    hz: float = 440.0
    amplitude: float = 8000.0
    phase: int = 0
    """The tick of a frame, 0 to 3, in which his packets are sent."""

    @property
    def stream(self) -> int:
        """Its number."""
        return self.opened.stream

    @property
    def address(self) -> tuple[str, int]:
        """Where the worker listens to him."""
        return self.opened.host, self.opened.port

    def hum(self, frame: int) -> None:
        """Send his tone's 20 ms of that number."""
        time = (frame * FRAME_SAMPLES + np.arange(FRAME_SAMPLES)) / SAMPLE_RATE
        samples = np.rint(self.amplitude * np.sin(2 * np.pi * self.hz * time)).astype(np.int16)
        self.peer.send(self.address, PAYLOAD_TYPES[self.codec], encode(self.codec, samples.tobytes()))
        self.peer.timestamp = (self.peer.timestamp + FRAME_SAMPLES) & 0xFFFFFFFF

    def samples(self) -> Samples:
        """What he has heard."""
        return self.peer.samples(self.codec)


async def in_real_time(hum: Callable[[int], None], *, seconds: float) -> None:
    """Call `hum` with the number of each frame when its 20 ms begin: towards a worker that is a process."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for frame in range(round(seconds * 50)):
        hum(frame)
        await asyncio.sleep(max(0.0, began + (frame + 1) * 0.02 - loop.time()))


class Rig:
    """The worker without its process and its clock: commands in, ticks one by one. Made by `made`."""

    def __init__(self) -> None:
        self.said: list[control.Message] = []
        self._helper = Helper()
        self.desk = Desk(PortRange(range(20_000, 24_000)), self._helper, self.said.append, "test", self.clock)
        self._last = 0

    @classmethod
    @contextmanager
    def made(cls) -> Iterator["Rig"]:
        """One that is closed at the end."""
        rig = cls()
        try:
            yield rig
        finally:
            rig.desk.close()
            rig._helper.close()

    def clock(self) -> float:
        """Seconds, by the ticks."""
        return self.desk.pump.tick * TICK_SECONDS

    def ask(self, command: control.Command) -> int:
        """Send a command; the number of its request."""
        self._last += 1
        self.desk.handle(control.Request(self._last, command))
        while self._helper.busy and isinstance(command, control.Play):
            self._helper.collect()
        return self._last

    def answer(self, request: int) -> Any:
        """The result of a request, None until it is answered."""
        return next((one.result for one in self.said if isinstance(one, control.Reply) and one.id == request), None)

    def done(self, command: control.Command) -> Any:
        """The result of a command that is answered at once."""
        return self.answer(self.ask(command))

    def refused(self, command: control.Command) -> tuple[str, str]:
        """The error of a command and its message."""
        request = self.ask(command)
        return next(
            (one.error, one.message) for one in self.said if isinstance(one, control.Refusal) and one.id == request
        )

    def open(self, remote: Remote | None = None) -> control.Opened:
        """A stream."""
        opened: control.Opened = self.done(control.Open("127.0.0.1"))
        if remote is not None:
            self.ask(control.SetRemote(opened.stream, remote))
        return opened

    def play(self, stream: int, *sources: Source, interrupt: str = "", loop: bool = False) -> int:
        """Play, a second of 425 Hz if nothing is named; the number of the request."""
        return self.ask(control.Play(stream, sources or (ToneSpec((425.0,), 1.0),), interrupt, loop))

    def stats(self, stream: int) -> StreamStats:
        """The counters of a stream."""
        stats: StreamStats = self.done(control.GetStats(stream))
        return stats

    def frames(self, count: int) -> None:
        """So many frames of each stream."""
        for _ in range(4 * count):
            self.desk.pump.send()

    def receive(self) -> None:
        """All that has arrived."""
        for _ in range(100):
            self.desk.pump.receive()

    def keys(self) -> list[tuple[int, str]]:
        """The keys that were told, by stream."""
        return [(one.stream, one.key) for one in self.said if isinstance(one, control.KeyPressed)]

    # --- a talk, tick by tick ---------------------------------------------------------------------------------

    def party(
        self, peer: RtpPeer, codec: Codec = Codec.PCMA, *, hz: float = 440.0, amplitude: float = 8000.0, phase: int = 0,
        dtmf: int | None = DTMF,
    ) -> Party:  # fmt: skip
        """A party with a stream of its own."""
        return Party(peer, self.open(peer.remote(codec, dtmf=dtmf)), codec, hz, amplitude, phase)

    async def talk(self, speakers: Sequence[Party], *, frames: float) -> None:
        """So many times 20 ms go by, in which the speakers hum; the worker sends, receives and writes as it does."""
        pump = self.desk.pump
        for _ in range(round(PHASES * frames)):
            for speaker in speakers:
                if speaker.phase == pump.tick % PHASES:
                    speaker.hum(pump.tick // PHASES)
            pump.send()
            pump.receive()
            self._helper.collect()
            self.desk.recordings.write(pump.tick)
            await asyncio.sleep(0)  # the far ends read
        for _ in range(10):
            await asyncio.sleep(0)

    def finish_files(self) -> None:
        """Wait for the helper's thread."""
        while self._helper.busy:
            self._helper.collect()
