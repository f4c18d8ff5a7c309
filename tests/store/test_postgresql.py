"""What is particular to PostgreSQL: a server that goes away, answers that are lost, nodes that stand still."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from cordboard.scenario.ports import NewRun, StepTrace
from cordboard.store import postgresql, releases
from cordboard.store.database import Store, open_store
from cordboard.store.engine import open_engines, place_of
from cordboard.store.errors import StoreUnusableError
from cordboard.store.tables import metadata
from cordboard.store.writer import Writer
from cordboard.testing.postgres import PostgresServer, postgres_server, postgres_store

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.slow  # the first test of a process starts the server


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with postgres_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """One that may be stopped. It waits for the disk: what it loses in a crash it would lose in real life."""
    server = PostgresServer(safe=True)
    server.start()
    yield server
    server.remove()


def run(name: str) -> NewRun:
    return NewRun(name, "callback", 1, "c1", {"step": "a"}, TEN)


async def trouble(writer: Writer) -> str:
    while not writer.trouble:  # noqa: ASYNC110 - only people wait for a trouble, and they read the log
        await asyncio.sleep(0.001)
    return writer.trouble


async def test_the_migrations_make_exactly_the_tables_that_the_code_uses(store: Store) -> None:
    def compare(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await store.reader.read(compare) == []


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        await store.reader.read(lambda connection: connection.exec_driver_sql("DELETE FROM runs"))


async def test_a_writer_sees_what_was_committed_before_its_turn_whatever_the_database_is_set_to(tmp_path: Path) -> None:
    url = postgres_server().database_of(tmp_path)
    name = url.rpartition("/")[2]
    postgres_server().execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    async with postgres_store(tmp_path) as store:
        isolation = await store.writer.transact(lambda c: c.exec_driver_sql("SHOW transaction_isolation").scalar())
    assert isolation == "read committed"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_goes_away_delays_and_loses_nothing(
    own_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    async with await open_store(own_server.database_of(tmp_path), folder=tmp_path) as store:
        await store.runs.start(run("before"))
        assert len(await store.runs.find()) == 1
        await store.releases.publish({"main": "x"}, message="", at=TEN)
        monkeypatch.setattr(releases, "FRESH", 0)  # it is asked for anew each time
        await asyncio.to_thread(own_server.stop, how)
        waiting = asyncio.create_task(store.runs.start(run("meanwhile")))
        assert (
            await trouble(store.writer)
            == "the connection to the database is lost: start its server, or check the network"
        )
        assert not waiting.done()
        assert await store.releases.current() == 1  # calls go on
        await asyncio.to_thread(own_server.start)
        assert await waiting == "meanwhile"
        assert store.writer.trouble == ""
        assert [found.id for found in await store.runs.find()] == ["meanwhile", "before"]


def lose_the_answer_of_a_commit(store: Store, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> list[str]:
    """The next commit breaks the connection, before or after it reaches the server."""
    dialect = store.writer._engine.dialect
    commit: Callable[[Any], None] = dialect.do_commit
    lost: list[str] = []

    def break_once(connection: Any) -> None:
        if lost:
            commit(connection)
            return
        lost.append("once")
        if after:
            commit(connection)
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(dialect, "do_commit", break_once)
    return lost


@pytest.mark.parametrize("after", [True, False])
async def test_a_commit_whose_answer_is_lost_is_neither_repeated_nor_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    lost = lose_the_answer_of_a_commit(store, monkeypatch, after=after)

    def write_a_row_without_a_name(connection: Connection) -> str:
        connection.exec_driver_sql("INSERT INTO awaited (run_id, name, key, after, own) VALUES ('r', 'n', 'k', 0, 0)")
        return "written"

    assert await store.writer.transact(write_a_row_without_a_name) == "written"
    assert lost == ["once"]
    assert await store.reader.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM awaited").scalar()) == 1


async def test_traces_are_not_doubled_by_a_lost_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    step = StepTrace("r1", "c1", "menu", "s", "play", 0, TEN, 0.1, {}, {}, "done")
    lost = lose_the_answer_of_a_commit(store, monkeypatch, after=True)
    store.traces.step(step)
    await store.writer.flush()
    assert lost == ["once"]
    assert await store.traces.steps_of("r1") == [step]


async def test_a_node_that_stands_still_in_a_commit_is_thrown_out(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "STUCK", 1)
    frozen = open_engines(place_of(postgres_server().database_of(tmp_path)))
    with frozen.writing.connect() as connection:
        connection.begin()  # it has its turn, and nothing follows
        assert await store.runs.start(run("r1")) == "r1"
        with pytest.raises(Exception, match="idle-in-transaction timeout"):
            connection.exec_driver_sql("SELECT 1")
    frozen.dispose()


async def test_a_node_that_waits_too_long_for_its_turn_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "TURN_WAIT", 0.1)
    async with postgres_store(tmp_path) as waiting, postgres_store(tmp_path) as busy:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(connection: Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            connection.exec_driver_sql("SELECT pg_sleep(0.5)")

        holding = asyncio.create_task(busy.writer.transact(hold))
        await begun.wait()
        starting = asyncio.create_task(waiting.runs.start(run("r1")))
        assert "another node of the exchange does not finish its writing" in await trouble(waiting.writer)
        await holding
        assert await starting == "r1"


_NODE = """
    import asyncio, sys
    from datetime import UTC, datetime
    from cordboard.scenario.ports import NewRun
    from cordboard.store.database import open_store

    async def main():
        store = await open_store(sys.argv[1])
        number = 0
        while True:
            number += 1
            await store.runs.start(NewRun(f"{sys.argv[2]}{number}", "work", 1, "c", {}, datetime.now(UTC)))
            print(number, flush=True)

    asyncio.run(main())
