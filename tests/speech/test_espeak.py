"""The real espeak-ng (tools/apt-test-packages.txt), and scripts in its place that misbehave."""

from pathlib import Path

import numpy as np
import pytest

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.espeak import VOICES, EspeakEngine
from cordboard.speech.shaping import shape

EN, RU, UK = VOICES


def seconds_of(said: RawSpeech) -> float:
    return len(said.pcm) / 2 / said.rate


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def script(folder: Path, body: str) -> str:
    file = folder / "speaker"
    file.write_text(f"#!/bin/sh\ncd '{folder}'\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("voice", "text"),
    [(EN, "Please hold the line"), (RU, "Пожалуйста, ждите ответа"), (UK, "Будь ласка, зачекайте")],
)
async def test_it_speaks_each_language(voice: Voice, text: str) -> None:
    said = await EspeakEngine().speak(text, voice)
    assert 0.8 < seconds_of(said) < 4
    assert np.abs(np.frombuffer(shape(said), dtype="<i2")).max() > 3000


@pytest.mark.peer
@pytest.mark.parametrize("text", ["-f /etc/passwd", "--version", "$(reboot); `id` 'quoted\" & | >x"])
async def test_what_looks_like_a_command_is_read_out(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = await EspeakEngine().speak(text, EN)
    assert 0.2 < seconds_of(said) < 10
    assert names_in(tmp_path) == []


@pytest.mark.peer
async def test_markup_and_phonemes_are_read_out() -> None:
    engine = EspeakEngine()
    assert seconds_of(await engine.speak("<break time='30s'/> one", EN)) < 10
    phonemes = seconds_of(await engine.speak("[[h@l'oU]]", EN))
    assert phonemes > seconds_of(await engine.speak("hello", EN)) + 0.5


async def test_the_text_never_is_an_argument(tmp_path: Path) -> None:
    command = script(tmp_path, 'printf "%s\\n" "$@" > arguments; cat > text; exit 1')
    with pytest.raises(EngineError):
        await EspeakEngine(command).speak("--stdout -w x", RU)
    assert (tmp_path / "text").read_text() == "--stdout -w x"
    assert (tmp_path / "arguments").read_text().split() == ["-v", "ru", "-s", "150", "-b", "1", "--stdin", "--stdout"]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("cat > text; echo 'no such voice' >&2; exit 1", "no such voice"),
        ("cat > text", "said nothing"),
        ("cat > text; head -c 100 /dev/zero", "something else"),
        ("cat > text; exec sleep 60", "longer than 0.2 s"),
    ],
)
async def test_a_command_that_misbehaves(tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint):
        await EspeakEngine(script(tmp_path, body), seconds=0.2).speak("x", EN)


async def test_a_command_that_is_not_there() -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        await EspeakEngine("/nowhere/espeak-ng").speak("x", EN)


@pytest.mark.peer
async def test_twice_as_fast_takes_half_as_long() -> None:
    usual, hurried = [await EspeakEngine().speak("Please hold the line, good people", EN, each) for each in (1, 2)]
    assert seconds_of(hurried) == pytest.approx(seconds_of(usual) / 2, rel=0.2)


def test_it_has_voices_only_when_it_is_installed_and_as_soon_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = EspeakEngine("speaker")
    assert engine.voices() == ()
    script(tmp_path, "exit 0")
    assert [voice.language for voice in engine.voices()] == ["en", "ru", "uk"]
