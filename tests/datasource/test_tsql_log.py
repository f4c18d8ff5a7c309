"""T-SQL over the own call log gives what MS SQL Server would give, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cordboard.datasource.sql.ports import SqlQuestion, SqlTextError
from cordboard.datasource.sql.service import SqlService
from cordboard.testing.sources import KYIV, LOG_NOW, log_service, logged, prepared_log

FIRST_CALL = """SELECT @CallCount = COUNT([AOutNumber])
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR') AND @CallerID = [AOutNumber]"""
LAST_CALLER = """SELECT TOP 1 @AOutNumber = [AOutNumber]
  FROM [oktell].[dbo].[A_Stat_Connections_1x1]
  WHERE NOT ([BLineNum] = 'IVR')
  AND DATEPART ( WEEK , [TimeAnswer] ) = DATEPART ( WEEK , GETDATE() )
  AND @CallerID = '+38'+[BOutNumber]
  ORDER BY [TimeAnswer] DESC"""

CLIENT = "+380671234567"
# An attempt that nobody answered has no row at all: the view holds answered connections only.
ROWS = [
    # The client talks to the menu, then to anna, who transfers to boris: three connections, two with people.
    logged("in1-ivr", "2026-11-16 09:00:00", AOutNumber=CLIENT, BLineNum="IVR", BOutNumber="IVR", ConnectionType=4),
    logged("in1-anna", "2026-11-16 09:01:00", AOutNumber=CLIENT),
    logged("in1-boris", "2026-11-16 09:05:00", AOutNumber=CLIENT, BLineNum="102", BOutNumber="102", BUserId="boris"),
    # The same person, written otherwise; and somebody whose number begins alike.
    logged("in2", "2026-11-16 11:00:00", AOutNumber="0671234567"),
    logged("in3", "2026-11-16 12:00:00", AOutNumber="+3806712345678"),
    # Somebody else who heard the menu only.
    logged("in4-ivr", "2026-11-17 12:00:00", AOutNumber="+380501112233", BLineNum="IVR", ConnectionType=4),
    # What employees dialled over the modem.
    logged("out1", "2026-11-15 10:00:00", AOutNumber="101", BOutNumber="0671234567", ConnectionType=1, BUserId=None),
    logged("out2", "2026-11-17 10:00:00", AOutNumber="102", BOutNumber="0671234567", ConnectionType=1, BUserId=None),
    logged("out3", "2026-11-18 10:00:00", AOutNumber="103", BOutNumber=CLIENT, ConnectionType=1, BUserId=None),
    logged("out4", "2026-11-14 23:59:59", AOutNumber="104", BOutNumber="0501112233", ConnectionType=1, BUserId=None),
    # Week 47 of the year before.
    logged("old1", "2025-11-19 10:00:00", AOutNumber="105", BOutNumber="0637654321", ConnectionType=1, BUserId=None),
    logged("ivr1", "2026-11-18 11:00:00", AOutNumber="106", BOutNumber="0637654321", BLineNum="IVR", ConnectionType=2),
]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp(f"tsql_{request.param}")
    return prepared_log(request.param, folder, ROWS)


@pytest.fixture
def service(store: str) -> Iterator[SqlService]:
    made = log_service(store)
    yield made
    made.close()


async def assigned(service: SqlService, text: str, **values: Any) -> dict[str, Any]:
    return dict((await service.ask(SqlQuestion("oktell", text, values))).assigned)


async def rows(service: SqlService, text: str, **values: Any) -> list[tuple[Any, ...]]:
    answer = await service.ask(SqlQuestion("", text, values))
    return [tuple(row.values()) for row in answer.rows]


async def value(service: SqlService, expression: str, **values: Any) -> Any:
    """What an expression of the row `in1-anna` gives."""
    ((found,),) = await rows(
        service, f"SELECT {expression} AS x FROM A_Stat_Connections_1x1 WHERE Id = 'in1-anna'", **values
    )
    return found


