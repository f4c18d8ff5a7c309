"""G.711, both laws: linear samples to bytes and back, and from one law to the other.

Linear samples are 16 bit, signed, in the machine's order, 8000 a second; a coded sample is one byte.
"""

import warnings

from cordboard.media.api import Codec

with warnings.catch_warnings():
    # Python 3.11 and 3.12 warn that audioop leaves the standard library; from 3.13 on audioop-lts brings it back.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

SAMPLE_RATE = 8000
FRAME_SAMPLES = 160
"""20 ms: what a packet carries."""
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE


def encode(codec: Codec, samples: bytes) -> bytes:
    """Code linear samples, one byte for each."""
    return audioop.lin2alaw(samples, 2) if codec is Codec.PCMA else audioop.lin2ulaw(samples, 2)


def decode(codec: Codec, data: bytes) -> bytes:
    """Linear samples of coded ones."""
    return audioop.alaw2lin(data, 2) if codec is Codec.PCMA else audioop.ulaw2lin(data, 2)


def add(a: bytes, b: bytes) -> bytes:
    """Two voices, linear and of one length, as one; what is too loud is as loud as can be."""
    return audioop.add(a, b, 2)


def amplify(samples: bytes, factor: float) -> bytes:
    """Linear samples times `factor`; what is too loud is as loud as can be."""
    return audioop.mul(samples, 2, factor)


def level(samples: bytes) -> int:
    """The root mean square of linear samples: 0 to 32767."""
    return audioop.rms(samples, 2)


SILENCE = {codec: encode(codec, bytes(2)) for codec in Codec}
"""The byte of a silent sample."""

SILENT_FRAME = {codec: byte * FRAME_SAMPLES for codec, byte in SILENCE.items()}

_ALL = bytes(range(256))

TRANSCODE = {
    (source, target): encode(target, decode(source, _ALL))
    for source in Codec
    for target in Codec
    if source is not target
}
"""For bytes.translate, by the law of what there is and the law that is wanted."""


def frames(codec: Codec, samples: bytes) -> list[bytes]:
    """Code linear samples and cut them into frames; the last one is filled with silence."""
    data = encode(codec, samples)
    cut = [data[start : start + FRAME_SAMPLES] for start in range(0, len(data), FRAME_SAMPLES)]
    if cut and len(cut[-1]) < FRAME_SAMPLES:
        cut[-1] = cut[-1].ljust(FRAME_SAMPLES, SILENCE[codec])
    return cut
