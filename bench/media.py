# ruff: noqa: T201  (a program that prints what it measured)
"""What the media worker costs: `python bench/media.py [--streams 300] [--seconds 10] [--rounds 3]`.

Four loads on loopback, measured some rounds each; the median is printed. The worker's CPU comes from the kernel, and
the gaps from a process of its own, which stamps each packet as it takes it (so a late sink looks like a late worker: on
a busy machine the truth is better than what is printed).

- playing: every stream plays one shared tone, round and round, to the sink.
- bridged: pairs of streams, joined. A process of peers sends to each leg and takes what the worker forwards to it; it
  looks every 5 ms, and its own lateness is in the gaps twice.
- taped: the same, and each talk is recorded in stereo.
- rooms: the same peers, all of whom speak, in rooms of 10 and of 30. A member-second is one second of one of them.
"""

import argparse
import asyncio
import contextlib
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cordboard.media.api import Codec, MediaStream, Remote, ToneSpec
from cordboard.media.client import MediaWorker, start_worker

_WORKER_PORT = 20000
_LATE = 0.04
_TONE = ToneSpec((425.0,), on=1.0)


class _Handler:
    def key_pressed(self, key: str, duration: float) -> None:
        """Not of interest."""

    def lost(self) -> None:
        """Not of interest."""


@dataclass(frozen=True)
class Measured:
    """One round."""

    packets_a_second: float
    microseconds_a_packet: float
    core: float
    """Part of a core that the worker used."""
    gaps: int
    late: int
    longest: float


def sink(port: int, seconds: float) -> None:
    """Count the packets of all sources and the gaps between them. The rest of the program reads its one line."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        receiver.bind(("127.0.0.1", port))
        receiver.setblocking(False)
        buffer = bytearray(2048)
        last: dict[int, float] = {}
        gaps = late = 0
        longest = 0.0
        ssrc = struct.Struct("!8xI").unpack_from
        print("ready", flush=True)
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            # Not woken by each packet: on loopback it would be the sender who pays for that.
            time.sleep(0.001)
            with contextlib.suppress(BlockingIOError):
                while True:
                    receiver.recv_into(buffer)
                    now = time.monotonic()
                    (source,) = ssrc(buffer)
                    gap = now - last.get(source, now)
                    last[source] = now
                    gaps += 1
                    longest = max(longest, gap)
                    late += gap > _LATE
    print(gaps, late, longest)


def peers(first: int, legs: int, seconds: float, *, speak: bool) -> None:
    """Send to each leg, if they are to speak, and count what comes back, like `sink`.

    Leg n listens on _WORKER_PORT + 2n, its peer on first + n.
    """
    header = struct.Struct("!BBHII")
    gaps = late = 0
    longest = 0.0
    with contextlib.ExitStack() as stack, select.epoll() as poller:
        sockets = {}
        for number in range(legs):
            one = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.bind(("127.0.0.1", first + number))
            one.connect(("127.0.0.1", _WORKER_PORT + 2 * number))
            one.setblocking(False)
            poller.register(one, select.EPOLLIN)
            sockets[one.fileno()] = one
        last = dict.fromkeys(sockets, 0.0)
        everyone = list(sockets.values())
        voice = bytes(range(160))
        print("ready", flush=True)
        due = time.monotonic()
        for tick in range(int(seconds / 0.005)):
            due += 0.005
            time.sleep(max(0.0, due - time.monotonic()))
            frame = header.pack(0x80, 8, tick // 4 & 0xFFFF, tick // 4 * 160, 1) + voice
            for one in everyone[tick % 4 :: 4] if speak else ():
                one.send(frame)
            now = time.monotonic()
            for descriptor, _ in poller.poll(0, legs):
                sockets[descriptor].recv(2048)
                gap = now - (last[descriptor] or now)
                last[descriptor] = now
                gaps += 1
                longest = max(longest, gap)
                late += gap > _LATE
    print(gaps, late, longest)


def _cpu(pid: int) -> float:
    """Seconds of CPU, all threads. Not by clock ticks: our loop beats with them."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


async def _sent(streams: Sequence[MediaStream]) -> int:
    return sum(one.sent for one in await asyncio.gather(*(stream.stats() for stream in streams)))


async def _measure(worker: MediaWorker, streams: Sequence[MediaStream], seconds: float, *other_end: str) -> Measured:
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *other_end, "--seconds", str(seconds + 1), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    await asyncio.sleep(0.3)
    sent_before = await _sent(streams)
    before, started = _cpu(worker.pid), time.monotonic()
    await asyncio.sleep(seconds)
    sent = await _sent(streams) - sent_before
    used, passed = _cpu(worker.pid) - before, time.monotonic() - started
    rate = sent / passed
    out, _ = await process.communicate()
    gaps, late, longest = out.split()
    return Measured(rate, used / passed / rate * 1e6, used / passed, int(gaps), int(late), float(longest))


