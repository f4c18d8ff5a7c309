# ruff: noqa: T201, S603, S607  (a program that prints what it measured, and starts the programs that it names)
"""What a call costs: `bench/run [--no-peer] [--rounds 3] [--rate 50] [--calls 300] [--seconds 10] [--quick]`.

Two loads on loopback, made by SIPp, for Cordboard and in turn for a real Asterisk (bench/peer), some rounds each; the
medians are printed. Figures differ from machine to machine: the ratio of the two says more than either.

- answered: calls come at `--rate` a second for `--seconds`; each is answered and hangs up at once.
- playing: `--calls` calls at a time hear a tone for `--seconds`; their packets come to bench/sink.c.

CPU is that of the exchange with all its processes, as the kernel counts it. At the end bench/media.py tells what the
media worker costs alone. The exit status is 1 if a call failed, and
never depends on a time.
"""

import argparse
import contextlib
import csv
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from cordboard.media.api import Codec
from cordboard.media.g711 import encode
from cordboard.testing.audio import read_wav, tone_wav
from cordboard.testing.office_process import free_port, office_process, until

HERE = Path(__file__).parent
PEER_FOLDER = Path(os.environ.get("CORDBOARD_PEER", HERE.parent / ".cache/peer"))
PLAYING, ANSWERED = "100", "101"
_TONE_SECONDS = 60.0
_HANGS_UP_AFTER = 0.2
_CALLS_BEGIN = 30
"""Playing calls that begin in a second."""
_MOST_CALLS = 380
"""Cordboard's RTP range here has 800 ports, two for a call."""
_MOST_SECONDS = 30
"""The tone and the peer's answer last a minute."""
_MOST_RATE = 400


class MissingError(Exception):
    """Something is not installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """An exchange that runs."""

    name: str
    pid: int
    sip_port: int
    from_port: int
    """Where the calls must come from."""

    def cpu(self) -> float:
        """Seconds of CPU that it and its processes have used, all threads."""
        return sum(_cpu(pid) for pid in _family(self.pid))


@dataclass(frozen=True, slots=True)
class Answered:
    """One round of the first load."""

    failed: int
    cpu_ms_a_call: float
    response_ms: float
    """From INVITE to 200, median. SIPp's clock goes in steps of the kernel's tick: 1 to 10 ms."""
    slow_response_ms: float
    """99 of 100 were answered within this."""


@dataclass(frozen=True, slots=True)
class Playing:
    """One round of the second load."""

    failed: int
    cpu_ms_a_call_second: float
    streams: int
    packets: int
    lost: int
    late: int
    longest_ms: float

    @property
    def late_percent(self) -> float:
        """Of all gaps, those over 40 ms."""
        return 100.0 * self.late / max(self.packets - self.streams, 1)


# --- the exchanges ----------------------------------------------------------------------------------------------


@contextmanager
def cordboard(work: Path) -> Iterator[Server]:
    """Our exchange, as a process of its own with a database of its own."""
    folder = work / "cordboard"
    (folder / "prompts").mkdir(parents=True)
    tone_wav(folder / "prompts/tone.wav", 425.0, seconds=_TONE_SECONDS)
    with office_process(folder, {"main": (HERE / "scenario.yaml").read_text(encoding="utf-8")}) as office:
        yield Server("Cordboard", office.pid, office.sip_port, office.city_port)


@contextmanager
def asterisk(work: Path) -> Iterator[Server]:
    """The peer in its folder. Raises MissingError."""
    if subprocess.run([HERE / "peer/setup.sh", PEER_FOLDER], check=False).returncode:
        raise MissingError("There is no peer to compare with.")
    sip_port = free_port()
    modules = next(PEER_FOLDER.glob("usr/lib/*/asterisk/modules"))
    for file in (HERE / "peer").glob("*.conf"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("SIP_PORT", str(sip_port)).replace("MULTIARCH", modules.parents[1].name)
        (PEER_FOLDER / "bench/etc" / file.name).write_text(text, encoding="utf-8")
    _write_tone(PEER_FOLDER / "bench/tone.alaw", work)
    log = work / "asterisk.log"
    command = ["chroot", str(PEER_FOLDER), "asterisk", "-C", "/bench/etc/asterisk.conf", "-f"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        until(lambda: process.poll() is not None or _answers(sip_port), within=30.0, of="the start of the peer")
        if process.poll() is not None:
            raise MissingError(f"The peer ended at once:\n{log.read_text(errors='replace')[-2000:]}")
        yield Server("Asterisk", process.pid, sip_port, free_port())
    finally:
        process.terminate()
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_tone(file: Path, work: Path) -> None:
    """The tone that Cordboard plays, in the coding that the peer need not change."""
    samples = read_wav(tone_wav(work / "tone.wav", 425.0, seconds=_TONE_SECONDS))
    file.write_bytes(encode(Codec.PCMA, samples.astype("<i2").tobytes()))


def _answers(sip_port: int) -> bool:
    """Whether anybody answers OPTIONS there, whatever they say."""
    with socket.socket(type=socket.SOCK_DGRAM) as asker:
        asker.bind(("127.0.0.1", 0))
        asker.connect(("127.0.0.1", sip_port))
        asker.settimeout(0.5)
        port = asker.getsockname()[1]
        with contextlib.suppress(OSError):
            asker.send(
                f"OPTIONS sip:127.0.0.1:{sip_port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{time.monotonic_ns()}\r\n"
                "From: <sip:bench@127.0.0.1>;tag=bench\r\n"
                f"To: <sip:127.0.0.1:{sip_port}>\r\n"
                f"Call-ID: bench{time.monotonic_ns()}\r\n"
                "CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return bool(asker.recv(4096))
    return False


def _family(pid: int) -> list[int]:
    """The process and all that came of it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    family = [pid]
    for one in family:
        family += [child for child, parent in parents.items() if parent == one]
    return family


