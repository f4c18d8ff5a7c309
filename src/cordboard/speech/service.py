"""The speech service: text in, a cached sound out."""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import structlog

from cordboard.speech import cache, shaping
from cordboard.speech.api import SpeechError
from cordboard.speech.engine import Engine, EngineError
from cordboard.speech.espeak import EspeakEngine
from cordboard.speech.rhvoice import RHVoiceEngine
from cordboard.speech.rhvoice_library import find_library
from cordboard.telephony import Clip, Wording, choose

log = structlog.get_logger(__name__)

LONGEST_TEXT = 5000
"""Characters; about six minutes of speech."""
NO_ENGINE = "There is no speech engine: run `tools/fetch-speech`, or install one with `apt-get install espeak-ng`."


def find_engines(speech_dir: Path) -> list[Engine]:
    """What can speak on this machine, the best first: RHVoice from `speech_dir` or the system's, then espeak-ng."""
    homes = (speech_dir.resolve() / "rhvoice", Path("/"))
    engines: list[Engine] = []
    if home := next(filter(find_library, homes), None):
        engines.append(RHVoiceEngine(home))
    if EspeakEngine.installed():
        engines.append(EspeakEngine())
    return engines


def plain(text: str) -> str:
    """`text` as it is spoken: one line, composed, without characters that only control."""
    kept = (" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    composed = unicodedata.normalize(
        "NFC", "".join(each for each in kept if unicodedata.category(each) not in {"Cf", "Cs"})
    )
    return re.sub(r"\s+", " ", composed).strip()


class SpeechService:
    """Speaks with the first of `engines` that can, and keeps every sound in `cache_dir`.

    A text that several callers want at once is synthesised once. Synthesis goes on when they have hung up: the next
    caller finds it in the cache. Shaping and files are worked on in threads. Close it with `close()`.
    """

    def __init__(self, engines: Sequence[Engine], cache_dir: Path, default_language: str = "en") -> None:
        self._engines = tuple(engines)
        self._cache_dir = cache_dir
        self._default_language = default_language
        self._running: dict[Path, asyncio.Task[Path]] = {}

    async def say(self, text: Wording, language: str = "") -> Clip:
        """Synthesise `text` or take it from the cache. Raises SpeechError."""
        wording, language = choose(text, language or self._default_language)
        text = plain(wording)
        if not text:
            raise SpeechError("There is nothing to say: the text is empty.")
        if len(text) > LONGEST_TEXT:
            raise SpeechError(f"The text has {len(text)} characters; at most {LONGEST_TEXT} are spoken at once.")
        able = [engine for engine in self._engines if engine.voice(language)]
        if not able:
            raise SpeechError(f"No voice speaks the language {language!r}." if self._engines else NO_ENGINE)
        best = self._path(able[0], text, language)
        if not best.exists():
            best = await self._once(best, able, text, language)
        return Clip(best, text)

    async def close(self) -> None:
        """End the engines and what they are speaking."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for engine in self._engines:
            await engine.close()

    async def _once(self, key: Path, able: Sequence[Engine], text: str, language: str) -> Path:
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(
                self._synthesise(able, text, language), name=f"speech {key.stem}"
            )
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def _finished(self, key: Path, task: asyncio.Task[Path]) -> None:
        del self._running[key]
        if not task.cancelled() and (error := task.exception()):
            log.error("speech failed", error=str(error))

    async def _synthesise(self, able: Sequence[Engine], text: str, language: str) -> Path:
        faults = []
        for engine in able:
            path = self._path(engine, text, language)
            if path.exists():
                return path
            try:
                raw = await engine.speak(text, language)
                pcm = await asyncio.to_thread(shaping.shape, raw)
            except EngineError as error:
                log.warning("speech engine failed", engine=engine.name, error=str(error))
                faults.append(f"{engine.name}: {error}")
                continue
            try:
                await asyncio.to_thread(cache.store, path, pcm, self._about(engine, text, language))
            except OSError as error:
                raise SpeechError(
                    f"The sound cannot be kept in {self._cache_dir}: {error.strerror or error}. "
                    "Free some space there, or let the exchange write to it."
                ) from error
            return path
        raise SpeechError(
            f"No engine could speak the text ({'; '.join(faults)}). To get the engines anew: rm -r .speech && make up"
        )

    def _path(self, engine: Engine, text: str, language: str) -> Path:
        return cache.path_of(self._cache_dir, self._about(engine, text, language))

    def _about(self, engine: Engine, text: str, language: str) -> dict[str, str]:
        return {
            "text": text,
            "language": language,
            "engine": engine.name,
            "voice": engine.voice(language),
            "version": f"{engine.version}/{shaping.VERSION}",
        }
