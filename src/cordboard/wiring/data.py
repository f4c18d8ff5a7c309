"""The company's data, put together: workbooks, databases, web services."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cordboard.config import Settings
from cordboard.datasource.excel.ports import Workbooks
from cordboard.datasource.excel.service import WorkbookFolder
from cordboard.datasource.excel.writer import WorkbookWriter
from cordboard.datasource.sql.ports import SqlSources
from cordboard.datasource.sql.service import OwnLog, SqlService
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import Web
from cordboard.datasource.web.service import WebService
from cordboard.office.directory import OfficeDirectory
from cordboard.store.call_views import CALL_VIEWS
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
    store: Store, settings: Settings, office: OfficeDirectory, client: GuardedClient, *, clock: Clock, node: str
) -> AsyncIterator[Data]:
    """All that scenarios ask, and the pen that writes into workbooks. Their folder is made if it is not there."""
    await asyncio.to_thread(settings.tables.mkdir, parents=True, exist_ok=True)
    own_log = OwnLog(settings.store, {view.name: view.columns for view in CALL_VIEWS}, settings.date_first)
    sql = SqlService(store.data_sources, zone=lambda: office.zone, own=own_log)
    web = WebService(client, store.web_settings, store.web_answers, clock)
    books = WorkbookFolder(settings.tables, store.workbooks, lambda: office.settings.country)
    try:
        ports: dict[type, object] = {Web: web, Workbooks: books, SqlSources: sql}
        yield Data(ports, books, WorkbookWriter(books, store.workbooks, clock, node))
    finally:
        await web.close()
        await asyncio.to_thread(sql.close)
        await books.close()
