"""The contracts of `CallHistory` and `NumberLists`, over every database and in memory, on the prepared log."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.call_history import HeldCalls, LoggedCallHistory
from cordboard.office.listing import ListedNumber, listed_number
from cordboard.office.number_lists import HeldNumberLists, OfficeNumberLists
from cordboard.office.ports import CallHistory, NumberLists, PastCall, Way
from cordboard.telephony import PhoneNumber
from cordboard.testing.call_log import CLIENT, HISTORY, LAST_YEAR, MORNING, NOW, Dialogue, chains_of, write
from cordboard.testing.office import HandClock, loaded_directory
from cordboard.testing.store import STORES

WEEK, DAY = timedelta(days=7), timedelta(days=1)
Opened = Callable[[Sequence[Dialogue]], Awaitable[CallHistory]]


def phone(text: str) -> PhoneNumber:
    return PhoneNumber.parse(text, country="UA")


@asynccontextmanager
async def opened(where: str, folder: Path, calls: Sequence[Dialogue]) -> AsyncIterator[CallHistory]:
    office = await loaded_directory()
    if where == "memory":
        yield LoggedCallHistory(HeldCalls(chains_of(calls)), office)
        return
    async with STORES[where](folder) as store:
        await write(store.call_log, calls)
        yield LoggedCallHistory(store.call_history, office)


@pytest.fixture(params=[*STORES, "memory"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def history(where: str, tmp_path: Path) -> AsyncIterator[CallHistory]:
    async with opened(where, tmp_path, HISTORY) as found:
        yield found


def told(calls: Sequence[PastCall]) -> list[tuple[str, bool, bool, str]]:
    return [(call.chain, call.inbound, call.talked, call.person.login if call.person else "") for call in calls]


@pytest.mark.parametrize("writing", [CLIENT, "+38 (067) 111-22-33", "380671112233"])
async def test_the_calls_of_a_week_the_newest_first_however_they_were_written(
    history: CallHistory, writing: str
) -> None:
    assert told(await history.calls(phone(writing), since=NOW - WEEK)) == [
        ("robot-client", True, False, ""),
        ("attempt-1", False, False, "boris"),
        ("transferred", True, True, "boris"),
        ("this-week-3", False, True, "anna"),
        ("this-week-2", False, True, "anna"),
        ("this-week-1", False, True, "anna"),
        ("this-week-0", False, True, "anna"),
    ]


@pytest.mark.parametrize(
    ("asked", "chain", "login"),
    [
        ({}, "attempt-1", "boris"),
        ({"talked": True}, "transferred", "boris"),
        ({"way": Way.OUT, "talked": True}, "this-week-3", "anna"),
        ({"way": Way.IN}, "transferred", "boris"),
        ({"way": Way.IN, "talked": False}, None, None),
        ({"since": NOW - timedelta(hours=1)}, None, None),
        ({"before": "this-week-1"}, "this-week-0", "anna"),
        ({"before": "this-week-0", "since": None}, "last-year-1", "boris"),
        ({"before": "this-week-0"}, None, None),
    ],
)
async def test_who_of_us_was_the_last(
    history: CallHistory, asked: dict[str, Any], chain: str | None, login: str | None
) -> None:
    found = await history.last_with_employee(phone(CLIENT), **{"since": NOW - WEEK} | asked)
    assert (found.chain if found else None) == chain
    assert (found.person.login if found and found.person else None) == login


async def test_moments_are_aware_and_a_limit_holds(history: CallHistory) -> None:
    (newest,) = await history.calls(phone(CLIENT), talked=True, limit=1)
    assert (newest.chain, newest.at) == ("transferred", MORNING)
    assert newest.talked_until == MORNING + timedelta(seconds=100)
    everything = await history.calls(phone(CLIENT))
    assert everything[-1].at == LAST_YEAR + timedelta(seconds=0.1)
    assert len(everything) == 8


async def test_missed_calls_and_hidden_numbers(history: CallHistory) -> None:
    missed = await history.calls(phone("0504445566"), since=NOW - DAY, talked=False)
    assert [call.chain for call in missed] == [f"missed-{n}" for n in range(1, 7)]
    assert await history.calls(phone("")) == ()
    assert await history.last_with_employee(phone("")) is None
    assert await history.calls(phone("101")) == [], "colleagues are not outside"


async def test_an_employee_who_dials_through_the_exchange_from_his_mobile_is_known(history: CallHistory) -> None:
    found = await history.last_with_employee(phone("0447778800"))
    assert told([found] if found else []) == [("callback-0", False, True, "anna")]


async def test_two_lines_that_were_tried_are_one_call_and_a_living_one_counts(where: str, tmp_path: Path) -> None:
    tried = Dialogue("tried").phone("101", "9050", ended=9).outside("0501234567", 1, ended=2)
    tried.outside("0501234567", 3, answered=5, ended=9, line="city").talk(5, 9)
    async with opened(where, tmp_path, [tried]) as history:
        assert told(await history.calls(phone("0501234567"))) == [("tried", False, True, "anna")]
        assert await history.calls(phone("0501234567"), talked=False) == []


async def test_calls_at_one_moment_are_not_before_each_other(where: str, tmp_path: Path) -> None:
    both = [Dialogue(name).inbound("0501234567", answered=1, ended=9) for name in ("x", "y")]
    async with opened(where, tmp_path, both) as history:
        assert await history.calls(phone("0501234567"), before="x") == []
        assert len(await history.calls(phone("0501234567"), before="no such chain")) == 2


# --- lists -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def lists_of(where: str, folder: Path) -> AsyncIterator[tuple[NumberLists, Any]]:
    clock = HandClock()
    if where == "memory":
        kept = HeldNumberLists()
        yield OfficeNumberLists(kept, clock), kept
        return
    async with STORES[where](folder) as store:
        yield OfficeNumberLists(store.number_lists, clock), store.number_lists


async def test_the_most_exact_entry_that_still_counts_is_found(where: str, tmp_path: Path) -> None:
    async with lists_of(where, tmp_path) as (lists, kept):
        for number, words, until in (
            ("+380800*", "toll free", None),
            ("+3808001*", "longer", NOW),
            ("0800 123 456", "exact", NOW - DAY),
            ("2041", "a short code", None),
        ):
            await lists.add(ListedNumber("black", listed_number(number, "UA"), words, until))
        await lists.add(ListedNumber("vip", "+380671234567", "so"))
        await lists.add(ListedNumber("vip", "+380671234567", "Іваненко"))

        async def note(text: str, at: datetime, name: str = "black") -> str | None:
            found = await lists.find(name, phone(text), at)
            return found.note if found else None

        assert await note("+380800123456", NOW - 2 * DAY) == "exact"
        assert await note("0800123456", NOW - DAY) == "longer"
        assert await note("380800123456", NOW) == "toll free"
        assert await note("2041", NOW) == "a short code"
        assert await note("067 123 45 67", NOW, "vip") == "Іваненко"
        for text, name in (("067 123 45 67", "black"), ("", "black"), ("20411", "black"), ("2041", "none")):
            assert await note(text, NOW, name) is None
        assert [(entry.list, entry.number) for entry in await kept.entries()] == [
            ("black", "+380800*"),
            ("black", "+3808001*"),
            ("black", "+380800123456"),
            ("black", "2041"),
            ("vip", "+380671234567"),
        ]
        assert len(await kept.entries("vip")) == 1
        assert await kept.forget(NOW) == 2
        assert await lists.remove("black", "2041")
        assert not await lists.remove("black", "2041")
        assert [entry.number for entry in await kept.entries("black")] == ["+380800*"]


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("+380 (800)-1 *", "+3808001*"),
        ("380800*", "+380800*"),
        ("20*", "20*"),
        ("0671234567", "+380671234567"),
        ("0800*", ""),
        ("*", ""),
        ("+*", ""),
        ("", ""),
        ("nobody", ""),
        ("112", "112"),
    ],
)
def test_what_stands_on_a_list(text: str, stands: str) -> None:
    assert listed_number(text, "UA") == stands


@pytest.mark.parametrize("kind", STORES)
async def test_the_last_number_that_a_phone_has_dialled(kind: str, tmp_path: Path) -> None:
    calls = [
        Dialogue("old", NOW - 2 * WEEK).phone("101", "90671112233", ended=30),
        Dialogue("code", NOW - DAY / 2).phone("101", "*66", ended=30),
        Dialogue("young", NOW - DAY).phone("101", "102", answered=1, ended=30).user("102", 0.1, answered=1, ended=30),
        Dialogue("other", NOW).phone("103", "90501112233", ended=30),
    ]
    async with STORES[kind](tmp_path) as store:
        await write(store.call_log, calls)
        last = store.call_history.last_dialled
        assert await last(["101", "101-mobile"], NOW - 3 * WEEK) == "102"
        assert await last(["102"], NOW - 3 * WEEK) == "", "he was called"
        assert await last(["103"], NOW) == "90501112233"
        assert await last(["101"], NOW) == ""
        assert await last([], NOW - WEEK) == ""
