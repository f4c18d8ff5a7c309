"""`cordboard web`: web services that scenarios ask: secrets, an authority of one's own, and a trial."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import (
    BadPathError,
    BadUrlError,
    ReadAs,
    SecretKind,
    Sought,
    WebError,
    WebRequest,
    checked_path,
    checked_url,
)
from cordboard.datasource.web.service import WebService
from cordboard.scenario.expressions.functions.json_values import json_text
from cordboard.store.web import StoredSecret
from cordboard.telephony import SystemClock

app = typer.Typer(help="Web services that scenarios ask.", no_args_is_help=True)
secret = typer.Typer(help="What proves to a web service who asks. Scenarios only name it.", no_args_is_help=True)
app.add_typer(secret, name="secret")

Name = Annotated[str, typer.Argument(help="The name by which scenarios call it: crm.")]
_NAME = re.compile(r"[^\W\d][\w.-]{0,99}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


@secret.command("set")
@asynchronous
async def set_secret(  # noqa: PLR0917  (each is an option of the command)
    name: Name,
    host: Annotated[str, typer.Argument(help="The only host that gets it: crm.company.com.")],
    basic: Annotated[str, typer.Option(help="It is the password of this user (Basic).")] = "",
    header: Annotated[str, typer.Option(help="It stands in a header of this name: X-Api-Key.")] = "",
    value: Annotated[str, typer.Option(envvar="CORDBOARD_WEB_SECRET", help="Asked for if it is not given.")] = "",
    data: Data = None,
) -> None:
    """Keep a secret, encrypted. Without an option it is a token (Bearer). One of that name is replaced."""
    if not _NAME.fullmatch(name):
        fail(f"{name} is no name: write letters and digits.")
    if basic and header:
        fail("It is either the password of a user or stands in a header: give one of --basic and --header.")
    if header and not _HEADER.fullmatch(header):
        fail(f"{header} is no name of a header: write X-Api-Key.")
    try:
        checked = checked_url(f"https://{host}/")
    except BadUrlError as fault:
        fail(f"{fault}.")
    if checked != f"https://{host.lower()}/" or not set(":/?#").isdisjoint(host):
        fail(f"{host} is no host: write crm.company.com, without port and path.")
    told = value or typer.prompt("Secret", hide_input=True)
    if not told.isascii() or not told.isprintable():
        fail("A secret is one line of plain Latin letters, digits and signs.")
    kind = SecretKind.BASIC if basic else SecretKind.HEADER if header else SecretKind.BEARER
    async with opened(settings_for(data)) as store:
        await store.web_settings.set_secret(StoredSecret(name, kind, host.lower(), basic or header, told))
    console.print(f"The secret {name} is told to {host.lower()} alone", markup=False)


@secret.command("list")
@asynchronous
async def show_secrets(data: Data = None) -> None:
    """List the secrets, without what is secret."""
    async with opened(settings_for(data)) as store:
        secrets = await store.web_settings.secrets()
    table = Table("secret", "host", "kind", "name", box=None, pad_edge=False)
    for each in secrets:
        table.add_row(each.name, each.host, each.kind, each.label)
    console.print(table)


@secret.command("remove")
@asynchronous
async def remove_secret(name: Name, data: Data = None) -> None:
    """Forget a secret. Steps that name it leave by `error` from now on."""
    async with opened(settings_for(data)) as store:
        if not await store.web_settings.remove_secret(name):
            fail(f"There is no secret {name}: see `cordboard web secret list`.")
    console.print(f"The secret {name} is forgotten", markup=False)


@app.command()
@asynchronous
async def authority(
    file: Annotated[Path | None, typer.Argument(help="A PEM file. Without it the system's alone are trusted.")] = None,
    data: Data = None,
) -> None:
    """Trust an authority of your own beside those of the system, for services with https in the company."""
    if file is not None and not file.is_file():
        fail(f"There is no file {file}: name the certificate of the authority.")
    async with opened(settings_for(data)) as store:
        await store.web_settings.set_authority(str(file.resolve()) if file else "")
    console.print(f"Trusted beside the system's: {file or 'nobody'}", markup=False)


@app.command("show")
@asynchronous
async def show_rules(data: Data = None) -> None:
    """Show what may be asked in local networks (`cordboard webhook allow`), and whom https trusts."""
    async with opened(settings_for(data)) as store:
        rules = await store.web_settings.rules()
    console.print(f"allowed in local networks: {', '.join(rules.local) or 'nothing'}", markup=False)
    console.print(f"own authority: {rules.authority or 'none'}", markup=False)


@app.command("try")
@asynchronous
async def try_out(  # noqa: PLR0917  (each is an option of the command)
    url: Annotated[str, typer.Argument(help="The web address.")],
    path: Annotated[list[str] | None, typer.Option(help="A JSON path into the answer. Any number of times.")] = None,
    secret_name: Annotated[str, typer.Option("--secret", help="The name of the secret.")] = "",
    read_as: Annotated[ReadAs, typer.Option(help="How the answer is read.")] = ReadAs.AUTO,
    longest: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds that it may take.")] = 5.0,
    data: Data = None,
) -> None:
    """Ask a web service now, as the component does, and show what a scenario would get."""
    take = {each: Sought(each, every=True) for each in path or []}
    try:
        for each in take:
            checked_path(each)
        request = WebRequest(
            checked_url(url), secret=secret_name, timeout=longest, read=read_as, take=take, whole=not take
        )
    except (BadUrlError, BadPathError) as fault:
        fail(f"{fault}.")
    async with opened(settings_for(data)) as store:
        service = WebService(GuardedClient(), store.web_settings, store.web_answers, SystemClock())
        try:
            answer = await service.ask(request)
        except WebError as fault:
            fail(f"{fault}.")
        finally:
            await service.close()
    console.print(f"answered {answer.status}", markup=False)
    for each, values in answer.taken.items():
        console.print(f"{each}: {json_text(values)}", markup=False)
    if request.whole:
        console.print(json.dumps(json.loads(json_text(answer.value)), ensure_ascii=False, indent=2), markup=False)
