"""The folder of prompts: sounds that the office has recorded, by name and language, and what is said in them."""

import asyncio
import hashlib
import re
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import structlog

from cordboard.speech import cache
from cordboard.speech.api import Prompt, PromptError
from cordboard.speech.recorded import ENDINGS, length_of, telephone_sound
from cordboard.telephony import Clip

log = structlog.get_logger(__name__)

LANGUAGES = ("en", "ru", "uk")
CONVERTED = ".converted"
"""The folder, within that of the prompts, of sounds that leave their original as it is."""
_FORMAT = (1, 2, 8000)
_NAME = re.compile(r"[^\W_][\w-]*(/[^\W_][\w-]*)*")
_LONGEST_NAME = 100
_LONGEST_TEXT = 5000


class PromptStore:
    """Implements `speech.api.Prompts`. `language` is the office's."""

    def __init__(self, folder: Path, language: str = "") -> None:
        self._folder = folder.resolve()
        self._language = language

    async def find(self, name: str, language: str = "") -> Clip:
        """See Prompts."""
        path = next((path for path in self._candidates(name, language, ENDINGS) if path.is_file()), None)
        if path is None:
            raise PromptError(
                f"there is no sound {name!r} in the prompts folder {self._folder}: record it, or copy it there with "
                "`cordboard prompt add`"
            )
        if _is_ready(path):
            return Clip(path, name)
        return Clip(await asyncio.to_thread(self._converted, path), name)

    def text(self, name: str, language: str = "") -> str:
        """See Prompts. A name that leads out of the folder has none."""
        try:
            paths = list(self._candidates(name, language, (".txt",)))
        except PromptError:
            return ""
        return next(filter(None, (_written(path) for path in paths if path.suffix == ".txt")), "")

    async def save(self, name: str, audio: Path, language: str = "", text: str = "") -> Prompt:
        """See Prompts."""
        stem = self._new(name, language)
        sound = self._file(stem, language, ".wav")
        try:
            pcm = await asyncio.to_thread(telephone_sound, audio)
            await asyncio.to_thread(cache.write_wav, sound, pcm)
        except OSError as fault:
            raise self._not_kept(name, fault) from fault
        if text.strip():
            await self.write(name, text, language)
        for ending in ENDINGS[1:]:  # the same prompt in another format, which this one takes the place of
            self._file(stem, language, ending).unlink(missing_ok=True)
        log.info("a prompt was saved", prompt=name, language=language, seconds=round(len(pcm) / 16000, 1))
        return self._prompt(stem, language)

    async def write(self, name: str, text: str, language: str = "") -> None:
        """Write down what a prompt says; it may have no sound yet. Raises PromptError."""
        file = self._file(self._new(name, language), language, ".txt")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.strip()[:_LONGEST_TEXT] + "\n", encoding="utf-8")
        except OSError as fault:
            raise self._not_kept(name, fault) from fault

    def _not_kept(self, name: str, fault: OSError) -> PromptError:
        return PromptError(
            f"the prompt {name!r} cannot be kept in {self._folder}: {fault.strerror or fault}. Free some space there, "
            "or let the exchange write to it."
        )

    async def all(self) -> Sequence[Prompt]:
        """See Prompts."""
        return await asyncio.to_thread(self._all)

    async def remove(self, name: str, language: str = "") -> bool:
        """See Prompts."""
        stem = self._new(name, language)
        files = [self._file(stem, language, ending) for ending in (*ENDINGS, ".txt")]
        there = [file for file in files if file.exists()]
        for file in there:
            file.unlink(missing_ok=True)
        return bool(there)

    # --- names ------------------------------------------------------------------------------------------------

    def _candidates(self, name: str, language: str, endings: Sequence[str]) -> Iterator[Path]:
        """Where a prompt may lie, the best place first. Raises PromptError."""
        stem, ending = _split(name)
        path = (self._folder / stem).resolve()
        if not stem or not path.is_relative_to(self._folder) or path == self._folder:
            raise PromptError(f"sound file {name!r} lies outside the prompts folder {self._folder}: copy it there")
        endings = sorted(endings, key=lambda each: each != ending)
        wanted = language or self._language
        tongues = dict.fromkeys([wanted, "", self._language, *LANGUAGES])
        for suffix in (f".{each}" if each else "" for each in tongues):
            for each in endings:
                yield path.with_name(f"{path.name}{suffix}{each}")
            if not suffix and ending:
                yield path.with_name(f"{path.name}{name[-len(ending) :]}")  # WELCOME.WAV

    def _new(self, name: str, language: str) -> str:
        """The stem of a prompt that is made or deleted. Raises PromptError."""
        stem = _split(name)[0]
        if not _NAME.fullmatch(stem) or len(stem) > _LONGEST_NAME:
            raise PromptError(
                f"{name!r} is no name for a prompt: take letters, digits, - and _, and folders with / between."
            )
        if language and language not in LANGUAGES:
            raise PromptError(f"{language!r} is no language of prompts: take {', '.join(LANGUAGES)}, or none.")
        return stem

    def _file(self, stem: str, language: str, ending: str) -> Path:
        return self._folder / f"{stem}{f'.{language}' if language else ''}{ending}"

    # --- files ------------------------------------------------------------------------------------------------

    def _converted(self, original: Path) -> Path:
        state = original.stat()
        about = f"{original.relative_to(self._folder)} {state.st_mtime_ns} {state.st_size}"
        path = self._folder / CONVERTED / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.wav"
        if not _is_ready(path):
            try:
                cache.write_wav(path, telephone_sound(original))
            except OSError as fault:
                raise PromptError(
                    f"sound file {original.name!r} cannot be converted into {path.parent}: {fault.strerror or fault}"
                ) from fault
            log.info("a prompt was converted", prompt=original.name)
        return path

    def _all(self) -> list[Prompt]:
        found = set()
        for path in self._folder.rglob("*"):
            name = path.relative_to(self._folder)
            if path.suffix in (*ENDINGS, ".txt") and path.is_file() and not name.as_posix().startswith("."):
                stem, _, language = name.with_suffix("").as_posix().rpartition(".")
                found.add((stem, language) if language in LANGUAGES and stem else (name.with_suffix("").as_posix(), ""))
        return [self._prompt(*each) for each in sorted(found)]

    def _prompt(self, stem: str, language: str) -> Prompt:
        files = (self._file(stem, language, ending) for ending in ENDINGS)
        seconds = next((_seconds(file) for file in files if file.exists()), 0.0)
        return Prompt(stem, language, _written(self._file(stem, language, ".txt")), seconds)


def _split(name: str) -> tuple[str, str]:
    """The name without its ending, and the ending, if it is one of sounds."""
    ending = PurePosixPath(name).suffix.lower()
    return (name[: -len(ending)], ending) if ending in ENDINGS else (name, "")


def _is_ready(path: Path) -> bool:
    """Whether a leg can play it as it is."""
    try:
        with wave.open(str(path), "rb") as file:
            return (file.getnchannels(), file.getsampwidth(), file.getframerate()) == _FORMAT
    except (wave.Error, EOFError, OSError):
        return False


def _seconds(path: Path) -> float:
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, OSError):
        return length_of(path)


def _written(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")[:_LONGEST_TEXT].strip()
    except (OSError, UnicodeDecodeError):
        return ""
