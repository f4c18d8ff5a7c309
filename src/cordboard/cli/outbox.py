"""`cordboard outbox`: what is to be delivered. `cordboard mail` and `cordboard webhook`: how."""

import ipaddress
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, errors, fail, opened, settings_for, told, verbatim
from cordboard.outbox.email import send
from cordboard.outbox.mail_text import compose
from cordboard.outbox.ports import (
    BadAddressError,
    Delivery,
    DeliveryError,
    MailServer,
    Security,
    State,
    email_address,
)

app = typer.Typer(help="Mails and webhooks on their way.", no_args_is_help=True)
mail = typer.Typer(help="The office's mail server.", no_args_is_help=True)
webhook = typer.Typer(help="Whom webhooks may call, and how they are signed.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The number that `cordboard outbox list` shows.")]
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}


@app.command("list")
@asynchronous
async def show_all(
    state: Annotated[list[State] | None, typer.Option(help="Only these. Any number of times.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the youngest first.")] = 50,
    data: Data = None,
) -> None:
    """List deliveries, the youngest first."""
    async with opened(settings_for(data)) as store:
        found = await store.outbox.find(states=state or [], limit=limit)
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    table = Table("no", "ordered", "kind", "to", "what", "state", "tries", "next", "", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            str(each.id),
            _moment(each.ordered, zone),
            each.kind,
            each.recipient,
            _what(each),
            each.state.value,
            str(each.tries),
            _moment(each.due, zone) if each.state is not State.SENDING else "now",
            verbatim([told(each.error)]),
        )
    console.print(table)


@app.command()
@asynchronous
async def show(number: Number, data: Data = None) -> None:
    """Show all that is known of one delivery."""
    async with opened(settings_for(data)) as store:
        found = await store.outbox.get(number)
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    if found is None:
        fail(_unknown(number))
    rows = {
        "state": found.state.value,
        "kind": found.kind,
        "to": found.recipient,
        "ordered": _moment(found.ordered, zone),
        "next": _moment(found.due, zone),
        "deadline": _moment(found.deadline, zone),
        "settled": _moment(found.settled, zone),
        "tries": str(found.tries),
        "in doubt": f"{found.doubts} times" if found.doubts else "",
        "error": told(found.error),
        "answer": told(found.receipt),
        "run": found.run_id,
        "chain": found.chain,
        **{name: str(value) for name, value in found.payload.items() if name not in ("to", "ordered")},
    }
    for name, value in rows.items():
        if value:
            console.print(f"{name:12} {value}", markup=False)


@app.command()
@asynchronous
async def again(number: Number, data: Data = None) -> None:
    """Let a delivery that waits, has failed, is in doubt or was dropped be tried at once."""
    async with opened(settings_for(data)) as store:
        if not await store.outbox.again(number, datetime.now(UTC)):
            _refuse(number, await store.outbox.get(number))
    console.print(f"No. {number} is tried again", markup=False)


@app.command()
@asynchronous
async def drop(number: Number, data: Data = None) -> None:
    """Let a delivery be. What follows it to the same recipient goes on."""
    async with opened(settings_for(data)) as store:
        if not await store.outbox.drop(number, datetime.now(UTC)):
            _refuse(number, await store.outbox.get(number))
    console.print(f"No. {number} is dropped", markup=False)


@mail.command("set")
@asynchronous
async def set_mail(  # noqa: PLR0917  (each is an option of the command)
    host: Annotated[str, typer.Argument(help="The mail server's host.")],
    sender: Annotated[str, typer.Argument(help="The address from which mails come.")],
    security: Annotated[Security, typer.Option(help="How the way there is kept secret.")] = Security.STARTTLS,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="587, 465 with tls, 25 with plain.")] = None,
    username: Annotated[str, typer.Option(help="Sign in under this name.")] = "",
    password: Annotated[
        str, typer.Option(envvar="CORDBOARD_MAIL_PASSWORD", help="Asked for if --username is given.")
    ] = "",
    authority: Annotated[
        Path | None, typer.Option(help="A PEM file of the authority that vouches for the server, if it is your own.")
    ] = None,
    data: Data = None,
) -> None:
    """Say over which server mails leave. It counts at once. Try it with `cordboard mail test`."""
    try:
        address = email_address(sender)
    except BadAddressError as fault:
        fail(f"{fault}.")
    if authority is not None and not authority.is_file():
        fail(f"There is no file {authority}: name the certificate of the authority.")
    if username and not password:
        password = typer.prompt("Password of the mail server", hide_input=True)
    if username and security is Security.PLAIN:
        errors.print("The password goes to the server unencrypted: use starttls or tls if it can.", markup=False)
    server = MailServer(
        host,
        port or _PORTS[security],
        address,
        security,
        username,
        password if username else "",
        str(authority.resolve()) if authority else "",
    )
    async with opened(settings_for(data)) as store:
        await store.outbox_settings.set_mail(server)
    console.print(f"Mails leave over {host}:{server.port}", markup=False)


