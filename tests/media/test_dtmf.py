from itertools import product

import pytest

from cordboard.media.api import Codec
from cordboard.media.dtmf import FREQUENCIES, KEYS, KeyFrame, KeyReceiver, event_frames, tone_frames
from cordboard.media.g711 import decode
from cordboard.testing.audio import level_at, samples_of

SSRC = 7
# Key 5 as a phone sends it: timestamp, marker, payload (event, end and volume, duration).
FIVE = [
    (1000, 1, bytes.fromhex("050a00a0")),
    (1000, 0, bytes.fromhex("050a0140")),
    (1000, 0, bytes.fromhex("050a01e0")),
    (1000, 0, bytes.fromhex("058a0280")),
    (1000, 0, bytes.fromhex("058a0280")),
    (1000, 0, bytes.fromhex("058a0280")),
]


def _keys(packets: list[tuple[int, int, bytes]], receiver: KeyReceiver | None = None) -> list[str]:
    receiver = receiver or KeyReceiver()
    heard = [receiver.packet(SSRC, *packet) for packet in packets]
    return [key for key, _ in filter(None, heard)]


def _again(packets: list[tuple[int, int, bytes]], timestamp: int) -> list[tuple[int, int, bytes]]:
    return [(timestamp, marker, payload) for _, marker, payload in packets]


def test_a_key_is_told_once_at_its_first_packet() -> None:
    receiver = KeyReceiver()
    assert receiver.packet(SSRC, *FIVE[0]) == ("5", 0.02)
    assert [receiver.packet(SSRC, *packet) for packet in FIVE[1:]] == [None] * 5


@pytest.mark.parametrize("arrives", list(product([True, False], repeat=6))[:-1])
def test_a_key_survives_the_loss_of_any_packets_but_all(arrives: tuple[bool, ...]) -> None:
    arrived = [packet for packet, here in zip(FIVE, arrives, strict=True) if here]
    assert _keys(arrived + _again(arrived, 3000)) == ["5", "5"]


def test_packets_that_come_twice_or_late_are_no_new_key() -> None:
    assert _keys([FIVE[0], FIVE[0], *FIVE, *_again(FIVE, 2600), FIVE[5], FIVE[0]]) == ["5", "5"]


def test_a_marker_alone_makes_no_new_key() -> None:
    assert _keys([FIVE[0], (1000, 1, FIVE[1][2])]) == ["5"]


def test_an_event_too_long_for_one_duration_is_one_key() -> None:
    long = [(1000, 1, bytes.fromhex("050a00a0")), (1000, 0, bytes.fromhex("050affff"))]
    segment = [(1000 + 0xFFFF, 0, bytes.fromhex("050a00a0")), (1000 + 0xFFFF, 0, bytes.fromhex("058a0140"))]
    assert _keys(long + segment) == ["5"]
    assert _keys(long + [(timestamp, 1, payload) for timestamp, _, payload in segment]) == ["5", "5"]


def test_timestamps_go_round() -> None:
    receiver = KeyReceiver()
    assert _keys(_again(FIVE, 0xFFFFFF00), receiver) == ["5"]
    assert _keys(_again(FIVE, 0x00000100), receiver) == ["5"]
    assert _keys(_again(FIVE, 0xFFFFFF00), receiver) == []


def test_a_sender_that_begins_anew_is_heard() -> None:
    receiver = KeyReceiver()
    assert _keys(_again(FIVE, 5_000_000), receiver) == ["5"]
    assert _keys(_again(FIVE, 100), receiver) == ["5"]
    assert receiver.packet(SSRC + 1, *FIVE[0]) == ("5", 0.02)


def test_rubbish_and_line_events_are_no_keys() -> None:
    assert _keys([(1000, 1, b""), (1000, 1, b"\x05\x0a\x00"), (2000, 1, bytes.fromhex("100a00a0"))]) == []


def test_every_key_is_received_as_it_is_sent() -> None:
    receiver = KeyReceiver()
    heard = ""
    for number, key in enumerate(KEYS):
        for index, frame in enumerate(event_frames(key)):
            if frame is not None:
                now = number * 1280 + index * 160
                told = receiver.packet(SSRC, now - frame.age, frame.marker, frame.payload)
                heard += told[0] if told else ""
    assert heard == "0123456789*#ABCD"


def test_a_key_lasts_100_ms_with_three_ends_and_60_ms_behind() -> None:
    sent = list(event_frames("#"))
    assert len(sent) == 8
    assert [frame and frame.payload.hex() for frame in sent] == [
        "0b0a00a0", "0b0a0140", "0b0a01e0", "0b0a0280", "0b8a0320", "0b8a0320", "0b8a0320", None,
    ]  # fmt: skip
    assert [frame.marker for frame in sent if frame] == [True, False, False, False, False, False, False]
    assert [frame.age for frame in sent if frame] == [0, 160, 320, 480, 640, 800, 960]


@pytest.mark.parametrize("codec", list(Codec))
def test_a_key_in_the_voice_has_its_two_tones(codec: Codec) -> None:
    sent = list(tone_frames("8", codec))
    assert len(sent) == 8
    assert all(isinstance(frame, KeyFrame) and not frame.telephone_event for frame in sent)
    samples = samples_of(decode(codec, b"".join(frame.payload for frame in sent if frame)))
    tone, rest = samples[:800], samples[800:]
    assert abs(rest).max() <= 8
    loud = {hz for pair in FREQUENCIES.values() for hz in pair if level_at(tone, hz) > 3000}
    assert loud == {852.0, 1336.0}
