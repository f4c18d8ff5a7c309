"""Debian's SIPp as the far end of a call: one process, one scenario file, everything on 127.0.0.1."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

from cordboard.testing.office_process import free_port

_INCLUDE = re.compile(r"^<\?include (\S+)\?>$", re.MULTILINE)
_TRANSPORTS = {"udp": "u1", "tcp": "t1"}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Sipp:
    """SIPp as it runs. Made by `sipp`."""

    process: "subprocess.Popen[bytes]"
    port: int
    within: float
    files: Path
    """The beginning of the names of its files."""

    def finish(self) -> str:
        """Wait for its end and return the messages. Raises AssertionError with them unless every call succeeded."""
        try:
            status: int | str = self.process.wait(self.within + 5.0)
        except subprocess.TimeoutExpired:
            status = "none: it did not end in time"
        assert status == 0, f"SIPp's exit status is {status}\n{self.told}"
        return self.messages

    @property
    def messages(self) -> str:
        """All messages that were sent and received so far."""
        return self._read("messages")

    @property
    def told(self) -> str:
        """What SIPp complains of, then the messages."""
        return self._read("errors")[:3000] + self._read("screen")[-2000:] + self.messages[-20000:]

    def _read(self, name: str) -> str:
        file = self.files.with_name(f"{self.files.name}-{name}.txt")
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


@contextmanager
def sipp(
    scenario: Path,
    work: Path,
    *,
    server: int = 0,
    number: str = "",
    account: str = "",
    password: str = "",
    port: int = 0,
    transport: str = "udp",
    rtp_port: int = 9,
    calls: int = 1,
    within: float = 10.0,
    retransmits: bool = True,
) -> Iterator[Sipp]:
    """Start SIPp with `scenario`; without a `server` it waits for a call, and is ready when this gives it.

    In a scenario the line `<?include FILE?>` stands for the text of FILE beside it; [service] is `number`, [account]
    and [rtp_port] are the arguments. `within` are the seconds that all `calls` may take. Without `retransmits` each
    message that arrives again is a message of the scenario. Its files go to `work`. It is killed at the end.
    """
    program = shutil.which("sipp")
    assert program, "sipp is missing: run `make test`, or apt-get install sip-tester"
    port = port or free_port()
    files = work / f"{scenario.stem}-{next(_numbers)}"
    script = files.with_name(f"{files.name}-scenario.xml")
    script.write_text(_included(scenario), encoding="utf-8")
    command = [program, "-sf", str(script), "-i", "127.0.0.1", "-p", str(port), "-t", _TRANSPORTS[transport]]
    command += ["-m", str(calls), "-l", str(calls), "-r", "20", "-nostdin", "-skip_rlimit", "-deadcall_wait"]
    command += ["0", "-timeout", f"{within:.0f}", "-timeout_error", "-trace_msg", "-message_file"]
    command += [f"{files}-messages.txt", "-trace_err", "-error_file", f"{files}-errors.txt"]
    command += ["-key", "rtp_port", str(rtp_port), "-key", "account", account or "sipp"]
    if password:
        command += ["-au", account, "-ap", password]
    if number:
        command += ["-s", number]
    if not retransmits:
        command += ["-nr"]
    if server:
        command += [f"127.0.0.1:{server}"]
    with files.with_name(f"{files.name}-screen.txt").open("wb") as screen:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=work)
    running = Sipp(process, port, within, files)
    try:
        if not server:
            _wait_until_bound(running)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _included(scenario: Path) -> str:
    return _INCLUDE.sub(
        lambda found: (scenario.parent / found[1]).read_text(encoding="utf-8"), scenario.read_text(encoding="utf-8")
    )


def _wait_until_bound(running: Sipp) -> None:
    end = time.monotonic() + 5.0
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", running.port))
            except OSError:
                return
        assert running.process.poll() is None, f"SIPp ended at once\n{running.told}"
        assert time.monotonic() < end, f"SIPp does not listen\n{running.told}"
        time.sleep(0.02)


class Ear:
    """A UDP port that takes RTP and does nothing else. The system keeps what has come until it is asked for."""

    def __init__(self) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self.packets: list[bytes] = []
        self.sources: set[int] = set()
        """The ports from which packets came."""

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def heard(self) -> int:
        """The number of packets until now."""
        while True:
            try:
                packet, (_, port) = self._socket.recvfrom(2048)
            except BlockingIOError:
                return len(self.packets)
            self.packets.append(packet)
            self.sources.add(port)

    @property
    def missing(self) -> int:
        """How many sequence numbers are not there between the first and the last packet, in order."""
        numbers = [int.from_bytes(packet[2:4], "big") for packet in self.packets]
        return sum((after - before - 1) & 0xFFFF for before, after in pairwise(numbers))
