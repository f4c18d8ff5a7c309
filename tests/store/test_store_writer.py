import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from cordboard.store import writer as writer_module
from cordboard.store.errors import StoreClosedError
from cordboard.store.sqlite import writing_engine
from cordboard.store.writer import GROUP, Writer

_metadata = MetaData()
notes = Table("notes", _metadata, Column("id", Integer, primary_key=True), Column("text", Text, nullable=False))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[Engine]:
    engine = writing_engine(path)
    with engine.begin() as connection:
        _metadata.create_all(connection)
    yield engine
    engine.dispose()


@pytest.fixture
async def writer(engine: Engine) -> AsyncIterator[Writer]:
    async with Writer(engine) as writer:
        yield writer


def _texts(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY id")]
    finally:
        connection.close()


async def _trouble(writer: Writer) -> str:
    while not writer.trouble:  # noqa: ASYNC110 - only people wait for a trouble, and they read the log
        await asyncio.sleep(0.001)
    return writer.trouble


async def test_commit_returns_after_the_commit_with_the_rows_touched(writer: Writer, path: Path) -> None:
    touched = await writer.commit(
        [
            insert(notes).values(text="one"),
            update(notes).values(text="two"),
            update(notes).where(notes.c.id == 9).values(text="three"),
        ]
    )
    assert touched == [1, 1, 0]
    assert _texts(path) == ["two"]


async def test_what_comes_together_is_committed_together(writer: Writer, path: Path) -> None:
    await asyncio.gather(*(writer.commit([insert(notes).values(text=str(i))]) for i in range(200)))
    assert len(_texts(path)) == 200
    assert writer.groups == 1


async def test_a_group_has_an_end(writer: Writer, path: Path) -> None:
    await asyncio.gather(*(writer.commit([insert(notes).values(text=str(i))]) for i in range(GROUP * 2 + 1)))
    assert len(_texts(path)) == GROUP * 2 + 1
    assert writer.groups == 3


async def test_a_failing_unit_is_rolled_back_alone_and_only_its_owner_hears_of_it(writer: Writer, path: Path) -> None:
    results = await asyncio.gather(
        writer.commit([insert(notes).values(id=1, text="before")]),
        writer.commit([insert(notes).values(id=2, text="half"), insert(notes).values(id=1, text="clash")]),
        writer.commit([insert(notes).values(id=3, text="after")]),
        return_exceptions=True,
    )
    assert results[0] == [1]
    assert isinstance(results[1], IntegrityError)
    assert results[2] == [1]
    assert _texts(path) == ["before", "after"]
    assert writer.groups == 1


async def test_an_error_of_the_work_itself_rolls_its_writes_back(writer: Writer, path: Path) -> None:
    def write_and_fail(connection: Connection) -> None:
        connection.execute(insert(notes).values(text="never"))
        message = "changed my mind"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="changed my mind"):
        await writer.transact(write_and_fail)
    assert _texts(path) == []


async def test_a_unit_sees_what_was_written_before_it(writer: Writer) -> None:
    def count(connection: Connection) -> int:
        return len(connection.execute(select(notes)).all())

    _, seen = await asyncio.gather(writer.commit([insert(notes).values(text="x")]), writer.transact(count))
    assert seen == 1


async def test_what_is_awaited_is_flushed_to_the_disk(writer: Writer) -> None:
    def synchronous(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar() or 0)

    assert await writer.transact(synchronous) == 2  # FULL


async def test_cancelling_the_wait_does_not_take_the_write_back(writer: Writer, path: Path) -> None:
    waiting = asyncio.create_task(writer.commit([insert(notes).values(text="kept")]))
    await asyncio.sleep(0)
    waiting.cancel()
    await writer.flush()
    assert _texts(path) == ["kept"]


async def test_rows_for_later_are_written_in_order_and_a_refused_one_is_counted(writer: Writer, path: Path) -> None:
    add = insert(notes)
    for number in (1, 2, 2, 3):
        writer.later(add, {"id": number, "text": f"row {number}"})
    await writer.flush()
    assert _texts(path) == ["row 1", "row 2", "row 3"]
    assert writer.dropped == 1


async def test_too_many_rows_for_later_drop_the_oldest(
    engine: Engine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LATER_LIMIT", 3)
    writer = Writer(engine)
    for number in range(5):
        writer.later(insert(notes), {"text": str(number)})
    await writer.start()
    await writer.close()
    assert _texts(path) == ["2", "3", "4"]
    assert writer.dropped == 2


@pytest.mark.slow
async def test_a_locked_database_delays_and_loses_nothing(writer: Writer, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(writer.commit([insert(notes).values(text="patient")]))
    assert await _trouble(writer) == "the database is locked by another program: close what has it open"
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert await waiting == [1]
    assert writer.trouble == ""
    assert _texts(path) == ["patient"]


@pytest.mark.slow
async def test_closing_does_not_wait_for_ever_for_a_locked_database(engine: Engine, path: Path) -> None:
    writer = Writer(engine, patience=0)
    await writer.start()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(writer.commit([insert(notes).values(text="lost")]))
    await asyncio.sleep(0)
    await writer.close()
    other.close()
    with pytest.raises(StoreClosedError, match="locked by another program"):
        await waiting
    with pytest.raises(StoreClosedError):
        await writer.commit([insert(notes).values(text="late")])


async def test_a_full_disk_is_told_and_tried_again(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    writer = Writer(engine, retry=0.001)
    async with writer:
        big = "x" * 20_000
        waiting = asyncio.create_task(writer.commit([insert(notes).values(text=big)]))
        assert await _trouble(writer) == "the disk is full: free some space"
        assert not waiting.done()

        connection = await asyncio.to_thread(engine.connect)
        connection.exec_driver_sql("PRAGMA max_page_count=100000")
        connection.close()
        assert await waiting == [1]
    assert _texts(path) == [big]


async def test_closing_writes_what_waits(engine: Engine, path: Path) -> None:
    writer = Writer(engine)
    await writer.start()
    waiting = asyncio.create_task(writer.commit([insert(notes).values(text="durable")]))
    await asyncio.sleep(0)
    writer.later(insert(notes), {"text": "trace"})
    await writer.close()
    assert await waiting == [1]
    assert _texts(path) == ["durable", "trace"]


_KILLED = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from sqlalchemy import text
    from cordboard.store.sqlite import writing_engine
    from cordboard.store.writer import Writer

    async def main():
        writer = Writer(writing_engine(Path(sys.argv[1])))
        await writer.start()
        number = 0
        while True:
            number += 1
            await writer.commit([text(f"INSERT INTO notes (id, text) VALUES ({number}, 'told')")])
            print(number, flush=True)

    asyncio.run(main())
"""


@pytest.mark.slow
def test_what_was_told_survives_kill_9(path: Path) -> None:
    engine = writing_engine(path)
    with engine.begin() as connection:
        _metadata.create_all(connection)
    engine.dispose()
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_KILLED), str(path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        told = 0
        while told < 50:
            told = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split()
    told = int(rest[-1]) if rest else told
    assert told <= len(_texts(path)) <= told + 1  # the last may have been committed and not yet told
