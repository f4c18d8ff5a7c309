"""What is played, cut into frames: each sound is encoded once for each codec and shared by all streams.

`Shelf` blocks and belongs to the helper thread; `lay_out` makes the frames of one playing of what it found.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, cycle, islice
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

from cordboard.media.api import AudioFileError, Codec, File, Pause, Source, ToneSpec
from cordboard.media.g711 import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, SILENT_FRAME, frames
from cordboard.media.tones import PERIOD_SECONDS, render
from cordboard.media.wav import read_samples

CACHE_BYTES: Final = 256 << 20
"""About nine hours of voice in one codec."""
_FRAME_COST = FRAME_SAMPLES + 41  # its bytes object and the place in the tuple
_BLOCK = 2 * SAMPLE_RATE  # bytes; a second at a time: the loop must not wait long for the interpreter


class Part(NamedTuple):
    """`length` frames: these, round and round."""

    frames: tuple[bytes, ...]
    length: int


class _Kept(NamedTuple):
    stamp: tuple[int, int]
    frames: tuple[bytes, ...]


class Shelf:
    """Encoded files and tones, the least recently used thrown away when they become too many."""

    def __init__(self, capacity: int = CACHE_BYTES) -> None:
        """`capacity` in bytes."""
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[tuple[object, Codec], _Kept] = OrderedDict()

    def parts(self, sources: Sequence[Source], codec: Codec, *, loop: bool) -> list[Part]:
        """The parts of `sources`, none of them empty. Raises AudioFileError."""
        endless = loop and len(sources) == 1
        found = chain.from_iterable(self._parts(source, codec, endless=endless) for source in sources)
        return [part for part in found if part.length]

    def _parts(self, source: Source, codec: Codec, *, endless: bool) -> Iterator[Part]:
        match source:
            case File(path):
                content = self._file(path, codec)
                yield Part(content, len(content))
            case Pause(seconds):
                yield _silence(seconds, codec)
            case ToneSpec():
                yield from self._tone(source, codec, endless=endless)

    def _file(self, path: Path, codec: Codec) -> tuple[bytes, ...]:
        try:
            stat = path.stat()
        except OSError as error:
            raise AudioFileError(f"{path} cannot be read: {error.strerror or error}") from error
        stamp = (stat.st_mtime_ns, stat.st_size)
        blocks = (frames(codec, block) for block in read_samples(path))
        return self._keep((path, codec), stamp, chain.from_iterable(blocks))

    def _tone(self, tone: ToneSpec, codec: Codec, *, endless: bool) -> Iterator[Part]:
        """The tone and its silence. One that goes round without a pause is laid out whole periods long."""
        on = tone.on
        if endless and not tone.off:
            on = PERIOD_SECONDS * max(1, ceil(on / PERIOD_SECONDS))
        samples = round(on * SAMPLE_RATE)
        whole = min(samples, PERIOD_SECONDS * SAMPLE_RATE)
        content = self._keep(((tone.frequencies, whole), codec), (0, 0), _tone_frames(tone.frequencies, whole, codec))
        count = ceil(samples / FRAME_SAMPLES)
        yield Part(content, count)
        yield _silence(on + tone.off - count * FRAME_SECONDS, codec)

    def _keep(self, name: tuple[object, Codec], stamp: tuple[int, int], made: Iterable[bytes]) -> tuple[bytes, ...]:
        """What is kept under `name`, if it is as fresh as `stamp`; else what `made` gives, which is only then asked."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            self._size -= _FRAME_COST * len(kept.frames)
        if kept is None or kept.stamp != stamp:
            kept = _Kept(stamp, tuple(made))
        cost = _FRAME_COST * len(kept.frames)
        if cost <= self._capacity:
            self._kept[name] = kept
            self._size += cost
            while self._size > self._capacity:
                _, oldest = self._kept.popitem(last=False)
                self._size -= _FRAME_COST * len(oldest.frames)
        return kept.frames


def _tone_frames(frequencies: tuple[float, ...], samples: int, codec: Codec) -> Iterator[bytes]:
    content = render(frequencies, samples)
    for start in range(0, len(content), _BLOCK):
        yield from frames(codec, content[start : start + _BLOCK])


def _silence(seconds: float, codec: Codec) -> Part:
    return Part((SILENT_FRAME[codec],), max(0, round(seconds / FRAME_SECONDS)))


def lay_out(parts: Iterable[Part], *, loop: bool) -> Iterator[bytes]:
    """The frames of all parts, one after the other; with `loop` round and round, if there are any."""
    kept = list(parts)
    return chain.from_iterable(map(_lay_out_one, cycle(kept) if loop else kept))


def _lay_out_one(part: Part) -> Iterator[bytes]:
    if part.length == len(part.frames):
        return iter(part.frames)
    return islice(cycle(part.frames), part.length)
