"""`cordboard up` as a process: what it prints, what it refuses, how it stops."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cordboard.phone import open_desk
from cordboard.sip.api import Address, EndedBy
from cordboard.testing.office_process import free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

REPOSITORY = Path(__file__).parents[2]
WITHIN = 30.0
PASSWORDS = "demo-passwords.json"
BROKEN = "scenario: menu\nkind: voice\nstart: s\nsteps:\n  s:\n    component: no_such_thing\n"
MUTE = """\
scenario: menu
kind: voice
start: pick_up
steps:
  pick_up:
    component: answer
    exits:
      done: speak
  speak:
    component: play
    text: Nobody will ever hear this.
    language: en
    exits:
      error: turn_away
  turn_away:
    component: hang_up
"""


@dataclass(frozen=True)
class Up:
    process: "subprocess.Popen[bytes]"
    folder: Path
    environment: Mapping[str, str]

    @property
    def sip(self) -> Address:
        return Address("udp", "127.0.0.1", int(self.environment["CORDBOARD_SIP_PORT"]))

    def out(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    def err(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.err()
        return "No phone at hand?" in self.out()

    def stop(self, number: signal.Signals) -> tuple[int, float]:
        """The exit status, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(WITHIN), time.monotonic() - began

    def passwords(self) -> dict[str, str]:
        return {login["account"]: login["password"] for login in json.loads((self.data / PASSWORDS).read_text())}

    @property
    def data(self) -> Path:
        return self.folder / "var"


@contextmanager
def cordboard_up(folder: Path, **settings: str) -> Iterator[Up]:
    """The process; its data folder is `folder`/var."""
    environment = os.environ | {
        "CORDBOARD_SIP_HOST": "127.0.0.1",
        "CORDBOARD_SIP_PORT": str(free_port()),
        "CORDBOARD_WEB_PORT": str(free_port()),
        "CORDBOARD_RTP_FIRST": "18400",
        "CORDBOARD_RTP_LAST": "18799",
        "CORDBOARD_SPEECH": str(REPOSITORY / ".speech"),
        "CORDBOARD_DATA": str(folder / "var"),
        "PYTHONUNBUFFERED": "1",
    }
    environment |= settings
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "cordboard.cli", "up", "--no-outside"],
            env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    try:
        yield Up(process, folder, environment)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def command(up: Up, *words: str) -> "subprocess.CompletedProcess[str]":
    """Another command beside the running exchange."""
    whole = [sys.executable, "-m", "cordboard.cli", *words]
    return subprocess.run(whole, env=up.environment, capture_output=True, check=False, text=True)


def test_it_says_where_who_and_what_to_dial_and_the_second_start_says_the_same(tmp_path: Path) -> None:
    with cordboard_up(tmp_path) as first:
        until(first.is_up, within=WITHIN)
        greeting = first.out()
        status, seconds = first.stop(signal.SIGINT)
        assert (status, seconds < 3.0) == (0, True), first.err()
        assert f"Point a phone to 127.0.0.1:{first.sip.port} (UDP or TCP)" in greeting
        assert f"http://127.0.0.1:{first.environment['CORDBOARD_WEB_PORT']}/health" in greeting
        assert re.search(r"^    700 +the menu$", greeting, re.MULTILINE)
        file = first.data / PASSWORDS
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        logins = json.loads(file.read_text())
        assert len(logins) == 5
        for login in logins:
            row = rf"^  {login['account']} +{login['password']} +{login['pin']} .*{login['name']}$"
            assert re.search(row, greeting, re.MULTILINE)
            assert login["password"] not in first.err()
    same_ports = {name: first.environment[name] for name in ("CORDBOARD_SIP_PORT", "CORDBOARD_WEB_PORT")}
    with cordboard_up(tmp_path, **same_ports) as second:
        until(second.is_up, within=WITHIN)
        assert second.out() == greeting
        example = shlex.split(next(text for text in greeting.splitlines() if "No phone" in text).partition("?")[2])
        assert example[:5] == [".venv/bin/cordboard", "dial", "700", "--from", "101"]
        dialled = command(second, *example[1:5], "--keys", "wait 1, 3, wait 3")
        assert dialled.returncode == 0, dialled.stderr
        assert "pressed  3" in dialled.stdout
        assert "heard    “" in dialled.stdout
        assert second.stop(signal.SIGTERM)[0] == 0


