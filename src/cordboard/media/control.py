"""What the exchange and its media worker say to each other, and how it is put into bytes. No sockets.

A message is its length (four bytes, big-endian) and JSON: the name of its class under `is`, then its fields. A command
travels in a `Request` and is answered by a `Reply` or a `Refusal` with the same id, soon or, for what lasts, late.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from cordboard.media.api import (
    Codec,
    File,
    Pause,
    PlayReport,
    PlayStop,
    Remote,
    Source,
    StreamStats,
    ToneSpec,
    Watching,
)


@dataclass(frozen=True, slots=True)
class Hello:
    """Ask whether the worker is there."""


@dataclass(frozen=True, slots=True)
class Open:
    """Take a port pair; the result is `Opened`."""

    host: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream's number and where it listens."""

    stream: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SetRemote:
    """Name or change the far end."""

    stream: int
    remote: Remote


@dataclass(frozen=True, slots=True)
class Play:
    """The result, a PlayReport, comes when it is over."""

    stream: int
    sources: tuple[Source, ...]
    interrupt: str
    loop: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop what plays; with `play`, only if that is the request that plays."""

    stream: int
    play: int | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Send keys; answered when they were sent."""

    stream: int
    keys: str


@dataclass(frozen=True, slots=True)
class Record:
    """The result, seconds, comes when the file is complete."""

    stream: int
    path: Path
    limit: float
    silence: float | None


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End the recording; with `record`, only if that is the request that records."""

    stream: int
    record: int | None = None


@dataclass(frozen=True, slots=True)
class GetStats:
    """The result is a StreamStats."""

    stream: int


@dataclass(frozen=True, slots=True)
class Join:
    """Forward both ways."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Part:
    """Undo a join."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Let `b` take part in whatever `a` talks, or change how."""

    a: int
    b: int
    how: Watching


@dataclass(frozen=True, slots=True)
class Unwatch:
    """Undo it."""

    a: int
    b: int


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """An empty room; the result is its number."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Take a stream into a room, or change whether it is heard there, and how many decibels louder."""

    stream: int
    room: int
    speaks: bool
    gain: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """Let a stream out of a room."""

    stream: int
    room: int


@dataclass(frozen=True, slots=True)
class CloseRoom:
    """Let all out of it."""

    room: int


@dataclass(frozen=True, slots=True)
class StartTape:
    """Answered when the file is there."""

    stream: int
    path: Path
    stereo: bool


@dataclass(frozen=True, slots=True)
class StopTape:
    """The result, seconds, comes when the file is complete."""

    stream: int


@dataclass(frozen=True, slots=True)
class Close:
    """Free the ports; the result, a StreamStats, comes when its recordings are complete."""

    stream: int


Command = (
    Hello | Open | SetRemote | Play | Stop | Press | Record | StopRecording | StartTape | StopTape | GetStats
    | Join | Part | Watch | Unwatch | OpenRoom | Enter | Leave | CloseRoom | Close
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A command and the id of its answer."""

    id: int
    command: Command


@dataclass(frozen=True, slots=True)
class Reply:
    """A command was done."""

    id: int
    result: Any = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command could not be done: the class of the error and its message."""

    id: int
    error: str
    message: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """An event: a key by RFC 4733, `duration` in seconds."""

    stream: int
    key: str
    duration: float


Message = Request | Reply | Refusal | KeyPressed

_MESSAGES = (Request, Reply, Refusal, KeyPressed)
_CLASSES: Final[dict[str, type[Any]]] = {
    one.__name__: one
    for one in (
        *_MESSAGES, Hello, Open, Opened, SetRemote, Play, Stop, Press, Record, StopRecording, StartTape, StopTape,
        GetStats, Join, Part, Watch, Unwatch, OpenRoom, Enter, Leave, CloseRoom, Close, Remote, File, Pause, ToneSpec,
        PlayReport, StreamStats,
    )
}  # fmt: skip
_NAMES: Final = {one: tuple(field.name for field in fields(one)) for one in _CLASSES.values()}
_FIELDS: Final[dict[str, Callable[[Any], Any]]] = {
    "codec": Codec,
    "how": Watching,
    "stop": PlayStop,
    "path": Path,
    "sources": tuple,
    "frequencies": tuple,
}
"""What JSON cannot say is made again by the name of the field."""

_PREFIX = 4
_LONGEST = 1 << 20


class ControlError(Exception):
    """The other side speaks another language: worker and exchange are of different versions."""


def encode(message: Message) -> bytes:
    """A message with its length before it."""
    body = _ENCODER.encode(message).encode()
    return len(body).to_bytes(_PREFIX, "big") + body


def _plain(value: object) -> object:
    names = _NAMES.get(type(value))
    if names is not None:
        return {"is": type(value).__name__, **{name: getattr(value, name) for name in names}}
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be sent to the media worker")


def _rebuild(said: dict[str, Any]) -> object:
    make = _CLASSES[said.pop("is")]
    return make(**{name: _FIELDS[name](value) if name in _FIELDS else value for name, value in said.items()})


# Made once: json.dumps and json.loads would make them anew for each message.
_ENCODER = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":"))
_DECODER = json.JSONDecoder(object_hook=_rebuild)


class Splitter:
    """Makes messages of bytes, however they arrive."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes. Raises ControlError."""
        self._rest += data
        while len(self._rest) >= _PREFIX:
            length = int.from_bytes(self._rest[:_PREFIX], "big")
            if length > _LONGEST:
                raise ControlError(f"a message of {length} bytes")
            if len(self._rest) < _PREFIX + length:
                return
            body = bytes(self._rest[_PREFIX : _PREFIX + length])
            del self._rest[: _PREFIX + length]
            try:
                message = _DECODER.decode(body.decode())
            except (ValueError, KeyError, TypeError) as error:
                raise ControlError(f"not a message: {body[:80]!r}") from error
            if not isinstance(message, _MESSAGES):
                raise ControlError(f"not a message: {body[:80]!r}")
            yield message
