"""The speech service: text in, a cached sound out."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from cordboard.speech import cache, shaping
from cordboard.speech.api import SpeechError
from cordboard.speech.breaths import breaths
from cordboard.speech.engine import Engine, EngineError, Voice
from cordboard.speech.espeak import EspeakEngine
from cordboard.speech.markup import MarkupError, Piece, read
from cordboard.speech.rhvoice import RHVoiceEngine
from cordboard.speech.voices import FASTEST, SLOWEST, USUAL_MANNER, Manner, pick
from cordboard.telephony import Clip, Silence, Sound, Wording, choose

log = structlog.get_logger(__name__)

LONGEST_TEXT = 5000
"""Characters; about six minutes of speech."""
CACHE_MEGABYTES = 500
"""About nine hours of speech."""
_SLACK = 0.05
"""The part of the cache that is written until somebody looks again how large it is."""
NO_ENGINE = "There is no speech engine: run `tools/fetch-speech`, or install one with `apt-get install espeak-ng`."


def find_engines(speech_dir: Path) -> list[Engine]:
    """What can speak on this machine, the best first: RHVoice from `speech_dir` or the system's, then espeak-ng.

    Those that are not installed have no voices; as soon as they are installed, they have.
    """
    return [RHVoiceEngine(speech_dir.resolve() / "rhvoice", Path("/")), EspeakEngine()]


def plain(text: str) -> str:
    """`text` as it is spoken: one line, composed, without characters that only control."""
    kept = (" " if unicodedata.category(each) in {"Cc", "Zl", "Zp"} else each for each in text)
    composed = unicodedata.normalize(
        "NFC", "".join(each for each in kept if unicodedata.category(each) not in {"Cf", "Cs"})
    )
    return re.sub(r"\s+", " ", composed).strip()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A text and how it shall sound."""

    text: str
    language: str
    voice: str
    speed: float


