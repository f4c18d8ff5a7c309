"""Named sources: real files of SQLite, a real PostgreSQL, a real MariaDB."""

import asyncio
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cordboard.datasource.sql.ports import SqlAwayError, SqlError, SqlQuestion, SqlTextError, SqlTimeoutError
from cordboard.datasource.sql.service import SqlService
from cordboard.store.data_sources import StoredSource
from cordboard.testing.mariadb import PASSWORD, mariadb_server
from cordboard.testing.postgres import postgres_server
from cordboard.testing.sources import KYIV, Sources

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow), pytest.param("mysql", marks=pytest.mark.slow)]
TABLE = (
    "CREATE TABLE clients (id integer, phone varchar(100), name varchar(100), debt decimal(10, 2), since {moment})",
    "INSERT INTO clients VALUES (1, '+380671234567', 'Олена O''Neil', 1002.50, '2026-11-20 10:00:00')",
    "INSERT INTO clients VALUES (2, '0501112233', NULL, 0, NULL)",
    "INSERT INTO clients VALUES (3, '0501112233', '50% \\\\ off', -1, '2026-01-01 00:00:00')",
)
MOMENTS = {"sqlite": "text", "postgresql": "timestamp", "mysql": "datetime"}


@pytest.fixture(scope="module", params=KINDS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StoredSource:
    kind: str = request.param
    folder: Path = tmp_path_factory.mktemp("source")
    statements = [each.format(moment=MOMENTS[kind]) for each in TABLE]
    if kind != "mysql":
        statements = [each.replace("\\\\", "\\") for each in statements]
    if kind == "sqlite":
        with sqlite3.connect(folder / "crm.sqlite") as database:
            for statement in statements:
                database.execute(statement)
        database.close()
        return StoredSource("crm", kind, database=str(folder / "crm.sqlite"), seconds=20)
    if kind == "postgresql":
        server = postgres_server()
        server.execute("DROP DATABASE IF EXISTS crm")
        server.execute("CREATE DATABASE crm")
        for statement in statements:
            server.execute(statement, "crm")
        return StoredSource("crm", kind, "127.0.0.1", server.port, "crm", "postgres", seconds=20)
    maria = mariadb_server()
    maria.execute("DROP TABLE IF EXISTS clients", "crm")
    for statement in statements:
        maria.execute(statement, "crm")
    return StoredSource("crm", kind, "127.0.0.1", maria.port, "crm", "reader", PASSWORD, seconds=20)


@pytest.fixture
def held() -> Sources:
    return Sources()


@pytest.fixture
def service(held: Sources) -> Iterator[SqlService]:
    made = SqlService(held, zone=lambda: KYIV)
    yield made
    made.close()


@pytest.fixture
def crm(source: StoredSource, held: Sources) -> StoredSource:
    held.named["crm"] = source
    return source


def ask(text: str, seconds: float | None = None, rows: int | None = None, **values: Any) -> SqlQuestion:
    return SqlQuestion("crm", text, values, seconds, rows)


# --- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("crm")
async def test_rows_come_as_records(service: SqlService, crm: StoredSource) -> None:
    answer = await service.ask(
        ask("SELECT id, phone, name, debt, since FROM clients WHERE phone = @CALLER", caller="+380671234567")
    )
    since: Any = datetime(2026, 11, 20, 10, tzinfo=KYIV) if crm.kind != "sqlite" else "2026-11-20 10:00:00"
    assert [dict(row) for row in answer.rows] == [
        {"id": Decimal(1), "phone": "+380671234567", "name": "Олена O'Neil", "debt": Decimal("1002.5"), "since": since}
    ]
    assert (answer.found, answer.changed, answer.more) == (True, None, False)


@pytest.mark.usefixtures("crm")
async def test_a_query_may_assign_variables(service: SqlService) -> None:
    text = "SELECT @n = COUNT(*), @Top = MAX(id) FROM clients WHERE phone = @phone"
    answer = await service.ask(ask(text, N=Decimal(5), Top=None, phone="0501112233"))
    assert answer.assigned == {"N": Decimal(2), "Top": Decimal(3)}
    text = "SELECT @name = name FROM clients WHERE phone = @phone ORDER BY id"
    assert (await service.ask(ask(text, name="was", phone="0501112233"))).assigned == {"name": "50% \\ off"}
    nobody = await service.ask(ask(text, name="was", phone="none"))
    assert (nobody.assigned, nobody.found) == ({}, False)


@pytest.mark.usefixtures("crm")
async def test_rows_are_bounded(service: SqlService, held: Sources) -> None:
    held.named["crm"] = replace(held.named["crm"], rows=2)
    answer = await service.ask(ask("SELECT id FROM clients ORDER BY id", rows=100))
    assert ([row["id"] for row in answer.rows], answer.more) == ([Decimal(1), Decimal(2)], True)
    answer = await service.ask(ask("SELECT id FROM clients ORDER BY id", rows=1))
    assert ([row["id"] for row in answer.rows], answer.more) == ([Decimal(1)], True)
    assert not (await service.ask(ask("SELECT id FROM clients WHERE id < 3"))).more


@pytest.mark.usefixtures("crm")
async def test_values_of_every_type_go_there_and_back(service: SqlService, crm: StoredSource) -> None:
    moment = datetime(2026, 11, 20, 10, tzinfo=KYIV)
    text = "SELECT COUNT(*) AS n FROM clients WHERE since = @moment"
    for same in (moment, moment.astimezone(UTC)):
        assert (await service.ask(ask(text, moment=same))).rows[0]["n"] == Decimal(1)
    assert (await service.ask(ask("SELECT id FROM clients WHERE debt = @d", d=Decimal("1002.50")))).found
    assert (await service.ask(ask("SELECT id FROM clients WHERE id = @i", i=Decimal(2)))).found
    assert not (await service.ask(ask("SELECT id FROM clients WHERE name = @x", x=None))).found
    if crm.kind == "postgresql":
        text = (
            "SELECT @a::time a, @b::interval b, @c::date c, @d::timestamptz d, '\\x00ff'::bytea e, '[1]'::json f, 1=1 g"
        )
        given_ = {"a": day_time(9, 30), "b": timedelta(hours=26), "c": date(2026, 1, 2), "d": moment}
        answer = await service.ask(SqlQuestion("crm", text, given_))
        assert answer.rows[0] == {**given_, "e": "00ff", "f": [Decimal(1)], "g": True}
    with pytest.raises(SqlError, match="@x holds a list or a record"):
        await service.ask(ask("SELECT id FROM clients WHERE name = @x", x=["a"]))
    with pytest.raises(SqlTextError, match="no variable 'nope'"):
        await service.ask(ask("SELECT id FROM clients WHERE name = @nope"))


NASTY = [
    "' OR '1'='1",
    "'; DROP TABLE clients; --",
    '" OR ""="',
    "\\' OR 1=1 -- ",
    "\\",
    "\\\\'",
    "%(p1)s :p1 ? {0} $1 %s %%",
    "' UNION SELECT password FROM users /*",
    "\u00bf' or 1=1 #",
    "ʼ‘’＇",
    "\r\n\x1a\t\b",
    "0x27",
    "😀",
]


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize("text", NASTY)
async def test_what_a_caller_sends_stays_a_value(service: SqlService, text: str) -> None:
    found = await service.ask(ask("SELECT id FROM clients WHERE phone = @caller OR name = @caller", caller=text))
    assert found.rows == ()
    (row,) = (await service.ask(ask("SELECT @x AS x, (SELECT COUNT(*) FROM clients) AS n", x=text))).rows
    assert (row["x"], row["n"]) == (text, Decimal(3))


@pytest.mark.usefixtures("crm")
def test_any_text_comes_back_unchanged(held: Sources) -> None:
    loop = asyncio.new_event_loop()
    service = SqlService(held, zone=lambda: KYIV)

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
    def check(text: str) -> None:
        answer = loop.run_until_complete(service.ask(ask("SELECT @x AS x", x=text)))
        assert answer.rows[0]["x"] == text

    try:
        check()
        with pytest.raises(SqlError, match="code 0"):
            loop.run_until_complete(service.ask(ask("SELECT @x AS x", x="a\0b")))
    finally:
        service.close()
        loop.close()


# --- reading only, and writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM clients",
        "UPDATE clients SET name = 'x'",
        "WITH x AS (SELECT 1 AS a) DELETE FROM clients",
        "SELECT id FROM clients; DELETE FROM clients",
        "DROP TABLE clients",
        "SELECT id INTO OUTFILE '/tmp/cordboard-out' FROM clients",
        "EXPLAIN ANALYZE DELETE FROM clients",
    ],
)
@pytest.mark.usefixtures("crm")
async def test_a_source_is_only_read(service: SqlService, text: str) -> None:
    with pytest.raises(SqlError):
        await service.ask(ask(text))
    assert (await service.ask(ask("SELECT COUNT(*) AS n FROM clients"))).rows[0]["n"] == Decimal(3)


