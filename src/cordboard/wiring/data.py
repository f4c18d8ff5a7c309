"""The company's data, put together: workbooks, web services."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cordboard.datasource.excel.ports import Workbooks
from cordboard.datasource.excel.service import WorkbookFolder
from cordboard.datasource.excel.writer import WorkbookWriter
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import Web
from cordboard.datasource.web.service import WebService
from cordboard.store.database import Store
from cordboard.telephony import Clock


@dataclass(frozen=True, slots=True)
class Data:
    """What the exchange runs: `writer.run()` is a task, and is woken when something was ordered."""

    ports: Mapping[type, object]
    books: Workbooks
    writer: WorkbookWriter


@asynccontextmanager
async def open_data(
    store: Store, tables: Path, client: GuardedClient, clock: Clock, node: str, *, country: Callable[[], str]
) -> AsyncIterator[Data]:
    """All that scenarios ask, and the pen that writes into workbooks. `tables` is made if it is not there."""
    await asyncio.to_thread(tables.mkdir, parents=True, exist_ok=True)
    web = WebService(client, store.web_settings, store.web_answers, clock)
    books = WorkbookFolder(tables, store.workbooks, country)
    try:
        yield Data({Web: web, Workbooks: books}, books, WorkbookWriter(books, store.workbooks, clock, node))
    finally:
        await web.close()
        await books.close()
