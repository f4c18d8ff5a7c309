"""An engine behind HTTP: a service in the office or the cloud that takes text and gives sound."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx2

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.recorded import engine_sound

FORMS = ("json", "form")
LARGEST = 50_000_000
"""Bytes of sound."""
_WORDS = 300


class WebEngine:
    """Posts each text to `url`, as JSON or as a form, and takes WAV, FLAC, OGG or MP3 for an answer.

    `fields` are what is sent; `{text}`, `{voice}`, `{language}` and `{speed}` as a whole value are replaced. `headers`
    may hold a key: they are in no log. Redirects are not followed: the key is for this address alone.
    """

    def __init__(
        self,
        name: str,
        url: str,
        voices: Sequence[Voice],
        *,
        form: str = "json",
        fields: Mapping[str, str],
        headers: Mapping[str, str],
        seconds: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.version = hashlib.sha256(json.dumps([url, form, dict(fields)]).encode()).hexdigest()[:12]
        self._url = url
        self._voices = tuple(voices)
        self._form = form
        self._fields = dict(fields)
        self._headers = dict(headers)
        self._seconds = seconds
        self._transport = transport
        self._stack = AsyncExitStack()
        self._client: httpx2.AsyncClient | None = None

    def __repr__(self) -> str:
        """Without the headers."""
        return f"WebEngine({self.name!r}, {self._url!r})"

    def voices(self) -> Sequence[Voice]:
        """See Engine. Whether the service is up is known when it is asked."""
        return self._voices

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        """See Engine."""
        values: dict[str, Any] = {"{text}": text, "{voice}": voice.name, "{language}": voice.language}
        values["{speed}"] = speed if self._form == "json" else f"{speed:g}"
        sent = {name: values.get(value, value) for name, value in self._fields.items()}
        body: dict[str, Any] = {"json": sent} if self._form == "json" else {"data": sent}
        try:
            async with asyncio.timeout(self._seconds):
                sound = await self._post(body)
        except TimeoutError as error:
            raise EngineError(f"{self.name} took longer than {self._seconds:g} s") from error
        except httpx2.HTTPError as error:
            # Its words, without the address: that may hold a key.
            raise EngineError(f"{self.name} cannot be reached ({type(error).__name__})") from error
        return await asyncio.to_thread(engine_sound, self.name, sound)

    async def _post(self, body: Mapping[str, Any]) -> bytes:
        if self._client is None:
            self._client = await self._stack.enter_async_context(
                httpx2.AsyncClient(transport=self._transport, timeout=self._seconds, headers=self._headers)
            )
        async with self._client.stream("POST", self._url, **body) as answer:
            found = bytearray()
            async for piece in answer.aiter_bytes():
                found += piece
                if len(found) > LARGEST:
                    raise EngineError(f"{self.name} gave more than {LARGEST // 1_000_000} MB of sound")
        if answer.status_code != 200:
            words = bytes(found[:_WORDS]).decode(errors="replace").strip()
            raise EngineError(f"{self.name} answered with status {answer.status_code}: {words}")
        return bytes(found)

    async def close(self) -> None:
        """Close the connections."""
        await self._stack.aclose()
        self._client = None
