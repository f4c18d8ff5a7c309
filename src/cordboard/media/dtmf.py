"""Keys in the voice: telephone-events in and out (RFC 4733), and the tones for those who did not agree on them."""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from cordboard.media.api import Codec
from cordboard.media.g711 import FRAME_SAMPLES, SAMPLE_RATE, frames
from cordboard.media.rtp import timestamp_distance
from cordboard.media.tones import render

KEYS: Final = "0123456789*#ABCD"
"""By event code (RFC 4733 §3.2)."""

KEY_FRAMES: Final = 5
"""A key lasts 100 ms: long enough for every receiver (ITU-T Q.24 asks for 40)."""
GAP_FRAMES: Final = 3
"""60 ms before the next."""
_END_PACKETS = 3  # RFC 4733 §2.5.1.4: the last packet is sent three times
_VOLUME = 10  # -10 dBm0

_EVENT = Struct("!BBH")
_END = 0x80
_LONGEST = 0xFFFF
_MEMORY = 5 * SAMPLE_RATE
"""An event this much older than the last one is not a late packet: the sender has begun to count anew."""

_ROWS = (697.0, 770.0, 852.0, 941.0)
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_PAD = ("123A", "456B", "789C", "*0#D")
FREQUENCIES: Final = {
    key: (_ROWS[row], _COLUMNS[column]) for row, line in enumerate(_PAD) for column, key in enumerate(line)
}
"""The two tones of each key in Hz (ITU-T Q.23)."""


class KeyReceiver:
    """Makes one key of the many packets of an event, whichever of them arrive.

    An event is known by its timestamp alone (RFC 4733 §2.3, §2.5.2.2): the packet with the marker and the packets
    with the end bit may be lost, and every packet may come twice or late.
    """

    __slots__ = ("_event", "_ssrc", "_timestamp")

    def __init__(self) -> None:
        self._ssrc = -1
        self._event = -1
        self._timestamp = 0

    def packet(self, ssrc: int, timestamp: int, marker: int, payload: bytes | memoryview) -> tuple[str, float] | None:
        """A key and the seconds that it has lasted so far, if this packet is the first one of its event."""
        if len(payload) < _EVENT.size:
            return None
        event, _, duration = _EVENT.unpack_from(payload)
        if ssrc == self._ssrc and self._event >= 0:
            distance = timestamp_distance(timestamp, self._timestamp)
            if distance == 0 or -_MEMORY < distance < 0:
                return None
            # RFC 4733 §2.5.1.3: an event longer than 65535 goes on in a further segment, which has no marker.
            if distance == _LONGEST and event == self._event and not marker:
                self._timestamp = timestamp
                return None
        self._ssrc, self._event, self._timestamp = ssrc, event, timestamp
        if event >= len(KEYS):
            return None  # flash and other line events
        return KEYS[event], duration / SAMPLE_RATE


class KeyFrame(NamedTuple):
    """What is sent in one frame while a key is sent: `age` in samples since the timestamp that it carries."""

    telephone_event: bool
    marker: bool
    age: int
    payload: bytes


def event_frames(key: str) -> Iterator[KeyFrame | None]:
    """One key as telephone-events, a frame each; None where nothing is sent."""
    code = KEYS.index(key)
    for index in range(KEY_FRAMES + GAP_FRAMES):
        ended = index >= KEY_FRAMES - 1
        if index >= KEY_FRAMES - 1 + _END_PACKETS:
            yield None
            continue
        duration = min(index + 1, KEY_FRAMES) * FRAME_SAMPLES
        payload = _EVENT.pack(code, _VOLUME | (_END if ended else 0), duration)
        yield KeyFrame(telephone_event=True, marker=index == 0, age=index * FRAME_SAMPLES, payload=payload)


def tone_frames(key: str, codec: Codec) -> Iterator[KeyFrame | None]:
    """One key as a voice, a frame each, with the same lengths as `event_frames`."""
    samples = render(FREQUENCIES[key], KEY_FRAMES * FRAME_SAMPLES) + bytes(2 * GAP_FRAMES * FRAME_SAMPLES)
    for index, payload in enumerate(frames(codec, samples)):
        yield KeyFrame(telephone_event=False, marker=index == 0, age=0, payload=payload)
