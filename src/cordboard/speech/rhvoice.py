"""RHVoice: good Russian, Ukrainian and English voices, in a process of its own."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import structlog

from cordboard.speech.engine import EngineError, RawSpeech
from cordboard.speech.rhvoice_library import find_library
from cordboard.speech.rhvoice_process import WORD

log = structlog.get_logger(__name__)

VOICES = {"en": "Slt", "ru": "Anna", "uk": "Natalia"}
"""Free voices (LGPL or CC BY-SA) of Debian's packages."""

LONGEST_REPLY = 200_000_000
_ATTEMPTS = 2


class RHVoiceEngine:
    """Speaks in a child process, which is started when it is first needed and again when it has died.

    `root` is a folder laid out as a system is (`usr/lib`, `usr/share/RHVoice`, `etc/RHVoice`). A text that takes longer
    than `seconds` is given up and the process with it. One text is spoken at a time: it takes a fiftieth of its length.
    """

    name = "rhvoice"

    def __init__(self, root: Path, *, seconds: float = 30.0) -> None:
        self._root = root
        self._seconds = seconds
        library = find_library(root)
        self.version = library.resolve().name if library else "absent"
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is no child."""
        return self._process.pid if self._process else None

    def voice(self, language: str) -> str:
        """The voice for a language; empty if there is none."""
        voice = VOICES.get(language, "")
        return voice if (self._root / "usr/share/RHVoice/voices" / voice.lower()).is_dir() else ""

    async def speak(self, text: str, language: str) -> RawSpeech:
        """Speak a whole text; a process that dies of it gets one successor. Raises EngineError."""
        request = json.dumps({"text": text, "voice": self.voice(language)}).encode()
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
            str(self._root),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the exchange, which then closes us in order
        )
        return self._process

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def close(self) -> None:
        """End the process, also in the middle of a text."""
        self._closed = True
        await self._stop()
