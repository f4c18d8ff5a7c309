"""The real RHVoice, as tools/fetch-speech unpacks it. Its process is killed, stopped and hurried."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.rhvoice import RHVoiceEngine
from cordboard.speech.rhvoice_library import find_library
from cordboard.speech.service import find_engines
from cordboard.speech.shaping import shape
from cordboard.testing.architecture import ROOT

HOME = ROOT / ".speech" / "rhvoice"
needs_rhvoice = pytest.mark.skipif(not find_library(HOME), reason="RHVoice could not be had (tools/fetch-speech)")
EN, RU, UK = Voice("Slt", "en"), Voice("Anna", "ru"), Voice("Natalia", "uk")
LONG = "Добрый день, вы позвонили в компанию. " * 20


def seconds_of(said: RawSpeech) -> float:
    return len(said.pcm) / 2 / said.rate


@pytest.fixture
async def engine() -> AsyncIterator[RHVoiceEngine]:
    engine = RHVoiceEngine(HOME)
    yield engine
    await engine.close()


def pid_of(engine: RHVoiceEngine) -> int:
    assert engine.pid is not None
    return engine.pid


async def in_the_middle_of(engine: RHVoiceEngine, text: str) -> asyncio.Task[RawSpeech]:
    """A text that is being spoken: the process runs already, so the request leaves in the task's first step."""
    await engine.speak("раз", RU)
    task = asyncio.create_task(engine.speak(text, RU))
    await asyncio.sleep(0)
    return task


@needs_rhvoice
@pytest.mark.slow
@pytest.mark.parametrize(
    ("voice", "text"),
    [(EN, "Please hold the line"), (RU, "Пожалуйста, ждите ответа"), (UK, "Будь ласка, зачекайте")],
)
async def test_it_speaks_each_language(engine: RHVoiceEngine, voice: Voice, text: str) -> None:
    said = await engine.speak(text, voice)
    assert 0.8 < seconds_of(said) < 4
    assert said.rate in {16000, 24000}
    assert np.abs(np.frombuffer(shape(said), dtype="<i2")).max() > 3000


@needs_rhvoice
@pytest.mark.slow
async def test_markup_is_read_out(engine: RHVoiceEngine) -> None:
    bare = seconds_of(await engine.speak("one two", EN))
    tagged = seconds_of(await engine.speak("<speak><break time='30s'/>one two</speak>", EN))
    assert bare + 1 < tagged < 15


@needs_rhvoice
@pytest.mark.slow
@pytest.mark.parametrize("text", ["-x --help", "\"'`$(id)", "%s%n {0} \\", "日本語 🙂", "<", "[[x]]"])
async def test_strange_texts_do_it_no_harm(engine: RHVoiceEngine, text: str) -> None:
    await engine.speak(text, EN)
    before = engine.pid
    assert seconds_of(await engine.speak("hello", EN)) > 0.2
    assert engine.pid == before


@needs_rhvoice
@pytest.mark.slow
async def test_a_process_that_was_killed_has_a_successor(engine: RHVoiceEngine) -> None:
    first = await engine.speak("раз", RU)
    before = pid_of(engine)
    os.kill(before, signal.SIGKILL)
    assert await engine.speak("раз", RU) == first
    assert engine.pid != before


@needs_rhvoice
@pytest.mark.slow
async def test_a_native_crash_in_the_middle_of_a_text_is_survived(engine: RHVoiceEngine) -> None:
    speaking = await in_the_middle_of(engine, LONG)
    before = pid_of(engine)
    os.kill(before, signal.SIGSEGV)
    assert seconds_of(await speaking) > 30
    assert engine.pid != before


@needs_rhvoice
@pytest.mark.slow
async def test_a_process_that_hangs_is_given_up() -> None:
    engine = RHVoiceEngine(HOME, seconds=5)
    try:
        await engine.speak("раз", RU)
        os.kill(pid_of(engine), signal.SIGSTOP)
        engine._seconds = 0.2
        with pytest.raises(EngineError, match=r"longer than 0\.2 s"):
            await engine.speak("два", RU)
        engine._seconds = 5
        assert seconds_of(await engine.speak("три", RU)) > 0.2
    finally:
        await engine.close()


@needs_rhvoice
@pytest.mark.slow
async def test_a_cancelled_text_does_not_answer_the_next_one(engine: RHVoiceEngine) -> None:
    expected = await engine.speak("раз", RU)
    cancelled = await in_the_middle_of(engine, LONG)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    assert await engine.speak("раз", RU) == expected


@needs_rhvoice
@pytest.mark.slow
async def test_closing_ends_the_process(engine: RHVoiceEngine) -> None:
    await engine.speak("раз", RU)
    pid = pid_of(engine)
    await engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(EngineError, match="stopped"):
        await engine.speak("два", RU)


@needs_rhvoice
def test_it_lists_its_voices_the_usual_ones_first(engine: RHVoiceEngine) -> None:
    voices = engine.voices()
    assert {"Anna", "Aleksandr", "Elena", "Irina"} <= {voice.name for voice in voices if voice.language == "ru"}
    assert {"Natalia", "Anatol"} <= {voice.name for voice in voices if voice.language == "uk"}
    assert {EN, RU, UK} == set(voices[:3])


@needs_rhvoice
@pytest.mark.slow
async def test_another_voice_and_another_speed_sound_otherwise(engine: RHVoiceEngine) -> None:
    said = [
        await engine.speak("Пожалуйста, ждите ответа", voice, speed)
        for voice, speed in [(RU, 1.0), (RU, 0.5), (RU, 2.0), (Voice("Aleksandr", "ru"), 1.0)]
    ]
    usual, slow, fast, other = map(seconds_of, said)
    assert slow == pytest.approx(2 * usual, rel=0.15)
    assert fast == pytest.approx(usual / 2, rel=0.15)
    assert other > 1
    assert said[0] != said[3]


@needs_rhvoice
async def test_it_is_there_as_soon_as_it_has_been_fetched(tmp_path: Path) -> None:
    engine = RHVoiceEngine(tmp_path / "first", tmp_path / "second")
    assert (engine.voices(), engine.version) == ((), "absent")
    (tmp_path / "second").symlink_to(HOME)
    assert RU in engine.voices()
    assert engine.version.startswith("libRHVoice.so")
    await engine.close()


@needs_rhvoice
def test_it_is_the_first_choice() -> None:
    assert find_engines(HOME.parent)[0].name == "rhvoice"


@pytest.mark.slow
async def test_a_folder_without_the_library(tmp_path: Path) -> None:
    engine = RHVoiceEngine(tmp_path)
    assert engine.voices() == ()
    with pytest.raises(EngineError, match="no RHVoice library"):
        await engine.speak("x", RU)
    await engine.close()


@pytest.mark.slow
async def test_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/x86_64-linux-gnu"
    folder.mkdir(parents=True)
    (folder / "libRHVoice.so.5").write_bytes(b"no library")
    engine = RHVoiceEngine(tmp_path)
    with pytest.raises(EngineError, match="cannot be loaded"):
        await engine.speak("x", RU)
    await engine.close()
