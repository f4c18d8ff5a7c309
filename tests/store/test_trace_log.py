"""How past runs are found again."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, text

from cordboard.scenario.ports import RunTrace, StepTrace, TracedRun
from cordboard.scenario.results import Outcome
from cordboard.store.database import Store
from cordboard.store.scenario_tables import run_traces, step_traces
from cordboard.testing.store import STORES

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ANNA, BORIS = "+380671234567", "+380501112233"


def at(seconds: float) -> datetime:
    return TEN + timedelta(seconds=seconds)


def run(name: str, started: float = 0, scenario: str = "menu") -> RunTrace:
    return RunTrace(name, f"c-{name}", scenario, 3, "voice", at(started))


def step(run_id: str, name: str, exit_: str = "done", error: str = "") -> StepTrace:
    return StepTrace(run_id, f"c-{run_id}", "menu", name, "play", 0, TEN, 0.1, {}, {}, exit_, error)


def ids(found: Sequence[RunTrace]) -> list[str]:
    return [trace.run_id for trace in found]


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
async def filled(store: Store) -> Store:
    for trace in (
        replace(run("a", 0), ended=at(5), outcome=Outcome.FINISHED, caller_phone=ANNA, dialled_phone="700"),
        replace(run("b", 10), ended=at(15), outcome=Outcome.FAULTED, error="no line is free", dialled_phone=ANNA),
        replace(run("c", 20, "callback"), kind="service", key=ANNA),
        replace(run("d", 20), ended=at(25), outcome=Outcome.HUNG_UP, caller_phone=BORIS),
    ):
        store.traces.run(trace)
    for each in (
        step("a", "hello"),
        step("a", "ask", "no_input"),
        step("b", "hello"),
        step("b", "call", "", "the line «city» has 100% of its calls"),
        step("d", "ask"),
        step("d", "mail", "error", "the mail server is down"),
    ):
        store.traces.step(each)
    await store.writer.flush()
    return store


async def test_without_any_wish_all_runs_come_the_youngest_first(filled: Store) -> None:
    assert ids(await filled.traces.find()) == ["d", "c", "b", "a"]
    assert ids(await filled.traces.find(limit=2)) == ["d", "c"]
    assert ids(await filled.traces.find(limit=2, before="c")) == ["b", "a"]
    assert ids(await filled.traces.find(before="a")) == []
    assert ids(await filled.traces.find(before="forgotten")) == []


async def test_runs_are_found_by_scenario_kind_chain_and_time(filled: Store) -> None:
    assert ids(await filled.traces.find(scenario="menu")) == ["d", "b", "a"]
    assert ids(await filled.traces.find(kind="service")) == ["c"]
    assert ids(await filled.traces.find(chain="c-b")) == ["b"]
    assert ids(await filled.traces.find(since=at(10), until=at(20))) == ["b"]
    assert ids(await filled.traces.find(unfinished=True)) == ["c"]
    assert ids(await filled.traces.find(unfinished=False)) == ["d", "b", "a"]


async def test_a_number_is_found_as_caller_as_dialled_and_as_key(filled: Store) -> None:
    assert ids(await filled.traces.find(number=ANNA)) == ["c", "b", "a"]
    assert ids(await filled.traces.find(number=ANNA, scenario="menu")) == ["b", "a"]
    assert ids(await filled.traces.find(number="700")) == ["a"]


async def test_runs_are_found_by_a_step_and_the_exit_it_was_left_by(filled: Store) -> None:
    assert ids(await filled.traces.find(step="ask")) == ["d", "a"]
    assert ids(await filled.traces.find(step="ask", exit_="no_input")) == ["a"]
    assert ids(await filled.traces.find(step="hello", exit_="no_input")) == []
    assert ids(await filled.traces.find(exit_="error")) == ["d"]


async def test_runs_are_found_by_what_went_wrong_in_them_or_in_a_step(filled: Store) -> None:
    assert ids(await filled.traces.find(error="")) == ["d", "b"]
    assert ids(await filled.traces.find(error="line")) == ["b"]
    assert ids(await filled.traces.find(error="mail")) == ["d"]
    assert ids(await filled.traces.find(error="100%")) == ["b"]
    assert ids(await filled.traces.find(error="1%0")) == []


async def test_a_run_is_loaded_with_its_steps(filled: Store) -> None:
    found = await filled.traces.load("a")
    assert found == TracedRun(
        replace(run("a", 0), ended=at(5), outcome=Outcome.FINISHED, caller_phone=ANNA, dialled_phone="700"),
        [step("a", "hello"), step("a", "ask", "no_input")],
    )
    assert await filled.traces.load("unknown") is None


_COPY = """
    WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 100000)
    INSERT INTO {table} ({columns}, run_id{more}) SELECT {columns}, 'r' || i{values} FROM {table}, numbers
"""


def multiply(connection: Connection, table: Table, **changed: str) -> None:
    """Make a hundred thousand rows, r1 and so on, of the only one."""
    kept = ", ".join(f'"{column.name}"' for column in table.c if column.name not in {"run_id", "seq", *changed})
    more, values = "".join(f", {name}" for name in changed), "".join(f", {value}" for value in changed.values())
    connection.execute(text(_COPY.format(table=table.name, columns=kept, more=more, values=values)))


@pytest.mark.slow
async def test_a_hundred_thousand_runs_are_searched_quickly(store: Store) -> None:
    """The worst questions are those that nothing answers: every run is looked at."""
    store.traces.run(run("", 0))
    store.traces.step(step("", ""))
    await store.writer.flush()

    def fill(connection: Connection) -> None:
        multiply(connection, run_traces, caller_phone="'+38067' || i")
        multiply(connection, step_traces, step="'step' || (i % 7)", error="CASE i % 100 WHEN 0 THEN 'oops' ELSE '' END")
        connection.exec_driver_sql("ANALYZE")

    await store.writer.transact(fill)
    began = time.monotonic()
    assert len(await store.traces.find()) == 100
    assert ids(await store.traces.find(number="+3806777")) == ["r77"]
    assert len(await store.traces.find(step="step3", exit_="done")) == 100
    assert await store.traces.find(step="step3", exit_="never") == []
    assert await store.traces.find(error="nobody wrote this") == []
    assert len(await store.traces.find(error="oops")) == 100
    assert len(await store.traces.find(before="r5000", scenario="menu")) == 100
    assert time.monotonic() - began < 5  # a slow plan takes minutes, this well under a second; others work here too