# --- the two queries that must run as they stand --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "count"),
    [
        (CLIENT, 2),  # a transferred call counts twice, the menu not at all
        ("0671234567", 1),
        ("+380501112233", 0),  # has heard the menu only
        ("+380999999999", 0),
        ("", 0),
    ],
)
async def test_the_calls_of_a_number_are_counted_as_ms_sql_would(service: SqlService, caller: str, count: int) -> None:
    assert await assigned(service, FIRST_CALL, CallCount=Decimal(7), CallerID=caller) == {"CallCount": Decimal(count)}


@pytest.mark.parametrize(
    ("caller", "found"),
    [
        (CLIENT, {"AOutNumber": "102"}),  # out3 was dialled as +380…, so '+38'+… is another text
        ("+380637654321", {"AOutNumber": "105"}),  # last year's same week; the menu's later one does not count
        ("+380501112233", {}),  # Saturday was week 46: without a row the variable stays
        ("0671234567", {}),
    ],
)
async def test_who_called_last_is_found_as_ms_sql_would(
    service: SqlService, caller: str, found: dict[str, str]
) -> None:
    assert await assigned(service, LAST_CALLER, AOutNumber="was", CallerID=caller) == found


async def test_the_week_begins_with_the_day_that_is_set(store: str) -> None:
    """From Monday on (DATEFIRST 1) Sunday the 15th is of week 46, and Wednesday the 18th of week 47."""
    monday, sunday = log_service(store, first=1), log_service(store)
    text = "SELECT DATEPART(WEEK, TimeAnswer) w FROM A_Stat_Connections_1x1 WHERE Id IN ('out1', 'out2') ORDER BY Id"
    try:
        assert await rows(monday, text) == [(Decimal(46),), (Decimal(47),)]
        assert await rows(sunday, text) == [(Decimal(47),), (Decimal(47),)]
    finally:
        monday.close()
        sunday.close()