@mail.command("show")
@asynchronous
async def show_mail(data: Data = None) -> None:
    """Show over which server mails leave."""
    server = await _server(data)
    sign_in = f" as {server.username}" if server.username else ""
    console.print(f"{server.host}:{server.port} {server.security.value}{sign_in}, from {server.sender}", markup=False)


@mail.command("off")
@asynchronous
async def no_mail(data: Data = None) -> None:
    """Forget the mail server. Mails wait until another is set or their deadline is over."""
    async with opened(settings_for(data)) as store:
        await store.outbox_settings.set_mail(None)
    console.print("No mail server is set", markup=False)


@mail.command("test")
@asynchronous
async def try_mail(to: Annotated[str, typer.Argument(help="Who gets the mail.")], data: Data = None) -> None:
    """Send a mail now, past the outbox, and tell what the server says."""
    server = await _server(data)
    try:
        recipient = email_address(to)
    except BadAddressError as fault:
        fail(f"{fault}.")
    now = datetime.now(UTC)
    words = {"subject": "Cordboard can send mails", "text": f"{server.host} has taken this mail."}
    trial = Delivery(0, "email", secrets.token_hex(8), recipient, words, now, now + timedelta(minutes=1))
    try:
        receipt = await send(server, recipient, compose(trial, server.sender, [recipient], [], "en"))
    except DeliveryError as fault:
        fail(f"{fault}.")
    console.print(f"{server.host} has taken it: {receipt.text}", markup=False)


@webhook.command("show")
@asynchronous
async def show_webhooks(data: Data = None) -> None:
    """Show the rules. The secret is shown once, when it is made."""
    async with opened(settings_for(data)) as store:
        rules = await store.outbox_settings.webhooks()
    console.print(f"allowed in local networks: {', '.join(rules.local) or 'nothing'}", markup=False)
    console.print(f"signing secret: {'set' if rules.secret else 'none'}", markup=False)


@webhook.command()
@asynchronous
async def allow(
    network: Annotated[str, typer.Argument(help="An address or a network: 192.168.7.5, 10.0.0.0/24.")],
    data: Data = None,
) -> None:
    """Let webhooks call an address that is not one of the internet."""
    async with opened(settings_for(data)) as store:
        rules = await store.outbox_settings.webhooks()
        local = sorted({*rules.local, _network(network)})
        await store.outbox_settings.set_webhooks(replace(rules, local=tuple(local)))
    console.print(f"Webhooks may call {_network(network)}", markup=False)


@webhook.command()
@asynchronous
async def forbid(network: Annotated[str, typer.Argument(help="As it was allowed.")], data: Data = None) -> None:
    """Take a permission away."""
    async with opened(settings_for(data)) as store:
        rules = await store.outbox_settings.webhooks()
        if _network(network) not in rules.local:
            fail(f"{network} is not allowed anyhow: see `cordboard webhook show`.")
        local = tuple(each for each in rules.local if each != _network(network))
        await store.outbox_settings.set_webhooks(replace(rules, local=local))
    console.print(f"Webhooks may not call {_network(network)} any more", markup=False)


@webhook.command()
@asynchronous
async def secret(data: Data = None) -> None:
    """Make a new secret for signatures, and show it. The old one does not count any more."""
    made = secrets.token_urlsafe(32)
    async with opened(settings_for(data)) as store:
        rules = await store.outbox_settings.webhooks()
        await store.outbox_settings.set_webhooks(replace(rules, secret=made))
    console.print(made, markup=False)


async def _server(data: Path | None) -> MailServer:
    async with opened(settings_for(data)) as store:
        server = await store.outbox_settings.mail()
    if server is None:
        fail("No mail server is set: tell it with `cordboard mail set`.")
    return server


def _network(written: str) -> str:
    try:
        return str(ipaddress.ip_network(written))
    except ValueError:
        fail(f"{written} is no address and no network: write 192.168.7.5 or 10.0.0.0/24.")


def _refuse(number: int, found: Delivery | None) -> None:
    if found is None:
        fail(_unknown(number))
    if found.state is State.SENDING:
        fail(f"No. {number} is being handed over just now: wait until it is known what came of it.")
    fail(f"No. {number} is {found.state.value} already.")


def _unknown(number: int) -> str:
    return f"There is no delivery {number}: see `cordboard outbox list`."


def _what(delivery: Delivery) -> str:
    what = (delivery.payload.get(name) for name in ("subject", "body", "text"))
    return str(next((each for each in what if each), ""))[:40]


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
