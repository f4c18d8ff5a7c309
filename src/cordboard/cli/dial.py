"""`cordboard dial`: the scripted phone."""

import asyncio
import contextlib
import json
import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, asynchronous, console, fail, settings_for, verbatim
from cordboard.cli.up import demo_logins
from cordboard.config import Settings
from cordboard.media.api import NoPortError
from cordboard.phone import CallReport, Phone, RefusedError, ScriptError, open_desk, parse_script, run_script
from cordboard.sip.api import Address
from cordboard.speech.cache import spoken

_PATIENCE = 5.0
"""Seconds until an exchange that does not answer is taken for absent; SIP itself would wait for 32."""
_NUMBER = re.compile(r"[0-9A-Za-z+*#._-]+")


@asynchronous
async def dial(  # noqa: PLR0917  (each is an option of the command)
    number: Annotated[str, typer.Argument(help="The number to dial.")],
    account: Annotated[str, typer.Option("--from", help="The account to sign in with.")],
    keys: Annotated[
        str, typer.Option(help="What to do once it is answered: keys, `wait SECONDS`, hold, resume, hang up.")
    ] = "",
    password: Annotated[
        str, typer.Option(envvar="CORDBOARD_PASSWORD", help="Its password; that of a demo user is known.")
    ] = "",
    server: Annotated[str, typer.Option(help="HOST:PORT of the exchange; otherwise this machine's.")] = "",
    record: Annotated[Path | None, typer.Option(help="Save what was heard into this WAV file.")] = None,
    longest: Annotated[float, typer.Option(min=1, max=3600, help="Seconds after which it hangs up.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data: Data = None,
) -> None:
    """Call a number with a scripted phone (real SIP and RTP) and tell what happened.

    The exit status is 0 if the call was answered, 2 if it was not, and 1 if it could not be tried.

    --keys is a list with commas, such as "wait 9, 3, wait 2, 105#, hold, wait 1, resume, hang up". Without "hang up"
    it listens for two seconds more, then hangs up.

    --json prints one object: dialled, answered (true or false), status and phrase (the refusal; null and "" if it
    was answered), ended_by (remote, local, timeout), seconds, pressed, keys_heard (keys that the far end sent), heard
    (a list of prompts with text, at, seconds, whole) and timeline (a list of what happened with at, what, detail).
    Times are in seconds; at counts from the dialling, within heard from the answer. Names are added, never changed.
    """
    settings = settings_for(data)
    try:
        steps = parse_script(keys)
    except ScriptError as fault:
        fail(f"--keys: {fault}.")
    if not _NUMBER.fullmatch(number):
        fail(f"{number!r} cannot be dialled: write digits, *, #, a leading + or a name, without spaces.")
    if record is not None and not record.absolute().parent.is_dir():
        fail(f"--record {record}: there is no folder {record.parent}.")
    address = _address(server, settings)
    password = password or _known_password(account, settings)
    listen = Address("udp", "127.0.0.1" if address.host in ("localhost", "127.0.0.1") else "0.0.0.0", 0)  # noqa: S104
    with tempfile.TemporaryDirectory(prefix="cordboard-dial-") as folder:
        async with open_desk(listen, folder=Path(folder)) as desk:
            phone = desk.phone(account, password, address)
            await _sign_in(phone, address)
            try:
                report = await run_script(phone, number, steps, known=partial(spoken, settings.sounds), longest=longest)
            except NoPortError as fault:
                fail(f"The phone finds no place to listen: {fault}.")
            await _sign_out(phone)
        if record is not None and report.answered:
            _save(Path(folder), record)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        console.print(verbatim([*report.transcript(), *_closing(report)]))
    if not report.answered:
        raise typer.Exit(2)


async def _sign_in(phone: Phone, address: Address) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await phone.register()
    except TimeoutError:
        fail(
            f"No exchange answers at {address.host}:{address.port} (UDP): start it with `make up`, or name another "
            "one with --server HOST:PORT."
        )
    except RefusedError as fault:
        fail(str(fault))


async def _sign_out(phone: Phone) -> None:
    # Whether the exchange still stands is no part of what the call was about.
    with contextlib.suppress(TimeoutError, RefusedError):
        async with asyncio.timeout(_PATIENCE):
            await phone.unregister()


def _closing(report: CallReport) -> list[str]:
    if not report.answered:
        return ["The call was not answered."]
    if not report.heard:
        return ["No known prompt was recognised; --record saves what was heard."]
    return []


def _save(folder: Path, record: Path) -> None:
    recordings = sorted(folder.glob("*.wav"))
    try:
        if not recordings:
            fail("Nothing was heard, so nothing is saved.")
        shutil.copyfile(recordings[-1], record)
    except OSError as fault:
        fail(f"--record {record}: it cannot be written ({fault.strerror}).")


def _address(server: str, settings: Settings) -> Address:
    host, _, port = server.partition(":") if server else (_own_host(settings), "", str(settings.sip_port))
    if not host or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):
        fail(f"--server {server}: write it as HOST:PORT, with a port from 1 to 65535.")
    return Address("udp", host, int(port or 5060))


def _own_host(settings: Settings) -> str:
    return "127.0.0.1" if settings.sip_host in ("0.0.0.0", "::") else settings.sip_host  # noqa: S104


def _known_password(account: str, settings: Settings) -> str:
    known = {login.account: login.password for login in demo_logins(settings)}
    return known.get(account) or fail(
        f"The password of {account} is not known: give --password, or CORDBOARD_PASSWORD in the environment."
    )
