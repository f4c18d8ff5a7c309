"""The media worker, kept alive: when one dies the next is started. Here its streams are opened, joined and counted."""

import asyncio
import contextlib
from collections import Counter

import structlog

from cordboard.media.api import MediaRoom, MediaServer, MediaStream, StreamHandler, Watching, WorkerDiedError
from cordboard.media.client import start_worker

_RETRY = 1.0
"""Seconds until a worker that did not start is tried again."""
_PATIENCE = 5.0
"""Seconds that an answer waits for the next worker: it takes half a second to start."""

_log = structlog.get_logger("switch")


class Voices:
    """What the switch asks of the media room, whichever worker does it."""

    def __init__(self, rtp_ports: range, host: str) -> None:
        self._rtp_ports = rtp_ports
        self._host = host
        self._media: MediaServer | None = None
        self._ready = asyncio.Event()
        self.figures: Counter[str] = Counter(
            media_restarts=0, rtp_sent=0, rtp_received=0, rtp_lost=0, rtp_strangers=0, rtp_malformed=0
        )
        """By name, since the start. Packets are counted when their stream is closed."""

    @property
    def up(self) -> bool:
        """Whether there is a worker."""
        return self._ready.is_set()

    async def start(self) -> None:
        """Start the first worker. Raises WorkerDiedError."""
        self._media = await start_worker(rtp_ports=self._rtp_ports)
        self._ready.set()

    async def keep(self) -> None:
        """Start the next worker whenever one dies, until cancelled."""
        while True:
            assert self._media is not None, "start comes first"
            await self._media.died()
            self._retire(self._media)
            while not self.up:
                try:
                    await self.start()
                except (WorkerDiedError, OSError):
                    _log.exception("no media worker could be started", again_in=_RETRY)
                    await asyncio.sleep(_RETRY)

    def _retire(self, media: MediaServer) -> None:
        """That worker is dead. Whoever finds out first says so."""
        if self.up and media is self._media:
            self._ready.clear()
            self.figures["media_restarts"] += 1
            _log.error("media worker died: its calls end, a new one is started")

    async def close(self) -> None:
        """Stop the worker."""
        self._ready.clear()
        if self._media is not None:
            await self._media.close()

    async def open(self, handler: StreamHandler) -> MediaStream:
        """Take ports, of the next worker if one has just died. Raises NoPortError, WorkerDiedError."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    await self._ready.wait()
                    media = self._media
                    assert media is not None
                    try:
                        return await media.open(handler, host=self._host)
                    except WorkerDiedError:
                        await media.died()
                        self._retire(media)
        except TimeoutError:
            raise WorkerDiedError("there is no media worker") from None

    async def close_stream(self, stream: MediaStream) -> None:
        """Give the ports back; what the stream has counted is kept."""
        stats = await stream.close()
        self.figures.update(
            rtp_sent=stats.sent,
            rtp_received=stats.received,
            rtp_lost=stats.lost,
            rtp_strangers=stats.strangers,
            rtp_malformed=stats.malformed,
        )

    async def join(self, a: MediaStream, b: MediaStream) -> None:
        """Forward voices and keys between two streams. Raises WorkerDiedError."""
        if self._media is None:
            raise WorkerDiedError
        await self._media.join(a, b)

    async def room(self) -> MediaRoom:
        """An empty room. Raises WorkerDiedError."""
        if self._media is None:
            raise WorkerDiedError
        return await self._media.room()

    async def watch(self, stream: MediaStream, own: MediaStream, how: Watching) -> None:
        """Let `own` take part in what `stream` talks, or change how. Raises WorkerDiedError."""
        if self._media is None:
            raise WorkerDiedError
        await self._media.watch(stream, own, how)

    async def unwatch(self, stream: MediaStream, own: MediaStream) -> None:
        """Undo it; nothing if the worker is dead."""
        if self._media is not None:
            with contextlib.suppress(WorkerDiedError):
                await self._media.unwatch(stream, own)

    async def part(self, a: MediaStream, b: MediaStream) -> None:
        """Undo it; nothing if the worker is dead."""
        if self._media is not None:
            with contextlib.suppress(WorkerDiedError):
                await self._media.part(a, b)