# --- what T-SQL means -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", Decimal(3)),
        ("-7 / 2", Decimal(-3)),
        ("-7 % 3", Decimal(-1)),
        ("7 / 2.0", Decimal("3.5")),
        ("'+38' + NULL", None),
        ("'a' + BLineNum", "a101"),
        ("LEN('abc  ')", Decimal(3)),
        ("LEN(N'Їжак')", Decimal(4)),
        ("CHARINDEX('B', 'abcb')", Decimal(2)),
        ("CHARINDEX('b', 'abcb', 3)", Decimal(4)),
        ("CHARINDEX('', 'abc')", Decimal(0)),
        ("CHARINDEX('Ж', 'їжак')", Decimal(2)),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("SUBSTRING('abcdef', 0, 3)", "ab"),
        ("SUBSTRING('abcdef', 5, 10)", "ef"),
        ("LEFT('abc', 2)", "ab"),
        ("RIGHT(AOutNumber, 7)", "1234567"),
        ("RIGHT('abc', 0)", ""),
        ("RIGHT('abc', 9)", "abc"),
        ("LTRIM(RTRIM('  a b '))", "a b"),
        ("REPLACE('aXbxc', 'x', '\\1$&')", "a\\1$&b\\1$&c"),
        ("REPLACE('a.b', '.', '')", "ab"),
        ("REPLACE('abc', '', 'x')", "abc"),
        ("UPPER('їx')", "ЇX"),
        ("LOWER('ЇX')", "їx"),
        ("ISNULL(NULL, 'n')", "n"),
        ("COALESCE(AUserId, BUserId, '-')", "anna"),
        ("NULLIF('A ', 'a')", None),
        ("IIF(BLineNum = '101', 1, 2)", Decimal(1)),
        ("CASE BLineNum WHEN '100' THEN 'no' WHEN '101' THEN 'yes' END", "yes"),
        ("CASE WHEN 1 = 2 THEN 1 END", None),
        ("CONCAT('a', NULL, 5)", "a5"),
        ("YEAR(TimeAnswer) * 10000 + MONTH(TimeAnswer) * 100 + DAY(TimeAnswer)", Decimal(20261116)),
        ("DATEPART(weekday, TimeAnswer)", Decimal(2)),
        ("DATEPART(week, '2026-01-03')", Decimal(1)),
        ("DATEPART(week, '2026-01-04')", Decimal(2)),
        ("DATEPART(week, '2026-12-31')", Decimal(53)),
        ("DATEPART(iso_week, '2027-01-01')", Decimal(53)),
        ("DATEPART(dayofyear, '2024-12-31')", Decimal(366)),
        ("DATEPART(hour, TimeAnswer)", Decimal(9)),
        ("DATEPART(q, TimeAnswer)", Decimal(4)),
        ("DATENAME(month, TimeAnswer)", "November"),
        ("DATENAME(dw, TimeAnswer)", "Monday"),
        ("DATENAME(year, TimeAnswer)", "2026"),
        ("DATEDIFF(day, '2026-11-15 23:59:00', TimeAnswer)", Decimal(1)),
        ("DATEDIFF(week, '2026-11-14', '2026-11-15')", Decimal(1)),
        ("DATEDIFF(month, '2026-01-31', '2026-02-01')", Decimal(1)),
        ("DATEDIFF(year, '2026-12-31', '2027-01-01')", Decimal(1)),
        ("DATEDIFF(minute, '10:00', '10:00')", None),
        ("DATEDIFF(second, TimeAnswer, TimeStop)", Decimal(59)),
        ("DATEDIFF(hour, '2026-11-16 09:59', '2026-11-16 10:01')", Decimal(1)),
        ("DATEADD(month, 1, '2026-01-31')", datetime(2026, 2, 28, tzinfo=KYIV)),
        ("DATEADD(day, -1, TimeAnswer)", datetime(2026, 11, 15, 9, 1, tzinfo=KYIV)),
        ("GETDATE()", LOG_NOW),
        ("GETDATE() - 1", datetime(2026, 11, 17, 12, tzinfo=KYIV)),
        ("CAST(GETDATE() AS date)", LOG_NOW.date()),
        ("CONVERT(varchar(10), TimeAnswer, 104)", "16.11.2026"),
        ("CONVERT(varchar(19), TimeAnswer, 120)", "2026-11-16 09:01:00"),
        ("CONVERT(varchar, TimeAnswer, 112)", "20261116"),
        ("CONVERT(varchar, TimeAnswer, 108)", "09:01:00"),
        ("CONVERT(varchar, TimeAnswer)", "Nov 16 2026  9:01AM"),
        ("CONVERT(datetime, '16.11.2026', 104)", datetime(2026, 11, 16, tzinfo=KYIV)),
        ("CAST('12' AS int) + 1", Decimal(13)),
        ("CAST(7.9 AS int)", Decimal(7)),
        ("TRY_CAST(BUserId AS int)", None),
        ("CAST(12 AS varchar(10)) + '!'", "12!"),
        ("@@DATEFIRST", Decimal(7)),
        ("(SELECT COUNT(*) FROM A_Stat_Connections_1x1)", Decimal(12)),
    ],
)
async def test_expressions_mean_what_they_mean_in_t_sql(service: SqlService, expression: str, expected: Any) -> None:
    if "'10:00'" in expression:
        with pytest.raises(SqlTextError, match="'10:00' is no date"):
            await value(service, expression)
        return
    assert await value(service, expression) == expected


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("BUserId = 'ANNA  ' AND AOutNumber = '0671234567'", ["in2"]),
        ("Id LIKE 'IN1-[ab]%'", ["in1-anna", "in1-boris"]),
        ("Id LIKE 'in1-[^ab]%'", ["in1-ivr"]),
        ("Id LIKE 'in_'", ["in2", "in3"]),
        ("Id LIKE @pattern + '%'", ["out1", "out2", "out3", "out4"]),
        ("NOT (BUserId LIKE '%')", []),  # NULL is neither like nor unlike
        ("BUserId IS NULL AND TimeAnswer < '20261115'", ["old1", "out4"]),
        ("BUserId <> 'anna'", ["in1-boris"]),
        ("TimeAnswer BETWEEN '2026-11-17' AND '2026-11-18 10:00:00'", ["in4-ivr", "out2", "out3"]),
        ("ConnectionType IN (2, '4') AND TimeAnswer > @since", ["in4-ivr", "ivr1"]),
        ("AOutNumber IN (SELECT BOutNumber FROM A_Stat_Connections_1x1 x WHERE x.ConnectionType = 1)",
         ["in1-anna", "in1-boris", "in1-ivr", "in2"]),
        ("EXISTS (SELECT 1 FROM A_Stat_Connections_1x1 y WHERE y.BOutNumber = t.AOutNumber AND y.Id LIKE 'out%')"
         " AND BLineNum <> 'IVR'", ["in1-anna", "in1-boris", "in2"]),
    ],
)  # fmt: skip
async def test_conditions_mean_what_they_mean_in_t_sql(service: SqlService, condition: str, ids: list[str]) -> None:
    text = f"SELECT t.Id FROM dbo.a_stat_connections_1X1 AS t WITH (NOLOCK) WHERE {condition} ORDER BY t.Id"
    since = datetime(2026, 11, 17, 11, tzinfo=KYIV)
    assert [row[0] for row in await rows(service, text, pattern="OUT", since=since)] == ids


