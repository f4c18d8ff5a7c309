import asyncio
import json
import math
import os
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from cordboard.speech.api import SpeechError
from cordboard.speech.cache import spoken
from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.service import LONGEST_TEXT, SpeechService, plain
from cordboard.speech.voices import Manner
from cordboard.telephony import Clip, Silence


def hum(seconds: float, rate: int = 16000) -> RawSpeech:
    count = int(seconds * rate)
    samples = [int(8000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(count)]
    return RawSpeech(struct.pack(f"<{count}h", *samples), rate)


class Hummer:
    """An engine that hums for a tenth of a second and remembers what it was asked."""

    def __init__(self, name: str = "hummer", languages: str = "en ru uk", version: str = "1") -> None:
        self.name = name
        self.version = version
        self.languages = languages.split()
        self.asked: list[str] = []
        self.manners: list[tuple[str, float]] = []
        self.begun = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.fault: EngineError | None = None
        self.closed = False

    def voices(self) -> list[Voice]:
        return [Voice(f"{name}-{language}", language) for language in self.languages for name in ("voice", "other")]

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        self.asked.append(text)
        self.manners.append((voice.name, speed))
        self.begun.set()
        await self.free.wait()
        if self.fault:
            raise self.fault
        return hum(0.1)

    async def close(self) -> None:
        self.closed = True


Serve = Callable[..., SpeechService]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    return lambda *engines: SpeechService(engines, tmp_path / "cache", "ru")


async def test_the_sound_is_a_file_that_a_leg_can_play(serve: Serve) -> None:
    clip = await serve(Hummer()).say("Добрый день")
    assert clip.text == "Добрый день"
    assert clip.path
    with wave.open(str(clip.path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        assert 0.1 < sound.getnframes() / 8000 < 0.3


async def test_a_cached_text_is_not_spoken_again_even_by_the_next_process(serve: Serve) -> None:
    engine, later = Hummer(), Hummer()
    first = await serve(engine).say("one")
    assert await serve(later).say("one") == first
    assert (engine.asked, later.asked) == (["one"], [])


async def test_another_language_text_voice_or_version_is_another_sound(serve: Serve) -> None:
    service = serve(Hummer())
    clips = [await service.say("a"), await service.say("b"), await service.say("a", "en")]
    clips += [await serve(Hummer(version="2")).say("a"), await serve(Hummer(name="other")).say("a")]
    assert len({clip.path for clip in clips}) == 5


async def test_each_voice_and_each_speed_is_another_sound(serve: Serve) -> None:
    engine = Hummer()
    service = serve(engine)
    manners = [("", 1.0), ("other-ru", 1.0), ("", 1.5), ("", 0.5)]
    clips = [await service.say("a", voice=voice, speed=speed) for voice, speed in manners]
    assert len({clip.path for clip in clips}) == 4
    assert engine.manners == [("voice-ru", 1.0), ("other-ru", 1.0), ("voice-ru", 1.5), ("voice-ru", 0.5)]
    assert await service.say("a", voice="VOICE-RU") == clips[0]


@pytest.mark.parametrize(
    ("wish", "language", "heard"),
    [
        ("other-uk, other-ru", "ru", "other-ru"),
        ("other-uk, other-ru", "uk", "other-uk"),
        ("Nobody, OTHER-RU", "ru", "other-ru"),
        ("other-uk", "ru", "office-ru"),
        ("", "ru", "office-ru"),
        ("", "en", "voice-en"),
    ],
)
async def test_the_wish_of_the_step_counts_before_the_office(
    tmp_path: Path, wish: str, language: str, heard: str
) -> None:
    class Choir(Hummer):
        def voices(self) -> list[Voice]:
            return [*super().voices(), Voice("office-ru", "ru")]

    engine = Choir()
    office = Manner({"ru": "absent, office-ru"}, speed=1.25)
    await SpeechService([engine], tmp_path, "ru", office).say("x", language, wish)
    assert engine.manners == [(heard, 1.25)]


@pytest.mark.parametrize(("asked", "spoken"), [(0.1, 0.5), (4.0, 2.0), (1.234, 1.23)])
async def test_a_speed_stays_within_what_is_understood(serve: Serve, asked: float, spoken: float) -> None:
    engine = Hummer()
    await serve(engine).say("x", speed=asked)
    assert engine.manners == [("voice-ru", spoken)]


async def test_an_engine_that_is_installed_meanwhile_speaks(serve: Serve) -> None:
    better, fallback = Hummer("better", ""), Hummer("fallback")
    service = serve(better, fallback)
    first = await service.say("x")
    better.languages = ["ru"]
    assert await service.say("x") != first
    assert next(name for name, _ in service.voices()) == "better"
    assert better.asked == ["x"]


async def test_a_spoilt_sound_is_made_again(serve: Serve) -> None:
    engine = Hummer()
    service = serve(engine)
    clip = await service.say("one")
    assert clip.path
    clip.path.write_bytes(clip.path.read_bytes()[:100])
    assert await service.say("one") == clip
    assert clip.path.stat().st_size > 1000
    assert engine.asked == ["one", "one"]


async def test_the_cache_stays_within_its_bound(tmp_path: Path) -> None:
    service = SpeechService([Hummer()], tmp_path, cache_megabytes=1)
    old = [await service.say(f"old {number}") for number in range(3)]
    for path in (each.path for each in old if each.path):
        path.write_bytes(path.read_bytes() + bytes(400_000))  # none of them would fit beside two others
        os.utime(path, (1, 1))
    new = [await service.say(f"new {number}") for number in range(20)]
    assert [each.path.exists() for each in old if each.path] == [False, True, True]
    assert all(each.path and each.path.exists() for each in new)


async def test_the_default_language_shares_the_sound_of_the_named_one(serve: Serve) -> None:
    service = serve(Hummer())
    assert await service.say("a") == await service.say("a", "ru")


async def test_many_who_want_one_text_cause_one_synthesis(serve: Serve) -> None:
    engine = Hummer()
    service = serve(engine)
    clips = await asyncio.gather(*(service.say("the same") for _ in range(20)))
    assert engine.asked == ["the same"]
    assert len(set(clips)) == 1


async def test_a_caller_who_hangs_up_does_not_spoil_it_for_the_others(serve: Serve) -> None:
    engine = Hummer()
    engine.free.clear()
    service = serve(engine)
    impatient, patient = asyncio.create_task(service.say("x")), asyncio.create_task(service.say("x"))
    await engine.begun.wait()
    impatient.cancel()
    await asyncio.sleep(0)
    engine.free.set()
    assert (await patient).path
    assert impatient.cancelled()
    assert engine.asked == ["x"]


async def test_the_next_engine_speaks_when_one_fails(serve: Serve) -> None:
    broken, fallback = Hummer("broken"), Hummer("fallback")
    broken.fault = EngineError("no voice today")
    service = serve(broken, fallback)
    clip = await service.say("x")
    again = await service.say("x")
    assert clip == again
    assert broken.asked == ["x", "x"]  # it is tried each time: it may be well again
    assert fallback.asked == ["x"]


async def test_an_engine_that_lacks_the_language_is_passed_over(serve: Serve) -> None:
    english, all_three = Hummer("english", "en"), Hummer("all")
    await serve(english, all_three).say("привіт", "uk")
    assert (english.asked, all_three.asked) == ([], ["привіт"])


async def test_the_reasons_of_all_engines_are_told(serve: Serve) -> None:
    first, second = Hummer("first"), Hummer("second")
    first.fault, second.fault = EngineError("is mute"), EngineError("is hoarse")
    with pytest.raises(SpeechError, match=r"first: is mute; second: is hoarse.*make up"):
        await serve(first, second).say("x")


async def test_without_an_engine_one_is_told_how_to_get_one(serve: Serve) -> None:
    with pytest.raises(SpeechError, match="apt-get install espeak-ng"):
        await serve().say("x")


async def test_a_language_that_nobody_speaks(serve: Serve) -> None:
    with pytest.raises(SpeechError, match="'xx'"):
        await serve(Hummer()).say("x", "xx")


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x1b", "\u200b"])
async def test_nothing_cannot_be_said(serve: Serve, text: str) -> None:
    with pytest.raises(SpeechError, match="empty"):
        await serve(Hummer()).say(text)


async def test_a_text_has_a_longest_length(serve: Serve) -> None:
    service = serve(Hummer())
    assert (await service.say("a" * LONGEST_TEXT)).path
    with pytest.raises(SpeechError, match="5001"):
        await service.say("a" * (LONGEST_TEXT + 1))


async def test_an_engine_that_only_breathes_counts_as_failed(serve: Serve) -> None:
    class Breather(Hummer):
        async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
            return RawSpeech(b"\0\0" * 16000, 16000)

    with pytest.raises(SpeechError, match="silent"):
        await serve(Breather()).say("x")


async def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(SpeechError, match="cannot be kept"):
        await SpeechService([Hummer()], tmp_path / "cache").say("x")


async def test_other_programs_learn_what_was_said(serve: Serve, tmp_path: Path) -> None:
    service = serve(Hummer())
    one, two = await service.say("один"), await service.say("two", "en")
    assert spoken(tmp_path / "cache") == {"один": one.path, "two": two.path}
    assert two.path
    assert json.loads(two.path.with_suffix(".json").read_text(encoding="utf-8")) == {
        "text": "two",
        "language": "en",
        "engine": "hummer",
        "voice": "voice-en",
        "speed": "1",
        "version": "1/1",
    }
    assert {file.suffix for file in (tmp_path / "cache").iterdir()} == {".wav", ".json"}


def test_nothing_was_said_yet(tmp_path: Path) -> None:
    assert spoken(tmp_path / "none") == {}


LONG = "Good day. " + "You have called the company and shall hear much more. " * 5


async def test_a_long_text_is_heard_before_all_of_it_is_made(serve: Serve) -> None:
    engine = Hummer()
    service = serve(engine)
    clips = service.say_in_turn(LONG)
    first = await anext(clips)
    assert first.text == "Good day."
    engine.free.clear()
    engine.begun.clear()
    await engine.begun.wait()  # the next piece is begun while the first is played
    assert len(engine.asked) == 2
    engine.free.set()
    rest = [clip.text async for clip in clips]
    assert " ".join([first.text, *rest]) == LONG.strip()
    assert 2 <= len(rest) <= 4


async def test_who_hears_no_more_has_no_more_made(serve: Serve) -> None:
    engine = Hummer()
    clips = serve(engine).say_in_turn(LONG)
    await anext(clips)
    await clips.aclose()
    assert len(engine.asked) <= 2


async def test_a_short_text_stays_whole_in_its_language(serve: Serve) -> None:
    engine = Hummer()
    service = serve(engine)
    clips = [clip async for clip in service.say_in_turn({"en": "One. Two.", "uk": "Раз. Два."}, "uk", "other-uk", 2.0)]
    assert [clip.text for clip in clips] == ["Раз. Два."]
    assert engine.manners == [("other-uk", 2.0)]


async def test_markup_is_spoken_piece_by_piece_by_any_engine(serve: Serve) -> None:
    engine = Hummer()
    markup = "<voice name='other-ru'>Раз <break time='2s'/></voice><lang xml:lang='en'>two</lang> "
    markup += "<prosody rate='50%'>три</prosody>"
    sounds = await serve(engine).say_marked(markup, "ru", speed=1.5)
    assert [each.text if isinstance(each, Clip) else each for each in sounds] == ["Раз", Silence(2.0), "two", "три"]
    assert engine.manners == [("other-ru", 1.5), ("voice-en", 1.5), ("voice-ru", 0.75)]


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [("<p>", "markup cannot be read"), ("<break/>", "empty"), ("<s>aaaaaaaaa</s>" * 600, "more than 200")],
)
async def test_markup_that_cannot_be_said(serve: Serve, markup: str, complaint: str) -> None:
    with pytest.raises(SpeechError, match=complaint):
        await serve(Hummer()).say_marked(markup)


@pytest.mark.parametrize(("text", "complaint"), [("", "empty"), ("a" * (LONGEST_TEXT + 1), "5001")])
async def test_what_cannot_be_said_at_once_cannot_be_said_in_turn(serve: Serve, text: str, complaint: str) -> None:
    with pytest.raises(SpeechError, match=complaint):
        await anext(serve(Hummer()).say_in_turn(text))


async def test_engines_are_warmed_up_in_every_language_and_a_broken_one_does_no_harm(serve: Serve) -> None:
    broken, engine = Hummer("broken"), Hummer()
    broken.fault = EngineError("no voice today")
    await serve(broken, engine).warm_up()
    assert sorted(engine.manners) == [("voice-en", 1.0), ("voice-ru", 1.0), ("voice-uk", 1.0)]


async def test_closing_ends_engines_and_what_they_speak(serve: Serve) -> None:
    engine = Hummer()
    engine.free.clear()
    service = serve(engine)
    waiting = asyncio.create_task(service.say("x"))
    await engine.begun.wait()
    await service.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert engine.closed


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("  one\n two ", "one two"),
        ("a\x00b\x07c", "a b c"),
        ("soft\u00adhyphen", "softhyphen"),
        ("и\u0306", "й"),
        ("-x --help", "-x --help"),
        ("line\u2028end", "line end"),
    ],
)
def test_what_only_controls_is_not_spoken(written: str, said: str) -> None:
    assert plain(written) == said
