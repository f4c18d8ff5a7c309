"""A folder of tables with its journal, for tests."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from cordboard.datasource.excel.cells import Cell, Sought
from cordboard.datasource.excel.orders import WORKBOOK, Order, Place, Several, to_payload
from cordboard.datasource.excel.service import WorkbookFolder
from cordboard.datasource.excel.writer import WorkbookWriter
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.telephony import Clock, SystemClock
from cordboard.testing.store import sqlite_store

_numbers = itertools.count(1)


class Tables:
    """What a node has: a store, the folder of tables, and a writer."""

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        self.store = store
        self.folder = folder
        self.books = WorkbookFolder(folder, store.workbooks, lambda: "UA")
        self.writer = WorkbookWriter(self.books, store.workbooks, clock, "node")

    async def order(
        self,
        values: Mapping[str, Cell],
        where: Mapping[str, Sought] | None = None,
        *,
        workbook: str = "debts",
        sheet: str = "",
        several: Several = Several.FIRST,
    ) -> None:
        """Order as a component does, with the end of its step. Nobody is told."""
        payload = to_payload(Order(Place(workbook, sheet), values, where, several))
        await self.store.runs.emit([Effect(WORKBOOK, f"k{next(_numbers)}", payload, "run-1")])


@asynccontextmanager
async def tables(folder: Path, clock: Clock | None = None) -> AsyncIterator[Tables]:
    """A node over the store and the tables in `folder`. Entering twice, one after the other, is a restart."""
    (folder / "tables").mkdir(exist_ok=True)
    async with sqlite_store(folder) as store:
        opened = Tables(store, folder / "tables", clock or SystemClock())
        try:
            yield opened
        finally:
            await opened.books.close()