async def test_groups_joins_unions_and_orders(service: SqlService) -> None:
    text = """
        SELECT UPPER(t.BUserId) who, COUNT(*) n, COUNT(DISTINCT AOutNumber) callers, MAX(TimeAnswer) AS last
        FROM A_Stat_Connections_1x1 t GROUP BY BUserId HAVING COUNT(*) >= 1 ORDER BY n DESC, who"""
    assert await rows(service, text) == [
        ("ANNA", Decimal(6), Decimal(5), datetime(2026, 11, 18, 11, tzinfo=KYIV)),
        (None, Decimal(5), Decimal(5), datetime(2026, 11, 18, 10, tzinfo=KYIV)),
        ("BORIS", Decimal(1), Decimal(1), datetime(2026, 11, 16, 9, 5, tzinfo=KYIV)),
    ]
    text = """
        WITH talks AS (SELECT AOutNumber, COUNT(*) n FROM A_Stat_Connections_1x1 GROUP BY AOutNumber)
        SELECT TOP (2) a.Id, b.n FROM A_Stat_Connections_1x1 a
        INNER JOIN talks b ON a.AOutNumber = b.AOutNumber WHERE b.n > 1 ORDER BY a.TimeAnswer DESC"""
    assert await rows(service, text) == [("in1-boris", Decimal(3)), ("in1-anna", Decimal(3))]
    text = """
        SELECT BUserId FROM A_Stat_Connections_1x1 WHERE BUserId IS NOT NULL
        UNION SELECT 'ANNA' UNION ALL SELECT 'zoe' ORDER BY 1 DESC"""
    assert [str(row[0]).lower() for row in await rows(service, text)] == ["zoe", "boris", "anna"]
    text = "SELECT DISTINCT TOP 2 ConnectionType FROM A_Stat_Connections_1x1 ORDER BY ConnectionType DESC"
    assert await rows(service, text) == [(Decimal(5),), (Decimal(4),)]
    assert await rows(service, "SELECT AVG(ConnectionType), SUM(ConnectionType) FROM A_Stat_Connections_1x1") == [
        (Decimal(2), Decimal(35))
    ]


async def test_names_of_columns_and_the_star(service: SqlService) -> None:
    answer = await service.ask(
        SqlQuestion("", "SELECT TOP 1 Id AS [the id], n = 5, 'x' FROM A_Stat_Connections_1x1 ORDER BY Id")
    )
    assert answer.rows == ({"the id": "in1-anna", "n": Decimal(5), "column3": "x"},)
    answer = await service.ask(SqlQuestion("", "SELECT * FROM A_Stat_Connections_1x1 WHERE Id = 'in2'"))
    assert answer.columns[:5] == ("Id", "IdChain", "TimeStart", "TimeAnswer", "TimeStop")
    assert answer.rows[0]["TimeAnswer"] == datetime(2026, 11, 16, 11, tzinfo=KYIV)
    answer = await service.ask(SqlQuestion("", "SELECT Id FROM A_Stat_Connections_1x1", rows=3))
    assert (len(answer.rows), answer.more) == (3, True)


