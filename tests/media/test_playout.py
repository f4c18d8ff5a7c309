"""The buffer of one speaker. Each packet here is full of the byte of its number, so that frames say what they hold."""

import random

import pytest

from cordboard.media.api import Codec
from cordboard.media.playout import MOST_SAMPLES, Playout
from cordboard.media.recorder import Packet

SILENT = 0xD5
ORIGIN = 0xFFFFFF00
"""Timestamps go round in every test."""


def _packet(number: int, *, size: int = 160, ssrc: int = 1, origin: int = ORIGIN) -> Packet:
    return Packet(0.0, ssrc, (origin + number * size) & 0xFFFFFFFF, Codec.PCMA, bytes((number & 0xFF,)) * size)


class Buffer:
    def __init__(self) -> None:
        self.playout = Playout(Codec.PCMA)

    def round(self, *packets: Packet) -> int | None:
        """What came since the last frame; the byte of the next one."""
        self.playout.packets.extend(packets)
        frame = self.playout.frame()
        if frame is None:
            return None
        assert len(frame) == 160
        assert len(set(frame)) == 1
        return frame[0]

    def rounds(self, *arrivals: list[int]) -> list[int | None]:
        return [self.round(*map(_packet, numbers)) for numbers in arrivals]


@pytest.fixture
def buffer() -> Buffer:
    return Buffer()


def test_what_comes_in_time_is_heard_at_once(buffer: Buffer) -> None:
    assert buffer.rounds([0], [1], [2], [3]) == [0, 1, 2, 3]


def test_a_loss_is_silence_and_costs_no_delay(buffer: Buffer) -> None:
    assert buffer.rounds([0], [], [2], [3]) == [0, None, 2, 3]


def test_a_loss_with_more_behind_it_keeps_its_time(buffer: Buffer) -> None:
    assert buffer.rounds([0, 1, 3], [], [4], [5], []) == [0, 1, None, 3, 4]


def test_a_late_packet_makes_the_delay_a_frame_longer_and_nothing_is_left_out(buffer: Buffer) -> None:
    assert buffer.rounds([0], [], [1, 2], [3], [4]) == [0, None, 1, 2, 3]


def test_order_and_copies(buffer: Buffer) -> None:
    assert buffer.rounds([0, 2, 1, 1], [0, 3], [2], [1], []) == [0, 1, 2, 3, None]


def test_a_pause_of_the_speaker_is_silence_and_he_is_heard_at_once_after_it(buffer: Buffer) -> None:
    assert buffer.rounds([0], [], [], [30], [31]) == [0, None, None, 30, 31]
    assert buffer.rounds([], [200], [201]) == [None, 200, 201]


def test_another_source_is_heard_at_once(buffer: Buffer) -> None:
    buffer.rounds([0, 1, 2])
    assert buffer.round(_packet(9, ssrc=2, origin=5000)) == 9
    assert buffer.round(_packet(10, ssrc=2, origin=5000)) == 10


def test_timestamps_may_begin_anew(buffer: Buffer) -> None:
    buffer.rounds([0])
    assert buffer.round(_packet(3, origin=70_000)) == 3
    assert buffer.round(_packet(0, origin=40_000)) == 0


def test_a_burst_is_cut_to_the_newest_60_ms(buffer: Buffer) -> None:
    assert buffer.rounds(list(range(50)), [50], [51]) == [47, 48, 49]


def test_what_piles_up_is_never_longer_than_120_ms(buffer: Buffer) -> None:
    """A sender whose clock is twice as fast."""
    for number in range(0, 200, 2):
        heard = buffer.round(_packet(number), _packet(number + 1))
        assert heard is not None
        assert number + 1 - heard <= 6


def test_a_delay_that_is_not_needed_any_more_goes_away(buffer: Buffer) -> None:
    assert buffer.rounds([0], [], [], [], [1, 2, 3, 4])[-1] == 1
    heard = [buffer.round(_packet(number)) for number in range(5, 505)]
    assert heard[0] == 2
    assert heard[-1] == (504 - 1) & 0xFF  # a frame waits, as long as the last four seconds needed it
    assert None not in heard


def test_jitter_makes_no_growing_delay_and_few_holes(buffer: Buffer) -> None:
    """Each packet is up to 30 ms late, for two minutes; its number goes round at 256."""
    chance = random.Random(7)
    arrivals: dict[int, list[int]] = {}
    for number in range(6000):
        arrivals.setdefault(int((number * 20 + chance.uniform(0, 30)) // 20), []).append(number)
    heard = [buffer.round(*map(_packet, arrivals.get(frame, []))) for frame in range(6000)]
    delays = [(frame - byte) % 256 for frame, byte in enumerate(heard) if byte is not None]
    assert max(delays) <= 3
    assert heard.count(None) < 60 * 2  # under 2 %


@pytest.mark.parametrize("size", [80, 240, 320, 480])
def test_packets_of_another_length(buffer: Buffer, size: int) -> None:
    spoken = b"".join(bytes((index % 200,)) * 80 for index in range(48))
    cut = [Packet(0.0, 1, start, Codec.PCMA, spoken[start : start + size]) for start in range(0, len(spoken), size)]
    heard = b""
    for frame in range(len(spoken) // 160 + 4):
        buffer.playout.packets += [one for one in cut if max(0, one.timestamp + size - 160) // 160 == frame]
        heard += buffer.playout.frame() or b""
    assert heard == spoken


def test_half_a_frame_waits_for_its_other_half(buffer: Buffer) -> None:
    assert buffer.round(_packet(0, size=80)) is None
    buffer.playout.packets.append(_packet(1, size=80))
    assert buffer.playout.frame() == b"\0" * 80 + b"\1" * 80


def test_a_lost_piece_is_silence(buffer: Buffer) -> None:
    buffer.playout.packets += [_packet(0, size=80), _packet(2, size=80), _packet(3, size=80)]
    assert buffer.playout.frame() == b"\0" * 80 + bytes((SILENT,)) * 80


def test_the_rest_is_all_that_was_not_heard(buffer: Buffer) -> None:
    assert buffer.rounds([0, 1, 2]) == [0]
    buffer.playout.packets.append(_packet(4))
    assert [frame[0] for frame in buffer.playout.rest()] == [1, 2, SILENT, 4]
    assert buffer.playout.rest() == []
    assert buffer.round(_packet(5)) == 5


@pytest.mark.parametrize("seed", range(30))
def test_whatever_arrives_frames_are_whole_and_little_is_kept(seed: int) -> None:
    chance = random.Random(seed)
    playout = Playout(Codec.PCMA)
    timestamp = chance.getrandbits(32)
    for _ in range(2000):
        for _ in range(chance.choice((0, 1, 1, 1, 2, 7))):
            size = chance.choice((1, 80, 160, 160, 161, 240, 2000))
            jump = chance.choice((size,) * 20 + (-size, -7, 0, 159, 8000, -8000, 8001, 1 << 31))
            timestamp = (timestamp + jump) & 0xFFFFFFFF
            ssrc = 1 if chance.random() < 0.99 else 2
            playout.packets.append(Packet(0.0, ssrc, timestamp, Codec.PCMA, bytes(size)))
        frame = playout.frame()
        assert frame is None or len(frame) == 160
        assert playout.packets == []
        assert playout.delay <= MOST_SAMPLES
    rest = playout.rest()
    assert len(rest) * 160 <= MOST_SAMPLES
    assert {len(one) for one in rest} <= {160}