class SpeechService:
    """Speaks with the first of `engines` that can, and keeps every sound in `cache_dir`.

    A text that several callers want at once is synthesised once. Synthesis goes on when they have hung up: the next
    caller finds it in the cache. Shaping and files are worked on in threads. Close it with `close()`.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        cache_dir: Path,
        default_language: str = "en",
        manner: Manner = USUAL_MANNER,
        *,
        cache_megabytes: int = CACHE_MEGABYTES,
    ) -> None:
        self._engines = tuple(engines)
        self._cache_dir = cache_dir
        self._default_language = default_language
        self._manner = manner
        self._cache_bytes = cache_megabytes * 1_000_000
        self._grown = self._cache_bytes  # nobody has looked yet
        self._running: dict[Path, asyncio.Task[Path]] = {}

    def voices(self) -> Sequence[tuple[str, Voice]]:
        """The voices that there are now, each with the name of its engine; the engine that is asked first leads."""
        return [(engine.name, voice) for engine in self._engines for voice in engine.voices()]

    async def say(self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0) -> Clip:
        """See Speech."""
        wording, language = choose(text, language or self._default_language)
        text = plain(wording)
        if not text:
            raise SpeechError("There is nothing to say: the text is empty.")
        if len(text) > LONGEST_TEXT:
            raise _too_long(len(text))
        pace = round(min(max(speed * self._manner.speed, SLOWEST), FASTEST), 2)
        wanted = _Wanted(text, language, voice, pace)
        able = [(engine, found) for engine in self._engines if (found := self._voice(engine, wanted))]
        if not able:
            raise SpeechError(f"No voice speaks the language {language!r}." if self.voices() else NO_ENGINE)
        best = self._path(*able[0], wanted)
        if cache.usable(best):
            cache.used(best)
        else:
            best = await self._once(best, able, wanted)
        return Clip(best, text)

    async def say_in_turn(
        self, text: Wording, language: str = "", voice: str = "", speed: float = 1.0
    ) -> AsyncGenerator[Clip, None]:
        """See Speech."""
        wording, language = choose(text, language or self._default_language)
        spoken = plain(wording)
        if len(spoken) > LONGEST_TEXT:
            raise _too_long(len(spoken))
        pieces = breaths(spoken)
        ahead: asyncio.Task[Clip] | None = None
        try:
            for at, piece in enumerate(pieces):
                clip = await (ahead or self.say(piece, language, voice, speed))
                # One ahead and no more: others wait for their first breath.
                coming = pieces[at + 1 : at + 2]
                ahead = asyncio.create_task(self.say(coming[0], language, voice, speed)) if coming else None
                yield clip
        finally:
            if ahead:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def say_marked(self, markup: str, language: str = "", voice: str = "", speed: float = 1.0) -> Sequence[Sound]:
        """See Speech. Every engine speaks it: each piece is a plain text of its own."""
        try:
            pieces = read(markup)
        except MarkupError as fault:
            raise SpeechError(f"The markup cannot be read: {fault}.") from fault
        length = sum(len(piece.text) for piece in pieces if isinstance(piece, Piece))
        if not length:
            raise SpeechError("There is nothing to say: the text is empty.")
        if length > LONGEST_TEXT:
            raise _too_long(length)
        sounds: list[Sound] = []
        for piece in pieces:
            if isinstance(piece, Piece):
                how = piece.manner
                sounds.append(
                    await self.say(piece.text, how.language or language, how.voice or voice, how.speed * speed)
                )
            else:
                sounds.append(Silence(piece.seconds))
        return sounds

    async def warm_up(self) -> None:
        """Let each engine speak a word in each language: the first caller need not wait until it has loaded."""
        for engine in self._engines:
            usual = {voice.language: voice for voice in reversed(engine.voices())}
            for voice in usual.values():
                wanted = pick(engine.voices(), voice.language, self._manner.voices.get(voice.language, "")) or voice
                try:
                    await engine.speak("1", wanted)
                except EngineError as fault:
                    log.warning("a voice does not speak", engine=engine.name, voice=wanted.name, error=str(fault))

    async def close(self) -> None:
        """End the engines and what they are speaking."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for engine in self._engines:
            await engine.close()

    def _voice(self, engine: Engine, wanted: _Wanted) -> Voice | None:
        return pick(engine.voices(), wanted.language, wanted.voice, self._manner.voices.get(wanted.language, ""))

    async def _once(self, key: Path, able: Sequence[tuple[Engine, Voice]], wanted: _Wanted) -> Path:
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._synthesise(able, wanted), name=f"speech {key.stem}")
            task.add_done_callback(lambda done: self._finished(key, done))
        return await asyncio.shield(task)

    def _finished(self, key: Path, task: asyncio.Task[Path]) -> None:
        del self._running[key]
        if not task.cancelled() and (error := task.exception()):
            log.error("speech failed", error=str(error))

    async def _synthesise(self, able: Sequence[tuple[Engine, Voice]], wanted: _Wanted) -> Path:
        faults = []
        for engine, voice in able:
            path = self._path(engine, voice, wanted)
            if cache.usable(path):
                cache.used(path)
                return path
            try:
                raw = await engine.speak(wanted.text, voice, wanted.speed)
                pcm = await asyncio.to_thread(shaping.shape, raw)
            except EngineError as error:
                log.warning("speech engine failed", engine=engine.name, error=str(error))
                faults.append(f"{engine.name}: {error}")
                continue
            try:
                await asyncio.to_thread(self._keep, path, pcm, _about(engine, voice, wanted))
            except OSError as error:
                raise SpeechError(
                    f"The sound cannot be kept in {self._cache_dir}: {error.strerror or error}. "
                    "Free some space there, or let the exchange write to it."
                ) from error
            return path
        raise SpeechError(
            f"No engine could speak the text ({'; '.join(faults)}). To get the engines anew: rm -r .speech && make up"
        )

    def _keep(self, path: Path, pcm: bytes, about: Mapping[str, str]) -> None:
        """Store it; now and then see that the cache has not become too large. Blocks."""
        cache.store(path, pcm, about)
        self._grown += len(pcm)
        if self._grown >= self._cache_bytes * _SLACK:
            self._grown = 0
            if gone := cache.shrink(self._cache_dir, round(self._cache_bytes * (1 - _SLACK))):
                log.info("sounds that nobody has asked for are deleted", sounds=gone)

    def _path(self, engine: Engine, voice: Voice, wanted: _Wanted) -> Path:
        return cache.path_of(self._cache_dir, _about(engine, voice, wanted))


def _too_long(length: int) -> SpeechError:
    return SpeechError(f"The text has {length} characters; at most {LONGEST_TEXT} are spoken at once.")


def _about(engine: Engine, voice: Voice, wanted: _Wanted) -> dict[str, str]:
    return {
        "text": wanted.text,
        "language": wanted.language,
        "engine": engine.name,
        "voice": voice.name,
        "speed": f"{wanted.speed:g}",
        "version": f"{engine.version}/{shaping.VERSION}",
    }
