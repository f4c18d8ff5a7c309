"""Components that ask the call log and the lists of numbers. That stored logs answer alike is for tests/contract."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from cordboard.office.call_history import HeldCalls, LoggedCallHistory
from cordboard.office.number_lists import HeldNumberLists, OfficeNumberLists
from cordboard.office.ports import CallHistory, ListedNumber, NumberLists
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.testing.call_log import CLIENT, HISTORY, ZONE, Dialogue, chains_of
from cordboard.testing.components import Trial, voice
from cordboard.testing.office import loaded_directory

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=ZONE)
"""When the calls of these tests begin: a Monday."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NUMBER = "0501234567"


async def played(
    step: str,
    calls: Sequence[Dialogue] = HISTORY,
    *,
    number: str = CLIENT,
    lists: Sequence[ListedNumber] = (),
    variables: str = "",
) -> tuple[str, dict[str, str], HeldNumberLists]:
    """The exit of the step in a call from `number`, the variables at the end, and the lists."""
    history = LoggedCallHistory(HeldCalls(chains_of(calls)), await loaded_directory())
    kept = HeldNumberLists(*lists)
    ports: dict[type, object] = {CallHistory: history, NumberLists: OfficeNumberLists(kept, VirtualClock())}
    async with Trial(voice(step, variables=variables), ports=ports) as trial:
        trial.call(number)
        await trial.ended()
        assert trial.steps[0].error == ""
        return trial.path[0].partition(".")[2], dict(trial.variables), kept


def answered(chain: str, when: datetime, *, seconds: float = 60, number: str = NUMBER) -> Dialogue:
    """Anna took a call."""
    call = Dialogue(chain, when).inbound(number, answered=1, ended=seconds)
    return call.user("101", 2, answered=4, ended=seconds).talk(4, seconds)


def missed(chain: str, when: datetime, *, number: str = NUMBER) -> Dialogue:
    """He heard a menu, nobody took it."""
    return Dialogue(chain, when).inbound(number, answered=1, ended=30)


# --- who was it ------------------------------------------------------------------------------------------------------

WHO = "w: {component: last_caller, phone: =caller, login: login, name: name, number: number, when: when%s}"
WHOSE = "- {name: login}\n- {name: name}\n- {name: number}\n- {name: when, type: datetime}"


@pytest.mark.parametrize(
    ("more", "number", "exit_", "login"),
    [
        ("", "+380 67 111 22 33", "found", "boris"),  # an attempt counts, and any writing
        (", way: out, talked: yes", "0671112233", "found", "anna"),
        (", way: in", "380671112233", "found", "boris"),
        (", within: 12h", CLIENT, "nobody", ""),
        ("", "0509998877", "nobody", ""),  # last year's same week
        (", within: 400d", "0509998877", "found", "boris"),
        ("", "", "nobody", ""),
        ("", "0504445566", "nobody", ""),  # he called, and nobody took it
    ],
)
def test_who_last_called_this_number(more: str, number: str, exit_: str, login: str) -> None:
    @virtual_time
    async def body() -> None:
        left_by, variables, _ = await played(WHO % more, number=number, variables=WHOSE)
        assert (left_by, variables["login"]) == (exit_, login)
        if login == "boris" and not more:
            assert (variables["name"], variables["number"]) == ("Борис", "102")
            assert variables["when"] == "2026-11-20 10:30"

    body()


@virtual_time
async def test_the_present_call_is_not_the_last_one() -> None:
    present = answered("chain-2", NOON)
    assert (await played(WHO % "", [present], number=NUMBER, variables=WHOSE))[0] == "nobody"


