"""RHVoice: good Russian, Ukrainian and English voices, in a process of its own."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import structlog

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.processes import end
from cordboard.speech.rhvoice_library import find_library
from cordboard.speech.rhvoice_process import WORD

log = structlog.get_logger(__name__)

USUAL = ("Slt", "Anna", "Natalia")
"""Free voices (LGPL or CC BY-SA) of Debian's packages, which come before all others of their language."""
_LANGUAGES: Mapping[str, str] = MappingProxyType({"English": "en", "Russian": "ru", "Ukrainian": "uk"})

LONGEST_REPLY = 200_000_000
_ATTEMPTS = 2


class RHVoiceEngine:
    """Speaks in a child process, which is started when it is first needed and again when it has died.

    Each of `homes` is a folder laid out as a system is (`usr/lib`, `usr/share/RHVoice`, `etc/RHVoice`); the first that
    holds the library counts, also if it comes later. A text that takes longer than `seconds` is given up and the
    process with it. One text is spoken at a time: it takes a fiftieth of its length.
    """

    name = "rhvoice"

    def __init__(self, *homes: Path, seconds: float = 30.0) -> None:
        self._homes = homes
        self._seconds = seconds
        self._home: _Home | None = None
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is no child."""
        return self._process.pid if self._process else None

    @property
    def version(self) -> str:
        """See Engine."""
        home = self._found()
        return home.version if home else "absent"

    def voices(self) -> Sequence[Voice]:
        """See Engine. What a home holds is read once."""
        home = self._found()
        return home.voices if home else ()

    def _found(self) -> "_Home | None":
        if self._home is None:
            self._home = next(filter(None, map(_look_into, self._homes)), None)
        return self._home

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        """See Engine. A process that dies of the text gets one successor."""
        request = json.dumps({"text": text, "voice": voice.name, "speed": speed}).encode()
        async with self._turn:
            for attempt in range(1, _ATTEMPTS + 1):
                if self._closed:
                    raise EngineError("RHVoice has been stopped")
                try:
                    async with asyncio.timeout(self._seconds):
                        return await self._ask(request)
                except TimeoutError as error:  # an OSError, too: it must be asked for first
                    await self._stop()
                    raise EngineError(f"RHVoice took longer than {self._seconds:g} s") from error
                except (asyncio.IncompleteReadError, OSError) as error:
                    log.warning("RHVoice's process died", pid=self.pid, attempt=attempt, error=repr(error))
                    await self._stop()
                except BaseException:
                    # A cancelled request leaves its reply in the pipe: the next one must not take it for its own.
                    await self._stop()
                    raise
        raise EngineError("RHVoice's process died, and so did its successor")

    async def _ask(self, request: bytes) -> RawSpeech:
        process = self._process or await self._start()
        assert process.stdin
        assert process.stdout
        process.stdin.write(WORD.pack(len(request)) + request)
        await process.stdin.drain()
        length = WORD.unpack(await process.stdout.readexactly(WORD.size))[0]
        if not WORD.size <= length <= LONGEST_REPLY:
            raise EngineError(f"RHVoice's process sent a record of {length} bytes")
        body = await process.stdout.readexactly(length)
        rate, pcm = WORD.unpack(body[: WORD.size])[0], body[WORD.size :]
        if rate == 0:
            raise EngineError(pcm.decode(errors="replace"))
        return RawSpeech(pcm, rate)

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "cordboard.speech.rhvoice_process",
            str(home.root if (home := self._found()) else self._homes[0]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the exchange, which then closes us in order
        )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)

    async def close(self) -> None:
        """End the process, also in the middle of a text."""
        self._closed = True
        await self._stop()


@dataclass(frozen=True, slots=True)
class _Home:
    root: Path
    version: str
    voices: tuple[Voice, ...]


def _look_into(root: Path) -> _Home | None:
    library = find_library(root)
    if library is None:
        return None
    found = [voice for file in root.glob("usr/share/RHVoice/voices/*/voice.info") if (voice := _read(file))]
    voices = sorted(found, key=lambda voice: (voice.name not in USUAL, voice.name))
    return _Home(root, library.resolve().name, tuple(voices))


def _read(info: Path) -> Voice | None:
    """A voice as its own file describes it; None if we do not speak its language."""
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    language = _LANGUAGES.get(told.get("language", ""), "")
    return Voice(told["name"], language) if language and told.get("name") else None
