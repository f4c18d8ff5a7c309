"""`cordboard line`: external lines."""

from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import (
    Data,
    asynchronous,
    change_office,
    console,
    fail,
    opened,
    published_scenarios,
    settings_for,
)
from cordboard.office.model import OfficeLine
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode

app = typer.Typer(help="External lines.", no_args_is_help=True)


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the lines. How each stands now is in the exchange's /health."""
    async with opened(settings_for(data)) as store:
        office = await store.office.load()
    table = Table("line", "number", "far end", "signs in", "inbound calls enter", "", box=None, pad_edge=False)
    for each in sorted(office.lines, key=lambda each: each.line.name):
        line = each.line
        table.add_row(
            line.name,
            line.number,
            f"{line.transport}:{line.host}:{line.port}",
            line.username if line.mode is LineMode.REGISTER else "by address",
            each.scenario or office.settings.main_scenario,
            "" if each.enabled else "off",
        )
    console.print(table)


@app.command()
@asynchronous
async def add(  # noqa: PLR0917  (each is an option of the command)
    name: Annotated[str, typer.Argument(help="A short name.")],
    host: Annotated[str, typer.Argument(help="The provider's or gateway's host, with :port if it is not 5060.")],
    number: Annotated[str, typer.Option(help="The line's own number.")] = "",
    username: Annotated[str, typer.Option(help="Sign in with the provider under this name.")] = "",
    password: Annotated[
        str, typer.Option(envvar="CORDBOARD_LINE_PASSWORD", help="Asked for if --username is given.")
    ] = "",
    transport: Annotated[str, typer.Option(help="udp or tcp.")] = "udp",
    scenario: Annotated[str, typer.Option(help="What inbound calls enter; otherwise the main scenario.")] = "",
    nat: Annotated[bool, typer.Option(help="The far end's voice may come from elsewhere than it says.")] = False,
    data: Data = None,
) -> None:
    """Add a line. The running exchange takes it within a second."""
    if transport not in ("udp", "tcp"):
        fail(f"Transport {transport} is not known: choose udp or tcp.")
    hostname, _, port = host.partition(":")
    if port and not port.isdigit():
        fail(f"{host}: what follows the colon must be a port number.")
    if not name.replace("-", "").replace("_", "").isalnum():
        fail(f"{name}: the name of a line takes letters, digits, - and _ only.")
    if username and not password:
        password = typer.prompt("Password of the line", hide_input=True)
    line = Line(
        name,
        LineMode.REGISTER if username else LineMode.ADDRESS,
        hostname,
        int(port or 5060),
        transport,
        number,
        username,
        password,
        behind_nat=nat,
    )
    async with opened(settings_for(data)) as store:
        if any(each.line.name == name for each in (await store.office.load()).lines):
            fail(f"There is a line {name} already: remove it first, or choose another name.")
        if scenario and scenario not in (published := await published_scenarios(store)):
            fail(f"There is no published scenario {scenario}. Published are: {', '.join(published) or 'none'}.")
        await change_office(store, OfficeLine(line, scenario))
    console.print(f"Line {name} is added", markup=False)


@app.command()
@asynchronous
async def remove(name: Annotated[str, typer.Argument()], data: Data = None) -> None:
    """Remove a line. Calls that it carries go on."""
    async with opened(settings_for(data)) as store:
        found = [each for each in (await store.office.load()).lines if each.line.name == name]
        if not found:
            fail(f"There is no line {name}: see `cordboard line list`.")
        await change_office(store, remove=[found[0]])
    console.print(f"Line {name} is removed", markup=False)
