"""`cordboard source`: the databases that scenarios may ask."""

import re
import sys
import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, errors, fail, opened, settings_for
from cordboard.datasource.sql.ports import SqlError, SqlKind, SqlQuestion, is_own_log
from cordboard.datasource.sql.service import SqlService
from cordboard.store.data_sources import StoredSource

app = typer.Typer(help="Databases that scenarios may ask.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name by which scenarios call it: crm.")]
_NAME = re.compile(r"[^\W\d][\w.-]{0,99}")
_OPTIONS = {
    "tls": frozenset({"off", "on", "verify"}),
    "authority": None,
    "socket": None,
}
"""The options with their values; None: anything."""


@app.command("set")
@asynchronous
async def set_source(  # noqa: PLR0917  (each is an option of the command)
    name: Name,
    kind: Annotated[SqlKind, typer.Argument(help="What it is. mysql is MariaDB as well.")],
    database: Annotated[
        str, typer.Argument(help="Its name; the file of sqlite; the DSN or connection string of odbc.")
    ],
    host: Annotated[str, typer.Option(help="Its server.")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: the usual one.")] = 0,
    user: Annotated[str, typer.Option(help="Who signs in. Give him only the rights that scenarios need.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="The file that holds the password; -: it is read from the input.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="tls=off|on|verify, authority=FILE (PEM), socket=FILE. Any number of times."),
    ] = None,
    writes: Annotated[bool, typer.Option("--writes", help="Scenarios may change its data.")] = False,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="How long a question may take.")] = 1.5,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows it gives at most.")] = 1000,
    connections: Annotated[int, typer.Option(min=1, max=20, help="How many questions it is asked at once.")] = 3,
    data: Data = None,
) -> None:
    """Keep a database under a name; its password is asked for if there is a user. One of that name is replaced."""
    if not _NAME.fullmatch(name) or is_own_log(name):
        fail(f"{name} is no name: write letters and digits; oktell is the exchange's own call log.")
    options = _read_options(option or [])
    if kind is SqlKind.SQLITE:
        database = str(Path(database).resolve())
    source = StoredSource(
        name, kind.value, host, port, database, user, _password(user, password_file), options,
        writes, seconds, rows, connections,
    )  # fmt: skip
    async with opened(settings_for(data)) as store:
        await store.data_sources.set_source(source)
    console.print(f"{name} is kept. Try it with `cordboard source test {name}`", markup=False)


@app.command("list")
@asynchronous
async def show_sources(data: Data = None) -> None:
    """List the databases, without their passwords."""
    async with opened(settings_for(data)) as store:
        sources = await store.data_sources.sources()
    table = Table("source", "kind", "where", "user", "seconds", "rows", "may", box=None, pad_edge=False)
    for each in sources:
        place = f"{each.host}{f':{each.port}' if each.port else ''}"
        where = " ".join(filter(None, (place, "" if each.kind == SqlKind.ODBC else each.database)))
        may = "write" if each.writes else "read"
        table.add_row(each.name, each.kind, where, each.user, f"{each.seconds:g}", str(each.rows), may)
    console.print(table)


@app.command("test")
@asynchronous
async def try_source(
    name: Name,
    query: Annotated[str, typer.Argument(help="What it is asked.")] = "SELECT 1 AS answer",
    data: Data = None,
) -> None:
    """Ask it now, and tell what it answers."""
    async with opened(settings_for(data)) as store:
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
        service = SqlService(store.data_sources, zone=lambda: zone)
        began = time.monotonic()
        try:
            answer = await service.ask(SqlQuestion(name, query, rows=20))
        except SqlError as fault:
            fail(f"{fault}.")
        finally:
            service.close()
        took = time.monotonic() - began
    for row in answer.rows:
        line = ", ".join(f"{column}: {value}" for column, value in row.items())
        console.print(line, markup=False)
    console.print(f"{name} has answered within {took * 1000:.0f} ms", markup=False)


@app.command("remove")
@asynchronous
async def remove_source(name: Name, data: Data = None) -> None:
    """Forget a database. Scenarios that name it leave by `error`."""
    async with opened(settings_for(data)) as store:
        if not await store.data_sources.remove_source(name):
            fail(f"There is no data source {name}: see `cordboard source list`.")
    console.print(f"{name} is forgotten", markup=False)


def _password(user: str, file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password of the database", hide_input=True)) if user else ""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"The password cannot be read from {file}: {error}.")
    return text.rstrip("\r\n")


def _read_options(written: list[str]) -> dict[str, str]:
    options = {}
    for each in written:
        name, sign, value = each.partition("=")
        if not sign or name not in _OPTIONS:
            fail(f"{each} is no option: write tls=verify, authority=FILE or socket=FILE.")
        known = _OPTIONS[name]
        if known is not None and value not in known:
            fail(f"{each} is no option: {name} is one of {', '.join(sorted(known))}.")
        options[name] = value
    if options.get("tls") == "off":
        errors.print("Questions and answers go to the database unencrypted.", markup=False)
    return options
