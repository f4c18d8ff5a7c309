"""The folder of prompts: any audio file becomes one that a telephone plays, and is found by name and language."""

import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cordboard.speech import recorded
from cordboard.speech.api import Prompt, PromptError
from cordboard.speech.prompts import PromptStore


def tone(
    path: Path,
    *,
    seconds: float = 1.0,
    rate: int = 44100,
    channels: int = 1,
    loudness: float = 0.05,
    before: float = 0.0,
    subtype: str | None = None,
) -> Path:
    """A file with a tone of 600 Hz in the first channel alone, and silence before and behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.zeros((int((seconds + 2 * before) * rate), channels), dtype=np.float32)
    moments = np.arange(int(seconds * rate)) / rate
    samples[int(before * rate) :][: len(moments), 0] = loudness * np.sin(2 * np.pi * 600 * moments)
    soundfile.write(str(path), samples, rate, subtype=subtype)
    return path


def heard(path: Path | None) -> np.ndarray:
    assert path
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float) / 32768


def loudness(samples: np.ndarray) -> float:
    """dBFS in the middle."""
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return float(20 * np.log10(np.sqrt(np.mean(middle**2))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "prompts"
    path.mkdir()
    return path


@pytest.fixture
def store(folder: Path) -> PromptStore:
    return PromptStore(folder, "uk")


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.wav", (8000, 1, "PCM_16")),
        ("a.wav", (44100, 2, "PCM_24")),
        ("a.wav", (96000, 1, "FLOAT")),
        ("a.wav", (8000, 1, "ULAW")),
        ("a.wav", (16000, 1, "PCM_U8")),
        ("a.flac", (48000, 6, None)),
        ("a.ogg", (22050, 2, None)),
        ("a.opus", (48000, 1, None)),
        ("a.mp3", (44100, 2, None)),
    ],
)
async def test_any_format_becomes_a_prompt(
    tmp_path: Path, store: PromptStore, name: str, form: tuple[int, int, str | None]
) -> None:
    rate, channels, subtype = form
    made = tmp_path / name
    kind = "OGG" if name.endswith("opus") else None
    tone(made.with_suffix(".ogg") if kind else made, rate=rate, channels=channels, before=1, subtype=subtype)
    if kind:
        made.with_suffix(".ogg").rename(made)
    prompt = await store.save("hello", made)
    sound = heard((await store.find("hello")).path)
    assert prompt == Prompt("hello", "", "", prompt.seconds)
    assert prompt.seconds == pytest.approx(1.12, abs=0.06)
    assert len(sound) / 8000 == pytest.approx(1.12, abs=0.06)  # a second, and 60 ms of silence on each side
    assert loudness(sound) == pytest.approx(-20, abs=0.7)
    spectrum = np.abs(np.fft.rfft(sound))
    assert np.argmax(spectrum) * 8000 / len(sound) == pytest.approx(600, abs=3)


async def test_the_loud_and_the_soft_become_alike_and_nothing_is_clipped(tmp_path: Path, store: PromptStore) -> None:
    await store.save("soft", tone(tmp_path / "soft.wav", loudness=0.003))
    await store.save("loud", tone(tmp_path / "loud.wav", loudness=1.0))
    rng = np.random.default_rng(1)
    peaks = np.where(rng.random(16000) < 0.001, 0.9, 0.005 * rng.standard_normal(16000))
    soundfile.write(str(tmp_path / "peaks.wav"), peaks, 8000)
    await store.save("peaks", tmp_path / "peaks.wav")
    sounds = [heard((await store.find(name)).path) for name in ("soft", "loud", "peaks")]
    assert [loudness(sound) for sound in sounds[:2]] == [pytest.approx(-20, abs=0.5)] * 2
    assert np.abs(sounds[2]).max() < 0.85


async def test_a_file_that_lies_there_in_another_format_is_converted_once(folder: Path, store: PromptStore) -> None:
    original = tone(folder / "hello.wav", rate=44100, channels=2, loudness=0.01)
    before = original.read_bytes()
    first = await store.find("hello.wav")
    assert loudness(heard(first.path)) == pytest.approx(-20, abs=0.5)
    assert first.path
    stamp = first.path.stat().st_mtime_ns
    again = await store.find("hello.wav")
    assert again == first
    assert first.path.stat().st_mtime_ns == stamp
    assert original.read_bytes() == before
    tone(original, seconds=2, rate=22050)
    assert len(heard((await store.find("hello.wav")).path)) > 15000


async def test_a_converted_file_that_was_spoilt_is_made_again(folder: Path, store: PromptStore) -> None:
    tone(folder / "hello.flac")
    path = (await store.find("hello")).path
    assert path
    path.write_bytes(b"RIFF")
    assert len(heard((await store.find("hello")).path)) > 8000


async def test_what_a_leg_can_play_is_played_as_it_is(folder: Path, store: PromptStore) -> None:
    file = tone(folder / "music.wav", rate=8000, loudness=0.9, subtype="PCM_16")
    assert (await store.find("music.wav")).path == file
    assert (await store.find("music")).text == "music"


@pytest.mark.parametrize(
    ("files", "asked", "found"),
    [
        ("a.wav a.en.wav a.uk.wav", ("a", "en"), "a.en.wav"),
        ("a.wav a.en.wav a.uk.wav", ("a.wav", "en"), "a.en.wav"),
        ("a.wav a.en.wav a.uk.wav", ("a", ""), "a.uk.wav"),
        ("a.wav a.en.wav", ("a", "ru"), "a.wav"),
        ("a.en.wav a.uk.wav", ("a", "ru"), "a.uk.wav"),
        ("a.en.wav", ("a", "ru"), "a.en.wav"),
        ("a.en.wav a.uk.wav", ("a.en.wav", "uk"), "a.en.wav"),
        ("menu/a.ru.wav", ("menu/a", "ru"), "menu/a.ru.wav"),
        ("A.WAV", ("A.WAV", "ru"), "A.WAV"),
        ("3.5.wav", ("3.5", "ru"), "3.5.wav"),
    ],
)
async def test_the_language_of_the_call_chooses_the_file(
    folder: Path, store: PromptStore, files: str, asked: tuple[str, str], found: str
) -> None:
    for file in files.split():
        tone(folder / file.lower(), rate=8000, subtype="PCM_16").rename(folder / file)
    assert (await store.find(*asked)).path == folder / found


async def test_what_is_said_is_found_by_language_too(folder: Path, store: PromptStore) -> None:
    (folder / "a.txt").write_text("\ufeffGood day\n", encoding="utf-8")
    (folder / "a.ru.txt").write_text("Добрый день", encoding="utf-8")
    (folder / "bad.txt").write_bytes(b"\xff\xfe\x00")
    assert [store.text("a", language) for language in ("ru", "en")] == ["Добрый день", "Good day"]
    assert [store.text("a.wav"), store.text("bad"), store.text("b"), store.text("../a")] == ["Good day", "", "", ""]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("absent", "no sound 'absent'.*cordboard prompt add"),
        ("../secret.wav", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("", "lies outside"),
        (".", "lies outside"),
        ("noise", "noise.wav cannot be read as audio"),
        ("silent", "Nothing is heard in silent.wav"),
    ],
)
async def test_what_cannot_be_played(folder: Path, store: PromptStore, name: str, complaint: str) -> None:
    tone(folder.parent / "secret.wav")
    (folder / "noise.wav").write_bytes(b"no sound at all")
    tone(folder / "silent.wav", loudness=0)
    with pytest.raises(PromptError, match=complaint):
        await store.find(name)


@pytest.mark.parametrize(
    ("name", "language", "complaint"),
    [
        ("../a", "", "no name for a prompt"),
        ("a b", "", "no name for a prompt"),
        ("a.ru", "", "no name for a prompt"),
        ("", "", "no name for a prompt"),
        ("x" * 101, "", "no name for a prompt"),
        ("-rf", "", "no name for a prompt"),
        ("a", "de", "'de' is no language"),
    ],
)
async def test_what_cannot_be_a_name(
    tmp_path: Path, store: PromptStore, name: str, language: str, complaint: str
) -> None:
    with pytest.raises(PromptError, match=complaint):
        await store.save(name, tone(tmp_path / "x.wav"), language)
    with pytest.raises(PromptError, match=complaint):
        await store.remove(name, language)


async def test_a_prompt_is_replaced_listed_and_removed(tmp_path: Path, folder: Path, store: PromptStore) -> None:
    tone(folder / "привіт.mp3", seconds=3)
    tone(folder / "menu/b.ogg", seconds=2)
    (folder / "c.ru.txt").write_text("Позже", encoding="utf-8")
    await store.save("привіт.wav", tone(tmp_path / "x.wav"), text="Добрий день")
    await store.save("привіт", tone(tmp_path / "x.wav"))
    await store.find("menu/b")
    assert [(each.name, each.language, each.text, round(each.seconds, 1)) for each in await store.all()] == [
        ("c", "ru", "Позже", 0.0),
        ("menu/b", "", "", 2.0),
        ("привіт", "", "Добрий день", 1.1),
    ]
    assert not (folder / "привіт.mp3").exists()
    assert await store.remove("привіт")
    assert not await store.remove("привіт")
    assert not await store.remove("c")
    assert [prompt.name for prompt in await store.all()] == ["c", "menu/b"]


async def test_a_file_that_is_refused_leaves_the_old_prompt(tmp_path: Path, store: PromptStore) -> None:
    await store.save("a", tone(tmp_path / "x.wav"))
    (tmp_path / "bad.wav").write_bytes(b"RIFF....")
    with pytest.raises(PromptError):
        await store.save("a", tmp_path / "bad.wav")
    assert (await store.find("a")).path


async def test_a_book_is_no_prompt(tmp_path: Path, store: PromptStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "LONGEST", 60.0)
    with pytest.raises(PromptError, match="longer than 1 minutes"):
        await store.save("a", tone(tmp_path / "x.flac", seconds=61, rate=8000))


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file")
    with pytest.raises(PromptError, match="cannot be kept"):
        await PromptStore(tmp_path / "prompts").save("a", tone(tmp_path / "x.wav"))
