from pathlib import Path

import numpy as np
import pytest

from cordboard.media.api import Codec
from cordboard.media.g711 import decode, encode
from cordboard.phone.listening import read_sound, recognise, tone_at
from cordboard.testing.audio import Samples, samples_of, silence, tone, write_wav


def speech_like(seed: int, seconds: float) -> Samples:
    """Noise in syllables: as unlike any other as two sentences are."""
    random = np.random.default_rng(seed)
    count = round(seconds * 8000)
    smooth = np.convolve(random.normal(size=count), np.ones(4) / 4, "same")
    syllables = np.repeat(random.uniform(0.1, 1.0, size=count // 800 + 1), 800)[:count]
    samples: Samples = np.clip(smooth * syllables * 9000, -32000, 32000).astype(np.int16)
    return samples


def over_the_wire(samples: Samples) -> Samples:
    return samples_of(decode(Codec.PCMA, encode(Codec.PCMA, samples.astype("<i2").tobytes())))


@pytest.fixture
def known(tmp_path: Path) -> dict[str, Path]:
    prompts = {"welcome": speech_like(1, 3.0), "enter the number": speech_like(2, 2.0), "goodbye": speech_like(3, 1.2)}
    prompts["welcome back"] = np.concatenate([prompts["welcome"], speech_like(4, 1.0)])
    return {text: write_wav(tmp_path / f"{text}.wav", samples) for text, samples in prompts.items()}


def test_prompts_are_found_in_their_order_and_the_longest_match_counts(tmp_path: Path, known: dict[str, Path]) -> None:
    heard = write_wav(
        tmp_path / "heard.wav",
        over_the_wire(
            np.concatenate([silence(1.0), speech_like(2, 2.0), silence(0.5), speech_like(1, 3.0), speech_like(4, 1.0)])
        ),
    )
    found = recognise(heard, known)
    assert [(one.text, one.whole) for one in found] == [("enter the number", True), ("welcome back", True)]
    assert [one.at for one in found] == pytest.approx([1.0, 3.5], abs=0.02)


def test_a_prompt_that_a_key_cut_short_says_how_much_was_heard(tmp_path: Path, known: dict[str, Path]) -> None:
    heard = write_wav(tmp_path / "heard.wav", over_the_wire(speech_like(1, 3.0))[:16000], speech_like(3, 1.2))
    welcome, goodbye = recognise(heard, known)
    assert (welcome.whole, goodbye.text, goodbye.whole) == (False, "goodbye", True)
    assert welcome.text in {"welcome", "welcome back"}
    assert welcome.seconds == pytest.approx(2.0, abs=0.25)


def test_what_was_not_said_is_not_heard(tmp_path: Path, known: dict[str, Path]) -> None:
    assert recognise(write_wav(tmp_path / "noise.wav", speech_like(9, 8.0)), known) == []
    assert recognise(write_wav(tmp_path / "silence.wav", silence(5.0)), known) == []
    assert recognise(write_wav(tmp_path / "nothing.wav"), known) == []


def test_a_tone_is_told_from_its_neighbours(tmp_path: Path) -> None:
    sound = read_sound(write_wav(tmp_path / "tone.wav", over_the_wire(tone(440, seconds=1.0, amplitude=5000))))
    assert tone_at(sound, 440) == pytest.approx(5000, rel=0.05)
    assert tone_at(sound, 1000) < 100


def test_a_recording_that_has_just_begun_is_silent(tmp_path: Path) -> None:
    (tmp_path / "begun.wav").write_bytes(b"")
    assert len(read_sound(tmp_path / "begun.wav")) == 0
