from itertools import islice
from pathlib import Path

import pytest

from cordboard.media.api import AudioFileError, Codec, File, Pause, ToneSpec
from cordboard.media.g711 import decode
from cordboard.media.prompts import Shelf, lay_out
from cordboard.testing.audio import Samples, level_at, samples_of, strongest_frequency, tone_wav


def _samples(frames: list[bytes]) -> Samples:
    return samples_of(decode(Codec.PCMA, b"".join(frames)))


def test_sources_follow_each_other(tmp_path: Path) -> None:
    file = File(tone_wav(tmp_path / "a.wav", 440, seconds=1.0))
    parts = Shelf().parts([file, Pause(0.5), ToneSpec((425.0,), 0.4, 0.2)], Codec.PCMA, loop=False)
    frames = list(lay_out(parts, loop=False))
    assert len(frames) == 50 + 25 + 30
    assert round(strongest_frequency(_samples(frames[:50]))) == 440
    assert set(frames[50:75] + frames[95:]) == {b"\xd5" * 160}
    assert round(strongest_frequency(_samples(frames[75:95]))) == 425


def test_a_loop_goes_round(tmp_path: Path) -> None:
    file = File(tone_wav(tmp_path / "a.wav", 440, seconds=0.1))
    frames = list(islice(lay_out(Shelf().parts([file, Pause(0.04)], Codec.PCMU, loop=True), loop=True), 21))
    assert frames[:7] == frames[7:14] == frames[14:]
    assert len(set(frames[:5])) == 5


def test_nothing_to_play_ends_even_in_a_loop() -> None:
    assert list(lay_out(Shelf().parts([Pause(0.0)], Codec.PCMA, loop=True), loop=True)) == []


@pytest.mark.parametrize("on", [0.5, 0.33, 12.0])
def test_an_endless_tone_has_no_seam(on: float) -> None:
    parts = Shelf().parts([ToneSpec((350.0, 440.7), on)], Codec.PCMA, loop=True)
    samples = _samples(list(islice(lay_out(parts, loop=True), 1500)))
    assert abs(level_at(samples, 350.0) - 5000) < 20
    assert abs(level_at(samples, 440.7) - 5000) < 20


def test_a_long_tone_has_its_length_and_little_memory() -> None:
    (tone, rest) = Shelf().parts([ToneSpec((425.0,), 3600.0, 1.0)], Codec.PCMA, loop=False)
    assert (tone.length, len(tone.frames)) == (180_000, 500)
    assert (rest.length, len(rest.frames)) == (50, 1)


def test_a_file_is_encoded_once_for_each_codec_and_again_when_it_changes(tmp_path: Path) -> None:
    shelf = Shelf()
    path = tone_wav(tmp_path / "a.wav", 440, seconds=1.0)
    (first,) = shelf.parts([File(path)], Codec.PCMA, loop=False)
    (second,) = shelf.parts([File(path)], Codec.PCMA, loop=False)
    (other,) = shelf.parts([File(path)], Codec.PCMU, loop=False)
    assert first.frames is second.frames
    assert other.frames != first.frames
    tone_wav(path, 880, seconds=0.5)
    (changed,) = shelf.parts([File(path)], Codec.PCMA, loop=False)
    assert changed.length == 25


def test_what_was_not_used_for_longest_is_thrown_away(tmp_path: Path) -> None:
    shelf = Shelf(capacity=25_000)  # two seconds and a half
    files = [File(tone_wav(tmp_path / f"{hz}.wav", hz, seconds=1.0)) for hz in (300, 400, 500)]
    frames = [shelf.parts([file], Codec.PCMA, loop=False)[0].frames for file in (files[0], files[1])]
    assert shelf.parts([files[0]], Codec.PCMA, loop=False)[0].frames is frames[0]
    shelf.parts([files[2]], Codec.PCMA, loop=False)
    assert shelf.parts([files[0]], Codec.PCMA, loop=False)[0].frames is frames[0]
    assert shelf.parts([files[1]], Codec.PCMA, loop=False)[0].frames is not frames[1]


def test_a_missing_file_is_named() -> None:
    with pytest.raises(AudioFileError, match=r"/nowhere/a\.wav cannot be read: No such file"):
        Shelf().parts([File(Path("/nowhere/a.wav"))], Codec.PCMA, loop=False)
