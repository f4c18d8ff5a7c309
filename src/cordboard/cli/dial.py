"""`cordboard dial`: the scripted phone."""

import json
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, asynchronous, console, fail, settings_for
from cordboard.cli.up import demo_logins
from cordboard.config import Settings
from cordboard.phone import RefusedError, ScriptError, open_desk, parse_script, run_script
from cordboard.sip.api import Address
from cordboard.speech.cache import spoken


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

    The exit status is 0 if the call was answered, 2 if it was not.
    """
    settings = settings_for(data)
    try:
        steps = parse_script(keys)
    except ScriptError as fault:
        fail(f"--keys: {fault}.")
    address = _address(server, settings)
    listen = Address("udp", "127.0.0.1" if address.host.startswith("127.") else "0.0.0.0", 0)  # noqa: S104
    with tempfile.TemporaryDirectory(prefix="cordboard-dial-") as folder:
        async with open_desk(listen, rtp_ports=range(30000, 30100), folder=Path(folder)) as desk:
            phone = desk.phone(account, password or _known_password(account, settings), address)
            try:
                await phone.register()
            except RefusedError as fault:
                fail(str(fault))
            report = await run_script(phone, number, steps, known=partial(spoken, settings.sounds), longest=longest)
            await phone.unregister()
        if record is not None:
            recordings = sorted(Path(folder).glob("*.wav"))
            if not recordings:
                fail("Nothing was heard, so nothing is saved: the call was not answered.", 2)
            shutil.copyfile(recordings[-1], record)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        console.print("\n".join(report.transcript()), markup=False)
    if not report.answered:
        raise typer.Exit(2)


def _address(server: str, settings: Settings) -> Address:
    host, _, port = (server or f"127.0.0.1:{settings.sip_port}").partition(":")
    if port and not port.isdigit():
        fail(f"--server {server}: write it as HOST:PORT.")
    return Address("udp", host, int(port or 5060))


def _known_password(account: str, settings: Settings) -> str:
    known = {login.account: login.password for login in demo_logins(settings)}
    return known.get(account) or fail(
        f"The password of {account} is not known: give --password, or CORDBOARD_PASSWORD in the environment."
    )
