"""`cordboard up`: starts the exchange."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordboard.api.server import WebPortTakenError
from cordboard.app import Cordboard, running
from cordboard.cli.common import Data, asynchronous, console, errors, fail, settings_for
from cordboard.cli.log_lines import configure_logging
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.office.checks import dead_ends
from cordboard.office.demo import CITY_LINE, DemoLogin, seed_demo
from cordboard.scenario.ports import Release
from cordboard.scenario.publishing import CheckedFile, check_files, files_in, publish
from cordboard.sip.addressing import local_route
from cordboard.sip.api import PortTakenError
from cordboard.speech.fetching import state_of
from cordboard.speech.service import NO_ENGINE
from cordboard.store.database import Store, open_store
from cordboard.store.errors import StoreError
from cordboard.wiring.known import known_to

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
"""In the repository, from which the exchange is run."""


@asynchronous
async def up(
    city_port: Annotated[
        int, typer.Option(min=1, max=65535, help="UDP port of the demo's outside world, for the first start.")
    ] = 5070,
    outside: Annotated[bool, typer.Option(help="Start the program that plays the demo's outside world.")] = True,
    data: Data = None,
) -> None:
    """Start the exchange. The first start makes the demo office; Ctrl-C stops."""
    settings = settings_for(data)
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with ExitStack() as stack:
        await _prepare_alone(settings, city_port, stack)
        await _run(settings, stop, outside=outside)


async def _prepare_alone(settings: Settings, city_port: int, stack: ExitStack) -> None:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone(settings))
        await prepare(settings, city_port)
    except StoreError as fault:
        fail(f"{fault}.")
    except OSError as fault:
        fail(
            f"The data folder {settings.data} cannot be used ({fault.strerror or fault}): let it be a folder that you "
            "can write to, or name another one with --data."
        )


async def _run(settings: Settings, stop: asyncio.Event, *, outside: bool) -> None:
    try:
        async with running(settings) as cordboard, _outside_world(cordboard, wanted=outside):
            if not cordboard.voices:
                why = state_of(settings.speech) or NO_ENGINE
                errors.print(f"{why} Until then every step that has to speak leaves by its exit error.")
            console.print(greeting(settings, cordboard), markup=False)
            sys.stdout.flush()
            await stop.wait()
            console.print("Stopping: calls are ended …")
    except PortTakenError as fault:
        fail(f"{fault}: stop it, or choose another port, for example CORDBOARD_SIP_PORT={settings.sip_port + 2}.")
    except (WebPortTakenError, StoreError) as fault:
        fail(f"{fault}.")
    except OSError as fault:
        fail(f"The exchange could not start: {fault}. Check sip_host and web_host in {settings.file}.")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One exchange a data folder: a second one would take the calls of the first for those of one that was killed."""
    with (settings.data / "up.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            fail(
                f"An exchange with the data folder {settings.data} runs already (process {lock.read().strip()}): "
                "stop it first, or name another folder with --data."
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


async def prepare(settings: Settings, city_port: int) -> None:
    """Make the data folder, the demo office and its scenarios, if they are not there; publish them if nothing was yet.

    Raises StoreError and OSError; what is wrong with the scenarios is said here.
    """
    settings.prompts.mkdir(parents=True, exist_ok=True)
    async with await open_store(settings.store, folder=settings.data) as store:
        logins = await seed_demo(store.office, city_port=city_port)
        if logins:
            _write_passwords(settings.demo_passwords, logins)
        if not settings.scenarios.exists():
            story = EXAMPLES / "s01-employee-callback"
            shutil.copytree(story, settings.scenarios, ignore=shutil.ignore_patterns("README.md"))
        office = (await store.office.load()).settings
        if "time_zone" in settings.model_fields_set and settings.time_zone != office.time_zone:
            await store.office.save(replace(office, time_zone=settings.time_zone))
        await _publish(settings, store)


async def _publish(settings: Settings, store: Store) -> None:
    office = await store.office.load()
    zone, country = ZoneInfo(office.settings.time_zone), office.settings.country
    files = check_files(
        files_in(settings.scenarios), catalogue(), zone=zone, country=country, known=await known_to(store, settings)
    )
    broken = [file for file in files if file.broken]
    for file in broken:
        for fault in file.faults:
            errors.print(f"{file.path}:{fault}", markup=False)
    current = await store.releases.current()
    if not current and files and not broken:
        current = await publish(files, store.releases, "at start") or 0
    elif not files or broken:
        what = "the scenarios have errors" if broken else f"there is no scenario (*.yaml) in {settings.scenarios}"
        if not current:
            fail(f"Nothing was published yet, and {what}: mend that, and start again.")
        errors.print(f"The last published release stays in force: {what}.", markup=False)
    release = await store.releases.load(current)
    if files and not broken and _changed_since(release, files):
        errors.print(
            f"Release {release.number} stays in force: {settings.scenarios} is newer. `cordboard scenario diff "
            f"published {settings.scenarios}` shows how, `cordboard scenario publish` publishes it.",
            markup=False,
        )
    for sentence in dead_ends(office, set(release.scenarios)):
        errors.print(sentence, markup=False)


def _changed_since(release: Release, files: Sequence[CheckedFile]) -> bool:
    """Whether somebody has edited the files and not published them: the release may come from elsewhere, and rules."""
    if release.published is None or {file.name: file.text for file in files} == release.scenarios:
        return False
    return max(file.path.stat().st_mtime for file in files) > release.published.timestamp()


def _write_passwords(path: Path, logins: Sequence[DemoLogin]) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps([asdict(login) for login in logins], ensure_ascii=False, indent=2) + "\n")


