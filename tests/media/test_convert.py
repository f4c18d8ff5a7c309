"""Recordings in smaller formats: what was in the WAV is heard, and nothing half done is left."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.media.api import AudioFileError
from cordboard.media.convert import convert
from cordboard.testing.audio import SAMPLE_RATE, Samples, level_at, silence, tone, write_wav

LEFT, RIGHT = 440.0, 1000.0


def _stereo(path: Path, left: Samples, right: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.column_stack([left, right]).astype("<i2").tobytes())
    return path


def _heard(path: Path) -> tuple[list[Samples], float]:
    """The channels as samples of 8000 Hz, and the seconds."""
    data, rate = soundfile.read(str(path), dtype="int16", always_2d=True)
    every = rate // SAMPLE_RATE
    return [data[::every, channel] for channel in range(data.shape[1])], len(data) / rate


@pytest.mark.parametrize("ending", [".ogg", ".opus", ".mp3"])
def test_a_talk_is_heard_in_every_format(tmp_path: Path, ending: str) -> None:
    wav = write_wav(tmp_path / "talk.wav", tone(LEFT, seconds=2.0), silence(1.0), tone(RIGHT, seconds=2.0))
    to = tmp_path / f"talk{ending}"
    convert(wav, to)
    (heard,), seconds = _heard(to)
    assert seconds == pytest.approx(5.0, abs=0.2)
    first, last = heard[4000:12_000], heard[-12_000:-4000]
    assert level_at(first, LEFT) == pytest.approx(8000, rel=0.15)
    assert level_at(first, RIGHT) < 200
    assert level_at(last, RIGHT) == pytest.approx(8000, rel=0.15)
    assert np.abs(heard[20_000:22_000]).max() < 200, "silence stays silence"
    assert to.stat().st_size < wav.stat().st_size / 2
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([to.name, "talk.wav"])


@pytest.mark.parametrize("ending", [".ogg", ".mp3"])
def test_two_sides_stay_two_or_become_one(tmp_path: Path, ending: str) -> None:
    wav = _stereo(tmp_path / "talk.wav", tone(LEFT, seconds=2.0), tone(RIGHT, seconds=2.0))
    to = tmp_path / f"talk{ending}"
    convert(wav, to)
    (left, right), _ = _heard(to)
    middle = slice(4000, 12_000)
    assert level_at(left[middle], LEFT) > 20 * level_at(left[middle], RIGHT)
    assert level_at(right[middle], RIGHT) > 20 * level_at(right[middle], LEFT)
    convert(wav, to, stereo_to_mono=True)  # in the place of the former one
    (both,), _ = _heard(to)
    assert level_at(both[middle], LEFT) == pytest.approx(8000, rel=0.15)
    assert level_at(both[middle], RIGHT) == pytest.approx(8000, rel=0.15)


def test_an_empty_recording_becomes_an_empty_one(tmp_path: Path) -> None:
    convert(write_wav(tmp_path / "talk.wav"), tmp_path / "talk.mp3")
    assert (tmp_path / "talk.mp3").exists()


def _broken(folder: Path) -> None:
    (folder / "talk.wav").write_bytes(b"RIFF and nothing else")


def _missing(folder: Path) -> None:
    (folder / "talk.wav").unlink(missing_ok=True)


@pytest.mark.parametrize("spoil", [_broken, _missing])
def test_what_cannot_be_converted_stays_as_it_is(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(AudioFileError, match=r"talk\.wav cannot be converted to talk\.mp3"):
        convert(tmp_path / "talk.wav", tmp_path / "talk.mp3")
    assert sorted(tmp_path.iterdir()) == before


def test_a_place_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "talk.wav", tone(LEFT, seconds=0.5))
    (tmp_path / "talk.mp3").mkdir()  # a folder has its name
    with pytest.raises(AudioFileError):
        convert(wav, tmp_path / "talk.mp3")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["talk.mp3", "talk.wav"]


def test_an_unknown_format_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"talk\.flac: a recording can become \.mp3, \.ogg, \.opus"):
        convert(write_wav(tmp_path / "talk.wav"), tmp_path / "talk.flac")
