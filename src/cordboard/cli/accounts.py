"""`cordboard account`: who may sign in to the page and the HTTP API by a password."""

from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, verbatim
from cordboard.office.accounts import Account
from cordboard.office.audit import Actor
from cordboard.office.configuration import Configuration, Shown
from cordboard.office.configuration_parts import ConfigurationError
from cordboard.office.passwords import new_password
from cordboard.office.roles import Role
from cordboard.telephony import SystemClock

app = typer.Typer(help="Who may sign in by a name and a password, and as what.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name that is typed: the login of a user, or another one.")]
_BY = Actor("cordboard account")


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the accounts."""
    async with opened(settings_for(data)) as store:
        accounts = (await store.office.load()).of(Account)
        sessions = {name: len(await store.sessions.of(name)) for name in accounts}
    table = Table("account", "role", "second step", "signed in", box=None, pad_edge=False)
    for name, account in sorted(accounts.items()):
        table.add_row(name, account.role.value, "yes" if account.second_step else "no", str(sessions[name]))
    console.print(table)


@app.command("set")
@asynchronous
async def set_(
    name: Name,
    role: Annotated[Role | None, typer.Option(help="What he may do. A new account is that of a user.")] = None,
    data: Data = None,
) -> None:
    """Make an account, or give it a new password, and print that: it is shown this once.

    Whoever has signed in with the old password is signed out; a second step is taken away.
    """
    password = new_password(16)
    async with opened(settings_for(data)) as store:
        before = (await store.office.load()).of(Account).get(name)
        what = role or (before.role if before else Role.USER)
        body = {"role": what.value, "password": password, "second_step": ""}
        try:
            changed = await Configuration(store.office, SystemClock()).put(
                Account.kind, name, body, _BY, accept=lambda _: None
            )
        except ConfigurationError as error:
            fail(f"{error}.")
    for warning in changed.warnings:
        console.print(warning, markup=False)
    console.print(verbatim([f"{name} ({what.value}) signs in with the password {password}"]))


@app.command()
@asynchronous
async def remove(name: Annotated[str, typer.Argument()], data: Data = None) -> None:
    """Remove an account: whoever has signed in with it is signed out."""

    def there(_: Shown | None) -> None:
        """Whatever it is."""

    async with opened(settings_for(data)) as store:
        if name not in (await store.office.load()).of(Account):
            fail(f"There is no account {name}: see `cordboard account list`.")
        await Configuration(store.office, SystemClock()).remove(Account.kind, name, _BY, accept=there)
    console.print(f"Account {name} is removed", markup=False)