def demo_logins(settings: Settings) -> list[DemoLogin]:
    """The demo's people with passwords and PINs; none if the office is not the demo's."""
    if not settings.demo_passwords.exists():
        return []
    try:
        return [DemoLogin(**each) for each in json.loads(settings.demo_passwords.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        # Somebody else's file, or one that was edited by hand: the passwords are not known then.
        return []


def change_demo_login(settings: Settings, account: str, password: str | None) -> None:
    """One of the demo's phones has another password now, or is gone (None)."""
    logins = demo_logins(settings)
    if account in {login.account for login in logins}:
        rest = [login for login in logins if login.account != account or password is not None]
        _write_passwords(
            settings.demo_passwords,
            [replace(login, password=password or "") if login.account == account else login for login in rest],
        )


def greeting(settings: Settings, cordboard: Cordboard) -> str:
    """What a person needs to know after the start."""
    host = settings.sip_host if settings.sip_host not in ("0.0.0.0", "::") else local_route("192.0.2.1")  # noqa: S104
    port = cordboard.exchange.agent.addresses[0].port
    lines = [
        "Cordboard is up.",
        "",
        f"  Point a phone to {host}:{port} (UDP or TCP). Web: http://{settings.web_host}:{cordboard.web_port}/health",
    ]
    if logins := demo_logins(settings):
        lines += ["", "  user  password      PIN     mobile         name"]
        lines += [f"  {one.account:5} {one.password:13} {one.pin:7} {one.mobile:14} {one.name}" for one in logins]
        lines += [f"  (They are kept in {settings.demo_passwords}, readable by you alone.)"]
    lines += ["", "  Dial", "    700          the menu"]
    lines += ["    101 … 105    a colleague", "    0441234567   a number outside, over the line city"]
    lines += ["", f"  Scenarios are in {settings.scenarios}: change one, then `cordboard scenario publish`."]
    lines += ['  No phone at hand?  .venv/bin/cordboard dial 700 --from 101 --keys "wait 9, 3, wait 8"', ""]
    return "\n".join(lines)


@asynccontextmanager
async def _outside_world(cordboard: Cordboard, *, wanted: bool) -> AsyncIterator[None]:
    """The demo's outside world as a process of its own, while the exchange runs."""
    line = cordboard.office.line(CITY_LINE)
    if not wanted or line is None or line.host != "127.0.0.1":
        yield
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cordboard.cli", "outside", "--port", str(line.port), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
