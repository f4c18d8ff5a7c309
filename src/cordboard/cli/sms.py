"""`cordboard sms`: lines to the mobile network, what is allowed on them, and the messages."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cordboard.cli import sms_messages, sms_rules
from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, told, verbatim
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.outbox.ports import BadAddressError, DeliveryError, sms_recipient
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.outbox.sms.line_settings import LineSetting
from cordboard.outbox.sms.lines import line_class, make_line
from cordboard.outbox.sms.ports import OutgoingSms, SmsLine
from cordboard.outbox.sms.segments import segments
from cordboard.store.database import Store
from cordboard.wiring.sms import sms_makers

app = typer.Typer(help="SMS: lines to the mobile network, limits, and the messages.", no_args_is_help=True)
line = typer.Typer(help="Lines to the mobile network.", no_args_is_help=True)
app.add_typer(line, name="line")
app.add_typer(sms_rules.optout, name="optout")
app.command("limits")(sms_rules.limits)
app.command("send")(sms_messages.send)
app.command("list")(sms_messages.show_all)

Name = Annotated[str, typer.Argument(help="The name of the line.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting: host=smpp.test; a name alone is asked for. Any number of times."),
]
Prefixes = Annotated[
    list[str] | None, typer.Option("--prefix", help="A beginning of phones that it serves: +38067. Several times.")
]
Cost = Annotated[str | None, typer.Option(help="What one part costs: 0.42.")]
Currency = Annotated[str | None, typer.Option(help="Of the cost: UAH.")]
Rank = Annotated[int | None, typer.Option(help="Of lines that are alike otherwise the lowest is taken.")]
UP_WITHIN = 10.0
"""Seconds that a trial waits for its line."""


@line.command("settings")
def show_kind(
    kind: Annotated[LineKind, typer.Argument(help="By what the line reaches the network.")],
    provider: Annotated[str, typer.Option(help="Of http: whose settings; a name or a file.")] = "form_with_key",
) -> None:
    """Show what a kind of line can be set up with."""
    table = Table("setting", "otherwise", "", box=None, pad_edge=False)
    for each in _declared(kind, {"provider": provider}):
        otherwise = told("must be given") if each.default is None else each.default
        table.add_row(each.name, otherwise, verbatim([" ".join([told(each.help), "/".join(each.choices)])]))
    console.print(table)


@line.command()
@asynchronous
async def add(  # noqa: PLR0917  (each is an option of the command)
    name: Annotated[str, typer.Argument(help="A short name.")],
    kind: Annotated[LineKind, typer.Argument(help="By what the line reaches the network.")],
    settings: Settings = None,
    prefix: Prefixes = None,
    cost: Cost = None,
    currency: Currency = None,
    rank: Rank = None,
    data: Data = None,
) -> None:
    """Add a line. The running exchange takes it within a second."""
    if not name.replace("-", "").replace("_", "").isalnum():
        fail(f"{name}: the name of a line takes letters, digits, - and _ only.")
    config = _changed(SmsLineConfig(name, kind), settings, prefix, cost, currency, rank)
    async with opened(settings_for(data)) as store:
        if any(each.name == name for each in await store.sms_settings.lines()):
            fail(f"There is a line {name} already: change it with `cordboard sms line set`.")
        _must_work(store, config)
        await store.sms_settings.put_line(config)
    console.print(f"SMS line {name} is added", markup=False)


@line.command("set")
@asynchronous
async def change(  # noqa: PLR0917  (each is an option of the command)
    name: Name,
    settings: Settings = None,
    prefix: Prefixes = None,
    cost: Cost = None,
    currency: Currency = None,
    rank: Rank = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether it is used.")] = None,
    all_prefixes: Annotated[bool, typer.Option("--all", help="It serves all phones from now on.")] = False,
    data: Data = None,
) -> None:
    """Change a line: what is not said stays. The running exchange takes it within a second."""
    async with opened(settings_for(data)) as store:
        config = await _found(store, name)
        if all_prefixes:
            config = replace(config, prefixes=())
        if enabled is not None:
            config = replace(config, enabled=enabled)
        config = _changed(config, settings, prefix, cost, currency, rank)
        _must_work(store, config)
        await store.sms_settings.put_line(config)
    console.print(f"SMS line {name} is changed", markup=False)


@line.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the lines. How each stands now is in the exchange's /health."""
    async with opened(settings_for(data)) as store:
        lines = await store.sms_settings.lines()
    table = Table("line", "kind", "serves", "part costs", "rank", "", box=None, pad_edge=False)
    for each in lines:
        serves = ", ".join(each.prefixes) or "all"
        cost = f"{each.cost} {each.currency}".strip()
        table.add_row(each.name, each.kind, serves, cost, str(each.rank), "" if each.enabled else "off")
    console.print(table)


