import os
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.voice import app
from cordboard.speech.cache import store

Command = Callable[..., Result]
OWN = """
order = ["own"]
cache_megabytes = 20
voices = {ru = "Ivan"}
[engines.own]
kind = "command"
command = ["SPEAKER", "{voice}"]
voices = {ru = ["Maria", "Ivan"], en = ["Joe"]}
"""


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    monkeypatch.setenv("CORDBOARD_SPEECH", str(tmp_path / ".speech"))
    store(tmp_path / "sound.wav", b"\x00\x10\x00\xf0" * 4000, {"text": "x"})
    speaker = tmp_path / "speaker"
    speaker.write_text(f"#!/bin/sh\nexec cat '{tmp_path}/sound.wav'\n", encoding="utf-8")
    speaker.chmod(0o755)
    (tmp_path / "speech.toml").write_text(OWN.replace("SPEAKER", str(speaker)), encoding="utf-8")
    return lambda *words: CliRunner().invoke(app, words)


def said(result: Result, status: int = 0) -> str:
    assert result.exit_code == status, result.output
    return result.output


def test_voices_are_listed(cordboard: Command) -> None:
    assert [line.split() for line in said(cordboard("list")).splitlines()[1:]] == [
        ["own", "en", "Joe", "usual"],
        ["own", "ru", "Maria"],
        ["own", "ru", "Ivan", "usual"],
    ]


def test_voices_that_are_on_their_way_are_told(cordboard: Command, tmp_path: Path) -> None:
    (tmp_path / ".speech").mkdir()
    state = tmp_path / ".speech" / "state"
    state.write_text(f"{os.getpid()} RHVoice is being fetched: 90 of 200 MB\n", encoding="utf-8")
    assert "RHVoice is being fetched: 90 of 200 MB" in said(cordboard("list"))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    state.write_text(f"{ended.pid} RHVoice is being fetched: 90 of 200 MB\n", encoding="utf-8")
    assert "fetched" not in said(cordboard("list"))


def test_without_a_voice_one_is_told_how_to_get_one(
    cordboard: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "speaker").unlink()
    assert "tools/fetch-speech" in said(cordboard("list"), 1)


def test_a_text_is_tried(cordboard: Command, tmp_path: Path) -> None:
    file = tmp_path / "out.wav"
    assert "out.wav is written" in said(cordboard("try", "Привет", str(file), "--language", "ru", "--voice", "Maria"))
    with wave.open(str(file)) as sound:
        assert sound.getframerate() == 8000
    assert "cannot be written" in said(cordboard("try", "x", str(tmp_path / "none" / "x.wav")), 1)
    assert "No voice speaks" in said(cordboard("try", "x", str(file), "--language", "uk"), 1)


def test_the_cache_is_counted_and_cleared(cordboard: Command, tmp_path: Path) -> None:
    said(cordboard("try", "one", str(tmp_path / "x.wav")))
    said(cordboard("try", "two", str(tmp_path / "x.wav")))
    assert "2 texts, 0.0 MB of at most 20 MB" in said(cordboard("cache", "status"))
    old = next((tmp_path / "speech").glob("*.wav"))
    os.utime(old, (time.time() - 7200,) * 2)
    assert "1 texts are deleted" in said(cordboard("cache", "clear"))
    assert "1 texts are deleted" in said(cordboard("cache", "clear", "--all"))
    assert "0 texts" in said(cordboard("cache", "status"))


def test_a_fault_of_the_file_is_told(cordboard: Command, tmp_path: Path) -> None:
    (tmp_path / "speech.toml").write_text("speed = 9", encoding="utf-8")
    assert "speech.toml: speed: write a number" in said(cordboard("list"), 1)
