"""The hot path: what is sent at each tick, and one pass over all that has arrived.

Written for speed and measured by `bench/media.py`: no task, no callback, no object of ours for each packet; locals
instead of attributes where it shows. What happens seldom is in `Stream` or is told to the `Listener`.

Sockets are never connected: `sendto` costs half a microsecond more, but the kernel then hands us what strangers send,
so that it is counted, and the refusals (ICMP) of a peer do not come back as errors.
"""

import contextlib
import select
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from cordboard.media.g711 import FRAME_SAMPLES
from cordboard.media.recorder import Packet
from cordboard.media.room import Room
from cordboard.media.rtp import (
    HEADER,
    HEADER_SIZE,
    MARKER,
    PLAIN,
    SEQUENCE_MASK,
    TIMESTAMP_MASK,
    RtpError,
    payload_bounds,
    sender_report,
)
from cordboard.media.stream import PHASES, TICK_SAMPLES, Stream

REPORT_TICKS: Final = 1000
"""A sender report every five seconds (RFC 3550 §6.2)."""
_ROUNDS = 4  # so often a pass asks for more: a flooded port is read 800 times a second and delays nobody else
_LARGEST = 2048  # bytes of a packet that are looked at

_pack = HEADER.pack
_unpack = HEADER.unpack_from


class Listener(Protocol):
    """Is told by the pump what happens seldom."""

    def played(self, stream: Stream) -> None:
        """All frames of what plays were sent. What rests must be set."""

    def pressed(self, stream: Stream) -> None:
        """All frames of the first of `pressing` were sent."""

    def heard_key(self, stream: Stream, key: str, duration: float) -> None:
        """A key arrived."""

    def heard_tone(self, stream: Stream, key: str) -> None:
        """A key was heard in the voice, in which it goes on to whoever hears that."""


