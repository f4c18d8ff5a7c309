from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from cordboard.scenario.ports import NewRun
from cordboard.testing.durability_sleepers import dormitory
from cordboard.testing.store import STORES

MANY = 10_000
A_FEW = 20
TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ten_thousand_runs_that_sleep_are_rows_and_wake_all(tmp_path: Path) -> None:
    async with STORES["sqlite"](tmp_path) as store, dormitory(store) as node:
        before = node.held()
        await node.fill(MANY)
        # Neither a task nor an object is there for each of them; the last may still be on their way out.
        asleep = node.held()
        assert asleep.runs < A_FEW
        assert asleep.tasks < before.tasks + A_FEW
        assert node.runner.live() == []
        await node.wake_one()
        await node.wake_all()
        assert await node.values() == {f"woken 067{n:07}" for n in range(MANY)}
        assert node.held().runs < A_FEW


async def test_the_end_of_a_run_does_not_look_at_those_that_sleep(tmp_path: Path) -> None:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    async with STORES["sqlite"](tmp_path) as store:
        await store.runs.start(NewRun("r1", "work", 1, "c1", {}, TEN))
        event.listen(Engine, "before_cursor_execute", note)
        try:
            await store.runs.cancel("r1", TEN)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        (query,) = [statement for statement in asked if statement.startswith("SELECT runs.seq, runs.places")]
        values = ("work", "", 1, 0)
        plan = await store.reader.read(lambda c: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all())
    assert "ix_runs_in_turn" in plan[0][3]