"""


def test_what_was_told_survives_kill_9_and_the_other_node_goes_on(tmp_path: Path) -> None:
    url = postgres_server().database_of(tmp_path)
    command = [sys.executable, "-c", textwrap.dedent(_NODE), url]
    killed = subprocess.Popen([*command, "killed"], stdout=subprocess.PIPE)
    other = subprocess.Popen([*command, "other"], stdout=subprocess.PIPE)
    try:
        assert killed.stdout is not None
        assert other.stdout is not None
        told = 0
        while told < 50:
            told = int(killed.stdout.readline())
        killed.kill()
        rest = killed.stdout.read().split()
        told = int(rest[-1]) if rest else told
        for _ in range(50):
            assert other.stdout.readline()
    finally:
        for process in (killed, other):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
    ((kept,),) = postgres_server().execute("SELECT count(*) FROM runs WHERE id LIKE 'killed%'", url.rpartition("/")[2])
    assert told <= kept <= told + 1  # the last may have been committed and not yet told


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(
        StoreUnusableError,
        match=r"^the database postgresql://anna:\*\*\*@127\.0\.0\.1:1/office cannot be opened \(.*refused",
    ):
        await open_store("postgresql://anna:secret@127.0.0.1:1/office")


async def test_a_database_that_is_not_there() -> None:
    with pytest.raises(StoreUnusableError, match=r'database "nowhere" does not exist.*correct the address'):
        await open_store(postgres_server().url("nowhere"))


async def test_the_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    server = postgres_server()
    server.execute("CREATE DATABASE shop")
    server.execute("CREATE TABLE goods (id INTEGER)", "shop")
    with pytest.raises(StoreUnusableError, match="/shop is the database of another program"):
        await open_store(server.url("shop"))


async def test_texts_of_one_alphabet_are_refused() -> None:
    server = postgres_server()
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(
        StoreUnusableError, match="/latin keeps its texts as LATIN1: make a database with ENCODING 'UTF8'"
    ):
        await open_store(server.url("latin"))
