"""The exchange's side of the media worker: starts the process, and makes calls of the messages.

Lives on the asyncio loop. It has no task of its own: answers come by the protocol's callbacks.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from cordboard.media import control
from cordboard.media.api import (
    AudioFileError,
    MediaRoom,
    MediaStream,
    NoPortError,
    PlayReport,
    Remote,
    Source,
    StreamHandler,
    StreamStats,
    Watching,
    WorkerDiedError,
)

_ERRORS: Final[dict[str, type[Exception]]] = {
    error.__name__: error for error in (NoPortError, AudioFileError, ValueError)
}
_START_SECONDS = 20.0
_STOP_SECONDS = 6.0
_ASK_SECONDS = 2.0
_SILENT_TIMES = 3
"""So often in turn a worker may be asked in vain whether it is there. Not one long time: it is we who may have hung."""

_log = logging.getLogger(__name__)


class MediaWorker(asyncio.Protocol):
    """One worker process. Implements `media.api.MediaServer`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        # Handlers are called by the loop, in order with the answers: one that fails must not take our socket down.
        self._call_soon = asyncio.get_running_loop().call_soon
        self._transport: asyncio.Transport | None = None
        self._splitter = control.Splitter()
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._handlers: dict[int, StreamHandler] = {}
        self._gone = asyncio.Event()
        self._watch: asyncio.TimerHandle | None = None
        self._asked: asyncio.Future[Any] | None = None
        self._in_vain = 0

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    # --- asyncio.Protocol -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        for message in self._splitter.feed(data):
            match message:
                case control.KeyPressed(stream, key, duration):
                    if stream in self._handlers:
                        self._call_soon(self._handlers[stream].key_pressed, key, duration)
                case control.Reply(number, result):
                    self._settle(number, result, None)
                case control.Refusal(number, error, text):
                    self._settle(number, None, _ERRORS.get(error, RuntimeError)(text))

    def _settle(self, number: int, result: Any, error: Exception | None) -> None:
        future = self._waiting.pop(number, None)
        if future is None or future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol: the worker is gone."""
        del exc  # how the socket ended says nothing: the process is asked
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(_died())
        handlers, self._handlers = self._handlers, {}
        for handler in handlers.values():
            self._call_soon(handler.lost)
        self._gone.set()

    # --- a worker that hangs ----------------------------------------------------------------------------------

    def guard(self) -> None:
        """From now on, kill the worker if it does not answer for six seconds: then it is dead as any other."""
        self._in_vain = self._in_vain + 1 if self._asked is not None and not self._asked.done() else 0
        if self._in_vain == _SILENT_TIMES:
            _log.error("the media worker (process %d) hangs: it is killed", self.pid)
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            return
        if not self._in_vain:
            with contextlib.suppress(WorkerDiedError):
                _, self._asked = self.send(control.Hello())
                self._asked.add_done_callback(_take_note)
        self._watch = asyncio.get_running_loop().call_later(_ASK_SECONDS, self.guard)

    # --- MediaServer ------------------------------------------------------------------------------------------

    def send(self, command: control.Command) -> tuple[int, asyncio.Future[Any]]:
        """Send a command; its number and what will be its result, which must be awaited. Raises WorkerDiedError."""
        number = self._write(command)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        return number, future

    def tell(self, command: control.Command) -> None:
        """Send a command whose result nobody awaits; a dead worker has nothing to be told."""
        with contextlib.suppress(WorkerDiedError):
            self._write(command)

    def _write(self, command: control.Command) -> int:
        if self._transport is None or self._transport.is_closing():
            raise _died()
        number = next(self._ids)
        self._transport.write(control.encode(control.Request(number, command)))
        return number

    async def call(self, command: control.Command) -> Any:
        """Send a command and wait for its result."""
        return await self.send(command)[1]

    async def open(self, handler: StreamHandler, *, host: str) -> MediaStream:
        """See MediaServer."""
        _, answer = self.send(control.Open(host))
        try:
            opened = await asyncio.shield(answer)
        except asyncio.CancelledError:
            answer.add_done_callback(self._close_unwanted)
            raise
        self._handlers[opened.stream] = handler
        return _Stream(self, opened.stream, (opened.host, opened.port))

    def _close_unwanted(self, opened: asyncio.Future[Any]) -> None:
        """Whoever opened this stream was cancelled before he got it."""
        if not opened.cancelled() and opened.exception() is None:
            self.tell(control.Close(opened.result().stream))

    def forget(self, stream: int) -> None:
        """Tell this stream's handler nothing any more."""
        self._handlers.pop(stream, None)

    async def join(self, a: MediaStream, b: MediaStream) -> None:
        """See MediaServer."""
        await self.call(control.Join(_number(a), _number(b)))

    async def part(self, a: MediaStream, b: MediaStream) -> None:
        """See MediaServer."""
        await self.call(control.Part(_number(a), _number(b)))

    async def watch(self, stream: MediaStream, own: MediaStream, how: Watching) -> None:
        """See MediaServer."""
        await self.call(control.Watch(_number(stream), _number(own), how))

    async def unwatch(self, stream: MediaStream, own: MediaStream) -> None:
        """See MediaServer."""
        await self.call(control.Unwatch(_number(stream), _number(own)))

    async def room(self) -> MediaRoom:
        """See MediaServer."""
        return _Room(self, await self.call(control.OpenRoom()))

    async def died(self) -> None:
        """See MediaServer."""
        await self._gone.wait()
        await self._process.wait()

    async def close(self) -> None:
        """See MediaServer."""
        if self._transport is not None:
            self._transport.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.died()
        except TimeoutError:
            self._process.kill()
            await self.died()