@pytest.mark.slow
async def test_the_server_itself_keeps_a_query_from_writing(service: SqlService, held: Sources) -> None:
    """Where the text does not tell: a function that writes."""
    server = postgres_server()
    server.execute("DROP DATABASE IF EXISTS crm_fn")
    server.execute("CREATE DATABASE crm_fn")
    server.execute("CREATE TABLE t (a integer)", "crm_fn")
    server.execute(
        "CREATE FUNCTION sneak() RETURNS integer LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING a'", "crm_fn"
    )
    held.named["crm"] = StoredSource("crm", "postgresql", "127.0.0.1", server.port, "crm_fn", "postgres", seconds=20)
    with pytest.raises(SqlError, match="read-only transaction"):
        await service.ask(ask("SELECT sneak()"))
    with pytest.raises(SqlError):
        await service.ask(ask("SELECT set_config('transaction_read_only', 'off', false), sneak()"))
    assert server.execute("SELECT count(*) FROM t", "crm_fn") == [(0,)]


@pytest.mark.usefixtures("crm")
async def test_a_source_that_allows_it_is_written(service: SqlService, held: Sources) -> None:
    held.named["crm"] = replace(held.named["crm"], writes=True)
    insert = "INSERT INTO clients (id, name) VALUES (@id, @name)"
    assert (await service.ask(ask(insert, id=Decimal(77), name="x'; --"))).changed == 1
    update = "UPDATE clients SET name = @name WHERE id = @id"
    assert (await service.ask(ask(update, id=Decimal(77), name="y"))).changed == 1
    assert (await service.ask(ask("SELECT name FROM clients WHERE id = 77"))).rows == ({"name": "y"},)
    assert (await service.ask(ask("DELETE FROM clients WHERE id = @id", id=Decimal(77)))).changed == 1
    gone = await service.ask(ask("DELETE FROM clients WHERE id = @id", id=Decimal(77)))
    assert (gone.changed, gone.found) == (0, False)