def _cpu(pid: int) -> float:
    """Not by clock ticks: a loop that wakes every 5 ms beats with them. Threads that have ended are missing."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total += int(task.read_text().split()[0])
    return total / 1e9


# --- the loads --------------------------------------------------------------------------------------------------


@contextmanager
def _sipp(
    server: Server, work: Path, number: str, *, rate: int, calls: int, lasting: float, rtp_port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """SIPp as it makes the calls; it is killed at the end if it has not ended."""
    within = calls / rate + lasting + 20.0
    command = ["sipp", "-sf", str(HERE / "call.xml"), "-s", number, f"127.0.0.1:{server.sip_port}"]
    command += ["-i", "127.0.0.1", "-p", str(server.from_port), "-key", "rtp_port", str(rtp_port)]
    command += ["-r", str(rate), "-m", str(calls), "-l", str(calls), "-d", str(round(lasting * 1000))]
    command += ["-trace_stat", "-stf", str(work / "stat.csv"), "-trace_rtt", "-rtt_freq", "1"]
    command += ["-trace_err", "-error_file", str(work / "errors.txt"), "-deadcall_wait", "0"]
    command += ["-timeout", f"{within:.0f}", "-recv_timeout", "10000", "-timer_resol", "1", "-nostdin", "-skip_rlimit"]
    with (work / "screen.txt").open("wb") as screen:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=work)
    try:
        yield process
        with contextlib.suppress(subprocess.TimeoutExpired):  # then the calls that are not over count as failed
            process.wait(within + 10.0)
    finally:
        process.kill()
        process.wait()


def _failed(work: Path, calls: int) -> int:
    """How many calls did not go as they should; SIPp's words about them are printed."""
    stat = work / "stat.csv"
    rows = list(csv.DictReader(stat.read_text().splitlines(), delimiter=";")) if stat.exists() else []
    failed = calls - (int(rows[-1]["SuccessfulCall(C)"]) if rows else 0)
    errors = work / "errors.txt"
    if failed and errors.exists():
        print(errors.read_text(errors="replace")[:1500])
    return failed


