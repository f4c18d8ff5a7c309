"""`cordboard list`: named lists of numbers, as the black one, for the component "Is it on the list?"."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for
from cordboard.office.listing import ListedNumber, listed_number

app = typer.Typer(help="Lists of numbers: unwanted callers, important clients.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The list: black, vip. It comes to be with its first number.")]
Numbers = Annotated[
    list[str], typer.Argument(help="Numbers in any usual writing, or prefixes with a star: +380800*.", metavar="NUMBER")
]


@app.command()
@asynchronous
async def show(
    name: Annotated[str, typer.Argument(help="The list. Otherwise all of them.")] = "", data: Data = None
) -> None:
    """Show what stands on a list, or on all."""
    async with opened(settings_for(data)) as store:
        entries = await store.number_lists.entries(name)
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    table = Table("list", "number", "until", "note", box=None, pad_edge=False)
    now = datetime.now(UTC)
    for entry in entries:
        over = entry.until is not None and entry.until <= now
        until = f"{entry.until.astimezone(zone):%Y-%m-%d %H:%M}{' (over)' if over else ''}" if entry.until else ""
        table.add_row(entry.list, entry.number, until, entry.note)
    console.print(table)


@app.command()
@asynchronous
async def add(
    name: Name,
    numbers: Numbers,
    note: Annotated[str, typer.Option(help="What is to be remembered about them.")] = "",
    days: Annotated[float | None, typer.Option(help="How many days they stand there. Otherwise for ever.")] = None,
    data: Data = None,
) -> None:
    """Put numbers on a list, or give them a new note and a new time."""
    if days is not None and not 0 < days <= 36600:
        fail("--days takes a number above 0: --days 7.")
    async with opened(settings_for(data)) as store:
        country = (await store.office.load()).settings.country
        now = datetime.now(UTC)
        until = now + timedelta(days=days) if days is not None else None
        found = [_number(text, country) for text in numbers]
        for number in found:
            await store.number_lists.put(ListedNumber(name, number, note, until), now)
            console.print(f"{number} stands on the list {name}", markup=False)


@app.command()
@asynchronous
async def remove(name: Name, numbers: Numbers, data: Data = None) -> None:
    """Take numbers away from a list."""
    missing = False
    async with opened(settings_for(data)) as store:
        country = (await store.office.load()).settings.country
        for number in [_number(text, country) for text in numbers]:
            if await store.number_lists.remove(name, number):
                console.print(f"{number} is off the list {name}", markup=False)
            else:
                missing = True
                console.print(f"{number} does not stand on the list {name}", markup=False)
    if missing:
        raise typer.Exit(1)


def _number(text: str, country: str) -> str:
    number = listed_number(text, country)
    if not number:
        fail(f"{text} is no number: write it in any usual way, or a prefix with the code of its country: +380800*.")
    return number
