"""The view of connections: the same rows from every database, over a log with a hundred legs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from cordboard.office.call_log import CallLog
from cordboard.store.call_views import CONNECTIONS, ColumnKind
from cordboard.store.database import Store
from cordboard.telephony import ConnectionRecord, Direction, EndReason
from cordboard.testing.call_log import HISTORY, LEGS, Dialogue, at, write
from cordboard.testing.office import loaded_directory
from cordboard.testing.store import STORES

_TYPES = {ColumnKind.TEXT: str, ColumnKind.WHOLE: int, ColumnKind.MOMENT: datetime}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


async def rows(store: Store, order: str = '"TimeAnswer", "Id"') -> list[dict[str, Any]]:
    query = text(f'SELECT * FROM "A_Stat_Connections_1x1" ORDER BY {order}')
    found = await store.reader.read(lambda connection: connection.execute(query).mappings().all())
    return [
        {name: _moment(value) if name.startswith("Time") else value for name, value in row.items()} for row in found
    ]


def _moment(value: Any) -> Any:
    return datetime.strptime(value, "%Y-%m-%d %H:%M:%S.%f") if isinstance(value, str) else value  # noqa: DTZ007 - so it stands there


async def test_a_hundred_legs(store: Store) -> None:
    await write(store.call_log, HISTORY)
    assert len(LEGS) == 100
    found = await rows(store)
    assert [*found[0]] == [*CONNECTIONS.columns]
    for row in found:
        for name, kind in CONNECTIONS.columns.items():
            assert isinstance(row[name], _TYPES[kind]) or (row[name] is None and name in CONNECTIONS.nullable)
    kinds = [row["ConnectionType"] for row in found]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        1: 15,
        2: 2,
        3: 2,
        4: 20,
        5: 15,
        6: 2,
        7: 3,
        8: 1,
    }
    assert {row["BLineNum"] == "IVR" for row in found if row["ConnectionType"] in {2, 4}} == {True}


async def test_the_row_of_a_transferred_call(store: Store) -> None:
    await write(store.call_log, HISTORY)
    by_chain = [row for row in await rows(store) if row["IdChain"] == "transferred"]
    assert [[*row.values()] for row in by_chain] == [
        ["transferred-a", "transferred", _here(10, 0, 0), _here(10, 0, 1), _here(10, 0, 9), 4, 1, 0,
         "city", "0671112233", "2327757", None, "IVR", "2327757", None],
        ["transferred-1", "transferred", _here(10, 0, 6), _here(10, 0, 9), _here(10, 0, 40), 5, 2, 0,
         "city", "0671112233", "2327757", None, "101", "101", "anna"],
        ["transferred-2", "transferred", _here(10, 0, 41), _here(10, 0, 44), _here(10, 1, 40), 5, 2, 0,
         "city", "0671112233", "2327757", None, "102", "102", "boris"],
    ]  # fmt: skip


def _here(hour: int, minute: int, second: float) -> datetime:
    """On the day of the prepared log, in Kyiv."""
    return datetime(2026, 11, 20, hour, minute, second=int(second))  # noqa: DTZ001 - as it stands in the view


async def test_a_row_is_written_with_the_event_that_its_call_has_ended(store: Store) -> None:
    log = CallLog(store.call_log, await loaded_directory())
    call = Dialogue("c").inbound("0671234567", answered=1, ended=30)
    for leg in call.legs:
        log.leg_changed(replace(leg, ended=None, reason=None))
    await log.flush()
    assert await rows(store) == []
    for leg in call.legs:
        log.leg_changed(replace(leg, recorded=True))
    await log.flush()
    (row,) = await rows(store)
    assert (row["Id"], row["IsRecorded"], row["TimeStop"] - row["TimeStart"]) == ("c-a", 1, timedelta(seconds=30))
    count = text("SELECT count(*) FROM messages WHERE name = 'call.ended'")
    assert await store.reader.read(lambda connection: connection.execute(count).scalar()) == 1


async def test_what_a_crash_has_cut_has_rows_too(store: Store) -> None:
    directory = await loaded_directory()
    call = Dialogue("c").inbound("0671234567", answered=1, ended=30).user("101", 5, answered=9, ended=30).talk(9, 30)
    log = CallLog(store.call_log, directory)
    for leg in call.legs:
        log.leg_changed(replace(leg, ended=None, reason=None))
    for talk in call.talks:
        log.connection_changed(replace(talk, ended=None))
    await log.flush()
    after = CallLog(store.call_log, directory)
    assert await after.close_open() == 1
    assert [(row["Id"], row["TimeStop"] - row["TimeAnswer"]) for row in await rows(store)] == [
        ("c-a", timedelta(seconds=8)),
        ("c-1", timedelta()),
    ]


async def test_what_a_stranger_calls_himself_is_stored_as_it_can_be(store: Store) -> None:
    call = Dialogue("c").inbound("'; DROP --\x00\udcff", answered=1, ended=30)
    await write(store.call_log, [call])
    (row,) = await rows(store)
    assert row["AOutNumber"] == "'; DROP --?"


async def test_times_are_those_of_the_office_on_the_night_when_the_clocks_change(store: Store) -> None:
    night = datetime(2026, 10, 25, 0, 59, 59, 5, tzinfo=ZoneInfo("UTC"))
    call = Dialogue("c", night).inbound("0671234567", answered=0.5, ended=2)
    await write(store.call_log, [call])
    (row,) = await rows(store)
    assert row["TimeStart"] == datetime(2026, 10, 25, 3, 59, 59, 5)  # noqa: DTZ001 - as it stands in the view
    assert row["TimeStop"] == datetime(2026, 10, 25, 3, 0, 1, 5)  # noqa: DTZ001 - the same


def test_the_prepared_log_is_sound() -> None:
    assert len({leg.id for leg in LEGS}) == 100
    assert {leg.direction for leg in LEGS} == set(Direction)
    assert at(0).tzinfo is not None
    assert {leg.reason for leg in LEGS} == {EndReason.HUNG_UP, EndReason.NO_ANSWER}
    assert all(leg.ended for leg in LEGS)
    assert all(isinstance(talk, ConnectionRecord) for call in HISTORY for talk in call.talks)
