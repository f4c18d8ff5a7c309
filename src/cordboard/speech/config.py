"""`speech.toml` in the data folder: which engines speak, in which order, with which voices, how fast."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

from cordboard.speech.command import CommandEngine
from cordboard.speech.engine import Engine, Voice
from cordboard.speech.espeak import EspeakEngine
from cordboard.speech.rhvoice import RHVoiceEngine
from cordboard.speech.service import CACHE_MEGABYTES
from cordboard.speech.voices import FASTEST, SLOWEST, Manner
from cordboard.speech.web import FORMS, WebEngine

log = structlog.get_logger(__name__)

BUILT_IN = ("rhvoice", "espeak-ng")
LANGUAGES = ("en", "ru", "uk")
_KEYS = ("order", "speed", "cache_megabytes", "voices", "engines")
_ENGINE_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "command": ("kind", "voices", "seconds", "command"),
        "http": ("kind", "voices", "seconds", "url", "form", "fields", "headers"),
    }
)
_MANY = 20


class SpeechConfigError(Exception):
    """What is wrong with the file: one sentence for each fault, each with the file and the key."""


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """How the office speaks."""

    engines: Sequence[Engine]
    """In the order in which they are asked."""
    manner: Manner = field(default_factory=Manner)
    cache_megabytes: int = CACHE_MEGABYTES


def load(file: Path, speech_dir: Path) -> SpeechConfig:
    """Read it; without a file all is as usual. `speech_dir` is where RHVoice was fetched to.

    Raises SpeechConfigError.
    """
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        written = {}
    except tomllib.TOMLDecodeError as fault:
        raise SpeechConfigError(f"{file}: {fault}. Mend that line, or remove it.") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise SpeechConfigError(f"{file} cannot be read: {fault}. Let it be a text file of yours.") from fault
    if faults := list(_faults(written)):
        raise SpeechConfigError("\n".join(f"{file}: {fault}" for fault in faults))
    engines: dict[str, Engine] = {
        "rhvoice": RHVoiceEngine(speech_dir.resolve() / "rhvoice", Path("/")),
        "espeak-ng": EspeakEngine(),
    }
    engines |= {name: _engine(name, about) for name, about in written.get("engines", {}).items()}
    order = written.get("order") or [*written.get("engines", {}), *BUILT_IN]
    manner = Manner(MappingProxyType(written.get("voices", {})), float(written.get("speed", 1)))
    return SpeechConfig([engines[name] for name in order], manner, written.get("cache_megabytes", CACHE_MEGABYTES))


def load_or_usual(file: Path, speech_dir: Path) -> SpeechConfig:
    """The same; with a fault in the file, which the log then tells, it is spoken as if there were none."""
    try:
        return load(file, speech_dir)
    except SpeechConfigError as fault:
        log.error("the exchange speaks as usual until this is mended", faults=str(fault).splitlines())
        return load(Path(os.devnull), speech_dir)


def _engine(name: str, about: Mapping[str, Any]) -> Engine:
    voices = [Voice(voice, language) for language, names in about["voices"].items() for voice in names]
    seconds = float(about.get("seconds", 10))
    if about["kind"] == "command":
        return CommandEngine(name, about["command"], voices, seconds=seconds)
    fields = about.get("fields", {"text": "{text}", "voice": "{voice}", "language": "{language}", "speed": "{speed}"})
    return WebEngine(
        name,
        about["url"],
        voices,
        form=about.get("form", "json"),
        fields=fields,
        headers=about.get("headers", {}),
        seconds=seconds,
    )


# --- what may stand there -----------------------------------------------------------------------------------------


def _faults(written: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("", written, _KEYS)
    engines = written.get("engines", {})
    if not isinstance(engines, dict) or len(engines) > _MANY:
        yield f"engines: write a table [engines.name] for each further engine; there may be {_MANY}."
        engines = {}
    for name, about in engines.items():
        yield from _faults_of_engine(f"engines.{name}", name, about)
    known = [*BUILT_IN, *engines]
    order = written.get("order", known)
    if not _are_texts(order) or not order or set(order) - set(known) or len(set(order)) < len(order):
        yield f"order: write a list of engines, each once; there are {', '.join(known)}."
    if not _is_number(written.get("speed", 1), SLOWEST, FASTEST):
        yield f"speed: write a number from {SLOWEST} to {FASTEST:g}."
    if not _is_number(written.get("cache_megabytes", 500), 10, 1_000_000, whole=True):
        yield "cache_megabytes: write a whole number of 10 or more."
    voices = written.get("voices", {})
    if not isinstance(voices, dict) or set(voices) - set(LANGUAGES) or not _are_texts(list(voices.values())):
        yield 'voices: write the names of voices by language (en, ru, uk), such as ru = "Aleksandr".'


def _faults_of_engine(key: str, name: str, about: Any) -> Iterator[str]:
    kind = str(about.get("kind")) if isinstance(about, dict) else ""
    if kind not in _ENGINE_KEYS:
        yield f'{key}.kind: write kind = "command" or kind = "http".'
        return
    if name in BUILT_IN:
        yield f"{key}: this name is taken by an engine of the exchange; choose another."
    yield from _unknown(f"{key}.", about, _ENGINE_KEYS[kind])
    voices = about.get("voices")
    if (
        not isinstance(voices, dict)
        or not voices
        or set(voices) - set(LANGUAGES)
        or not all(_are_texts(names) and names for names in voices.values())
    ):
        yield f'{key}.voices: write a list of voices for each language (en, ru, uk), such as {{ ru = ["Maria"] }}.'
    if not _is_number(about.get("seconds", 10), 0.1, 120):
        yield f"{key}.seconds: write how long one text may take, a number from 0.1 to 120."
    yield from _faults_of_command(key, about) if kind == "command" else _faults_of_service(key, about)


def _faults_of_command(key: str, about: Mapping[str, Any]) -> Iterator[str]:
    command = about.get("command")
    if not _are_texts(command) or not command or not command[0]:
        yield f'{key}.command: write a list of the program and its arguments, such as ["/usr/bin/say", "{{voice}}"].'
    elif "{" in command[0] or any("{" in word and word not in CommandEngine.PLACES for word in command):
        yield f"{key}.command: an argument is a plain word or, as a whole, one of {', '.join(CommandEngine.PLACES)}."


def _faults_of_service(key: str, about: Mapping[str, Any]) -> Iterator[str]:
    url = about.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        yield f"{key}.url: write the address of the service, https://…"
    if about.get("form", "json") not in FORMS:
        yield f"{key}.form: write json or form: how the text is sent."
    for name in ("fields", "headers"):
        held = about.get(name, {})
        if not isinstance(held, dict) or not _are_texts(list(held.values())):
            yield f'{key}.{name}: write a table of texts, such as {{ input = "{{text}}" }}.'
    fields = about.get("fields", {"text": "{text}"})
    if isinstance(fields, dict) and "{text}" not in fields.values():
        yield f'{key}.fields: one field must be "{{text}}", the text itself.'


def _unknown(prefix: str, written: Mapping[str, Any], known: Sequence[str]) -> Iterator[str]:
    for key in written:
        if key not in known:
            yield f"{prefix}{key}: there is no such setting; known are {', '.join(known)}."


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_number(value: Any, least: float, most: float, *, whole: bool = False) -> bool:
    kinds = (int,) if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and least <= value <= most