# --- time, and sources that are away --------------------------------------------------------------------------------

_SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n",
    "postgresql": "SELECT pg_sleep(30)",
    "mysql": "SELECT COUNT(*) FROM clients a, clients b WHERE SLEEP(30) = 0",
}


@pytest.mark.slow
async def test_a_query_that_takes_too_long_is_cut_off(service: SqlService, crm: StoredSource) -> None:
    began = time.monotonic()
    with pytest.raises(SqlTimeoutError, match=r"has not answered within 0\.4 s"):
        await service.ask(ask(_SLOW[crm.kind], seconds=0.4))
    assert time.monotonic() - began < 2
    assert (await service.ask(ask("SELECT id FROM clients WHERE id = 1"))).found, "the source is of use as before"


@pytest.mark.slow
async def test_who_has_hung_up_keeps_no_thread_busy(service: SqlService, crm: StoredSource, held: Sources) -> None:
    held.named["crm"] = replace(crm, connections=1)
    await service.ask(ask("SELECT id FROM clients"))
    waiting = asyncio.ensure_future(service.ask(ask(_SLOW[crm.kind], seconds=20)))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    waiting.cancel()
    began = time.monotonic()
    assert (await service.ask(ask("SELECT id FROM clients"))).found
    assert time.monotonic() - began < 3


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(50)
        yield listening.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_source_that_refuses_is_away_at_once(service: SqlService, held: Sources, kind: str) -> None:
    held.named["crm"] = StoredSource("crm", kind, "127.0.0.1", closed_port(), "x", "reader", PASSWORD)
    began = time.monotonic()
    with pytest.raises(
        SqlAwayError, match=r"the database 'crm' does not answer \(.*start it, or correct its address"
    ) as no:
        await service.ask(ask("SELECT 1"))
    assert time.monotonic() - began < 1
    assert PASSWORD not in str(no.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
async def test_a_silent_source_is_given_up_and_remembered(
    service: SqlService, held: Sources, silent: int, kind: str, source: StoredSource
) -> None:
    """A caller hears the fallback within two seconds, the next one at once; other sources are asked as ever."""
    held.named["crm"] = StoredSource("crm", kind, "127.0.0.1", silent, "x", "reader", PASSWORD)
    held.named["other"] = replace(source, name="other")
    began = time.monotonic()
    asked = [asyncio.ensure_future(service.ask(ask("SELECT 1"))) for _ in range(20)]
    assert (await service.ask(SqlQuestion("other", "SELECT id FROM clients"))).found
    assert time.monotonic() - began < 1.4, "nobody waits for the silent one"
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(answer, SqlTimeoutError) for answer in answers)
    assert time.monotonic() - began < 2
    again = time.monotonic()
    with pytest.raises(SqlAwayError):
        await service.ask(ask("SELECT 1"))
    assert time.monotonic() - again < 0.1