# --- is it the first -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "more", "exit_"),
    [
        ([], "", "first"),
        ([answered("chain-2", NOON)], "", "first"),
        ([answered("chain-2", NOON), answered("later", NOON + MINUTE)], "", "first"),
        ([answered("chain-2", NOON), answered("x", NOON - 400 * DAY)], "", "again"),
        ([answered("x", NOON - 400 * DAY)], ", within: 365d", "first"),
        ([missed("x", NOON - DAY)], "", "first"),
        ([missed("x", NOON - DAY)], ", talked: no", "again"),
        ([answered("x", NOON - DAY, number="0501234568")], "", "first"),
        ([Dialogue("x", NOON - DAY).outside("+380501234567", 0, answered=3, ended=9)], ", talked: no", "first"),
        ([Dialogue("x", NOON - DAY).outside(NUMBER, 0, ended=9)], ", talked: no, way: any", "again"),
    ],
)
def test_is_it_the_first_call(calls: list[Dialogue], more: str, exit_: str) -> None:
    step = f"f: {{component: first_call, phone: =caller{more}}}"

    @virtual_time
    async def body() -> None:
        assert (await played(step, calls, number=NUMBER))[0] == exit_

    body()


@virtual_time
async def test_nobody_can_tell_of_a_hidden_number() -> None:
    assert (await played("f: {component: first_call, phone: =caller}", number=""))[0] == "unknown"


# --- how many today --------------------------------------------------------------------------------------------------

TODAY = [
    missed("a", NOON - 12 * HOUR + timedelta(seconds=1)),
    missed("yesterday", NOON - 12 * HOUR - timedelta(seconds=1)),
    missed("b", NOON - 30 * MINUTE),
    answered("c", NOON - 2 * HOUR).user("102", 61, answered=65, ended=90).talk(65, 90),  # transferred
    Dialogue("d", NOON - HOUR).phone("101", "9050", ended=30).outside("050 123 45 67", 1, ended=30),
    missed("chain-2", NOON),
    missed("other", NOON - HOUR, number="0501234568"),
]


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("", "3"),
        (", which: missed", "2"),
        (", which: answered", "1"),
        (", way: any", "4"),
        (", way: out", "1"),
        (", within: 1h", "1"),
        (", within: 2d", "4"),
    ],
)
def test_calls_today(more: str, count: str) -> None:
    step = f"c: {{component: calls_today, phone: =caller, count: count{more}}}"

    @virtual_time
    async def body() -> None:
        found = await played(step, TODAY, number=NUMBER, variables="- {name: count, type: number}")
        assert (found[0], found[1]["count"]) == ("done", count)

    body()


# --- was he reached --------------------------------------------------------------------------------------------------

SINCE = NOON - HOUR
MISSED = missed("chain-2", SINCE - timedelta(seconds=30))
"""The call that is to be returned: it ended at SINCE, and this scenario runs in its chain."""


@pytest.mark.parametrize(
    ("calls", "exit_"),
    [
        ([], "no"),
        ([answered("before", SINCE - HOUR)], "no"),
        ([answered("begun before", SINCE - MINUTE / 2)], "reached"),
        ([answered("after", SINCE + MINUTE)], "reached"),
        ([missed("again", SINCE + MINUTE)], "called_again"),
        ([missed("again", SINCE + MINUTE), answered("then", SINCE + 2 * MINUTE)], "reached"),
        ([missed("other", SINCE + MINUTE, number="0509999999")], "no"),
        ([Dialogue("tried", SINCE + MINUTE).phone("101", "9050", ended=30).outside(NUMBER, 1, ended=30)], "no"),
        (
            [
                Dialogue("called", SINCE + MINUTE)
                .phone("101", "9050", answered=9, ended=30)
                .outside(NUMBER, 1, answered=8, ended=30)
                .talk(9, 30)
            ],
            "reached",
        ),
    ],
)
def test_was_he_reached_since(calls: list[Dialogue], exit_: str) -> None:
    step = "r: {component: reached_since, phone: =caller, since: '2026-11-23 11:00'}"

    @virtual_time
    async def body() -> None:
        assert (await played(step, [MISSED, *calls], number=NUMBER))[0] == exit_

    body()


# --- lists -----------------------------------------------------------------------------------------------------------

