import random
import wave
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from cordboard.media.api import AudioFileError, Codec
from cordboard.media.g711 import encode
from cordboard.media.recorder import Packet, Recorder
from cordboard.media.tape import TalkTape, VoiceTape
from cordboard.media.wav import WavWriter, read_samples
from cordboard.testing.audio import Samples, read_wav, samples_of, silence, tone, write_wav

ORIGIN = 0xFFFFFF00
"""Timestamps go round within every recording here."""


def _packets(samples: Samples, *, arrived: float = 0.0, ssrc: int = 1, timestamp: int = ORIGIN) -> list[Packet]:
    data = encode(Codec.PCMA, samples.astype("<i2").tobytes())
    return [
        Packet(arrived + start / 8000, ssrc, (timestamp + start) & 0xFFFFFFFF, Codec.PCMA, data[start : start + 160])
        for start in range(0, len(data), 160)
    ]


def _record(packets: list[Packet], elapsed: float, *, limit: float = 60.0) -> Samples:
    """In batches of 200 ms, as the worker does it."""
    recorder = Recorder(limit=limit, silence=None)
    out = b""
    for batch, arrived in groupby(packets, key=lambda packet: int(packet.arrived * 1000) // 200):
        out += recorder.feed(min(0.2 * (batch + 1), elapsed), list(arrived))
    return samples_of(out + recorder.finish(elapsed))


SPEECH = tone(440, seconds=1.0)
PACKETS = _packets(SPEECH)


def _close(a: Samples, b: Samples) -> bool:
    """The same but for what A-law loses."""
    return len(a) == len(b) and bool(np.abs(a.astype(int) - b).max() <= 300)


def test_writes_what_arrives() -> None:
    assert _close(_record(PACKETS, 1.0), SPEECH)


def test_puts_packets_in_order_and_drops_copies() -> None:
    shuffled = [PACKETS[index ^ 1] for index in range(50)]
    assert _close(_record([*shuffled[:10], shuffled[3], *shuffled[10:]], 1.0), SPEECH)


def test_fills_a_loss_with_silence() -> None:
    heard = _record(PACKETS[:20] + PACKETS[23:], 1.0)
    assert _close(heard[:3200], SPEECH[:3200])
    assert not heard[3200:3680].any()
    assert _close(heard[3680:], SPEECH[3680:])


def test_fills_to_its_end_when_nothing_arrives() -> None:
    heard = _record(PACKETS[:10], 5.0)
    assert len(heard) == 40_000
    assert _close(heard[:1600], SPEECH[:1600])
    assert not heard[1600:].any()


def test_begins_with_silence_until_the_first_packet() -> None:
    heard = _record(_packets(SPEECH, arrived=0.5), 1.5)
    assert not heard[:4000].any()
    assert _close(heard[4000:], SPEECH)


def test_keeps_the_time_of_a_pause_in_the_middle() -> None:
    later = _packets(SPEECH, arrived=4.0, timestamp=(ORIGIN + 32_000) & 0xFFFFFFFF)
    heard = _record(PACKETS + later, 5.0)
    assert _close(heard, np.concatenate([SPEECH, silence(3.0), SPEECH]))


def test_another_source_goes_on_behind_the_first() -> None:
    heard = _record(PACKETS + _packets(SPEECH, arrived=1.0, ssrc=2, timestamp=77), 2.0)
    assert _close(heard, np.concatenate([SPEECH, SPEECH]))


def test_a_packet_that_comes_too_late_is_left_out() -> None:
    late = PACKETS[5]._replace(arrived=0.9)
    heard = _record([*PACKETS[:5], *PACKETS[6:], late], 1.2)
    assert not heard[800:960].any()
    assert _close(heard[960:8000], SPEECH[960:])


def test_ends_at_its_limit() -> None:
    recorder = Recorder(limit=0.5, silence=None)
    first = recorder.feed(0.4, PACKETS[:20])
    assert not recorder.over
    second = recorder.feed(0.6, PACKETS[20:30])
    assert recorder.over
    assert len(first + second + recorder.finish(0.6)) == 8000


@pytest.mark.parametrize(("amplitude", "ends"), [(8000.0, False), (100.0, True)])
def test_ends_when_nobody_speaks(amplitude: float, ends: bool) -> None:
    recorder = Recorder(limit=60.0, silence=2.0)
    recorder.feed(1.0, _packets(tone(440, seconds=1.0)))
    recorder.feed(
        2.9, _packets(tone(440, seconds=1.9, amplitude=amplitude), arrived=1.0, timestamp=ORIGIN + 8000 - 2**32)
    )
    assert not recorder.over
    recorder.feed(3.1, [])
    assert recorder.over is ends


def _beeps(*, seconds: int, pace: float = 1.0, jitter: float = 0.0) -> list[Packet]:
    """A beep of 20 ms at each whole second by the sender's clock, which goes `pace` times as fast as ours."""
    chance = random.Random(3)
    beep = encode(Codec.PCMA, tone(440, seconds=0.02).tobytes())
    packets = []
    for number in range(50 * seconds):
        arrived = number * 0.02 / pace + chance.uniform(0, jitter)
        payload = beep if number % 50 == 0 else b"\xd5" * 160
        packets.append(Packet(arrived, 1, (ORIGIN + 160 * number) & 0xFFFFFFFF, Codec.PCMA, payload))
    return packets


def _worst(heard: Samples, *, seconds: int, pace: float = 1.0, after: int = 1) -> float:
    """How far (seconds) the beeps are from where our clock was when they were sent."""
    worst = 0.0
    for second in range(after, seconds):
        expected = round(8000 * second / pace)
        around = heard[max(0, expected - 1600) : expected + 1600]
        found = np.flatnonzero(np.abs(around.astype(int)) > 3000)
        assert len(found), f"the beep of second {second} is missing"
        worst = max(worst, abs(int(found[0]) - min(expected, 1600)) / 8000)
    return worst


@pytest.mark.parametrize("pace", [0.9995, 0.9999, 1.0, 1.0001, 1.0005])
def test_a_sender_with_another_clock_is_kept_in_step_with_ours(pace: float) -> None:
    """Five times worse than what phones have."""
    packets = _beeps(seconds=120, pace=pace, jitter=0.015)
    heard = _record(packets, packets[-1].arrived + 0.02, limit=600.0)
    assert _worst(heard, seconds=120, pace=pace) <= 0.04


def test_a_first_packet_that_came_late_does_not_shift_the_rest() -> None:
    packets = [packet._replace(arrived=max(0.15, packet.arrived)) for packet in _beeps(seconds=20)]
    assert _worst(_record(packets, 20.0), seconds=20, after=2) <= 0.04


def test_a_network_that_becomes_slower_for_good_is_followed() -> None:
    packets = _beeps(seconds=20)
    packets = [one if index < 250 else one._replace(arrived=one.arrived + 0.1) for index, one in enumerate(packets)]
    heard = _record(packets, 20.2)
    assert _worst(np.roll(heard, -800), seconds=20, after=7) <= 0.04


def test_a_file_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = WavWriter(path)
    writer.write(tone(440, seconds=1.5).tobytes())
    assert len(read_wav(path)) == 12_000
    writer.write(tone(440, seconds=0.25).tobytes())
    assert len(read_wav(path)) == 12_000
    writer.close()
    assert len(read_wav(path)) == 14_000
    assert writer.seconds == 1.75


def test_a_tape_is_what_was_said(tmp_path: Path) -> None:
    tape = VoiceTape(tmp_path / "a.wav", started=0.0, limit=60.0, silence=None)
    tape.open()
    assert tape.write(0.5, PACKETS[:25], []) is False
    assert tape.finish(1.0, PACKETS[25:], []) == 1.0
    assert _close(read_wav(tmp_path / "a.wav"), SPEECH)


def test_a_tape_that_cannot_be_written_names_its_file(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"nowhere/a\.wav cannot be written: No such file"):
        TalkTape(tmp_path / "nowhere" / "a.wav", started=0.0, stereo=False).open()


def test_other_formats_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(bytes(400))
    with pytest.raises(AudioFileError, match=r"2 channel\(s\), 16 bit, 44100 Hz: convert it to mono"):
        list(read_samples(tmp_path / "stereo.wav"))
    (tmp_path / "text.wav").write_text("no sound at all, and long enough to be one")
    (tmp_path / "empty.wav").write_bytes(b"")
    cut = write_wav(tmp_path / "cut.wav", SPEECH)
    cut.write_bytes(cut.read_bytes()[:30])
    for name in ("text.wav", "empty.wav", "cut.wav"):
        with pytest.raises(AudioFileError, match=f"{name} is not a WAV file"):
            list(read_samples(tmp_path / name))