@pytest.mark.slow
async def test_a_frozen_server_is_given_up_in_time_and_used_again(service: SqlService, held: Sources) -> None:
    maria = mariadb_server()
    held.named["crm"] = StoredSource("crm", "mysql", "127.0.0.1", maria.port, "crm", "reader", PASSWORD)
    await service.ask(ask("SELECT 1 AS a"))
    os.kill(maria.process.pid, signal.SIGSTOP)
    try:
        while not stands_still(maria.process.pid):
            pass
        began = time.monotonic()
        with pytest.raises(SqlTimeoutError):
            await service.ask(ask("SELECT 1 AS a"))
        assert time.monotonic() - began < 2
    finally:
        os.kill(maria.process.pid, signal.SIGCONT)
    held.named["crm"] = replace(held.named["crm"], rows=10)  # set anew: what was remembered is forgotten
    assert (await service.ask(ask("SELECT 1 AS a", seconds=20))).found


def stands_still(pid: int) -> bool:
    """Whether each of its threads has stopped: they do not all at once."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all(each.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "T" for each in threads)


@pytest.mark.slow
async def test_a_server_that_was_started_anew_is_asked_again(service: SqlService, crm: StoredSource) -> None:
    """The connection in the pool is dead, and nobody notices."""
    if crm.kind == "sqlite":
        pytest.skip("a file is not started")
    await service.ask(ask("SELECT id FROM clients"))
    if crm.kind == "postgresql":
        postgres_server().execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'crm'")
    else:
        for (number,) in mariadb_server().execute(
            "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
        ):
            mariadb_server().execute(f"KILL {number}")
    assert (await service.ask(ask("SELECT id FROM clients"))).found


async def test_a_file_that_is_not_there_is_not_made(service: SqlService, held: Sources, tmp_path: Path) -> None:
    path = tmp_path / "no.sqlite"
    held.named["crm"] = StoredSource("crm", "sqlite", database=str(path), writes=True)
    with pytest.raises(SqlAwayError, match="unable to open"):
        await service.ask(ask("SELECT 1"))
    assert not os.path.lexists(path)  # noqa: ASYNC240 - a test may wait for the disk


@pytest.mark.slow
async def test_a_wrong_password_is_told_without_it(service: SqlService, held: Sources) -> None:
    held.named["crm"] = StoredSource("crm", "mysql", "127.0.0.1", mariadb_server().port, "crm", "reader", "wr0ng-one")
    with pytest.raises(SqlError, match="Access denied") as refused:
        await service.ask(ask("SELECT 1"))
    assert "wr0ng-one" not in str(refused.value)


async def test_an_unknown_source_is_told(service: SqlService, held: Sources) -> None:
    with pytest.raises(SqlError, match="there is no data source 'crm'"):
        await service.ask(ask("SELECT 1"))
    held.named["crm"] = StoredSource("crm", "odbc", database="DSN=x")
    with pytest.raises(SqlError, match="need pyodbc"):
        await service.ask(ask("SELECT 1"))


def test_threads_are_bounded(held: Sources, source: StoredSource) -> None:
    held.named["crm"] = replace(source, connections=2)
    service = SqlService(held, zone=lambda: KYIV)

    async def many() -> None:
        await asyncio.gather(*(service.ask(ask("SELECT id FROM clients")) for _ in range(18)))

    try:
        asyncio.run(many())
        assert len([thread for thread in threading.enumerate() if thread.name.startswith("sql-crm")]) <= 2
    finally:
        service.close()
