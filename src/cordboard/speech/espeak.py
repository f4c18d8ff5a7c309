"""espeak-ng: the last fallback, understandable in every language and pretty in none."""

import asyncio
import shutil
from collections.abc import Sequence
from struct import Struct

from cordboard.speech.engine import EngineError, RawSpeech, Voice
from cordboard.speech.processes import end

VOICES = (Voice("en-gb", "en"), Voice("ru", "ru"), Voice("uk", "uk"))
WORDS_A_MINUTE = 150

_WAV = Struct("<4s4x4s12xI8x4s4x")  # RIFF, WAVE, the rate, "data": the fixed head that espeak-ng writes


class EspeakEngine:
    """Runs the command `espeak-ng` once a text; the text goes in by standard input, never as an argument."""

    name = "espeak-ng"
    version = "1"

    def __init__(self, command: str = "espeak-ng", *, seconds: float = 30.0) -> None:
        self._command = command
        self._seconds = seconds
        self._installed = False

    def voices(self) -> Sequence[Voice]:
        """See Engine. It is installed if the command is on the path."""
        self._installed = self._installed or shutil.which(self._command) is not None
        return VOICES if self._installed else ()

    async def speak(self, text: str, voice: Voice, speed: float = 1.0) -> RawSpeech:
        """See Engine."""
        # [[…]] is its own phoneme notation, and there is no option to read it out.
        plain = text.replace("[[", "[ [")
        pace = str(round(WORDS_A_MINUTE * speed))
        arguments = ["-v", voice.name, "-s", pace, "-b", "1", "--stdin", "--stdout"]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                self._command, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise EngineError(f"{self._command} cannot be started: {error.strerror or error}") from error
        try:
            async with asyncio.timeout(self._seconds):
                out, err = await process.communicate(plain.encode())
        except TimeoutError as error:
            raise EngineError(f"{self._command} took longer than {self._seconds:g} s") from error
        finally:
            if process.returncode is None:
                await end(process)
        if process.returncode != 0:
            raise EngineError(f"{self._command} failed: {err.decode(errors='replace').strip()[:200]}")
        return _samples(out)

    async def close(self) -> None:
        """Nothing to end: each text has its own process."""


def _samples(wav: bytes) -> RawSpeech:
    """The head's lengths are not looked at: written to a pipe, they cannot be right."""
    if len(wav) < _WAV.size:
        raise EngineError("espeak-ng said nothing")
    riff, wave, rate, data = _WAV.unpack_from(wav)
    if (riff, wave, data) != (b"RIFF", b"WAVE", b"data"):
        raise EngineError("espeak-ng answered with something else than a WAV file")
    pcm = wav[_WAV.size :]
    return RawSpeech(pcm[: len(pcm) // 2 * 2], rate)