class Pump:
    """All streams of the worker, spread over the ticks of a frame."""

    def __init__(self, listener: Listener, cname: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds: it stamps what is received and sent."""
        self._clock = clock
        self._listener = listener
        self._cname = cname
        self._streams: dict[int, Stream] = {}
        self._phases: list[list[Stream]] = [[] for _ in range(PHASES)]
        self._rooms: list[list[Room]] = [[] for _ in range(PHASES)]
        self._reports: list[list[Stream]] = [[] for _ in range(REPORT_TICKS)]
        self._next_slot = 0
        self._epoll = select.epoll()
        self._buffer = bytearray(_LARGEST)
        self._view = memoryview(self._buffer)
        self.tick = 0
        """The next one to be sent."""

    @property
    def streams(self) -> Iterable[Stream]:
        """All of them."""
        return self._streams.values()

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: Stream) -> None:
        """Take a stream in, at the phase that has the fewest."""
        stream.phase = min(range(PHASES), key=lambda phase: len(self._phases[phase]))
        stream.report_slot = self._next_slot
        self._next_slot = (self._next_slot + 7) % REPORT_TICKS
        self._phases[stream.phase].append(stream)
        self._reports[stream.report_slot].append(stream)
        self._streams[stream.socket.fileno()] = stream
        self._epoll.register(stream.socket.fileno(), select.EPOLLIN)

    def remove(self, stream: Stream) -> None:
        """Let a stream go, before it is closed."""
        self._epoll.unregister(stream.socket.fileno())
        del self._streams[stream.socket.fileno()]
        self._phases[stream.phase].remove(stream)
        self._reports[stream.report_slot].remove(stream)

    def add_room(self, room: Room) -> None:
        """Mix a room, at the phase that has the fewest."""
        room.phase = min(range(PHASES), key=lambda phase: len(self._rooms[phase]))
        self._rooms[room.phase].append(room)

    def remove_room(self, room: Room) -> None:
        """Do not mix it any more; nothing if it is not mixed."""
        if room in self._rooms[room.phase]:
            self._rooms[room.phase].remove(room)

    def close(self) -> None:
        """Close the streams."""
        for stream in list(self._streams.values()):
            self.remove(stream)
            stream.close()
        self._epoll.close()

    # --- out --------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send the frames of one tick: a quarter of the streams, one frame each."""
        for room in self._rooms[self.tick % PHASES]:
            room.mix()
        now, clock = self._clock(), self.tick * TICK_SAMPLES
        for stream in self._phases[self.tick % PHASES]:
            if stream.keys is not None and self._send_key(stream, now):
                continue
            if stream.frames is None:
                continue
            frame = next(stream.frames, None)
            if frame is None:
                self._listener.played(stream)
                if stream.frames is None:
                    continue
                frame = next(stream.frames)
            if stream.to is None:
                stream.marker = MARKER
                continue
            stream.sequence = sequence = (stream.sequence + 1) & SEQUENCE_MASK
            stream.sent += 1
            stamp = (stream.timestamp_base + clock) & TIMESTAMP_MASK
            if stream.shows:
                frame = stream.blended(now, stamp, frame)
            try:
                stream.sendto(
                    _pack(PLAIN, stream.kind | stream.marker, sequence, stamp, stream.ssrc) + frame, stream.to
                )
            except OSError:  # its network is gone or full: as good as lost on the way
                stream.marker = MARKER
                continue
            stream.marker = 0
            stream.last_stamp = stamp
        reports = self._reports[self.tick % REPORT_TICKS]
        if reports:
            self._report(reports)
        self.tick += 1

    def hand_over(self, stream: Stream, frames: Iterable[bytes]) -> None:
        """Send frames at once, behind what was sent: the grid is left, and what follows is forwarded."""
        if stream.to is None or stream.keys is not None:
            return
        for frame in frames:
            stream.sequence = (stream.sequence + 1) & SEQUENCE_MASK
            stream.last_stamp = (stream.last_stamp + FRAME_SAMPLES) & TIMESTAMP_MASK
            stream.sent += 1
            with contextlib.suppress(OSError):
                header = _pack(PLAIN, stream.kind, stream.sequence, stream.last_stamp, stream.ssrc)
                stream.sendto(header + frame, stream.to)
                if stream.shows:
                    stream.show(self._clock(), stream.last_stamp, frame)

    def _send_key(self, stream: Stream, now: float) -> bool:
        """Send a frame of the keys instead of a voice; False if they are over."""
        while stream.keys is not None:
            try:
                frame = next(stream.keys)
            except StopIteration:
                self._listener.pressed(stream)
                continue
            kind = stream.dtmf_kind if frame is not None and frame.telephone_event else stream.kind
            if frame is None or kind is None or stream.to is None:
                return True
            stream.sequence = (stream.sequence + 1) & SEQUENCE_MASK
            stream.sent += 1
            stream.last_stamp = stream.timestamp(self.tick)  # of an event this is its end so far
            stamp = (stream.last_stamp - frame.age) & TIMESTAMP_MASK
            header = _pack(PLAIN, kind | (MARKER if frame.marker else 0), stream.sequence, stamp, stream.ssrc)
            with contextlib.suppress(OSError):
                stream.sendto(header + frame.payload, stream.to)
                if stream.shows and not frame.telephone_event:
                    stream.show(now, stamp, frame.payload)
            return True
        return False

    def _report(self, streams: Iterable[Stream]) -> None:
        """Sender reports; whoever has sent nothing has nothing to report."""
        for stream in streams:
            if stream.to is None or not stream.sent or stream.to[1] == 65535:
                continue
            report = sender_report(
                ssrc=stream.ssrc, cname=self._cname, now=time.time(), timestamp=stream.timestamp(self.tick),
                packets=stream.sent, octets=stream.sent * FRAME_SAMPLES,
            )  # fmt: skip
            with contextlib.suppress(OSError):
                stream.rtcp.sendto(report, (stream.to[0], stream.to[1] + 1, *stream.to[2:]))

    # --- in ---------------------------------------------------------------------------------------------------

    def receive(self) -> None:
        """Take what has arrived, one packet of each socket in turn."""
        for _ in range(_ROUNDS):
            ready = self._epoll.poll(0, max(len(self._streams), 1))
            if not ready:
                return
            self._take(ready, self._clock())

    def _take(self, ready: list[tuple[int, int]], now: float) -> None:
        buffer, view, streams = self._buffer, self._view, self._streams
        for descriptor, _ in ready:
            stream = streams[descriptor]
            try:
                size, source = stream.recvfrom_into(buffer)
            except OSError:
                continue
            if source != stream.peer and not stream.latching:
                stream.strangers += 1
                continue
            # What the header says.
            if size <= HEADER_SIZE:
                stream.malformed += 1
                continue
            first, kind, sequence, timestamp, ssrc = _unpack(buffer)
            start, end = HEADER_SIZE, size
            if first != PLAIN:
                try:
                    start, end = payload_bounds(buffer, size)
                except RtpError:
                    stream.malformed += 1
                    continue
            marker = kind & MARKER
            kind &= 0x7F
            is_voice = kind == stream.kind
            if start == end or not (is_voice or kind == stream.dtmf_kind):
                stream.malformed += 1
                continue
            if stream.latching and not stream.latch(source):
                continue
            # It is the peer's.
            stream.received += 1
            stream.last_received = now
            if sequence == stream.next_sequence and ssrc == stream.from_ssrc:
                stream.next_sequence = (sequence + 1) & SEQUENCE_MASK
            else:
                stream.count_loss(ssrc, sequence)
            if not stream.receive:
                continue
            if not is_voice:
                key = stream.keys_heard.packet(ssrc, timestamp, marker, view[start:end])
                if key is not None:
                    self._listener.heard_key(stream, *key)
            elif stream.keeps:
                self._keep(stream, Packet(now, ssrc, timestamp, stream.codec, bytes(view[start:end])))
            if stream.other is not None:
                self._forward(stream.other, stream, now, is_voice, marker, sequence, timestamp, ssrc, view[start:end])

    def _keep(self, stream: Stream, packet: Packet) -> None:
        for recording in (stream.recording, stream.tape):
            if recording is not None:
                recording.packets.append(packet)
        if stream.member is not None:
            stream.member.playout.packets.append(packet)
        for ear in stream.ears:
            ear.hear(packet)
        if stream.tone_keys is not None:
            for key in stream.tone_keys.feed(packet.payload):
                self._listener.heard_tone(stream, key)

    def _forward(  # noqa: PLR0917  (the hot path: names would cost as much as the work)
        self,
        out: Stream,
        stream: Stream,
        now: float,
        is_voice: bool,
        marker: int,
        sequence: int,
        timestamp: int,
        ssrc: int,
        payload: memoryview,
    ) -> None:
        """Send by `out` what `stream` received, unless `out` has its own to say. A loss stays visible as a gap."""
        kind = out.kind if is_voice else out.dtmf_kind
        if kind is None or out.to is None or out.frames is not None or out.keys is not None:
            return
        if out.rebase or ssrc != out.forward_ssrc:
            out.begin_forwarding(self.tick, ssrc=ssrc, sequence=sequence, timestamp=timestamp)
        if is_voice:
            marker |= out.marker
            out.marker = 0
        sequence = (sequence + out.sequence_offset) & SEQUENCE_MASK
        timestamp = (timestamp + out.timestamp_offset) & TIMESTAMP_MASK
        if (sequence - out.sequence) & SEQUENCE_MASK < 0x8000:
            out.sequence = sequence
            out.last_stamp = timestamp
        voice = bytes(payload)
        if is_voice and stream.translate is not None:
            voice = voice.translate(stream.translate)
        try:
            out.sendto(_pack(PLAIN, kind | marker, sequence, timestamp, out.ssrc) + voice, out.to)
        except OSError:  # as in send
            return
        out.sent += 1
        if is_voice and out.shows:
            out.show(now, timestamp, voice)
