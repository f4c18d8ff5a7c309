"""Keys as tones in the voice: what must be heard (ITU-T Q.24), and what must not."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.media.api import Codec
from cordboard.media.dtmf import FREQUENCIES, KEYS
from cordboard.media.g711 import encode
from cordboard.media.tone_keys import ToneReceiver
from cordboard.testing.audio import SAMPLE_RATE, Samples, silence

FULL = 32_124 / 10 ** (3.14 / 20)
"""The amplitude of a sine of 0 dBm0."""


def pressed(key: str, seconds: float = 0.05, *, level: float = -10.0, twist: float = 0.0, off: float = 0.0) -> Samples:
    """A key: its row at `level` dBm0, its column `twist` dB louder, both `off` per cent beside their frequency."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    row, column = (2 * np.pi * hz * (1 + off / 100) for hz in FREQUENCIES[key])
    amplitude = FULL * 10 ** (level / 20)
    total = amplitude * (np.sin(row * time) + 10 ** (twist / 20) * np.sin(column * time + 1))
    samples: Samples = np.clip(np.rint(total), -32768, 32767).astype(np.int16)
    return samples


def noise(samples: Samples, decibels: float, seed: int) -> Samples:
    """With noise all over it, so much softer than the loudest 20 ms."""
    loudest = max(np.sqrt(np.mean(samples[at : at + 160].astype(float) ** 2)) for at in range(0, len(samples), 160))
    added = np.random.default_rng(seed).normal(0, loudest * 10 ** (-decibels / 20), len(samples))
    noisy: Samples = np.clip(samples + added, -32768, 32767).astype(np.int16)
    return noisy


def heard(samples: Samples, codec: Codec = Codec.PCMA) -> str:
    """The keys that a receiver hears in packets of 20 ms."""
    receiver, data = ToneReceiver(codec), encode(codec, samples.tobytes())
    return "".join(receiver.feed(data[at : at + 160]) for at in range(0, len(data), 160))


def test_every_key_is_heard_once_in_both_laws() -> None:
    parts = [part for key in KEYS for part in (pressed(key), silence(0.05))]
    for codec in Codec:
        assert heard(np.concatenate([*parts, silence(0.1)]), codec) == KEYS


@settings(max_examples=200, deadline=None)
@given(
    keys=st.text(st.sampled_from(KEYS), min_size=1, max_size=6),
    start=st.integers(0, 320),
    length=st.floats(0.040, 0.3),
    pause=st.floats(0.040, 0.2),
    level=st.floats(-26.0, -10.0),
    twist=st.floats(-8.0, 4.0),
    off=st.floats(-1.5, 1.5),
    ratio=st.floats(18.0, 50.0),
    seed=st.integers(0, 2**32),
    codec=st.sampled_from(Codec),
)
def test_a_key_is_heard_whatever_the_line_does_to_it(
    *, keys: str, start: int, length: float, pause: float, level: float, twist: float, off: float, ratio: float,
    seed: int, codec: Codec,
) -> None:  # fmt: skip
    softest = max(level, -26.0 - min(twist, 0.0))
    parts = [silence(start / SAMPLE_RATE)]
    for key in keys:
        parts += [pressed(key, length, level=softest, twist=twist, off=off), silence(pause)]
    assert heard(noise(np.concatenate([*parts, silence(0.1)]), ratio, seed), codec) == keys


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(KEYS), start=st.integers(0, 320), seconds=st.floats(0.001, 0.017))
def test_what_is_shorter_than_a_key_is_none(key: str, start: int, seconds: float) -> None:
    assert not heard(np.concatenate([silence(start / SAMPLE_RATE), pressed(key, seconds), silence(0.1)]))


def test_a_long_key_is_one_and_the_same_key_twice_is_two() -> None:
    assert heard(pressed("5", 4.0)) == "5"
    assert heard(np.concatenate([pressed("5"), silence(0.045), pressed("5"), silence(0.1)])) == "55"
    assert heard(np.concatenate([pressed("1"), pressed("2"), silence(0.1)])) == "12", "without a pause"


def test_a_packet_that_is_lost_makes_no_second_key() -> None:
    data = encode(Codec.PCMA, pressed("7", 0.4).tobytes())
    packets = [data[at : at + 160] for at in range(0, len(data), 160)]
    for lost in range(4, 16):
        receiver = ToneReceiver(Codec.PCMA)
        assert "".join(receiver.feed(packet) for number, packet in enumerate(packets) if number != lost) == "7"


@pytest.mark.parametrize("twist", [-14.0, 9.0], ids=["the column is much softer", "the column is much louder"])
def test_an_unbalanced_pair_is_no_key(twist: float) -> None:
    assert not heard(pressed("5", 0.5, twist=twist))


def test_tones_of_lines_and_single_tones_are_no_keys() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tones = [(425.0,), (350.0, 440.0), (440.0, 480.0), (480.0, 620.0), (950.0, 1400.0), (1100.0,), (2100.0,)]
    tones += [(row,) for row, _ in FREQUENCIES.values()] + [(column,) for _, column in FREQUENCIES.values()]
    for pair in tones:
        both = 6000 * np.sum([np.sin(2 * np.pi * hz * time) for hz in pair], axis=0)
        assert not heard(both.astype(np.int16)), pair
    rows = sorted({row for row, _ in FREQUENCIES.values()})
    for low, high in pairwise(rows):
        both = 6000 * (np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time))
        assert not heard(both.astype(np.int16)), "two rows"


def test_noise_is_no_key() -> None:
    rng = np.random.default_rng(7)
    for level in (50, 500, 5000, 20_000):
        assert not heard(np.clip(rng.normal(0, level, 60 * SAMPLE_RATE), -32768, 32767).astype(np.int16))