def answered(server: Server, rate: int, seconds: int) -> Answered:
    """The first load, one round."""
    calls = rate * seconds
    with tempfile.TemporaryDirectory(prefix="cordboard-bench-") as folder, socket.socket(type=socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        work, before = Path(folder), server.cpu()
        rtp_port = ear.getsockname()[1]
        with _sipp(server, work, ANSWERED, rate=rate, calls=calls, lasting=_HANGS_UP_AFTER, rtp_port=rtp_port):
            pass
        used = server.cpu() - before
        times = sorted(_responses(work)) or [math.nan]
        slow = times[min(len(times) - 1, len(times) * 99 // 100)]
        return Answered(_failed(work, calls), used / calls * 1e3, statistics.median(times), slow)


def _responses(work: Path) -> Iterator[float]:
    for file in work.glob("*_rtt.csv"):
        for row in csv.reader(file.read_text().splitlines()[1:], delimiter=";"):
            yield float(row[1])


def playing(server: Server, calls: int, seconds: int, sink: Path) -> Playing:
    """The second load, one round. Only the time in which all calls are there is measured."""
    begin = calls / _CALLS_BEGIN + 1.0
    lasting = begin + seconds + 1.5
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="cordboard-bench-") as folder, _listening(sink, port) as ear:
        work = Path(folder)
        with _sipp(server, work, PLAYING, rate=_CALLS_BEGIN, calls=calls, lasting=lasting, rtp_port=port):
            time.sleep(begin)
            before, started = server.cpu(), time.monotonic()
            ear.stdin.write(b"count\n")  # type: ignore[union-attr]  # it has a pipe
            ear.stdin.flush()  # type: ignore[union-attr]  # as above
            time.sleep(seconds)
            used, passed = server.cpu() - before, time.monotonic() - started
            out, _ = ear.communicate(timeout=10.0)
        streams, packets, lost, late = (int(word) for word in out.split()[:4])
        cost = used / calls / passed * 1e3
        return Playing(_failed(work, calls), cost, streams, packets, lost, late, float(out.split()[4]))


@contextmanager
def _listening(sink: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sink, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", "the sink does not listen"
            yield process
        finally:
            process.kill()


# --- what is printed --------------------------------------------------------------------------------------------

_ROWS = {
    Answered: (
        ("cpu_ms_a_call", "CPU, ms a call", statistics.median, True),
        ("response_ms", "INVITE to 200, ms, median", statistics.median, True),
        ("slow_response_ms", "INVITE to 200, ms, 99 %", statistics.median, True),
        ("failed", "failed calls", sum, False),
    ),
    Playing: (
        ("cpu_ms_a_call_second", "CPU, ms a call-second", statistics.median, True),
        ("longest_ms", "longest gap, ms", statistics.median, True),
        ("late_percent", "gaps over 40 ms, %", statistics.median, False),
        ("late", "gaps over 40 ms", sum, False),
        ("lost", "lost packets", sum, False),
        ("packets", "packets", sum, False),
        ("streams", "streams heard, least", min, False),
        ("failed", "failed calls", sum, False),
    ),
}
"""Of each load: a field of its rounds, its name, how the rounds become one figure, whether a ratio says anything."""


def _report(title: str, servers: Sequence[Server], rounds: Sequence[Sequence[Answered] | Sequence[Playing]]) -> None:
    names = "".join(f"{server.name:>12}" for server in servers)
    print(f"\n{title}\n  {'':28}{names}" + ("   ours/theirs" if len(servers) > 1 else ""))
    for field, name, together, compared in _ROWS[type(rounds[0][0])]:
        figures = [together([getattr(one, field) for one in each]) for each in rounds]
        cells = "".join(f"{figure:12.3f}" if isinstance(figure, float) else f"{figure:12}" for figure in figures)
        ratio = f"{figures[0] / figures[1]:14.2f}" if compared and len(figures) > 1 and figures[1] else ""
        print(f"  {name:28}{cells}{ratio}")


def _sink(work: Path) -> Path:
    """Compile the sink. Raises MissingError."""
    if not shutil.which("gcc"):
        raise MissingError("gcc is missing, and the sink that times the packets is C: apt-get install gcc libc6-dev")
    program = work / "sink"
    if subprocess.run(["gcc", "-O2", "-o", program, HERE / "sink.c"], check=False).returncode:
        raise MissingError("The sink could not be compiled: apt-get install gcc libc6-dev")
    return program


def run(options: argparse.Namespace, work: Path) -> int:
    """Measure and print. Returns how many calls failed; raises MissingError."""
    if not shutil.which("sipp"):
        raise MissingError("sipp is missing: apt-get install sip-tester")
    sink = _sink(work)
    with ExitStack() as stack:
        servers = [stack.enter_context(cordboard(work))]
        if not options.no_peer:
            try:
                servers.append(stack.enter_context(asterisk(work)))
            except MissingError as fault:
                print(f"{fault} Only Cordboard is measured.", file=sys.stderr)
        short: list[list[Answered]] = [[] for _ in servers]
        long: list[list[Playing]] = [[] for _ in servers]
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds} …", file=sys.stderr, flush=True)
            # In turn: what else this machine does is shared by all.
            for server, results in zip(servers, short, strict=True):
                results.append(answered(server, options.rate, options.seconds))
            for server, measured in zip(servers, long, strict=True):
                measured.append(playing(server, options.calls, options.seconds, sink))
        print(f"{os.cpu_count()} cores, loopback, G.711, medians of {options.rounds} rounds, counts of all")
        calls = options.rate * options.seconds
        _report(f"{options.rate} calls a second are answered and hang up ({calls} a round)", servers, short)
        _report(f"{options.calls} calls at a time hear a tone ({options.seconds} s a round)", servers, long)
        return sum(one.failed for one in chain(*short)) + sum(one.failed for one in chain(*long))


def _up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"is a number from 1 to {most}, not {text!r}")
        return int(text)

    return number


def main() -> int:
    """Read the options and run both loads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-peer", action="store_true", help="measure Cordboard alone")
    parser.add_argument("--rounds", type=_up_to(20), default=3)
    parser.add_argument("--rate", type=_up_to(_MOST_RATE), default=50, help="answered calls a second")
    parser.add_argument("--calls", type=_up_to(_MOST_CALLS), default=300, help="playing calls at a time")
    parser.add_argument("--seconds", type=_up_to(_MOST_SECONDS), default=10, help="how long each load is measured")
    parser.add_argument("--quick", action="store_true", help="one short round: does it work at all?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, min(options.seconds, 3)
    with tempfile.TemporaryDirectory(prefix="cordboard-bench-") as folder:
        try:
            failed = run(options, Path(folder))
        except (MissingError, RuntimeError) as fault:  # the latter: our exchange does not start, and says why
            print(fault, file=sys.stderr)
            return 2
    print("\nThe media worker alone (bench/media.py)", flush=True)
    media = [sys.executable, str(HERE / "media.py"), "--rounds", str(options.rounds), "--seconds", str(options.seconds)]
    subprocess.run(media, check=False, timeout=60.0 + 4.0 * options.rounds * (options.seconds + 5.0))
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
