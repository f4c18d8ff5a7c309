"""Real calls on real SIP and RTP, replayed from their traces."""

import asyncio
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.cli.stage import Stage, comes_true, stage
from cordboard.scenario.ports import RunTrace
from cordboard.store.database import open_store
from cordboard.testing.stories import DEMO, OLENA

pytestmark = [pytest.mark.slow, pytest.mark.wire]

SPEECH = Path(__file__).parents[2] / ".speech"
STRANGER = "+380441112233"


async def test_real_calls_take_the_same_way_when_they_are_replayed(tmp_path: Path) -> None:
    data = tmp_path / "office"
    shutil.copytree(DEMO, data / "scenarios")
    async with stage(data, SPEECH, patience=25) as on:
        await through_the_menu(on)
        await called_back(on)
        menu = await ended_run(on, caller=STRANGER)
        main = await ended_run(on, caller=OLENA, runs=3)

        told = await replay(on, menu.run_id)
        assert told.exit_code == 0, told.output
        assert f"Run {menu.run_id} of release 1: 7 steps in 1 run, replayed the same way" in told.output

        kept = tmp_path / "kept.yaml"
        told = await replay(on, main.run_id, "--save", str(kept))
        assert told.exit_code == 0, told.output
        assert "steps in 3 runs, replayed the same way" in told.output
        pin = on.login("101").pin
        assert pin not in kept.read_text(encoding="utf-8")
        assert pin not in told.output

        tests = data / "scenarios" / "tests"
        shutil.copy(kept, tests)
        passed = await command("scenario", "test", str(tests / "kept.yaml"), "--data", str(data))
        assert passed.output.splitlines()[-1] == "1 test, 0 failed", passed.output

        draft = tmp_path / "draft" / "callback.yaml"
        draft.parent.mkdir()
        text = (DEMO / "callback.yaml").read_text(encoding="utf-8")
        draft.write_text(text.replace("answered: finish", "answered: count", 1), encoding="utf-8")
        for name in ("entry", "menu", "main"):
            shutil.copy(DEMO / f"{name}.yaml", draft.parent)
        told = await replay(on, main.run_id, "--draft", str(draft))
        assert told.exit_code == 0, told.output
        lines = [line.strip() for line in told.output.splitlines()]
        assert f"With {draft}: another way:" in lines
        assert "the ways part at step 3: it was callback.finish, it is callback.count/done" in lines
        assert "+ callback.count/done" in lines


async def through_the_menu(on: Stage) -> None:
    """A stranger asks for a colleague who is not there."""
    call = await on.call_in(STRANGER)
    assert await call.answered()
    assert await on.teller.hears("the stranger", call, on.settings.sounds, "Welcome")
    await call.press("2")
    assert await on.teller.hears("the stranger", call, on.settings.sounds, "Please dial")
    await call.press("102")
    await call.ended()


async def called_back(on: Stage) -> None:
    """An employee is called back, mistakes the PIN once, and hangs up as a number is asked for."""
    call = await on.call_in(OLENA)
    assert not await call.answered()
    callback = await on.next_city_call()
    assert callback is not None
    await callback.answer()
    assert await on.teller.hears("the employee", callback, on.settings.sounds, "This is your office")
    await callback.press("0001#")
    assert await on.teller.hears("the employee", callback, on.settings.sounds, "This PIN is wrong")
    await callback.press(on.login("101").pin + "#")
    assert await on.teller.hears("the employee", callback, on.settings.sounds, "Please enter the number")
    await callback.hang_up()


async def ended_run(on: Stage, *, caller: str, runs: int = 1) -> RunTrace:
    """The first run of a caller, once all of its chain are written as ended."""
    found: list[RunTrace] = []
    async with await open_store(on.settings.database) as store:

        async def written() -> bool:
            first = [run for run in await store.traces.find(kind="voice") if run.caller == caller]
            found[:] = await store.traces.runs_of(first[-1].chain) if first else []
            return len(found) == runs and all(run.ended for run in found)

        assert await comes_true(written, on.teller.patience), found
    return found[0]


async def replay(on: Stage, run_id: str, *words: str) -> Result:
    return await command("scenario", "replay", run_id, "--data", str(on.settings.data), *words)


async def command(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, words)
