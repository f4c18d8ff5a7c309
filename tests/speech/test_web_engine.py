"""A speech service over HTTP: what is sent, what is taken for an answer, and what is not."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from urllib.parse import parse_qs

import httpx2
import numpy as np
import pytest
import soundfile

from cordboard.speech import web
from cordboard.speech.engine import EngineError, Voice
from cordboard.speech.web import WebEngine

ANNA = Voice("Anna", "uk")
FIELDS = {"input": "{text}", "voice": "{voice}", "lang": "{language}", "speed": "{speed}", "format": "wav"}


def audio(form: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, 0.1 * np.sin(np.arange(24000) / 5), 24000, format=form)
    return file.getvalue()


Answer = Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]


def engine(answer: Answer, *, form: str = "json", seconds: float = 5.0) -> WebEngine:
    return WebEngine(
        "cloud",
        "https://tts.test/say",
        [ANNA],
        form=form,
        fields=FIELDS,
        headers={"Authorization": "Bearer S3cret"},
        seconds=seconds,
        transport=httpx2.MockTransport(answer),
    )


def giving(content: bytes, status: int = 200) -> Answer:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=content)

    return answer


@pytest.mark.parametrize("sound", ["WAV", "OGG", "MP3", "FLAC"])
async def test_a_service_speaks(sound: str) -> None:
    asked: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, content=audio(sound))

    speaker = engine(answer)
    said = await speaker.speak('Добрий "день"', ANNA, 1.5)
    await speaker.close()
    assert said.rate == 24000
    assert len(said.pcm) / 2 / said.rate == pytest.approx(1, abs=0.1)
    assert str(asked[0].url) == "https://tts.test/say"
    assert asked[0].headers["authorization"] == "Bearer S3cret"
    assert json.loads(asked[0].content) == {
        "input": 'Добрий "день"', "voice": "Anna", "lang": "uk", "speed": 1.5, "format": "wav"
    }  # fmt: skip


async def test_a_form_is_sent_as_one() -> None:
    asked: list[bytes] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(await request.aread())
        return httpx2.Response(200, content=audio("WAV"))

    await engine(answer, form="form").speak("a&b=c", ANNA)
    assert parse_qs(asked[0].decode())["input"] == ["a&b=c"]
    assert parse_qs(asked[0].decode())["speed"] == ["1"]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (giving(b"no quota", 429), "answered with status 429: no quota"),
        (giving(b"", 302), "answered with status 302"),
        (giving(b"<html>"), "something else than WAV"),
        (giving(b""), "something else than WAV"),
    ],
)
async def test_what_is_no_sound(answer: Answer, complaint: str) -> None:
    with pytest.raises(EngineError, match=complaint) as found:
        await engine(answer).speak("x", ANNA)
    assert "S3cret" not in str(found.value)


async def test_a_service_that_is_down_or_slow_or_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST", 1_000_000)

    async def down(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route to https://tts.test/?key=S3cret")

    async def slow(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def zeros() -> AsyncIterator[bytes]:
        while True:
            yield bytes(100_000)

    async def endless(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=zeros())

    for answer, complaint in ((down, r"cannot be reached \(ConnectError\)"), (slow, "longer"), (endless, "than 1 MB")):
        with pytest.raises(EngineError, match=complaint):
            await engine(answer, seconds=0.3).speak("x", ANNA)


def test_its_key_is_not_shown_and_its_address_makes_the_sound() -> None:
    one = engine(giving(b""))
    assert "S3cret" not in repr(one)
    other = WebEngine("cloud", "https://other.test/say", [ANNA], fields=FIELDS, headers={})
    assert one.version != other.version
