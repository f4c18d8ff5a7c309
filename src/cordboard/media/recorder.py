"""Puts what arrives in the order it was spoken, fills what is missing with silence, and hears when nobody speaks.

Pure: the loop hands over batches of packets with the time that has passed, the helper thread calls this.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from cordboard.media.api import Codec
from cordboard.media.g711 import FRAME_SAMPLES, SAMPLE_RATE, decode, level
from cordboard.media.rtp import timestamp_distance

REORDER_SAMPLES: Final = 10 * FRAME_SAMPLES
"""A gap is given up when so much has arrived behind it: 200 ms, what phones buffer too."""
PATIENCE_SAMPLES: Final = SAMPLE_RATE
"""A second without a packet becomes silence; a packet further than this from its time starts a new reckoning."""
IN_STEP_SAMPLES: Final = FRAME_SAMPLES
"""So far, 20 ms, a sender may be off our clock before the recording follows the clock."""
VOICE_LEVEL: Final = 260
"""Root mean square of a packet that is called a voice: about -42 dBm0, above the noise of a line."""

_WATCHED_PACKETS = 25
_ENDLESS = 1 << 62


class Packet(NamedTuple):
    """A voice packet, `arrived` by the clock of the loop, in seconds."""

    arrived: float
    ssrc: int
    timestamp: int
    codec: Codec
    payload: bytes


class Recorder:
    """The time line of one recording, in samples since its start."""

    def __init__(self, *, started: float = 0.0, limit: float | None = None, silence: float | None = None) -> None:
        """`started` by the clock of the packets; `limit` and `silence` in seconds, see `MediaStream.record`."""
        self._started = started
        self._limit = _ENDLESS if limit is None else round(limit * SAMPLE_RATE)
        self._silence = None if silence is None else round(silence * SAMPLE_RATE)
        self._written = 0
        self._waiting: dict[int, bytes] = {}
        self._ssrc = -1
        self._origin_timestamp = 0
        self._origin = 0
        self._lateness: list[int] = []
        self._last_voice = 0
        self.over = False
        """Whether the limit is reached or nobody has spoken for so long."""

    def feed(self, now: float, packets: Sequence[Packet]) -> bytes:
        """Take what arrived until `now`, by the clock of the packets; returns the linear samples to be written next."""
        position = self._position(now)
        for packet in packets:
            self._place(packet)
        out = self._in_order()
        if position - self._written > PATIENCE_SAMPLES:
            out += self._fill_until(position - PATIENCE_SAMPLES)
        quiet = self._silence is not None and position - self._last_voice >= self._silence
        self.over = self.over or quiet or position >= self._limit
        return b"".join(out)

    def finish(self, now: float) -> bytes:
        """The rest, filled up to `now` or to the limit."""
        self.over = True
        return b"".join(self._fill_until(max(self._position(now), min(self._end(), self._limit))))

    def _position(self, now: float) -> int:
        return min(round((now - self._started) * SAMPLE_RATE), self._limit)

    def _place(self, packet: Packet) -> None:
        now = round((packet.arrived - self._started) * SAMPLE_RATE)
        position = self._origin + timestamp_distance(packet.timestamp, self._origin_timestamp)
        if packet.ssrc != self._ssrc or abs(position - now) > PATIENCE_SAMPLES:
            self._ssrc = packet.ssrc
            self._origin_timestamp = packet.timestamp
            self._origin = position = max(now, self._end())
            self._lateness.clear()
        self._keep_in_step(now - position)
        if position + len(packet.payload) <= self._written or position in self._waiting:
            return  # late beyond the window, or a copy
        samples = decode(packet.codec, packet.payload)
        if self._silence is not None and level(samples) >= VOICE_LEVEL:
            self._last_voice = max(self._last_voice, position)
        self._waiting[position] = samples

    def _keep_in_step(self, lateness: int) -> None:
        """Follow our clock where that of the sender goes faster or slower, or where the first packet came late.

        The network makes single packets late. When for a while all of them are late, or all early, the clocks differ.
        """
        self._lateness.append(lateness)
        if len(self._lateness) < _WATCHED_PACKETS:
            return
        least, most = min(self._lateness), max(self._lateness)
        self._lateness.clear()
        if least > IN_STEP_SAMPLES:
            self._origin += least
        elif most < -IN_STEP_SAMPLES:
            self._origin += most

    def _end(self) -> int:
        """Where the last packet that waits ends."""
        return max((start + len(samples) // 2 for start, samples in self._waiting.items()), default=self._written)

    def _in_order(self) -> list[bytes]:
        """What follows without a gap, or behind a gap that was waited for long enough."""
        out: list[bytes] = []
        while self._waiting:
            first = min(self._waiting)
            if first > self._written and self._end() - self._written <= REORDER_SAMPLES:
                break
            out += self._take(first)
        return out

    def _fill_until(self, position: int) -> list[bytes]:
        out: list[bytes] = []
        while self._waiting and min(self._waiting) < position:
            out += self._take(min(self._waiting))
        if self._written < position:
            out.append(bytes(2 * (position - self._written)))
            self._written = position
        return out

    def _take(self, start: int) -> list[bytes]:
        """The packet at `start` with the silence before it, cut at the limit and where it overlaps."""
        samples = self._waiting.pop(start)
        gap = bytes(2 * max(0, min(start, self._limit) - self._written))
        overlap = 2 * max(0, self._written - start)
        room = 2 * max(0, self._limit - max(start, self._written))
        samples = samples[overlap : overlap + room]
        self._written += (len(gap) + len(samples)) // 2
        return [gap, samples]
