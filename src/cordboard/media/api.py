"""The border of this room: what `switch` and `phone` may ask of the media worker. These docstrings are the contract.

`media.client.start_worker()` starts the process and returns a `MediaServer`. Everything here is plain data or a
coroutine that returns when the worker has replied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Codec(StrEnum):
    """How voices are coded (RFC 3551 §4.5.14): 8000 samples a second, 20 ms a packet."""

    PCMA = "PCMA"
    PCMU = "PCMU"


@dataclass(frozen=True, slots=True)
class Remote:
    """The far end of a stream, as signalled."""

    host: str
    port: int
    codec: Codec
    payload_type: int
    dtmf_payload_type: int | None
    """The payload type of telephone-event (RFC 4733), None if it was not agreed."""
    send: bool = True
    """False while the far end holds us or wants no packets: nothing is sent."""
    receive: bool = True
    latch: bool = False
    """Behind NAT: take the first other source once. Otherwise packets from elsewhere are dropped and counted."""
    inband_dtmf: bool = False
    """Look for keys as tones in its voice (ITU-T Q.24), too: for far ends that send no telephone-events."""


@dataclass(frozen=True, slots=True)
class File:
    """A WAV file, mono, 16 bit, 8000 Hz. Encoded once for each codec and shared by all streams."""

    path: Path


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence of that many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ToneSpec:
    """Frequencies in Hz together for `on` seconds, then `off` seconds of silence."""

    frequencies: tuple[float, ...]
    on: float
    off: float = 0.0


Source = File | Pause | ToneSpec


class PlayStop(StrEnum):
    """Why a playing is over."""

    FINISHED = "finished"
    KEY = "key"
    STOPPED = "stopped"
    """By stop, by a later play, by a join, or because the stream was closed."""


@dataclass(frozen=True, slots=True)
class PlayReport:
    """`key` is the one that stopped it; `seconds` is what was sent."""

    stop: PlayStop
    key: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counters since the stream was opened."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    """By gaps of the sequence numbers."""
    strangers: int = 0
    """Dropped: from elsewhere than the peer."""
    malformed: int = 0
    """Dropped: not RTP version 2, too short, or an unknown payload type."""
    last_received: float | None = None
    """Seconds since the last packet from the peer; None if there was none."""


class Watching(StrEnum):
    """How a stream takes part in the talk of another one."""

    LISTEN = "listen"
    """It hears what that one says and hears."""
    WHISPER = "whisper"
    """That one hears it, too."""
    BARGE = "barge"
    """And whoever hears that one."""


class StreamHandler(Protocol):
    """Is told what a stream hears. Must return at once."""

    def key_pressed(self, key: str, duration: float) -> None:
        """A key by RFC 4733, once for each event, at its beginning or as soon as a packet of it arrives.

        Or one that was heard in the voice, some 60 ms after its beginning, where `Remote.inband_dtmf` asks for it.
        """

    def lost(self) -> None:
        """The worker died: the stream is gone."""


class MediaStream(Protocol):
    """One RTP port pair."""

    @property
    def address(self) -> tuple[str, int]:
        """Where the worker listens for RTP; RTCP is on the next port."""

    async def set_remote(self, remote: Remote) -> None:
        """Name or change the far end; sending keeps its SSRC, sequence and timestamp."""

    async def play(self, sources: Sequence[Source], *, interrupt: str = "", loop: bool = False) -> PlayReport:
        """Send `sources` in order and return when they are over. Replaces what is playing.

        A key of `interrupt` stops them in the worker itself. With `loop` they go round until stopped.
        Cancelling this stops them. Raises AudioFileError if a file cannot be read.
        """

    async def stop(self) -> None:
        """Stop what is playing; nothing if nothing is."""

    async def press(self, keys: str) -> None:
        """Send keys by RFC 4733 (100 ms each, 60 ms apart) and return when they were sent; in-band if not agreed."""

    async def record(self, path: Path, *, limit: float, silence: float | None = None) -> float:
        """Record what arrives into a WAV file (mono, 16 bit, 8000 Hz, losses filled with silence). Returns its seconds.

        Ends after `limit` seconds, after `silence` seconds without a voice, on `stop_recording`, or when the stream
        closes; cancelling ends it too. The file is complete when this returns.
        """

    async def stop_recording(self) -> None:
        """End the recording; nothing if there is none."""

    async def start_tape(self, path: Path, *, stereo: bool = False) -> None:
        """Record both what arrives and what is sent into a WAV file (16 bit, 8000 Hz), beside everything else.

        Mixed into one channel, or what arrives left and what is sent right, in step with the clock. It goes on through
        plays, joins and rooms until `stop_tape` or the closing of the stream. A running one is ended first. Pauses and
        losses are silence; keys by RFC 4733 are not in it. If the worker is killed, its last 2.4 seconds are lost.
        Returns when the file is there. Raises AudioFileError if it cannot be made.
        """

    async def stop_tape(self) -> float:
        """End it; the file is complete when this returns. Returns its seconds, 0.0 if there is none.

        Raises AudioFileError if the disk has ended it meanwhile (the call went on).
        """

    async def stats(self) -> StreamStats:
        """Counters."""

    async def close(self) -> StreamStats:
        """Free the ports. What plays or records ends first. Returns the last counters: zeros if they are lost."""


class MediaRoom(Protocol):
    """Streams whose voices are mixed: each hears the sum of all others. A stream is in one room or one join at most."""

    async def add(self, stream: MediaStream, *, speaks: bool = True, gain: int = 0) -> None:
        """Take a stream in (out of where it was; what plays to it stops), or change whether and how it is heard.

        `gain` in decibels, from -20 to 20: the others hear it so much louder.
        A later `play` to it replaces what it hears of the room until it is over. Keys reach the handlers and nobody
        else. Voices are up to 35 ms later than in a join, and wait up to 120 ms more where packets come unevenly.
        Raises ValueError if the room is closed.
        """

    async def remove(self, stream: MediaStream) -> None:
        """Let it out; nothing if it is not in. Joining two of a room lets them out, and neither hears a gap."""

    async def close(self) -> None:
        """Let all out."""


class MediaServer(Protocol):
    """One worker process."""

    async def open(self, handler: StreamHandler, *, host: str) -> MediaStream:
        """Take a port pair of the range on the local address `host`. Raises NoPortError if all are in use."""

    async def join(self, a: MediaStream, b: MediaStream) -> None:
        """Forward voices and keys between two streams, both ways, transcoding if their codecs differ.

        What plays to them stops. Keys still reach the handlers.
        """

    async def part(self, a: MediaStream, b: MediaStream) -> None:
        """Undo a join; nothing if they are not joined."""

    async def watch(self, stream: MediaStream, own: MediaStream, how: Watching) -> None:
        """Let `own` take part in whatever `stream` talks and hears, wherever that goes; or change how.

        `own` is taken out of where it was and what plays to it stops; a join, a room or another watch takes it away
        again. Several may watch one; each hears those whom it hears. While nobody speaks, a join goes on as it was:
        else its voices are up to 35 ms later. What a room, a join or a sound lets be heard is not cut by it.
        """

    async def unwatch(self, stream: MediaStream, own: MediaStream) -> None:
        """Undo it; nothing if it does not take part."""

    async def room(self) -> MediaRoom:
        """An empty room."""

    async def died(self) -> None:
        """Wait until the worker process is gone. Each stream's handler was told `lost` by then.

        One that hangs is killed after eight seconds.
        """

    async def close(self) -> None:
        """Stop the worker."""


class NoPortError(Exception):
    """Every port of the range is in use: widen rtp_ports in the settings."""


class AudioFileError(Exception):
    """A sound file is missing or is not a WAV file of the one format that is played; the message names it."""


class WorkerDiedError(Exception):
    """The worker process is gone."""
