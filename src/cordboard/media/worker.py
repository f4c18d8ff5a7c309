"""The media worker: `python -m cordboard.media.worker --control FD --ports FIRST LAST`, started by `client`.

One loop on a grid of 5 ms. At each tick it sends the frames of a quarter of the streams, takes what has arrived, does
the commands that have come, tells what the helper thread has done, and sleeps until the next tick. Without streams it
sleeps until a command comes.

If it falls behind (other processes had the processor) it sends what was due at once, but no more than two frames of
each stream: after a longer pause the grid moves on and the voices are late by the pause, instead of a burst that would
overrun the buffers of the phones.

Garbage is collected by plan: what exists after the start is frozen, and the collector runs when the last stream is
gone, and over the young objects once a minute. The hot path makes no cycles.

It ends when the control socket does, so it cannot outlive the exchange. It does not hear Ctrl+C, which is meant for the
exchange, who ends it when the calls have been ended.
"""

import argparse
import gc
import logging
import resource
import select
import signal
import socket
import sys
import time
from typing import Final

from cordboard.media import control
from cordboard.media.desk import Desk
from cordboard.media.helper import Helper
from cordboard.media.ports import PortRange

TICK_SECONDS: Final = 0.005
CATCH_UP_SECONDS: Final = 0.04
_YOUNG_GARBAGE_TICKS = 12_000
_IDLE_SECONDS = 60.0
_SWITCH_SECONDS = 0.0005  # so long the helper thread may keep the interpreter when the loop wants it
_FAREWELL_SECONDS = 5.0  # for the disk to take the last of the recordings
_UNREAD_LIMIT = 64 << 20  # bytes of answers for an exchange that has ceased to read: it hangs, its calls are lost

_log = logging.getLogger(__name__)


class Worker:
    """The loop, its desk and its control socket."""

    def __init__(self, channel: socket.socket, ports: PortRange, cname: str) -> None:
        self._channel = channel
        self._channel.setblocking(False)
        self._splitter = control.Splitter()
        self._unsent = bytearray()
        self._helper = Helper()
        self._desk = Desk(ports, self._helper, self._say, cname)
        self._running = True

    def stop(self) -> None:
        """End after this tick."""
        self._running = False

    def run(self) -> None:
        """Work until the exchange is gone or `stop` was called. Recordings are complete then."""
        try:
            while self._running:
                if len(self._desk.pump) or self._helper.busy or self._unsent:
                    self._stay_on_grid()
                gc.collect()
                self._wait_for_command()
        finally:
            self._farewell()

    def _stay_on_grid(self) -> None:
        pump, recordings = self._desk.pump, self._desk.recordings
        due = time.monotonic()
        while self._running and (len(pump) or self._helper.busy or self._unsent):
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            now = time.monotonic()
            due = max(due, now - CATCH_UP_SECONDS)
            while due <= now:
                pump.send()
                recordings.write(pump.tick)
                due += TICK_SECONDS
            pump.receive()
            self._hear()
            self._helper.collect()
            if pump.tick % _YOUNG_GARBAGE_TICKS == 0:
                gc.collect(1)
            self._flush()

    def _wait_for_command(self) -> None:
        if self._running:
            select.select([self._channel], [], [], _IDLE_SECONDS)
            self._hear()
            self._flush()

    # --- the exchange -----------------------------------------------------------------------------------------

    def _hear(self) -> None:
        try:
            data = self._channel.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.stop()
            return
        for message in self._splitter.feed(data):
            if isinstance(message, control.Request):
                self._desk.handle(message)

    def _say(self, message: control.Message) -> None:
        self._unsent += control.encode(message)

    def _flush(self) -> None:
        if not self._unsent:
            return
        try:
            del self._unsent[: self._channel.send(self._unsent)]
        except BlockingIOError:
            if len(self._unsent) > _UNREAD_LIMIT:
                _log.error("the exchange does not read what the media worker says: the worker ends")
                self.stop()
        except OSError:
            self.stop()

    def _farewell(self) -> None:
        self._desk.close()
        until = time.monotonic() + _FAREWELL_SECONDS
        while self._helper.busy and time.monotonic() < until:
            time.sleep(TICK_SECONDS)
            self._helper.collect()
        self._helper.close()
        self._flush()
        self._channel.close()


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    """Run the worker of this process."""
    parser = argparse.ArgumentParser(prog="python -m cordboard.media.worker", description="Started by the exchange.")
    parser.add_argument("--control", type=int, required=True, help="descriptor of the socket to the exchange")
    parser.add_argument("--ports", type=int, nargs=2, required=True, help="first and last port for RTP and RTCP")
    options = parser.parse_args()
    logging.basicConfig(format="media worker: %(message)s")
    first, last = options.ports
    worker = Worker(socket.socket(fileno=options.control), PortRange(range(first, last + 1)), cname="cordboard")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    _allow_many_files()
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.disable()
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
