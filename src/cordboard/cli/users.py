"""`cordboard user`: the people of the office and what their phones sign in with."""

from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, change_office, console, fail, opened, settings_for
from cordboard.cli.up import change_demo_login
from cordboard.office.model import OfficeData, User, UserPhone
from cordboard.office.passwords import new_password, phone_secret
from cordboard.office.pins import hash_pin
from cordboard.telephony.directory import Algorithm

app = typer.Typer(help="The people of the office and their phones.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The internal number.")]


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the users."""
    async with opened(settings_for(data)) as store:
        office = await store.office.load()
        registered = {registration.account for registration in await store.registrations.load()}
    table = Table("number", "login", "name", "mobile", "may dial", "phones", box=None, pad_edge=False)
    for user in sorted(office.users, key=lambda user: user.number):
        phones = [
            phone.account + (" (registered)" if phone.account in registered else "")
            for phone in office.phones
            if phone.login == user.login
        ]
        rights = ", ".join(user.allowed_prefixes) or "inside only"
        name = user.name if user.enabled else f"{user.name} (off)"
        table.add_row(user.number, user.login, name, user.mobile, rights, ", ".join(phones))
    console.print(table)


@app.command()
@asynchronous
async def add(  # noqa: PLR0917  (each is an option of the command)
    number: Number,
    name: Annotated[str, typer.Argument(help="The name that others see.")],
    login: Annotated[str, typer.Option(help="A short name; otherwise the number.")] = "",
    mobile: Annotated[str, typer.Option(help="The person's own phone: calls from it are recognised.")] = "",
    language: Annotated[str, typer.Option(help="en, ru or uk.")] = "",
    pin: Annotated[str, typer.Option(help="PIN for the entry to the exchange from outside.")] = "",
    allow: Annotated[
        list[str] | None, typer.Option(help="What may be dialled outside: +380, or + for all. May be repeated.")
    ] = None,
    sha256: Annotated[bool, typer.Option(help="Prove the password by SHA-256 rather than MD5.")] = False,
    nat: Annotated[bool, typer.Option(help="The phone is behind a NAT of its own.")] = False,
    data: Data = None,
) -> None:
    """Add a user with one phone, and print its password: it is shown this once."""
    if not number.isdigit():
        fail(f"{number} is not an internal number: it takes digits only.")
    if pin and not pin.isdigit():
        fail("A PIN takes digits only: it is typed on a telephone.")
    async with opened(settings_for(data)) as store:
        office = await store.office.load()
        if taken := _holder(office, number):
            fail(f"Number {number} is taken by {taken}: choose another one.")
        user = User(
            login or number,
            name,
            number,
            mobile,
            language,
            pin_hash=hash_pin(pin) if pin else "",
            allowed_prefixes=tuple(allow or ()),
        )
        if any(other.login == user.login for other in office.users):
            fail(f"There is a user {user.login} already: name another --login.")
        password = new_password()
        algorithm = Algorithm.SHA256 if sha256 else Algorithm.MD5
        secret = phone_secret(number, office.settings.realm, password, algorithm)
        await change_office(store, user, UserPhone(number, user.login, secret, algorithm, behind_nat=nat))
    console.print(f"{name}: number {number}, the phone signs in as {number} with the password {password}", markup=False)


@app.command()
@asynchronous
async def password(number: Number, data: Data = None) -> None:
    """Give the phones of a user a new password, and print it: it is shown this once."""
    settings = settings_for(data)
    async with opened(settings) as store:
        office = await store.office.load()
        user = _user(office, number)
        for phone in [phone for phone in office.phones if phone.login == user.login]:
            new = new_password()
            secret = phone_secret(phone.account, office.settings.realm, new, phone.algorithm)
            await change_office(
                store, UserPhone(phone.account, phone.login, secret, phone.algorithm, behind_nat=phone.behind_nat)
            )
            change_demo_login(settings, phone.account, new)
            console.print(f"The phone {phone.account} signs in with the password {new}", markup=False)


@app.command()
@asynchronous
async def remove(number: Number, data: Data = None) -> None:
    """Remove a user and his phones. The call log keeps his calls."""
    settings = settings_for(data)
    async with opened(settings) as store:
        office = await store.office.load()
        user = _user(office, number)
        await change_office(store, remove=[user])
    for phone in office.phones:
        if phone.login == user.login:
            change_demo_login(settings, phone.account, None)
    console.print(f"{user.name} ({number}) is removed", markup=False)


def _user(office: OfficeData, number: str) -> User:
    found = [user for user in office.users if number in (user.number, user.login)]
    return found[0] if found else fail(f"There is no user {number}: see `cordboard user list`.")


def _holder(office: OfficeData, number: str) -> str:
    """Who has the number already, in words."""
    for user in office.users:
        if user.number == number:
            return user.name
    for internal in office.internal_numbers:
        if internal.number == number:
            return f"the scenario {internal.scenario}"
    return ""
