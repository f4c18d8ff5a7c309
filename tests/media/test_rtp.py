import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.media.rtp import (
    RtpError,
    payload_bounds,
    sender_report,
    sequence_distance,
    timestamp_distance,
)

# As a phone sends it: version 2, PCMA with the marker, sequence 17767, timestamp 3937035252, SSRC 0x58f33dea.
PLAIN = bytes.fromhex("80884567eaaad3f458f33dea") + bytes([0xD5]) * 160
# Two contributing sources (a conference bridge).
CONTRIBUTED = bytes.fromhex("82084568eaaad49458f33dea 1122334455667788") + b"voice"
# One header extension of two words (RFC 5285 profile 0xBEDE, an audio level).
EXTENDED = bytes.fromhex("90084569eaaad53458f33dea bede0002 10aa000000000000") + b"voice"
# Padded with four bytes.
PADDED = bytes.fromhex("a008456aeaaad5d458f33dea") + b"voice" + bytes([0, 0, 0, 4])
# All of it together.
FULL = bytes.fromhex("b108456beaaad67458f33dea 11223344 bede0001 10aa0000") + b"voice" + bytes([0, 2])


@pytest.mark.parametrize(
    ("packet", "payload"),
    [
        (PLAIN, bytes([0xD5]) * 160),
        (CONTRIBUTED, b"voice"),
        (EXTENDED, b"voice"),
        (PADDED, b"voice"),
        (FULL, b"voice"),
        (PLAIN[:12], b""),
    ],
)
def test_finds_the_payload(packet: bytes, payload: bytes) -> None:
    start, end = payload_bounds(packet, len(packet))
    assert packet[start:end] == payload


def _with(packet: bytes, position: int, byte: int) -> bytes:
    return packet[:position] + bytes([byte]) + packet[position + 1 :]


@pytest.mark.parametrize(
    ("corrupted", "why"),
    [
        (b"", "shorter than a header"),
        (PLAIN[:11], "shorter than a header"),
        (_with(PLAIN, 0, 0x40), "not version 2: 1"),
        (_with(PLAIN, 0, 0x00), "not version 2: 0"),  # a STUN message looks like this
        (_with(PLAIN, 1, 200), "a packet of RTCP"),
        (_with(CONTRIBUTED, 0, 0x8F), "longer than itself"),
        (EXTENDED[:15], "ends within its header extension"),
        (_with(EXTENDED, 15, 200), "longer than itself"),
        (_with(EXTENDED, 14, 255), "longer than itself"),
        (_with(PADDED, len(PADDED) - 1, 0), "padded with nothing"),
        (_with(PADDED, len(PADDED) - 1, 10), "longer than itself"),
        (_with(PADDED, len(PADDED) - 1, 255), "longer than itself"),
        (_with(FULL, len(FULL) - 1, 8), "longer than itself"),
    ],
)
def test_refuses_its_corrupted_twin(corrupted: bytes, why: str) -> None:
    with pytest.raises(RtpError, match=why):
        payload_bounds(corrupted, len(corrupted))


def test_looks_no_further_than_what_arrived() -> None:
    buffer = bytearray(EXTENDED) + bytes(500)
    with pytest.raises(RtpError, match="ends within"):
        payload_bounds(buffer, 14)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_or_have_their_payload_inside(data: bytes) -> None:
    try:
        start, end = payload_bounds(data, len(data))
    except RtpError:
        return
    assert 12 <= start <= end <= len(data)


def test_numbers_go_round() -> None:
    assert sequence_distance(2, 65534) == 4
    assert sequence_distance(65534, 2) == -4
    assert timestamp_distance(100, 0xFFFFFFFF) == 101
    assert timestamp_distance(0xFFFFFFFF, 100) == -101


def test_a_sender_report_names_its_source() -> None:
    report = sender_report(ssrc=0x01020304, cname="me", now=1_000_000_000.5, timestamp=160, packets=3, octets=480)
    assert report[:8] == bytes.fromhex("80c8000601020304")
    assert struct.unpack("!IIIII", report[8:28]) == (3_208_988_800, 0x80000000, 160, 3, 480)
    # RFC 3550 §6.5: one chunk, CNAME of two bytes, nulls to the end of the word; lengths in words less one.
    assert report[28:] == bytes.fromhex("81ca0003") + bytes.fromhex("01020304 0102") + b"me" + bytes(4)
    assert len(report) % 4 == 0