async def test_the_last_row_wins(service: SqlService) -> None:
    text = "SELECT @a = Id, @B = ConnectionType FROM A_Stat_Connections_1x1 WHERE Id LIKE 'out%' ORDER BY Id"
    assert await assigned(service, text, A="", b=Decimal(0)) == {"A": "out4", "b": Decimal(1)}


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("DELETE FROM A_Stat_Connections_1x1", "can only be read"),
        ("SELECT Id FROM A_Stat_Connections_1x1; DROP TABLE users", "one statement"),
        ("SELECT Id INTO x FROM A_Stat_Connections_1x1", "INTO x is not understood"),
        ("SET @a = 5", "declare variables in the scenario"),
        ("DECLARE @a int", "declare variables in the scenario"),
        ("EXEC xp_cmdshell 'dir'", "can only be read"),
        ("SELECT name FROM users", "users is not understood"),
        ("SELECT name FROM sqlite_master", "sqlite_master is not understood"),
        ("SELECT * FROM pg_catalog.pg_shadow", "pg_shadow is not understood"),
        ("SELECT * FROM [other].[dbo].[A_Stat_Connections_1x1]", "is not understood"),
        ("SELECT * FROM OPENROWSET('a', 'b', 'c')", "OPENROWSET"),
        ("SELECT pg_sleep(10)", "the function pg_sleep is not among"),
        ("SELECT load_extension('x')", "the function load_extension is not among"),
        ("SELECT pg_read_file('/etc/passwd')", "pg_read_file"),
        ("SELECT ms_key('x')", "ms_key"),
        ("SELECT Id FROM A_Stat_Connections_1x1 WHERE Nope = 1", "no column 'Nope'"),
        ("SELECT Id, COUNT(*) FROM A_Stat_Connections_1x1", "neither in GROUP BY nor in an aggregate"),
        ("SELECT Id FROM A_Stat_Connections_1x1 WHERE COUNT(*) > 1", "an aggregate stands in"),
        ("SELECT Id FROM A_Stat_Connections_1x1 WHERE AOutNumber = 5", "put the number in quotes"),
        ("SELECT 'a' + 5", "cannot be joined"),
        ("SELECT @nope = Id FROM A_Stat_Connections_1x1", "no variable 'nope'"),
        ("SELECT @a = Id, Id FROM A_Stat_Connections_1x1", "gives no columns besides"),
        ("SELECT Id FROM A_Stat_Connections_1x1 WHERE @@ROWCOUNT = 1", "@@ROWCOUNT"),
        ("SELECT ROW_NUMBER() OVER (ORDER BY Id) FROM A_Stat_Connections_1x1", "is not understood"),
        ("SELECT TOP 5 PERCENT Id FROM A_Stat_Connections_1x1", "PERCENT"),
        ("SELECT Id FROM A_Stat_Connections_1x1 WHERE Id = = 5", "line 1, column"),
        ("SELECT 'a", "line 1, column 8: a text that begins with ' is not closed"),
        ("", "the query is empty"),
        ("SELECT " + "(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(service: SqlService, text: str, words: str) -> None:
    with pytest.raises(SqlTextError) as refused:
        await service.ask(SqlQuestion("oktell", text, {"a": "x"}))
    assert words in str(refused.value)


NASTY = [
    "' OR '1'='1",
    '\'; DROP TABLE "A_Stat_Connections_1x1"; --',
    '" OR ""="',
    "\\' OR 1=1 --",
    "%(p1)s :p1 ? {0} $1 %s %%",
    "/* */ -- \n x",
    "+380671234567'||(SELECT 'x')||'",
    "]] [ `",
    "‘’ʼ＇",
]


@pytest.mark.parametrize("text", NASTY)
async def test_what_a_caller_sends_stays_a_value(service: SqlService, text: str) -> None:
    assert await assigned(service, FIRST_CALL, CallCount=Decimal(0), CallerID=text) == {"CallCount": Decimal(0)}
    assert await value(service, "@x", x=text) == text
    quoted = "'" + text.replace("'", "''") + "'"
    assert await value(service, quoted) == text
    alias = text.replace("]", "]]")
    answer = await service.ask(SqlQuestion("", f"SELECT 1 AS [{alias}]"))
    assert answer.columns == (text,)
    assert await value(service, "COUNT(*)") == Decimal(1)
