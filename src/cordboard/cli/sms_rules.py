"""`cordboard sms limits` and `cordboard sms optout`: what is allowed, and who wants no SMS."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, told
from cordboard.outbox.ports import BadAddressError, sms_recipient
from cordboard.outbox.sms.keeping import OptOut, SmsRules
from cordboard.outbox.sms.quiet import quiet_hours
from cordboard.scenario.said import said
from cordboard.store.database import Store

optout = typer.Typer(help="Phones that get no SMS.", no_args_is_help=True)

Phone = Annotated[str, typer.Argument(help="The phone, in any usual writing.")]


@asynchronous
async def limits(  # noqa: PLR0917  (each is an option of the command)
    parts: Annotated[int | None, typer.Option(min=0, help="Parts a day; 0: no limit.")] = None,
    money: Annotated[str | None, typer.Option(help="Money a day, of each currency by itself; 0: no limit.")] = None,
    scenario_parts: Annotated[int | None, typer.Option(min=0, help="Parts a day by one scenario; 0: no limit.")] = None,
    to_one: Annotated[int | None, typer.Option(min=0, help="Messages a day to one phone; 0: no limit.")] = None,
    longest: Annotated[int | None, typer.Option(min=0, max=255, help="Parts of one message; 0: no limit.")] = None,
    quiet: Annotated[
        str | None, typer.Option(help="Quiet hours where the called phone is: 21:00-08:00; off: none.")
    ] = None,
    working_time: Annotated[
        bool | None, typer.Option("--working-time/--any-time", help="What is not urgent waits until the office works.")
    ] = None,
    simplify: Annotated[
        bool | None, typer.Option("--simplify/--as-written", help="Plain signs for typographic ones where that saves.")
    ] = None,
    stop_word: Annotated[
        list[str] | None, typer.Option(help="A word that puts its sender on the list of opt-outs. These replace all.")
    ] = None,
    data: Data = None,
) -> None:
    """Show what is allowed, after changing what is said. It counts at once."""
    async with opened(settings_for(data)) as store:
        rules = await store.sms_settings.rules()
        given: dict[str, Any] = {
            "parts_a_day": parts,
            "money_a_day": None if money is None else _money(money),
            "scenario_parts_a_day": scenario_parts,
            "messages_a_day_to_one": to_one,
            "parts_of_one": longest,
            "quiet": None if quiet is None else _quiet(quiet),
            "working_time": working_time,
            "simplify": simplify,
            "stop_words": tuple(stop_word) if stop_word else None,
        }
        changed = replace(rules, **{name: value for name, value in given.items() if value is not None})
        if changed != rules:
            await store.sms_settings.set_rules(changed)
    _show(changed)


def _show(rules: SmsRules) -> None:
    unlimited = told(said("no limit"))
    rows = (
        (told("parts a day"), str(rules.parts_a_day or unlimited)),
        (told("money a day"), str(rules.money_a_day or unlimited)),
        (told("parts a day by one scenario"), str(rules.scenario_parts_a_day or unlimited)),
        (told("messages a day to one phone"), str(rules.messages_a_day_to_one or unlimited)),
        (told("parts of one message"), str(rules.parts_of_one or unlimited)),
        (told("quiet hours"), rules.quiet or "none"),
        (told("working time only"), "yes" if rules.working_time else "no"),
        (told("plain signs where that saves"), "yes" if rules.simplify else "no"),
        (told("stop words"), ", ".join(rules.stop_words)),
    )
    table = Table("limit", "", box=None, pad_edge=False)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)


@optout.command()
@asynchronous
async def add(
    phone: Phone, why: Annotated[str, typer.Option(help="For people.")] = "by hand", data: Data = None
) -> None:
    """Send a phone no SMS any more."""
    async with opened(settings_for(data)) as store:
        canonical = await _canonical(store, phone)
        await store.sms_settings.opt_out(OptOut(canonical, datetime.now(UTC), why))
    console.print(f"{canonical} gets no SMS", markup=False)


@optout.command("list")
@asynchronous
async def show_opt_outs(data: Data = None) -> None:
    """List the phones that get no SMS, the youngest first."""
    async with opened(settings_for(data)) as store:
        found = await store.sms_settings.opt_outs()
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    table = Table("phone", "since", "", box=None, pad_edge=False)
    for each in found:
        table.add_row(each.phone, each.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), each.words)
    console.print(table)


@optout.command()
@asynchronous
async def remove(phone: Phone, data: Data = None) -> None:
    """Send a phone SMS again."""
    async with opened(settings_for(data)) as store:
        canonical = await _canonical(store, phone)
        if not await store.sms_settings.opt_in(canonical):
            fail(f"{canonical} is not on the list: see `cordboard sms optout list`.")
    console.print(f"{canonical} gets SMS again", markup=False)


async def _canonical(store: Store, phone: str) -> str:
    try:
        return sms_recipient(phone, (await store.office.load()).settings.country)
    except BadAddressError as fault:
        fail(f"{fault}.")


def _money(written: str) -> Decimal:
    try:
        amount = Decimal(written.replace(",", "."))
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        fail(f"{written} is no amount of money: write 100 or 99.50.")
    return amount


def _quiet(written: str) -> str:
    if written.lower() in {"", "off", "none"}:
        return ""
    try:
        quiet_hours(written)
    except ValueError as fault:
        fail(f"{fault}.")
    return written.strip()