@contextmanager
def taken(kind: int) -> Iterator[int]:
    """A port that another program has."""
    with socket.socket(type=kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        yield int(other.getsockname()[1])


Wrong = Callable[[Path, ExitStack], Mapping[str, str]]
"""Makes something wrong: in the data folder, or by the settings that it returns."""


def writes(name: str, text: str) -> Wrong:
    def write(data: Path, _stack: ExitStack) -> Mapping[str, str]:
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)
        return {}

    return write


def takes(setting: str, kind: int) -> Wrong:
    return lambda _data, stack: {setting: str(stack.enter_context(taken(kind)))}


def no_folder(data: Path, _stack: ExitStack) -> Mapping[str, str]:
    data.write_text("a file stands where the folder should be")
    return {}


def foreign_address(_data: Path, _stack: ExitStack) -> Mapping[str, str]:
    return {"CORDBOARD_SIP_HOST": "198.51.100.7"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (takes("CORDBOARD_SIP_PORT", socket.SOCK_DGRAM), r"UDP port \d+ .* taken .* stop it, or choose another port"),
        (takes("CORDBOARD_SIP_PORT", socket.SOCK_STREAM), r"TCP port \d+ .* taken .* stop it, or choose another port"),
        (takes("CORDBOARD_WEB_PORT", socket.SOCK_STREAM), r"Web port \d+ .* stop the program that has it, or set"),
        (foreign_address, r"The exchange could not start: .* Check sip_host and web_host in \S+cordboard\.toml\."),
        (writes("cordboard.toml", "sip_port = \n"), r"cordboard\.toml cannot be read: .*line 1.* Mend that line"),
        (
            writes("cordboard.toml", "sip_prot = 5\n"),
            r"Setting sip_prot: there is no such setting; known are .*sip_port",
        ),
        (writes("cordboard.toml", 'log_level = "loud"\n'), r"Setting log_level = 'loud': .*'debug'"),
        (writes("cordboard.sqlite", "this is a letter, not a database. " * 99), r"is not a database: name another"),
        (no_folder, r"The data folder \S+ cannot be used \(.*\): let it be a folder that you can write to"),
        (
            writes("scenarios/menu.yaml", BROKEN),
            r"menu\.yaml:6:5: error: step s component: unknown component 'no_such_thing'\s+"
            r"Nothing was published yet, and the scenarios have errors: mend that, and start again\.",
        ),
        (writes("scenarios/README", "empty"), r"there is no scenario \(\*\.yaml\) in \S+: mend that, and start again"),
    ],
    ids=["udp", "tcp", "web", "address", "toml", "unknown", "level", "database", "folder", "scenario", "no-scenario"],
)
def test_what_stops_it_is_said_in_a_sentence(tmp_path: Path, wrong: Wrong, said: str) -> None:
    with ExitStack() as stack:
        settings = wrong(tmp_path / "var", stack)
        up = stack.enter_context(cordboard_up(tmp_path, **settings))
        assert up.process.wait(WITHIN) == 1
        assert re.search(said, up.err()), up.err()
        assert "Traceback" not in up.err()
        assert len(up.err().strip().splitlines()) <= 2
        assert up.out() == ""


