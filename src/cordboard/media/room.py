"""A room as the pump sees it: once every 20 ms the voices of its members are mixed, for each without his own. Pure.

What is mixed is heard at each member's own place in the grid, up to 15 ms later. Only those who say something are
mixed: a silent room costs next to nothing, and where one speaks nothing is reckoned.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cordboard.media.api import Codec
from cordboard.media.ears import Ear, blend
from cordboard.media.g711 import FRAME_SAMPLES, SILENT_FRAME, TRANSCODE, amplify, decode, encode
from cordboard.media.playout import Playout

_LOUDEST = 32767
_EVERY_SAMPLE = np.arange(1 << 16, dtype=np.uint16).tobytes()
_CODED: Final[dict[Codec, NDArray[np.uint8]]] = {
    codec: np.frombuffer(encode(codec, _EVERY_SAMPLE), dtype=np.uint8) for codec in Codec
}
"""The byte of each sample, by its 16 bits taken as a number without a sign."""


@cache
def _louder(codec: Codec, decibels: int) -> bytes:
    """For bytes.translate: each coded sample so much louder. What is too loud is as loud as can be."""
    return encode(codec, amplify(decode(codec, bytes(range(256))), 10 ** (decibels / 20)))


class Member:
    """One stream in a room. As an iterator it gives, without end, what the member hears next."""

    __slots__ = ("besides", "codec", "frame", "fresh", "gain", "playout", "room", "speaks")

    def __init__(self, room: "Room", codec: Codec, *, speaks: bool) -> None:
        self.room = room
        self.codec = codec
        self.speaks = speaks
        self.gain = 0
        """Decibels by which it is heard louder; less than none: softer."""
        self.besides: list[Ear] = []
        """Heard as if it said them: by those who barge into its talk."""
        self.playout = Playout(codec)
        self.frame = SILENT_FRAME[codec]
        self.fresh = False
        """Whether it was mixed and not yet heard."""

    def __iter__(self) -> "Member":
        return self

    def __next__(self) -> bytes:
        self.fresh = False
        return self.frame

    def says(self) -> bytes | None:
        """The next frame of what others hear of it."""
        frame = self.playout.frame()
        if not self.speaks:
            frame = None
        elif self.gain and frame is not None and frame != SILENT_FRAME[self.codec]:
            frame = frame.translate(_louder(self.codec, self.gain))
        return blend(self.codec, frame, self.besides) if self.besides else frame

    def change_codec(self, codec: Codec) -> None:
        """From now on this is what it speaks and hears."""
        self.codec = codec
        self.playout = Playout(codec)
        self.frame = SILENT_FRAME[codec]


class Room:
    """Members who hear each other."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.phase = 0
        """Of the ticks of a frame, the one at which it is mixed: the pump sets it."""

    def mix(self) -> None:
        """Give each member the next frame of what all others say."""
        speakers: list[Member] = []
        said: list[bytes] = []
        for member in self.members:
            frame = member.says()
            member.fresh = True
            member.frame = silent = SILENT_FRAME[member.codec]
            if frame is not None and frame != silent:
                speakers.append(member)
                said.append(frame)
        if len(said) > 1:
            self._mix_many(speakers, said)
        elif said:
            self._hear_one(speakers[0], said[0])

    def _hear_one(self, speaker: Member, frame: bytes) -> None:
        as_heard = {speaker.codec: frame}
        for member in self.members:
            if member is not speaker:
                if member.codec not in as_heard:
                    as_heard[member.codec] = frame.translate(TRANSCODE[speaker.codec, member.codec])
                member.frame = as_heard[member.codec]

    def _mix_many(self, speakers: list[Member], said: list[bytes]) -> None:
        linear = b"".join([decode(member.codec, frame) for member, frame in zip(speakers, said, strict=True)])
        voices = np.frombuffer(linear, dtype=np.int16).reshape(len(said), FRAME_SAMPLES)
        total = voices.sum(axis=0, dtype=np.int32)
        # The last row is for those who say nothing.
        mixed = np.empty((len(said) + 1, FRAME_SAMPLES), dtype=np.int32)
        np.subtract(total, voices, out=mixed[:-1])
        mixed[-1] = total
        np.minimum(mixed, _LOUDEST, out=mixed)
        np.maximum(mixed, -_LOUDEST - 1, out=mixed)
        samples = mixed.astype(np.int16).view(np.uint16)
        coded = {
            codec: _CODED[codec].take(samples, mode="wrap").tobytes()
            for codec in {member.codec for member in self.members}
        }
        everybody = {codec: frames[-FRAME_SAMPLES:] for codec, frames in coded.items()}
        for member in self.members:
            member.frame = everybody[member.codec]
        for index, member in enumerate(speakers):
            start = index * FRAME_SAMPLES
            member.frame = coded[member.codec][start : start + FRAME_SAMPLES]
