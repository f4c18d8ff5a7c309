"""`cordboard token`: who may use the HTTP API."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, verbatim
from cordboard.office.roles import Role
from cordboard.office.tokens import SCOPES, new_token

app = typer.Typer(help="Tokens of programs that use the HTTP API.", no_args_is_help=True)


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the tokens, what each may do, and when it was last used. The tokens themselves are not kept."""
    async with opened(settings_for(data)) as store:
        tokens = await store.tokens.all()
    table = Table("token", "may", "user", "made", "last used", box=None, pad_edge=False)
    for token in tokens:
        used = f"{token.used:%Y-%m-%d %H:%M}" if token.used else "never"
        may = ", ".join([token.role, *token.scopes] if token.role else token.scopes)
        table.add_row(token.name, may, token.login, f"{token.created:%Y-%m-%d}", used)
    console.print(table)


@app.command()
@asynchronous
async def add(
    name: Annotated[str, typer.Argument(help="Whom it is for: crm.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do; any number of times. A wrong one lists all.", show_default=False),
    ] = None,
    role: Annotated[Role | None, typer.Option(help="What its holder is: gives all scopes of that role.")] = None,
    user: Annotated[str, typer.Option(help="The login of the user who holds it; otherwise a program does.")] = "",
    data: Data = None,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    scopes = sorted(set(scope or ()))
    if not scopes and role is None:
        fail("Say what it may do: give --scope or --role.")
    if unknown := set(scopes) - SCOPES.keys():
        possible = "; ".join(f"{each} ({meaning})" for each, meaning in SCOPES.items())
        fail(f"There is no scope {min(unknown)}: choose of {possible}.")
    plain, token = new_token(name, scopes, datetime.now(UTC), login=user, role=role.value if role else "")
    async with opened(settings_for(data)) as store:
        if user and user not in {each.login for each in (await store.office.load()).users}:
            fail(f"There is no user {user}: see `cordboard user list`.")
        if not await store.tokens.add(token):
            fail(f"There is a token {name} already: remove it first, or choose another name.")
    console.print(verbatim([plain]))


@app.command()
@asynchronous
async def remove(name: Annotated[str, typer.Argument()], data: Data = None) -> None:
    """Revoke a token, from the next request on."""
    async with opened(settings_for(data)) as store:
        if not await store.tokens.remove(name):
            fail(f"There is no token {name}: see `cordboard token list`.")
    console.print(f"Token {name} is revoked", markup=False)
