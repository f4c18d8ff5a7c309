"""What the worker does at each command: streams are opened, joined, told to play, and those who asked are answered.

Nothing here waits. Whatever takes long is a job of the helper thread, or ends at a later tick of the pump.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

from cordboard.media import control
from cordboard.media.api import NoPortError, PlayReport, PlayStop, StreamStats
from cordboard.media.g711 import FRAME_SECONDS, TRANSCODE
from cordboard.media.helper import Helper
from cordboard.media.ports import PortRange
from cordboard.media.prompts import Part, Shelf, lay_out
from cordboard.media.pump import Pump
from cordboard.media.stream import PHASES, Playing, Stream
from cordboard.media.taping import Taping
from cordboard.media.together import Together

_GONE: Final[dict[type, Any]] = {
    control.Play: PlayReport(PlayStop.STOPPED),
    control.Record: 0.0,
    control.StopTape: 0.0,
    control.GetStats: StreamStats(),
    control.Close: StreamStats(),
}
"""The results of commands to a stream that was closed meanwhile; None for the others."""

_log = logging.getLogger(__name__)


class Desk:
    """Takes requests, gives answers through `say`. Is the listener of its pump."""

    def __init__(
        self,
        ports: PortRange,
        helper: Helper,
        say: Callable[[control.Message], None],
        cname: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` in seconds."""
        self._ports = ports
        self._helper = helper
        self._say = say
        self._shelf = Shelf()
        self._numbers = count(1)
        self._streams: dict[int, Stream] = {}
        self._clock = clock
        self._taping = Taping(self._streams, helper, clock, self._answer)
        self.recordings = self._taping.recordings
        self.pump = Pump(self, cname, clock)
        self._together = Together(self.pump)
        self._commands: dict[type, Callable[[int, Any], None]] = {
            control.Hello: self._hello,
            control.Open: self._open,
            control.SetRemote: self._set_remote,
            control.Play: self._play,
            control.Stop: self._stop,
            control.Press: self._press,
            control.Record: self._taping.record,
            control.StopRecording: self._taping.stop_recording,
            control.StartTape: self._taping.start_tape,
            control.StopTape: self._taping.stop_tape,
            control.GetStats: self._get_stats,
            control.Join: self._join,
            control.Part: self._part,
            control.Watch: self._watch,
            control.Unwatch: self._unwatch,
            control.OpenRoom: self._open_room,
            control.Enter: self._enter,
            control.Leave: self._leave,
            control.CloseRoom: self._close_room,
            control.Close: self._close,
        }

    def handle(self, request: control.Request) -> None:
        """Do one command; its answer may come later."""
        command = request.command
        numbers = [getattr(command, name) for name in ("stream", "a", "b") if hasattr(command, name)]
        if not all(number in self._streams for number in numbers):
            self._answer(request.id, _GONE.get(type(command)))
            return
        try:
            self._commands[type(command)](request.id, command)
        except Exception as error:  # noqa: BLE001  (whoever asked gets it; the other calls must go on)
            if not isinstance(error, (ValueError, NoPortError)):
                _log.exception("a command failed: %s", command)
            self._answer(request.id, None, error)

    def close(self) -> None:
        """Complete the recordings and close all streams. The helper must still work."""
        self.recordings.end_all()
        self.pump.close()

    def _answer(self, request: int, result: Any = None, error: Exception | None = None) -> None:
        if error is None:
            self._say(control.Reply(request, result))
        else:
            self._say(control.Refusal(request, type(error).__name__, str(error)))

    # --- streams ----------------------------------------------------------------------------------------------

    def _hello(self, request: int, _: control.Hello) -> None:
        self._answer(request)

    def _open(self, request: int, command: control.Open) -> None:
        rtp, rtcp = self._ports.bind(command.host)
        stream = Stream(next(self._numbers), rtp, rtcp)
        self._streams[stream.number] = stream
        self.pump.add(stream)
        self._answer(request, control.Opened(stream.number, *stream.address))

    def _set_remote(self, request: int, command: control.SetRemote) -> None:
        self._streams[command.stream].set_remote(command.remote)
        self._answer(request)

    def _get_stats(self, request: int, command: control.GetStats) -> None:
        self._answer(request, self._stats(self._streams[command.stream]))

    def _stats(self, stream: Stream) -> StreamStats:
        since = None if stream.last_received is None else self._clock() - stream.last_received
        return StreamStats(
            sent=stream.sent, received=stream.received, lost=stream.lost, strangers=stream.strangers,
            malformed=stream.malformed, last_received=since,
        )  # fmt: skip

    def _close(self, request: int, command: control.Close) -> None:
        stream = self._streams.pop(command.stream)
        self._end_play(stream, PlayStop.STOPPED)
        for pressing in stream.pressing:
            if pressing.request is not None:
                self._answer(pressing.request)
        self._together.forget(stream)
        self.pump.remove(stream)
        stream.close()
        self._taping.end(stream, partial(self._answer, request, self._stats(stream)))

    # --- join and part ----------------------------------------------------------------------------------------

    def _join(self, request: int, command: control.Join) -> None:
        pair = self._streams[command.a], self._streams[command.b]
        for stream in pair:
            self._end_play(stream, PlayStop.STOPPED)
        self._together.join(*pair)
        self._answer(request)

    def _part(self, request: int, command: control.Part) -> None:
        self._together.part(self._streams[command.a], self._streams[command.b])
        self._answer(request)

    # --- third ones -------------------------------------------------------------------------------------------

    def _watch(self, request: int, command: control.Watch) -> None:
        watched, own = self._streams[command.a], self._streams[command.b]
        if not self._together.watches(watched, own):
            self._end_play(own, PlayStop.STOPPED)
        self._together.watch(watched, own, command.how)
        self._answer(request)

    def _unwatch(self, request: int, command: control.Unwatch) -> None:
        self._together.unwatch(self._streams[command.a], self._streams[command.b])
        self._answer(request)

    # --- rooms ------------------------------------------------------------------------------------------------

    def _open_room(self, request: int, _: control.OpenRoom) -> None:
        self._answer(request, self._together.open_room())

    def _enter(self, request: int, command: control.Enter) -> None:
        stream = self._streams[command.stream]
        if not self._together.is_in(stream, command.room):
            self._end_play(stream, PlayStop.STOPPED)
        self._together.enter(stream, command.room, speaks=command.speaks, gain=command.gain)
        self._answer(request)

    def _leave(self, request: int, command: control.Leave) -> None:
        self._together.leave(self._streams[command.stream], command.room)
        self._answer(request)

    def _close_room(self, request: int, command: control.CloseRoom) -> None:
        self._together.close_room(command.room)
        self._answer(request)

    # --- play -------------------------------------------------------------------------------------------------

    def _play(self, request: int, command: control.Play) -> None:
        stream = self._streams[command.stream]
        self._end_play(stream, PlayStop.STOPPED)
        playing = stream.playing = Playing(request, command.interrupt)
        codec = stream.codec

        def begin(parts: list[Part] | None, error: Exception | None) -> None:
            if stream.playing is not playing:
                return  # stopped before it began
            if parts is None:
                stream.playing = None
                stream.rest(self.pump.tick)
                self._answer(request, None, error)
                return
            stream.own_voice(self.pump.tick)
            stream.frames = lay_out(parts, loop=command.loop)
            if stream.codec is not codec:
                table = TRANSCODE[codec, stream.codec]
                stream.frames = (frame.translate(table) for frame in stream.frames)
            playing.started = self.pump.tick

        self._helper.submit(partial(self._shelf.parts, command.sources, codec, loop=command.loop), begin)

    def _stop(self, request: int, command: control.Stop) -> None:
        stream = self._streams[command.stream]
        if stream.playing is not None and command.play in (None, stream.playing.request):
            self._end_play(stream, PlayStop.STOPPED)
        self._answer(request)

    def played(self, stream: Stream) -> None:
        """See pump.Listener."""
        self._end_play(stream, PlayStop.FINISHED)

    def _end_play(self, stream: Stream, why: PlayStop, key: str = "") -> None:
        playing, stream.playing = stream.playing, None
        if playing is None:
            return
        ticks = 0 if playing.started is None else self.pump.tick - playing.started
        self._answer(playing.request, PlayReport(why, key, seconds=ticks // PHASES * FRAME_SECONDS))
        stream.rest(self.pump.tick)

    # --- keys -------------------------------------------------------------------------------------------------

    def _press(self, request: int, command: control.Press) -> None:
        self._streams[command.stream].press(command.keys, request, self.pump.tick)

    def pressed(self, stream: Stream) -> None:
        """See pump.Listener."""
        request = stream.pressing.popleft().request
        if request is not None:
            self._answer(request)
        stream.keys = stream.pressing[0].frames if stream.pressing else None
        if stream.keys is None:
            stream.marker = 0x80
            if stream.other is not None and stream.playing is None:
                stream.rest(self.pump.tick)

    def heard_key(self, stream: Stream, key: str, duration: float) -> None:
        """See pump.Listener."""
        self._take_key(stream, key, duration)
        other = stream.other
        if other is not None and (other.dtmf_kind is None or other.grid is not None):
            other.press(key, None, self.pump.tick)

    def heard_tone(self, stream: Stream, key: str) -> None:
        """See pump.Listener."""
        self._take_key(stream, key, 0.0)

    def _take_key(self, stream: Stream, key: str, duration: float) -> None:
        self._say(control.KeyPressed(stream.number, key, duration))
        if stream.playing is not None and key in stream.playing.interrupt:
            self._end_play(stream, PlayStop.KEY, key)
