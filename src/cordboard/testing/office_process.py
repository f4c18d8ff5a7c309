"""A real exchange as a process of its own, for tests over the wire."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from cordboard.cli.stage import free_ports
from cordboard.office.demo import CITY_LINE, seed_demo
from cordboard.office.lines.rules import LineRules
from cordboard.office.model import InternalNumber
from cordboard.office.repositories import LoggedChain
from cordboard.store.database import open_store

T = TypeVar("T")

DATABASE = "cordboard.sqlite"
_PASSWORDS = "demo-passwords.json"
_REPOSITORY = Path(__file__).parents[3]
_UP = (sys.executable, "-m", "cordboard.cli", "up")
_RTP_FROM, _RTP_TO, _RTP_PORTS = 20000, 32000, 800
"""Below the ports that the system hands out by itself."""
START_WITHIN = 30.0
STOP_WITHIN = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class OfficeProcess:
    """One exchange that runs, with the demo office. Made by `office_process`."""

    folder: Path
    """Its data folder."""
    pid: int
    sip_port: int
    """UDP and TCP, on 127.0.0.1."""
    web_port: int
    city_port: int
    """Whoever sends from this UDP port of 127.0.0.1 is the outside world; what the office dials outside goes there."""
    rtp_ports: range
    passwords: Mapping[str, str]
    """Of each phone account."""
    log_file: Path

    def log(self) -> str:
        """What it has written so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def health(self) -> Mapping[str, Any]:
        """GET /health."""
        return dict(json.loads(_get(self.web_port, "/health")))

    def calls(self) -> Sequence[Mapping[str, Any]]:
        """GET /calls."""
        return list(json.loads(_get(self.web_port, "/calls")))

    def metrics(self) -> Mapping[str, float]:
        """GET /metrics: the exchange's own figures, without the prefix and the suffix that Prometheus wants."""
        figures = {}
        for line in _get(self.web_port, "/metrics").splitlines():
            name, _, value = line.partition(" ")
            if name.startswith("cordboard_"):
                figures[name.removeprefix("cordboard_").removesuffix("_total")] = float(value)
        return figures

    def chains(self, limit: int = 1000) -> Sequence[LoggedChain]:
        """The call log, newest first. It is written a moment after a call's change: ask by `until`."""
        return asyncio.run(_chains(self.folder / DATABASE, limit))


@contextmanager
def office_process(
    folder: Path,
    scenarios: Mapping[str, str] | None = None,
    *,
    numbers: Mapping[str, str] | None = None,
    outside: bool = False,
    again: bool = False,
) -> Iterator[OfficeProcess]:
    """Start an exchange in `folder` (made if missing) and stop it at the end.

    `scenarios` are texts by name, in place of those of the demo; `numbers` are further internal numbers with the
    scenarios that answer them. Without `outside` the far end of the line is left to the test. `again`: an exchange
    was there before, and its office stays as it is. Raises RuntimeError with the exchange's log if it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sip_port, web_port, city_port = free_port(), free_port(), free_port()
    rtp = _rtp_ports()
    kept = folder / _PASSWORDS
    if again:
        passwords = {login["account"]: login["password"] for login in json.loads(kept.read_text(encoding="utf-8"))}
    else:
        passwords = dict(asyncio.run(_seed(folder / DATABASE, city_port, numbers or {}, asked=outside)))
    if scenarios:
        (folder / "scenarios").mkdir(exist_ok=True)
        for name, text in scenarios.items():
            (folder / "scenarios" / f"{name}.yaml").write_text(text, encoding="utf-8")
    environment = os.environ | {
        "CORDBOARD_SIP_HOST": "127.0.0.1",
        "CORDBOARD_SIP_PORT": str(sip_port),
        "CORDBOARD_WEB_PORT": str(web_port),
        "CORDBOARD_RTP_FIRST": str(rtp.start),
        "CORDBOARD_RTP_LAST": str(rtp.stop - 1),
        "CORDBOARD_SPEECH": str(_REPOSITORY / ".speech"),
        "PYTHONUNBUFFERED": "1",
    }
    log_file = folder / "exchange.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*_UP, "--data", str(folder), "--outside" if outside else "--no-outside"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    office = OfficeProcess(folder, process.pid, sip_port, web_port, city_port, rtp, passwords, log_file)
    try:
        _wait_until_up(office, process)
        yield office
    finally:
        _stop(process)


def until(condition: Callable[[], T], *, within: float = 5.0, of: str = "") -> T:
    """Ask again until the answer is true, and return it. Raises AssertionError with the last answer."""
    end = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < end, f"{of or 'the condition'} did not come true in {within} s: {answer!r}"
        time.sleep(0.02)
    return answer


def free_port() -> int:
    """A port of 127.0.0.1 that is free now for both UDP and TCP."""
    return free_ports(1)[0]


def _rtp_ports() -> range:
    """A range that no other exchange on this machine uses: its first port could be taken."""
    first = _RTP_FROM + os.getpid() * _RTP_PORTS % (_RTP_TO - _RTP_FROM)
    for step in range(0, _RTP_TO - _RTP_FROM, _RTP_PORTS):
        start = _RTP_FROM + (first - _RTP_FROM + step) % (_RTP_TO - _RTP_FROM)
        with contextlib.ExitStack() as stack:
            try:
                for port in range(start, start + 8):
                    probe = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return range(start, start + _RTP_PORTS)
    raise RuntimeError(f"no range of {_RTP_PORTS} free UDP ports between {_RTP_FROM} and {_RTP_TO}")


async def _seed(database: Path, city_port: int, numbers: Mapping[str, str], *, asked: bool) -> Mapping[str, str]:
    async with await open_store(database) as store:
        logins = await seed_demo(store.office, city_host="127.0.0.1", city_port=city_port)
        await store.office.save(*(InternalNumber(number, scenario) for number, scenario in numbers.items()))
        if not asked:  # A far end of the test takes a question for the first message of its call.
            await store.office.save(LineRules(name=CITY_LINE, check_every=0))
    # Where `cordboard dial` looks for them.
    passwords = database.with_name(_PASSWORDS)
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps([asdict(login) for login in logins]), encoding="utf-8")
    return {login.account: login.password for login in logins}


async def _chains(database: Path, limit: int) -> Sequence[LoggedChain]:
    async with await open_store(database) as store:
        return await store.call_log.recent(limit)


def _wait_until_up(office: OfficeProcess, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_WITHIN
    while True:
        with contextlib.suppress(OSError):
            if office.health()["ok"]:
                return
        if process.poll() is not None:
            raise RuntimeError(f"the exchange ended with status {process.returncode}:\n{office.log()}")
        if time.monotonic() > end:
            raise RuntimeError(f"the exchange is not up after {START_WITHIN} s:\n{office.log()}")
        time.sleep(0.02)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _get(port: int, path: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5.0) as reply:
            return str(reply.read().decode())
    except urllib.error.HTTPError as refusal:
        # An exchange that is not well says so with 503, and the reasons with it.
        return refusal.read().decode()
