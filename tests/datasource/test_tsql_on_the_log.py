"""The two queries of old scenarios over the view of the exchange's own store."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from cordboard.datasource.sql.ports import SqlQuestion
from cordboard.datasource.sql.service import SqlService
from cordboard.store.database import open_store
from cordboard.testing.call_log import HISTORY, NOW, write
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


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlService]:
    """Over a log with a hundred legs."""
    sqlite = request.param == "sqlite"
    async with await open_store(tmp_path / "a.sqlite") if sqlite else postgres_store(tmp_path) as store:
        await write(store.call_log, HISTORY)
        made = log_service(str(tmp_path / "a.sqlite") if sqlite else postgres_server().database_of(tmp_path), now=NOW)
        yield made
        made.close()


@pytest.mark.parametrize(
    ("caller", "count"),
    [
        ("0671112233", 2),  # the call that was transferred counts twice; its menu and the attempts do not
        ("067 1112233", 0),  # has heard the menu only
        ("+380671112233", 0),  # has called under another writing
        ("044 555 66 00", 1),
        ("0504445566", 0),  # nobody answered
    ],
)
async def test_the_calls_of_a_number(service: SqlService, caller: str, count: int) -> None:
    values = {"CallCount": Decimal(9), "CallerID": caller}
    assert (await service.ask(SqlQuestion("", FIRST_CALL, values))).assigned == {"CallCount": Decimal(count)}


@pytest.mark.parametrize(
    ("caller", "found"),
    [
        ("+380671112233", {"AOutNumber": "101"}),  # Boris's later attempt was not answered
        ("+380509998877", {"AOutNumber": "102"}),  # last year's same week
        ("+380501112202", {}),  # attempts only
        ("0671112233", {}),
    ],
)
async def test_who_called_a_number_last(service: SqlService, caller: str, found: dict[str, str]) -> None:
    values = {"AOutNumber": "was", "CallerID": caller}
    assert (await service.ask(SqlQuestion("oktell", LAST_CALLER, values))).assigned == found