class _Stream:
    """Implements `media.api.MediaStream`."""

    def __init__(self, server: MediaWorker, number: int, address: tuple[str, int]) -> None:
        self._server = server
        self._address = address
        self.number = number

    @property
    def address(self) -> tuple[str, int]:
        """See MediaStream."""
        return self._address

    async def set_remote(self, remote: Remote) -> None:
        """See MediaStream."""
        await self._server.call(control.SetRemote(self.number, remote))

    async def play(self, sources: Sequence[Source], *, interrupt: str = "", loop: bool = False) -> PlayReport:
        """See MediaStream."""
        number, answer = self._server.send(control.Play(self.number, tuple(sources), interrupt, loop))
        try:
            report: PlayReport = await answer
        except asyncio.CancelledError:
            self._server.tell(control.Stop(self.number, number))
            raise
        return report

    async def stop(self) -> None:
        """See MediaStream."""
        await self._server.call(control.Stop(self.number))

    async def press(self, keys: str) -> None:
        """See MediaStream."""
        await self._server.call(control.Press(self.number, keys))

    async def record(self, path: Path, *, limit: float, silence: float | None = None) -> float:
        """See MediaStream."""
        number, answer = self._server.send(control.Record(self.number, path, limit, silence))
        try:
            seconds: float = await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._server.tell(control.StopRecording(self.number, number))
            with contextlib.suppress(WorkerDiedError, AudioFileError):
                await answer
            raise
        return seconds

    async def stop_recording(self) -> None:
        """See MediaStream."""
        await self._server.call(control.StopRecording(self.number))

    async def start_tape(self, path: Path, *, stereo: bool = False) -> None:
        """See MediaStream."""
        try:
            await self._server.call(control.StartTape(self.number, path, stereo))
        except asyncio.CancelledError:
            self._server.tell(control.StopTape(self.number))
            raise

    async def stop_tape(self) -> float:
        """See MediaStream."""
        seconds: float = await self._server.call(control.StopTape(self.number))
        return seconds

    async def stats(self) -> StreamStats:
        """See MediaStream."""
        stats: StreamStats = await self._server.call(control.GetStats(self.number))
        return stats

    async def close(self) -> StreamStats:
        """See MediaStream. The ports of a dead worker are free already."""
        stats = StreamStats()
        with contextlib.suppress(WorkerDiedError):
            stats = await self._server.call(control.Close(self.number))
        self._server.forget(self.number)
        return stats


class _Room:
    """Implements `media.api.MediaRoom`."""

    def __init__(self, server: MediaWorker, number: int) -> None:
        self._server = server
        self._number = number

    async def add(self, stream: MediaStream, *, speaks: bool = True, gain: int = 0) -> None:
        """See MediaRoom."""
        await self._server.call(control.Enter(_number(stream), self._number, speaks, gain))

    async def remove(self, stream: MediaStream) -> None:
        """See MediaRoom."""
        await self._server.call(control.Leave(_number(stream), self._number))

    async def close(self) -> None:
        """See MediaRoom."""
        await self._server.call(control.CloseRoom(self._number))


def _take_note(answer: asyncio.Future[Any]) -> None:
    """An error of this answer is that the worker died, which is told otherwise."""
    if not answer.cancelled():
        answer.exception()


def _died() -> WorkerDiedError:
    return WorkerDiedError("the media worker is gone")


def _number(stream: MediaStream) -> int:
    if not isinstance(stream, _Stream):
        raise TypeError("a stream of this worker is needed")
    return stream.number


async def start_worker(*, rtp_ports: range) -> MediaWorker:
    """Start a worker process that listens on `rtp_ports`, and return when it is ready.

    Raises WorkerDiedError if it does not start; its own words are on stderr.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "cordboard.media.worker",  # -P: no modules of the current folder
                "--control", str(theirs.fileno()), "--ports", str(rtp_ports.start), str(rtp_ports.stop - 1),
                stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # numpy would start a thread for each processor
            )  # fmt: skip
        except BaseException:
            ours.close()
            raise
    loop = asyncio.get_running_loop()
    _, server = await loop.create_connection(lambda: MediaWorker(process), sock=ours)
    try:
        async with asyncio.timeout(_START_SECONDS):
            await server.call(control.Hello())
    except (TimeoutError, WorkerDiedError) as error:
        await server.close()
        raise WorkerDiedError("the media worker did not start: see what it wrote on stderr") from error
    except BaseException:
        await server.close()
        raise
    server.guard()
    return server
