"""`cordboard workbook`: the tables of the company, and what scenarios have ordered to be written into them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, told, verbatim
from cordboard.config import Settings
from cordboard.datasource.excel.about import about, names
from cordboard.datasource.excel.holders import busy, holder
from cordboard.datasource.excel.orders import Place, from_payload
from cordboard.datasource.excel.ports import WorkbookError, WriteFault
from cordboard.datasource.excel.service import WorkbookFolder
from cordboard.store.database import Store

app = typer.Typer(help="Workbooks of scenarios: who has them open, what waits to be written.", no_args_is_help=True)


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the workbooks in the folder of tables, and what waits to be written into them."""
    settings = settings_for(data)
    async with _tables(settings) as (store, books):
        await books.take_in()
        found = await asyncio.to_thread(names, settings.tables)
        waiting = {state.name: state.waiting for state in books.states() if state.waiting}
        faults = Counter(fault.workbook for fault in await store.workbooks.faults())
    table = Table("workbook", "waiting", "faults", "", box=None, pad_edge=False)
    for name in sorted({*found, *waiting, *filter(None, faults)}):
        there = name in found
        who = await asyncio.to_thread(holder, settings.tables / name) if there else None
        trouble = busy(Path(name), who) if who is not None else "" if there else told("it is not there")
        table.add_row(name, str(waiting.get(name, "")), str(faults.get(name, "")), verbatim([told(trouble)]))
    console.print(table)


@app.command()
@asynchronous
async def show(
    name: Annotated[str, typer.Argument(help="The workbook, as scenarios call it: debts, sales/prices.xlsx.")],
    sheet: Annotated[str, typer.Option(help="The sheet. Otherwise the first one.")] = "",
    header: Annotated[int, typer.Option(min=0, help="The row in which the columns have their names.")] = 1,
    data: Data = None,
) -> None:
    """Show the columns of a workbook, how many rows there are, and which phones have lost their digits."""
    async with _tables(settings_for(data)) as (_, books):
        try:
            found = await about(books, Place(name, sheet, header))
        except WorkbookError as fault:
            fail(f"{fault}.")
    rows = {
        "workbook": found.name if found.writable else told(f"{found.name} (can only be read)"),
        "sheet": found.sheet,
        "others": ", ".join(each for each in found.sheets if each != found.sheet),
        "rows": str(found.rows),
        "columns": ", ".join(found.columns),
    }
    for title, value in rows.items():
        if value:
            console.print(f"{title:10} {value}", markup=False)
    for column, lost in found.lost.items():
        more = f" and {len(lost) - 10} more" if len(lost) > 10 else ""
        where = ", ".join(map(str, lost[:10]))
        console.print(f"{column}: a phone has lost its digits in row {where}{more}", markup=False)


@app.command()
@asynchronous
async def faults(data: Data = None) -> None:
    """List what could not be written, and never will be: the row or the column is gone."""
    async with opened(settings_for(data)) as store:
        found = await store.workbooks.faults()
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
    table = Table("no", "at", "workbook", "what", "", box=None, pad_edge=False)
    for each in found:
        at = f"{each.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        table.add_row(str(each.seq), at, each.workbook, verbatim([_what(each)]), verbatim([told(each.error)]))
    console.print(table)


@app.command()
@asynchronous
async def forget(
    number: Annotated[int, typer.Argument(help="The number that `cordboard workbook faults` shows.")],
    data: Data = None,
) -> None:
    """Take a fault off the list: somebody has seen to it."""
    async with opened(settings_for(data)) as store:
        if not await store.workbooks.forget(number):
            fail(f"There is no fault No. {number}: `cordboard workbook faults` lists them.")
    console.print(f"No. {number} is forgotten", markup=False)


@asynccontextmanager
async def _tables(settings: Settings) -> AsyncIterator[tuple[Store, WorkbookFolder]]:
    async with opened(settings) as store:
        country = (await store.office.load()).settings.country
        books = WorkbookFolder(settings.tables, store.workbooks, lambda: country)
        try:
            yield store, books
        finally:
            await books.close()


def _what(fault: WriteFault) -> str:
    """The order in few words."""
    try:
        order = from_payload(fault.payload)
    except ValueError:
        return ""
    values = "; ".join(f"{column} = {value if value is not None else ''}" for column, value in order.values.items())
    if order.where is None:
        return f"new row: {values}"
    where = "; ".join(f"{column} = {sought}" for column, sought in order.where.items())
    return f"{where}: {values}"
