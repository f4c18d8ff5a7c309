"""An engine of the administrator's own: a command that takes text and gives sound."""

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import Sequence

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.processes import end
from cordboard.speech.recorded import engine_sound

LARGEST = 100_000_000
"""Bytes of sound."""
_COMPLAINT = 4096


class CommandEngine:
    """Runs a command once a text: the text in UTF-8 is its standard input, WAV (FLAC, OGG, MP3) its standard output.

    No shell is involved, and no text of a caller becomes an argument. Arguments that are `{language}`, `{voice}` or
    `{speed}` as a whole are replaced. A command that takes longer than `seconds` is killed with what it started.
    """

    PLACES = ("{language}", "{voice}", "{speed}")

    def __init__(self, name: str, command: Sequence[str], voices: Sequence[Voice], *, seconds: float = 10.0) -> None:
        self.name = name
        self.version = hashlib.sha256("\0".join(command).encode()).hexdigest()[:12]
        self._command = tuple(command)
        self._voices = tuple(voices)
        self._seconds = seconds

    def voices(self) -> Sequence[Voice]:
        """See Engine. There are none while the program is not there."""
        return self._voices if shutil.which(self._command[0]) else ()

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        """See Engine."""
        values = dict(zip(self.PLACES, (voice.language, voice.name, f"{speed:g}"), strict=True))
        arguments = [values.get(word, word) for word in self._command]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise EngineError(f"{self.name}: {arguments[0]} cannot be started: {error.strerror or error}") from error
        status = None
        try:
            async with asyncio.timeout(self._seconds):
                sound, complaint, _ = await asyncio.gather(
                    self._sound(process.stdout), _some(process.stderr), _write(process.stdin, text.encode())
                )
                status = await process.wait()
        except TimeoutError as error:
            raise EngineError(f"{self.name} took longer than {self._seconds:g} s") from error
        finally:
            if status is None:
                await end(process)
        if status:
            words = complaint.decode(errors="replace").strip()[:200]
            raise EngineError(f"{self.name} failed with status {status}: {words or 'it did not say why'}")
        return await asyncio.to_thread(engine_sound, self.name, sound)

    async def close(self) -> None:
        """Nothing to end: each text has its own process."""

    async def _sound(self, stream: asyncio.StreamReader | None) -> bytes:
        assert stream
        found = bytearray()
        while piece := await stream.read(1 << 16):
            found += piece
            if len(found) > LARGEST:
                raise EngineError(f"{self.name} gave more than {LARGEST // 1_000_000} MB of sound")
        return bytes(found)


async def _some(stream: asyncio.StreamReader | None) -> bytes:
    """The beginning of what it complains; the rest is read and forgotten, so that it does not wait for us."""
    assert stream
    found = b""
    while piece := await stream.read(1 << 16):
        found = (found + piece)[:_COMPLAINT]
    return found


async def _write(stream: asyncio.StreamWriter | None, text: bytes) -> None:
    assert stream
    # One that does not read all of it may still speak.
    with contextlib.suppress(ConnectionError):
        stream.write(text)
        await stream.drain()
        stream.close()
