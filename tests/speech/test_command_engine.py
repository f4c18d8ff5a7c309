"""An administrator's own command as an engine: scripts that speak, and scripts that misbehave."""

import io
import sys
import wave
from pathlib import Path

import pytest

from cordboard.speech import command
from cordboard.speech.command import CommandEngine
from cordboard.speech.engine import EngineError, RawSpeech, Voice

MARIA = Voice("Maria", "ru")


def wav(seconds: float = 0.5, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"\x00\x10" * int(seconds * rate))
    return file.getvalue()


def engine(folder: Path, body: str, *arguments: str, seconds: float = 10.0) -> CommandEngine:
    (folder / "answer.wav").write_bytes(wav())
    script = folder / "speaker"
    script.write_text(f"#!/bin/sh\ncd '{folder}'\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    return CommandEngine("ours", [str(script), *arguments], [MARIA], seconds=seconds)


async def test_it_speaks_and_its_arguments_are_words(tmp_path: Path) -> None:
    places = ("-l", "{language}", "--voice", "{voice}", "{speed}", "x{voice}", "$(id)")
    speaker = engine(tmp_path, 'printf "%s\\n" "$@" > arguments; cat > text; cat answer.wav', *places)
    assert await speaker.speak("$(reboot); `id` --help\nя", MARIA, 1.5) == RawSpeech(b"\x00\x10" * 8000, 16000)
    assert (tmp_path / "text").read_text(encoding="utf-8") == "$(reboot); `id` --help\nя"
    assert (tmp_path / "arguments").read_text().split("\n")[:-1] == [
        "-l",
        "ru",
        "--voice",
        "Maria",
        "1.5",
        "x{voice}",
        "$(id)",
    ]


async def test_a_header_of_a_pipe_that_promises_more_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "cat > text; cat piped.wav")
    piped = bytearray(wav())
    piped[4:8] = piped[40:44] = b"\xff\xff\xff\x7f"
    (tmp_path / "piped.wav").write_bytes(piped)
    assert len((await speaker.speak("x", MARIA)).pcm) == 16000


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("echo 'no licence' >&2; exit 3", "ours failed with status 3: no licence"),
        ("exit 1", "it did not say why"),
        ("cat > text", "something else than WAV"),
        ("echo hello", "something else than WAV"),
        ("exec sleep 60", r"took longer than 0\.3 s"),
        ("sleep 60 & sleep 60", r"took longer than 0\.3 s"),
        ("sleep 60 & exit 0", r"took longer than 0\.3 s"),
    ],
)
async def test_a_command_that_misbehaves(tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint):
        await engine(tmp_path, body, seconds=0.3).speak("x", MARIA)


async def test_one_that_never_ends_to_speak_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "LARGEST", 1_000_000)
    with pytest.raises(EngineError, match="gave more than 1 MB"):
        await engine(tmp_path, "exec cat /dev/zero").speak("x", MARIA)


async def test_one_that_complains_without_end_and_reads_nothing_still_speaks(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "head -c 1000000 /dev/zero >&2; cat answer.wav")
    assert (await speaker.speak("x" * 500_000, MARIA)).rate == 16000


async def test_it_has_voices_while_the_program_is_there(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "exit 0")
    assert list(speaker.voices()) == [MARIA]
    (tmp_path / "speaker").unlink()
    assert list(speaker.voices()) == []
    with pytest.raises(EngineError, match="cannot be started"):
        await speaker.speak("x", MARIA)


def test_another_command_is_another_sound() -> None:
    one, other = (CommandEngine("ours", [sys.executable, word], [MARIA]) for word in ("a", "b"))
    assert one.version != other.version
