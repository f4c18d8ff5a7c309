"""What one speaker says, made into even frames for a mixer: a short buffer that waits for nobody. Pure, no clock.

A frame is asked for every 20 ms. Packets may come late, twice, in any order and of any length. One that is not there in
its time is silence. If nothing at all is there, the next one to come goes on where it stopped: so the delay grows, by a
frame at a time, until it fits the network. It shrinks when it was longer than needed for two seconds, and it is never
longer than `MOST_SAMPLES`: the oldest are dropped then.
"""

from typing import Final

from cordboard.media.api import Codec
from cordboard.media.g711 import FRAME_SAMPLES, SILENCE
from cordboard.media.recorder import Packet
from cordboard.media.rtp import TIMESTAMP_MASK, timestamp_distance

MOST_SAMPLES: Final = 6 * FRAME_SAMPLES
"""120 ms."""
KEPT_SAMPLES: Final = 3 * FRAME_SAMPLES
"""What is left of more than that: 60 ms."""
WATCHED_FRAMES: Final = 100
"""If in so many frames two or more were always waiting, one is dropped."""
_NEAR: Final = 8000
"""Samples; a timestamp that is further away than a second belongs to another reckoning."""


class Playout:
    """The buffer of one speaker, for one codec. The pump appends to `packets`."""

    __slots__ = ("_end", "_idle", "_least", "_next", "_silence", "_ssrc", "_waiting", "_watched", "packets")

    def __init__(self, codec: Codec) -> None:
        self.packets: list[Packet] = []
        self._silence = SILENCE[codec]
        self._waiting: dict[int, bytes] = {}
        """Payloads by timestamp."""
        self._ssrc = -1
        self._next = 0
        """The timestamp that is heard next."""
        self._end = 0
        """Behind the last sample that waits."""
        self._idle = True
        self._least = MOST_SAMPLES
        self._watched = 0

    def frame(self) -> bytes | None:
        """The next 20 ms, coded as they came; None if they are not there, or not all of them and nothing behind."""
        if self.packets:
            self._take_in()
        if not self._waiting:
            self._idle = True
            return None
        if self._idle and not self._begin():
            return None
        if (self._end - self._next) & TIMESTAMP_MASK < FRAME_SAMPLES:
            self._idle = True
            return None
        found = self._waiting.pop(self._next, None)
        if found is None or len(found) != FRAME_SAMPLES:
            found = self._piece_together(found)
        self._next = (self._next + FRAME_SAMPLES) & TIMESTAMP_MASK
        self._watch()
        return found

    @property
    def delay(self) -> int:
        """How many samples lie between what is heard next and the last one that came."""
        if not self._waiting:
            return 0
        return (self._end - self._first()) & TIMESTAMP_MASK

    def rest(self) -> list[bytes]:
        """All frames that are still waiting; losses are silent frames."""
        frames: list[bytes] = []
        while True:
            frame = self.frame()
            if self._idle:
                return frames
            frames.append(frame or self._silence * FRAME_SAMPLES)

    def _take_in(self) -> None:
        waiting = self._waiting
        for _, ssrc, timestamp, _, payload in self.packets:
            if timestamp != self._end or ssrc != self._ssrc:
                ahead = timestamp_distance(timestamp, self._next)
                if ssrc != self._ssrc or abs(ahead) > _NEAR:
                    self._ssrc = ssrc
                    waiting.clear()
                    self._idle = True
                    self._next = self._end = timestamp
                elif ahead + len(payload) <= 0:
                    continue  # its time is over, or it is a copy
            waiting[timestamp] = payload
            end = (timestamp + len(payload)) & TIMESTAMP_MASK
            if timestamp == self._end or timestamp_distance(end, self._end) > 0:
                self._end = end
        self.packets.clear()
        if (self._end - self._next) & TIMESTAMP_MASK > MOST_SAMPLES and self.delay > MOST_SAMPLES:
            self._skip_to((self._end - KEPT_SAMPLES) & TIMESTAMP_MASK)

    def _first(self) -> int:
        """What is heard next: when nothing was there, it is where that begins which came since."""
        if self._idle:
            earliest = min(self._waiting, key=lambda timestamp: timestamp_distance(timestamp, self._next))
            if timestamp_distance(earliest, self._next) > 0:
                return earliest
        return self._next

    def _begin(self) -> bool:
        """Be heard again; False if less than a frame has come."""
        first = self._first()
        if (self._end - first) & TIMESTAMP_MASK < FRAME_SAMPLES:
            return False
        self._idle = False
        self._next = first
        self._least, self._watched = MOST_SAMPLES, 0
        return True

    def _skip_to(self, timestamp: int) -> None:
        self._next = timestamp
        self._idle = False
        for start, payload in list(self._waiting.items()):
            if timestamp_distance(start, timestamp) + len(payload) <= 0:
                del self._waiting[start]

    def _piece_together(self, found: bytes | None) -> bytes | None:
        """A frame of packets that are not one frame long, or silence for one that is lost."""
        if found is not None:
            self._waiting[self._next] = found
        frame = bytearray(self._silence * FRAME_SAMPLES)
        spoken = False
        for start, payload in list(self._waiting.items()):
            offset = timestamp_distance(start, self._next)
            if offset >= FRAME_SAMPLES:
                continue
            del self._waiting[start]
            rest = FRAME_SAMPLES - offset
            part = payload[max(0, -offset) : rest]
            frame[max(0, offset) : max(0, offset) + len(part)] = part
            spoken = spoken or bool(part)
            if payload[rest:]:
                self._waiting.setdefault((self._next + FRAME_SAMPLES) & TIMESTAMP_MASK, payload[rest:])
        return bytes(frame) if spoken else None

    def _watch(self) -> None:
        """Let the delay shrink when it was longer than needed for a while."""
        self._least = min(self._least, (self._end - self._next) & TIMESTAMP_MASK)
        self._watched += 1
        if self._watched == WATCHED_FRAMES:
            if self._least >= 2 * FRAME_SAMPLES:
                self._skip_to((self._next + FRAME_SAMPLES) & TIMESTAMP_MASK)
            self._least, self._watched = MOST_SAMPLES, 0
