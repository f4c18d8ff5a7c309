import numpy as np
import pytest

from cordboard.speech.engine import EngineError, RawSpeech
from cordboard.speech.shaping import Samples, shape


def raw(samples: Samples, rate: int) -> RawSpeech:
    return RawSpeech(bytes(np.round(samples * 32767).astype("<i2")), rate)


def tone(frequency: float, seconds: float, rate: int, level: float = 0.3) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate), dtype=np.float32)


def shaped(samples: Samples, rate: int) -> Samples:
    return np.frombuffer(shape(raw(samples, rate)), dtype="<i2").astype(np.float32) / np.float32(32768)


def level_in_db(samples: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples**2))))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000])
def test_a_tone_keeps_its_pitch_and_its_length(rate: int) -> None:
    heard = shaped(tone(1000, 1.0, rate), rate)
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(np.fft.rfftfreq(heard.size, 1 / 8000)[spectrum.argmax()] - 1000) < 2
    assert heard.size / 8000 == pytest.approx(1.0 + 2 * 0.06, abs=0.03)


def test_what_a_telephone_cannot_carry_is_filtered_not_folded_back() -> None:
    """7 kHz would return as 1 kHz if samples were only left out."""
    heard = shaped(tone(500, 1.0, 24000) + tone(7000, 1.0, 24000), 24000)
    spectrum = np.abs(np.fft.rfft(heard))
    bins = np.fft.rfftfreq(heard.size, 1 / 8000)
    wanted = spectrum[np.abs(bins - 500) < 20].max()
    folded = spectrum[np.abs(bins - 1000) < 20].max()
    assert folded < wanted / 500


@pytest.mark.parametrize("level", [0.005, 0.05, 0.9])
def test_all_voices_are_equally_loud(level: float) -> None:
    heard = shaped(tone(440, 1.0, 16000, level), 16000)
    assert level_in_db(heard[1000:-1000]) == pytest.approx(-20, abs=0.5)


def test_a_click_does_not_overflow() -> None:
    samples = tone(440, 1.0, 8000, 0.02)
    samples[4000] = 1.0
    heard = shaped(samples, 8000)
    assert 0.8 < np.abs(heard).max() < 0.85


def test_silence_around_is_cut_to_a_margin() -> None:
    quiet = np.zeros(16000, dtype=np.float32)
    heard = shaped(np.concatenate([quiet, tone(440, 0.5, 16000), quiet]), 16000)
    first = np.flatnonzero(np.abs(heard) > 0.01)[0]
    assert heard.size / 8000 == pytest.approx(0.5 + 2 * 0.06, abs=0.03)
    assert first / 8000 == pytest.approx(0.06, abs=0.015)


def test_a_pause_inside_stays() -> None:
    pause = np.zeros(4000, dtype=np.float32)
    heard = shaped(np.concatenate([tone(440, 0.2, 8000), pause, tone(440, 0.2, 8000)]), 8000)
    assert heard.size / 8000 == pytest.approx(0.9 + 2 * 0.06, abs=0.03)


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(50, np.float32), np.zeros(16000, np.float32)])
def test_silence_is_no_speech(samples: Samples) -> None:
    with pytest.raises(EngineError, match="silent"):
        shape(raw(samples, 16000))