@line.command()
@asynchronous
async def show(name: Name, data: Data = None) -> None:
    """Show what a line is set up with, without what is secret."""
    async with opened(settings_for(data)) as store:
        config = await _found(store, name)
    secret = {each.name for each in _declared(config.kind, config.settings) if each.secret}
    for key, value in sorted(config.settings.items()):
        console.print(f"{key:16} {'•••' if key in secret else value}", markup=False)


@line.command()
@asynchronous
async def remove(name: Name, data: Data = None) -> None:
    """Remove a line. Messages that are for it alone wait until their deadline is over."""
    async with opened(settings_for(data)) as store:
        await _found(store, name)
        await store.sms_settings.remove_line(name)
    console.print(f"SMS line {name} is removed", markup=False)


@line.command("test")
@asynchronous
async def try_out(
    name: Name,
    to: Annotated[str, typer.Argument(help="The phone that gets the SMS.")],
    text: Annotated[str, typer.Option(help="What it says.")] = "Cordboard can send SMS",
    data: Data = None,
) -> None:
    """Send an SMS by a line now, past the outbox and its limits, and tell what the network says."""
    async with opened(settings_for(data)) as store:
        config = await _found(store, name)
        office = (await store.office.load()).settings
        try:
            phone = sms_recipient(to, office.country)
        except BadAddressError as fault:
            fail(f"{fault}.")
        one = _must_work(store, config)
        coding, parts = segments(text, 0)
        deadline = datetime.now(UTC) + timedelta(hours=1)
        trial = OutgoingSms(f"test-{deadline:%Y%m%d%H%M%S}", phone, "", coding, parts, deadline)
        references = await _sent(one, trial, store)
    console.print(f"{name} has taken it: {', '.join(references) or 'without a reference'}", markup=False)


async def _sent(one: SmsLine, trial: OutgoingSms, store: Store) -> Sequence[str]:
    """Serve the line for as long as it takes to send one message; what comes in meanwhile is kept."""
    serving = asyncio.create_task(one.serve(store.sms_inbox))
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(UP_WITHIN):
                while not one.up:  # noqa: ASYNC110 - a line tells nobody when it is up
                    await asyncio.sleep(0.05)
        return await one.send(trial)
    except DeliveryError as fault:
        fail(f"{fault}.")
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


async def _found(store: Store, name: str) -> SmsLineConfig:
    found = [each for each in await store.sms_settings.lines() if each.name == name]
    if not found:
        fail(f"There is no SMS line {name}: see `cordboard sms line list`.")
    return found[0]


def _must_work(store: Store, config: SmsLineConfig) -> SmsLine:
    """The line, made of its settings. Says what is wrong with them."""
    try:
        return make_line(config, sms_makers(store, GuardedClient()))
    except (ValueError, ImportError, AttributeError) as fault:
        fail(f"{fault}.")


def _declared(kind: LineKind, settings: Mapping[str, str]) -> Sequence[LineSetting]:
    """All settings of a kind of line; of http those of its provider, too."""
    try:
        one = line_class(kind)
        if kind is LineKind.HTTP:
            from cordboard.outbox.sms.http_provider import settings_of  # noqa: PLC0415 - as its class is

            return settings_of(settings)
        declared: Sequence[LineSetting] = one.SETTINGS
    except (ImportError, ValueError) as fault:
        fail(f"{fault}.")
    return declared


def _changed(  # noqa: PLR0917  (each is an option of two commands)
    config: SmsLineConfig,
    given: Sequence[str] | None,
    prefixes: Sequence[str] | None,
    cost: str | None,
    currency: str | None,
    rank: int | None,
) -> SmsLineConfig:
    settings = dict(config.settings)
    for each in given or ():
        name, equals, value = each.partition("=")
        settings[name] = value if equals else typer.prompt(name, hide_input=True)
        if name in {"authority", "provider"} and Path(settings[name]).is_file():
            settings[name] = str(Path(settings[name]).resolve())
    for prefix in prefixes or ():
        if not prefix.removeprefix("+").isdecimal():
            fail(f"{prefix} is no beginning of a phone: write +38067, or a short code.")
    return replace(
        config,
        settings={name: value for name, value in settings.items() if value},
        prefixes=tuple(prefixes) if prefixes else config.prefixes,
        cost=config.cost if cost is None else _amount(cost),
        currency=config.currency if currency is None else currency.upper(),
        rank=config.rank if rank is None else rank,
    )


def _amount(written: str) -> Decimal:
    try:
        amount = Decimal(written.replace(",", "."))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        fail(f"{written} is no cost: write 0.42.")
    return amount
