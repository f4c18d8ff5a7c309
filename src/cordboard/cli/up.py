"""`cordboard up`: starts the exchange."""

import asyncio
import json
import logging
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import structlog
import typer

from cordboard.api.server import WebPortTakenError
from cordboard.app import Cordboard, catalogue, running
from cordboard.cli.common import Data, asynchronous, console, errors, fail, settings_for
from cordboard.config import Settings
from cordboard.office.demo import CITY_LINE, DemoLogin, seed_demo
from cordboard.scenario.publishing import check_files, files_in, publish
from cordboard.sip.addressing import local_route
from cordboard.sip.api import PortTakenError
from cordboard.store.database import open_store
from cordboard.store.errors import StoreError

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
"""In the repository; a wheel carries them inside the package."""
_PACKAGED = Path(__file__).resolve().parents[1] / "examples"


@asynchronous
async def up(
    city_port: Annotated[
        int, typer.Option(min=1, max=65535, help="UDP port on which the demo's outside world answers.")
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
    try:
        await prepare(settings, city_port)
        async with running(settings) as cordboard, _outside_world(cordboard, wanted=outside):
            console.print(greeting(settings, cordboard), markup=False)
            sys.stdout.flush()
            await stop.wait()
            console.print("Stopping: calls are ended …")
    except PortTakenError as fault:
        fail(f"{fault}: stop it, or choose another port, for example CORDBOARD_SIP_PORT={settings.sip_port + 2}.")
    except (WebPortTakenError, StoreError) as fault:
        fail(f"{fault}.")
    except OSError as fault:
        fail(f"The exchange could not start: {fault}. Check sip_host and web_host in the settings.")


async def prepare(settings: Settings, city_port: int) -> None:
    """Make the data folder, the demo office and its scenarios, if they are not there; publish what has changed."""
    settings.data.mkdir(parents=True, exist_ok=True)
    settings.prompts.mkdir(exist_ok=True)
    async with await open_store(settings.database) as store:
        logins = await seed_demo(store.office, city_port=city_port)
        if logins:
            _write_passwords(settings.demo_passwords, logins)
        if not settings.scenarios.exists():
            shutil.copytree((EXAMPLES if EXAMPLES.exists() else _PACKAGED) / "demo", settings.scenarios)
        country = (await store.office.load()).settings.country
        files = check_files(
            files_in(settings.scenarios), catalogue(), zone=ZoneInfo(settings.time_zone), country=country
        )
        broken = [file for file in files if file.broken]
        for file in broken:
            for fault in file.faults:
                errors.print(f"{file.path}:{fault}", markup=False)
        if not broken:
            await publish(files, store.releases, "at start")
        elif not await store.releases.current():
            fail("There is no release yet, and the scenarios have errors: mend them and start again.")
        else:
            errors.print("These scenarios have errors: the last published release stays in force.")


def configure_logging(level: str) -> None:
    """Lines for people on the standard error, each beginning with what it is about."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(level=number, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("alembic", "asyncio", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S"),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        cache_logger_on_first_use=True,
    )


def _write_passwords(path: Path, logins: Sequence[DemoLogin]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps([asdict(login) for login in logins], ensure_ascii=False, indent=2) + "\n")


def demo_logins(settings: Settings) -> list[DemoLogin]:
    """The demo's people with passwords and PINs; none if the office is not the demo's."""
    if not settings.demo_passwords.exists():
        return []
    return [DemoLogin(**each) for each in json.loads(settings.demo_passwords.read_text())]


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
