import struct

import pytest

from cordboard.media.api import Codec
from cordboard.media.g711 import SILENT_FRAME, TRANSCODE, decode, encode, frames, level

# ITU-T G.711: tables 1a/2a, the characters after the inversion of even bits (A) and of all bits (µ), for values scaled
# to 16 bit. Silence, the ends of the first segment, middle values, and the loudest of both signs.
ALAW = [(8, 0xD5), (-8, 0x55), (1008, 0xFA), (-1008, 0x7A), (32256, 0xAA), (-32256, 0x2A)]
ULAW = [(0, 0xFF), (-8, 0x7E), (8, 0xFE), (988, 0xCE), (-988, 0x4E), (32124, 0x80), (-32124, 0x00)]


@pytest.mark.parametrize(
    ("codec", "value", "character"),
    [(Codec.PCMA, *pair) for pair in ALAW] + [(Codec.PCMU, *pair) for pair in ULAW],
)
def test_known_values(codec: Codec, value: int, character: int) -> None:
    assert decode(codec, bytes([character])) == struct.pack("<h", value)
    assert encode(codec, struct.pack("<h", value)) == bytes([character])


def test_silence() -> None:
    assert SILENT_FRAME == {Codec.PCMA: b"\xd5" * 160, Codec.PCMU: b"\xff" * 160}


def test_the_laws_translate_into_each_other() -> None:
    to_u, to_a = TRANSCODE[Codec.PCMA, Codec.PCMU], TRANSCODE[Codec.PCMU, Codec.PCMA]
    assert b"\xaa\x2a".translate(to_u) == b"\x80\x00"
    assert b"\x80\x00".translate(to_a) == b"\xaa\x2a"
    # There and back a character moves by one step of its law at most.
    for law, there, back in ((Codec.PCMA, to_u, to_a), (Codec.PCMU, to_a, to_u)):
        for character in range(256):
            before = struct.unpack("<h", decode(law, bytes([character])))[0]
            after = struct.unpack("<h", decode(law, bytes([character]).translate(there).translate(back)))[0]
            assert abs(before - after) <= max(16, abs(before) / 14)


def test_frames_are_20_ms_and_the_last_is_filled() -> None:
    assert frames(Codec.PCMU, b"") == []
    assert frames(Codec.PCMU, bytes(2 * 160)) == [b"\xff" * 160]
    cut = frames(Codec.PCMA, struct.pack("<h", 32256) * 161)
    assert cut == [b"\xaa" * 160, b"\xaa" + b"\xd5" * 159]


def test_level() -> None:
    assert level(bytes(320)) == 0
    assert level(struct.pack("<hh", 1000, -1000) * 80) == 1000