LISTS = (
    ListedNumber("black", "+380501234567", "nuisance"),
    ListedNumber("black", "+38067*", "a network", NOON + DAY),
    ListedNumber("black", "+38068*", "over", NOON),
    ListedNumber("vip", "+380671112233", "Іваненко"),
)


@pytest.mark.parametrize(
    ("number", "more", "exit_", "note"),
    [
        ("050 123-45-67", "", "listed", "nuisance"),
        (CLIENT, "", "listed", "a network"),
        (CLIENT, ", list_name: vip", "listed", "Іваненко"),
        ("0681112233", "", "not_listed", ""),
        ("0441112233", "", "not_listed", ""),
        ("", "", "not_listed", ""),
    ],
)
def test_is_it_on_the_list(number: str, more: str, exit_: str, note: str) -> None:
    step = f"l: {{component: on_list, phone: =caller, remark: note{more}}}"

    @virtual_time
    async def body() -> None:
        found = await played(step, number=number, lists=LISTS, variables="- {name: note}")
        assert (found[0], found[1]["note"]) == (exit_, note)

    body()


@pytest.mark.parametrize(
    ("more", "exit_", "left"),
    [
        (
            'number: "{caller}", remark: rude, lasts: 7d',
            "done",
            [("+380501234567", "rude", NOON + 7 * DAY), ("+38067*", "a network", NOON + DAY)],
        ),
        (
            'number: "+380 800*"',
            "done",
            [("+380501234567", "nuisance", None), ("+38067*", "a network", NOON + DAY), ("+380800*", "", None)],
        ),
        ('number: "{caller}", change: remove', "done", [("+38067*", "a network", NOON + DAY)]),
        ('number: "0441112233", change: remove', "done", None),
        ('number: "0800*"', "no_number", None),
        ('number: ""', "no_number", None),
    ],
)
def test_a_list_is_changed(more: str, exit_: str, left: list[tuple[str, str, datetime | None]] | None) -> None:
    @virtual_time
    async def body() -> None:
        step = f"l: {{component: change_list, {more}}}"
        found, _, kept = await played(step, number=NUMBER, lists=LISTS[:2])
        before = [("+380501234567", "nuisance", None), ("+38067*", "a network", NOON + DAY)]
        assert found == exit_
        assert [(each.number, each.note, each.until) for each in await kept.entries()] == (left or before)

    body()


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "more", "found"),
    [
        ("tel. 067 123-45-67", "", "ok +380671234567 067 123 4567 UA mobile Europe/Kyiv"),
        ("8 (0322) 32-77-57", "", "ok +380322327757 0322 327 757 UA landline Europe/Kyiv"),
        ("(0322) 32-77-57", "", "ok +380322327757 0322 327 757 UA landline Europe/Kyiv"),
        ("22 123 45 67", ", country: PL", "ok +48221234567 22 123 45 67 PL landline Europe/Warsaw"),
        ("112", "", "ok 112 112  short "),
        ("", "", "no_phone"),
        ("anonymous", "", "no_phone"),
        ("999999999999", "", "no_phone"),
        ("*100#", "", "no_phone"),
        ("3.80671E+11", "", "no_phone"),
    ],
)
def test_a_number_is_normalised(text: str, more: str, found: str) -> None:
    names = ["international", "national", "its_country", "sort", "time_zone"]
    takes = ", ".join(f"{name}: {name}" for name in names)
    declared = "\n".join(f"- {{name: {name}}}" for name in names) + "\n- {name: phone, type: phone}"

    @virtual_time
    async def body() -> None:
        step = f'n: {{component: normalise_number, text: "{text}", {takes}, phone: phone{more}}}'
        left_by, variables, _ = await played(step, variables=declared)
        told = [variables[name] for name in names] if left_by == "ok" else []
        assert " ".join([left_by, *told]) == found
        assert bool(variables["phone"]) is (left_by == "ok")

    body()
