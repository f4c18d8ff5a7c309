"""The contract of `ReportRepository`, and reports over a prepared log, over every database."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cordboard.office.reports import (
    Grouping,
    LogQuery,
    ReportRepository,
    by_operator,
    missed_calls,
    service_level,
)
from cordboard.store.database import Store
from cordboard.testing.call_log import HISTORY, LAST_YEAR, MORNING, NOW, ZONE, Dialogue, write
from cordboard.testing.office import loaded_directory
from cordboard.testing.store import STORES

DAY = timedelta(days=1)
SINCE, UNTIL = MORNING.replace(hour=0), MORNING.replace(hour=0) + DAY
ALL = LogQuery(LAST_YEAR - DAY, NOW + DAY, limit=1000)
NOON = MORNING.replace(hour=12)
CALLS = (
    Dialogue("quick").inbound("0671112233", answered=5, ended=60).user("101", 1, answered=4, ended=60).talk(5, 60),
    Dialogue("slow", NOON).inbound("0671112233", answered=40, ended=70).user("101", 1, ended=20)
    .user("102", 21, answered=39, ended=70).talk(40, 70),
    Dialogue("lost", NOON + timedelta(minutes=5)).inbound("0504445566", ended=15).user("102", 1, ended=15),
    Dialogue("lost-again", NOON + timedelta(minutes=9)).inbound("050 444 55 66", ended=25),
    Dialogue("was-reached", NOON).inbound("0443334401", ended=10),
    Dialogue("callback", NOON + timedelta(minutes=30)).phone("101", "90443334401", answered=8, ended=60)
    .outside("0443334401", 1, answered=8, ended=60).talk(8, 60),
    Dialogue("hidden", NOON).inbound("", ended=3),
    Dialogue("inside", NOON).phone("101", "102", ended=9).user("102", 1, ended=9),
)  # fmt: skip


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        for table in ("legs", "connections", "connection_rows", "call_tags", "messages"):
            await opened.writer.commit([text(f"DELETE FROM {table}")])  # the database may have been used before
        yield opened


async def found(repository: ReportRepository, query: LogQuery = ALL, **asked: Any) -> list[str]:
    return [chain.id for chain in await repository.search(replace(query, **asked))]


async def test_the_log_is_searched(store: Store) -> None:
    await write(store.call_log, CALLS)
    await store.tags.set("quick", "reason", "Доставка_1")
    log = store.reports
    everything = ["callback", "lost-again", "lost", "was-reached", "slow", "inside", "hidden", "quick"]
    assert await found(log) == everything
    assert await found(log, number="+380504445566") == ["lost-again", "lost"]
    assert await found(log, digits="444 55") == ["lost-again"]
    assert await found(log, line="gsm") == ["callback"]
    assert await found(log, accounts=("102",)) == ["lost", "slow", "inside"]
    assert await found(log, login="anna") == ["callback", "quick"]
    assert await found(log, missed=True) == ["lost-again", "lost", "was-reached", "hidden"]
    assert await found(log, missed=False, direction="inbound") == ["slow", "quick"]
    assert await found(log, direction="outbound") == ["callback"]
    assert await found(log, direction="internal") == ["inside"]
    assert await found(log, text="доставка_") == ["quick"]
    assert await found(log, text="_") == ["quick"]
    assert await found(log, text="%") == []
    assert await found(log, line="city", number="+380671112233", missed=False) == ["slow", "quick"]
    assert await found(log, since=NOON, until=NOON + timedelta(minutes=1)) == [
        "was-reached",
        "slow",
        "inside",
        "hidden",
    ]


async def test_page_by_page_each_call_comes_once(store: Store) -> None:
    await write(store.call_log, HISTORY)
    whole = await found(store.reports)
    assert len(whole) == len({call.chain for call in HISTORY})
    pages: list[str] = []
    before: tuple[datetime, str] | None = None
    while page := await store.reports.search(replace(ALL, limit=7, before=before)):
        pages += [chain.id for chain in page]
        before = (page[-1].legs[0].started, page[-1].id)
    assert pages == whole


async def test_missed_and_not_yet_reached(store: Store) -> None:
    await write(store.call_log, CALLS)
    facts = await store.reports.facts(SINCE, UNTIL)
    phones = [fact.first.phone for fact in facts]
    reached = await store.reports.reached(phones, SINCE)
    rows = missed_calls(facts, reached)
    assert [(row["phone"], row["calls"], row["chain"], row["waited"]) for row in rows] == [
        ("+380504445566", 2, "lost-again", 25.0),
        ("", 1, "hidden", 3.0),
    ]
    every = missed_calls(facts, reached, open_only=False)
    assert {row["phone"]: row["reached"] for row in every} == {
        "+380504445566": None,
        "": None,
        "+380443334401": NOON + timedelta(minutes=30, seconds=8),
    }


async def test_the_service_level_and_waits(store: Store) -> None:
    await write(store.call_log, CALLS)
    await store.tags.set("slow", "group", "Sales")
    facts = await store.reports.facts(SINCE, UNTIL)
    (row,) = service_level(facts, Grouping.ALL, ZONE, within=20)
    assert row == {
        "by": "",
        "calls": 6,
        "answered": 2,
        "missed": 4,
        "within": 1,
        "level": 16.7,
        "wait_average": 22.5,
        "wait_longest": 40.0,
        "given_up_after": 13.2,
    }
    for by, expected in (
        (Grouping.HOUR, {"10:00": 1, "12:00": 5}),
        (Grouping.LINE, {"city": 6}),
        (Grouping.GROUP, {"": 5, "Sales": 1}),
        (Grouping.DAY, {"2026-11-20": 6}),
    ):
        assert {row["by"]: row["calls"] for row in service_level(facts, by, ZONE)} == expected
    assert service_level([], Grouping.ALL, ZONE) == []


async def test_what_each_operator_did(store: Store) -> None:
    await write(store.call_log, CALLS)
    directory = await loaded_directory()

    def login(account: str) -> str:
        person = directory.by_account(account)
        return person.login if person else ""

    anna, boris = by_operator(await store.reports.facts(SINCE, UNTIL), login)
    assert anna == {
        "login": "anna", "rung": 2, "answered": 1, "not_answered": 1, "dialled": 2, "talks": 2, "talked": 107.0,
        "talk_average": 53.5,
    }  # fmt: skip
    assert (boris["login"], boris["rung"], boris["answered"], boris["not_answered"], boris["talked"]) == (
        "boris",
        3,
        1,
        2,
        30.0,
    )


async def test_a_call_belongs_to_the_period_in_which_it_began(store: Store) -> None:
    await write(store.call_log, CALLS)
    facts = await store.reports.facts(NOON + timedelta(seconds=10), UNTIL)
    assert [fact.chain for fact in facts] == ["lost", "lost-again", "callback"]