def _floor() -> float:
    """Microseconds of CPU that `sendto` alone takes here and now: what no program in Python can be under."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as by:
        to.bind(("127.0.0.1", 0))
        address, packet, count = to.getsockname(), bytes(172), 15_000
        before = time.thread_time()
        for _ in range(count):
            by.sendto(packet, address)
        return (time.thread_time() - before) / count * 1e6


def _report(title: str, rounds: list[Measured], note: str) -> None:
    def median(name: str) -> float:
        values: list[float] = [getattr(one, name) for one in rounds]
        return statistics.median(values)

    gaps, late = sum(one.gaps for one in rounds), sum(one.late for one in rounds)
    print(f"{title}, median of {len(rounds)} rounds")
    print(f"  {median('packets_a_second'):.0f} packets/s, {median('core'):.1%} of a core")
    print(f"  {median('microseconds_a_packet'):.1f} µs of CPU a packet {note}")
    print(f"  gaps over 40 ms: {late} of {gaps} ({late / max(gaps, 1):.3%}), longest {median('longest') * 1e3:.0f} ms")


async def playing(streams: int, seconds: float, rounds: int, port: int) -> None:
    """The first load."""
    worker = await start_worker(rtp_ports=range(_WORKER_PORT, _WORKER_PORT + 2 * streams))
    try:
        opened = [await worker.open(_Handler(), host="127.0.0.1") for _ in range(streams)]
        for stream in opened:
            await stream.set_remote(Remote("127.0.0.1", port, Codec.PCMA, 8, 101))
        plays = [asyncio.create_task(stream.play([_TONE], loop=True)) for stream in opened]
        other_end = ("--sink", str(port))
        measured = [await _measure(worker, opened, seconds, *other_end) for _ in range(rounds)]
        _report(f"{streams} streams playing", measured, "sent")
        for play in plays:
            play.cancel()
        await asyncio.gather(*plays, return_exceptions=True)
    finally:
        await worker.close()


async def bridged(pairs: int, seconds: float, rounds: int, port: int, *, tapes: Path | None = None) -> None:
    """The second load, and with a folder for `tapes` the third."""
    legs = 2 * pairs
    worker = await start_worker(rtp_ports=range(_WORKER_PORT, _WORKER_PORT + 2 * legs))
    try:
        opened = [await worker.open(_Handler(), host="127.0.0.1") for _ in range(legs)]
        for number, stream in enumerate(opened):
            await stream.set_remote(Remote("127.0.0.1", port + number, Codec.PCMA, 8, 101))
        for one, other in zip(opened[::2], opened[1::2], strict=True):
            await worker.join(one, other)
            if tapes is not None:
                await one.start_tape(tapes / f"{one.address[1]}.wav", stereo=True)
        other_end = ("--peers", str(port), str(legs))
        measured = [await _measure(worker, opened, seconds, *other_end) for _ in range(rounds)]
        _report(f"{pairs} bridged pairs{', taped' if tapes else ''}", measured, "received and forwarded")
    finally:
        await worker.close()


async def rooms(count: int, members: int, seconds: float, rounds: int, port: int) -> None:
    """The fourth load."""
    legs = count * members
    worker = await start_worker(rtp_ports=range(_WORKER_PORT, _WORKER_PORT + 2 * legs))
    try:
        opened = [await worker.open(_Handler(), host="127.0.0.1") for _ in range(legs)]
        for number, stream in enumerate(opened):
            await stream.set_remote(Remote("127.0.0.1", port + number, Codec.PCMA, 8, 101))
        for first in range(0, legs, members):
            room = await worker.room()
            for stream in opened[first : first + members]:
                await room.add(stream)
        for speaking in (True, False):
            other_end = ("--peers" if speaking else "--listeners", str(port), str(legs))
            measured = [await _measure(worker, opened, seconds, *other_end) for _ in range(rounds)]
            what = "all speak" if speaking else "nobody speaks"
            _report(f"{count} room(s) of {members}, {what}", measured, "received, mixed and sent")
            core = statistics.median(one.core for one in measured)
            print(f"  {core / legs * 1e3:.3f} ms of CPU a member-second")
    finally:
        await worker.close()


def main() -> None:
    """Read the options and run all loads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=30000, help="of the other end, the first")
    parser.add_argument("--sink", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rooms", type=int, default=10, help="of 10 members, and a third of them of 30")
    parser.add_argument("--peers", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--listeners", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peers or options.listeners:
        first, legs = options.peers or options.listeners
        peers(first, legs, options.seconds, speak=bool(options.peers))
        return
    if options.sink is not None:
        sink(options.sink, options.seconds)
        return
    print(f"sendto alone, in a tight loop: {statistics.median(_floor() for _ in range(5)):.1f} µs of CPU a packet")
    asyncio.run(playing(options.streams, options.seconds, options.rounds, options.port))
    asyncio.run(bridged(options.pairs, options.seconds, options.rounds, options.port))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(bridged(options.pairs, options.seconds, options.rounds, options.port, tapes=Path(folder)))
    for members in (10, 30):
        count = max(1, options.rooms * 10 // members)
        asyncio.run(rooms(count, members, options.seconds, options.rounds, options.port))


if __name__ == "__main__":
    main()
