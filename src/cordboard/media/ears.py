"""Listening to a stream from beside it: what it says or is sent, as even frames for one who hears them. Pure."""

from collections.abc import Sequence
from typing import Final, Protocol

from cordboard.media.api import Codec
from cordboard.media.g711 import SILENT_FRAME, TRANSCODE, add, decode, encode
from cordboard.media.playout import Playout
from cordboard.media.recorder import Packet

_MOST_WAITING: Final = 50
"""Packets that wait while nobody listens: he hears something else meanwhile."""


class Source(Protocol):
    """A stream that can be listened to."""

    codec: Codec
    ears: "list[Ear]"
    """Take what it says."""
    sent_ears: "list[Ear]"
    """Take what it is sent."""

    def choose_keeping(self) -> None:
        """See who wants what."""


class Hearer(Protocol):
    """A stream that hears."""

    codec: Codec


class Ear:
    """Hears one stream for one hearer, from its making until `close`."""

    __slots__ = ("_playout", "_side", "codec", "source")

    def __init__(self, source: Source, *, sent: bool = False) -> None:
        """What `source` says, or with `sent` what it is sent."""
        self.source = source
        self.codec = source.codec
        self._playout = Playout(self.codec)
        self._side = source.sent_ears if sent else source.ears
        self._side.append(self)
        source.choose_keeping()

    def close(self) -> None:
        """Hear no more."""
        self._side.remove(self)
        self.source.choose_keeping()

    def hear(self, packet: Packet) -> None:
        """Take a packet."""
        waiting = self._playout.packets
        waiting.append(packet)
        if len(waiting) > _MOST_WAITING:
            del waiting[: _MOST_WAITING // 2]

    def frame(self) -> bytes | None:
        """The next 20 ms in `codec`; None if nothing was said."""
        return self._playout.frame()

    def rest(self) -> list[bytes]:
        """All frames that are still waiting."""
        return self._playout.rest()

    def change_codec(self) -> None:
        """The source has another one from now on."""
        self.codec = self.source.codec
        self._playout = Playout(self.codec)


def blend(codec: Codec, frame: bytes | None, ears: Sequence[Ear]) -> bytes | None:
    """A frame with what the ears hear now, in its law; None if there is nothing at all."""
    voices = [] if frame is None else [(codec, frame)]
    voices += [(ear.codec, said) for ear in ears if (said := ear.frame()) is not None]
    if not voices:
        return None
    if len(voices) == 1:
        law, said = voices[0]
        return said if law is codec else said.translate(TRANSCODE[law, codec])
    total = decode(*voices[0])
    for voice in voices[1:]:
        total = add(total, decode(*voice))
    return encode(codec, total)


class Ears:
    """Several as one voice. As an iterator it gives, without end, what the hearer hears next."""

    __slots__ = ("_hearer", "ears")

    def __init__(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self.ears: list[Ear] = []

    def __iter__(self) -> "Ears":
        return self

    def __next__(self) -> bytes:
        codec = self._hearer.codec
        return blend(codec, None, self.ears) or SILENT_FRAME[codec]


def listen_to(ears: list[Ear], sources: Sequence[Source]) -> None:
    """Let `ears` be those of exactly these sources, in any order; one that hears its source already goes on."""
    for ear in [ear for ear in ears if ear.source not in sources]:
        ears.remove(ear)
        ear.close()
    heard = [ear.source for ear in ears]
    ears += [Ear(source) for source in sources if source not in heard]
