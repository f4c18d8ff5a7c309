"""What the worker does at the commands that concern recordings: of what a party says, and of a whole talk."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from cordboard.media import control
from cordboard.media.helper import Helper
from cordboard.media.recordings import Recording, Recordings
from cordboard.media.stream import Stream
from cordboard.media.tape import TalkTape, VoiceTape

_log = logging.getLogger(__name__)


class Answer(Protocol):
    """Answers a request with its result or its error."""

    def __call__(self, request: int, result: Any = None, error: Exception | None = None) -> None:
        """See above."""


class Taping:
    """A stream has at most one recording of its party and one tape of its talk."""

    def __init__(
        self, streams: Mapping[int, Stream], helper: Helper, clock: Callable[[], float], answer: Answer
    ) -> None:
        self._streams = streams
        self._clock = clock
        self._answer = answer
        self.recordings = Recordings(helper, clock)

    # --- what a party says ------------------------------------------------------------------------------------

    def record(self, request: int, command: control.Record) -> None:
        """Begin; the one that runs ends."""
        stream = self._streams[command.stream]
        if stream.recording is not None:
            self.recordings.end(stream.recording)
        tape = VoiceTape(command.path, started=self._clock(), limit=command.limit, silence=command.silence)

        def ended(seconds: float | None, error: Exception | None) -> None:
            if stream.recording is recording:
                stream.recording = None
                stream.choose_keeping()
            self._answer(request, seconds, error)

        recording = stream.recording = Recording(request, tape, opened=lambda: None, answer=ended)
        stream.choose_keeping()
        self.recordings.start(recording)

    def stop_recording(self, request: int, command: control.StopRecording) -> None:
        """End it, if it is the one that is meant."""
        recording = self._streams[command.stream].recording
        if recording is not None and command.record in (None, recording.request):
            self.recordings.end(recording)
        self._answer(request)

    # --- a talk -----------------------------------------------------------------------------------------------

    def start_tape(self, request: int, command: control.StartTape) -> None:
        """Begin, and answer when the file is there; the one that runs ends."""
        stream = self._streams[command.stream]
        if stream.tape is not None:
            self.recordings.end(stream.tape)
        stream.tape_error = None
        is_open = False

        def opened() -> None:
            nonlocal is_open
            is_open = True
            self._answer(request)

        def ended(_: float | None, error: Exception | None) -> None:
            if stream.tape is recording:
                stream.tape = None
                stream.tape_error = error if is_open else None
                stream.choose_keeping()
            if not is_open:
                self._answer(request, None, error)
            elif error is not None:
                _log.error("a recording has ended, its call goes on: %s", error)

        tape = TalkTape(command.path, started=self._clock(), stereo=command.stereo)
        recording = stream.tape = Recording(request, tape, opened=opened, answer=ended)
        stream.choose_keeping()
        self.recordings.start(recording)

    def stop_tape(self, request: int, command: control.StopTape) -> None:
        """End it, and answer with its seconds or with the error that has ended it before."""
        stream = self._streams[command.stream]
        recording, error = stream.tape, stream.tape_error
        stream.tape_error = None
        if recording is None:
            self._answer(request, 0.0 if error is None else None, error)
            return
        self._also(recording, partial(self._answer, request))
        self.recordings.end(recording)

    # --- the end ----------------------------------------------------------------------------------------------

    def end(self, stream: Stream, done: Callable[[], None]) -> None:
        """End what a stream records; `done` is called when all of it is complete."""
        running = [one for one in (stream.recording, stream.tape) if one is not None]
        stream.recording = stream.tape = None
        stream.choose_keeping()
        if not running:
            done()
        remaining = len(running)

        def one_less(_: float | None, __: Exception | None) -> None:
            nonlocal remaining
            remaining -= 1
            if not remaining:
                done()

        for recording in running:
            self._also(recording, one_less)
            self.recordings.end(recording)

    @staticmethod
    def _also(recording: Recording, tell: Callable[[float | None, Exception | None], None]) -> None:
        former = recording.answer

        def both(seconds: float | None, error: Exception | None) -> None:
            former(seconds, error)
            tell(seconds, error)

        recording.answer = both
