"""The two queries of old scenarios over the view of the exchange's own store."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from cordboard.datasource.sql.ports import SqlQuestion
from cordboard.store.database import open_store
from cordboard.testing.postgres import postgres_server, postgres_store
from cordboard.testing.sources import log_service

FIRST_CALL = """SELECT @CallCount = COUNT([AOutNumber])
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR') AND @CallerID = [AOutNumber]"""
LAST_CALLER = """SELECT TOP 1 @AOutNumber = [AOutNumber]
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR')
  AND DATEPART ( WEEK , [TimeAnswer] ) = DATEPART ( WEEK , GETDATE() )
  AND @CallerID = '+38'+[BOutNumber]
  ORDER BY [TimeAnswer] DESC"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_view_of_the_store_is_understood(tmp_path: Path, kind: str) -> None:
    """An empty log: every column is there under its name, of its type."""

    async def run() -> None:
        opened = await open_store(tmp_path / "a.sqlite") if kind == "sqlite" else postgres_store(tmp_path)
        async with opened:
            address = str(tmp_path / "a.sqlite") if kind == "sqlite" else postgres_server().database_of(tmp_path)
            service = log_service(address)
            values = {"CallCount": Decimal(1), "CallerID": "+380671234567", "AOutNumber": "was"}
            try:
                counted = await service.ask(SqlQuestion("", FIRST_CALL, values))
                assert counted.assigned == {"CallCount": Decimal(0)}
                found = await service.ask(SqlQuestion("oktell", LAST_CALLER, values))
                assert (found.assigned, found.found) == ({}, False)
                every = await service.ask(SqlQuestion("", "SELECT * FROM A_Stat_Connections_1x1", {}))
                assert len(every.columns) == 15
            finally:
                service.close()

    asyncio.run(run())