def test_a_data_folder_has_one_exchange_at_a_time(tmp_path: Path) -> None:
    elsewhere = tmp_path / "second"
    elsewhere.mkdir()
    with cordboard_up(tmp_path) as first:
        until(first.is_up, within=WITHIN)
        with cordboard_up(elsewhere, CORDBOARD_DATA=str(first.data)) as second:
            assert second.process.wait(WITHIN) == 1
            said = f"An exchange with the data folder {first.data} runs already (process {first.process.pid}): stop it"
            assert said in second.err()
        first.process.kill()
        first.process.wait()
    with cordboard_up(tmp_path) as third:
        until(third.is_up, within=WITHIN)


def test_a_broken_scenario_does_not_stop_a_later_start(tmp_path: Path) -> None:
    with cordboard_up(tmp_path) as up:
        until(up.is_up, within=WITHIN)
        up.stop(signal.SIGTERM)
    menu = up.data / "scenarios" / "menu.yaml"
    menu.write_text(BROKEN)
    with cordboard_up(tmp_path) as up:
        until(up.is_up, within=WITHIN)
        assert f"{menu}:6:5: error: step s component: unknown component 'no_such_thing'" in up.err()
        assert "The last published release stays in force" in up.err()
        assert asyncio.run(answers(up))


def test_a_start_never_takes_back_what_was_published(tmp_path: Path) -> None:
    with cordboard_up(tmp_path) as up:
        until(up.is_up, within=WITHIN)
        shop = tmp_path / "shop"
        shop.mkdir()
        for name in ("main", "menu"):
            (shop / f"{name}.yaml").write_text(MUTE.replace("menu", name))
        assert "Release 2 is published" in command(up, "scenario", "publish", str(shop)).stdout
        up.stop(signal.SIGTERM)
    for edited in (False, True):
        if edited:
            (up.data / "scenarios" / "menu.yaml").write_text(MUTE)
        with cordboard_up(tmp_path) as up:
            until(up.is_up, within=WITHIN)
            assert ("Release 2 stays in force" in up.err()) is edited
            assert "release" in (listed := command(up, "scenario", "history").stdout)
            assert listed.splitlines()[1].startswith("2 ")
            up.stop(signal.SIGTERM)


async def answers(up: Up) -> bool:
    async with open_desk() as desk:
        call = await desk.phone("101", up.passwords()["101"], up.sip).dial("700")
        answered = await call.answered()
        await call.hang_up()
        await call.ended()
        return answered


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_stops_in_the_middle_of_a_call_and_ends_it(tmp_path: Path, number: signal.Signals) -> None:
    with cordboard_up(tmp_path) as up:
        await asyncio.to_thread(until, up.is_up, within=WITHIN)
        async with open_desk() as desk:
            call = await desk.phone("101", up.passwords()["101"], up.sip).dial("700")
            assert await call.answered()
            status, seconds = await asyncio.to_thread(up.stop, number)
            assert (status, seconds < 3.0) == (0, True), (seconds, up.err())
            async with asyncio.timeout(2):
                assert (await call.ended()).by is EndedBy.REMOTE
        assert "Traceback" not in up.err()


async def test_without_a_speech_engine_it_starts_says_so_and_takes_calls(tmp_path: Path) -> None:
    scenarios = tmp_path / "var" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / "menu.yaml").write_text(MUTE)
    nothing = str(tmp_path / "nothing")
    with cordboard_up(tmp_path, CORDBOARD_SPEECH=nothing, PATH=nothing) as up:
        await asyncio.to_thread(until, up.is_up, within=WITHIN)
        assert re.search(r"There is no speech engine: run `tools/fetch-speech`.*leaves by its exit error", up.err())
        assert "Inbound calls should enter the scenario main, which is not published" in up.err()
        async with open_desk() as desk:
            call = await desk.phone("101", up.passwords()["101"], up.sip).dial("700")
            assert await call.answered()
            async with asyncio.timeout(5):
                assert (await call.ended()).by is EndedBy.REMOTE
        log = await asyncio.to_thread(command, up, "log", "--json")
        [chain] = json.loads(log.stdout)
        assert [(run["scenario"], run["outcome"]) for run in chain["runs"]] == [("menu", "finished")]
