"""Story S1 on real SIP and RTP: as the demo tells it, as it tells it of broken scenarios, and through kill -9."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli import demo as the_demo
from cordboard.cli.demo import callback_and_entry
from cordboard.cli.main import app
from cordboard.cli.stage import Stage, comes_true, stage
from cordboard.scenario.ports import RunInfo
from cordboard.scenario.results import Outcome
from cordboard.store.database import open_store
from cordboard.telephony import EndReason
from cordboard.testing.stories import DEMO, OLENA

pytestmark = [pytest.mark.slow, pytest.mark.wire]

SPEECH = Path(__file__).parents[2] / ".speech"

NO_PIN = ("entry", "start: ask_pin", "start: ask_number")
NO_CALL = ("callback", "done: call_back\n  call_back:", "done: finish\n  call_back:")
ANSWERED = ("main", "component: reject\n    reason: busy", "component: answer")


# --- the demo -----------------------------------------------------------------------------------------------------


async def test_the_demo_tells_the_story_and_ends_well() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cordboard.cli", "demo",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    written, _ = await process.communicate()
    told = written.decode()
    assert process.returncode == 0, told
    lines = [line.partition("✓ ")[2] for line in told.splitlines() if "✓" in line]
    decisive = [
        "+380671234567 calls: turned away unanswered (486 Busy Here)",
        "0671234567 calls: turned away unanswered (486 Busy Here)",
        "the exchange calls +380671234567 back from +380322327757",
        "the employee hears “This is your office. Please enter your PIN, then press hash.”",
        "the employee hears “This PIN is wrong.”",
        "the employee hears “Please enter the number that you want to call, then press hash.”",
        "the exchange calls 0441234567; it rings",
        "the employee hears the client (1000 Hz)",
        "the client hears the employee (440 Hz)",
        "one chain in the call log: +380671234567 → +380322327757 (not answered: busy); "
        "to +380671234567 (answered); to 0441234567 (answered); 1 connection(s)",
        "two quick calls gave one callback",
    ]
    assert [line for line in lines if line in decisive and lines.count(line) == 1] == [
        line for line in decisive if not line.startswith("the employee hears “Please")
    ]
    assert lines.count(decisive[5]) == 2
    assert told.rstrip().endswith("All of it was true.")


@pytest.mark.parametrize(
    ("broken", "untrue"),
    [
        pytest.param(NO_PIN, "the employee hears “This is your office. Please enter your PIN …”", id="no PIN is asked"),
        pytest.param(NO_CALL, "the exchange calls back", id="nobody is called back"),
        pytest.param(ANSWERED, "+380671234567 calls: turned away unanswered (None )", id="the caller pays"),
    ],
)
async def test_a_broken_component_is_told(broken: tuple[str, str, str], untrue: str, tmp_path: Path) -> None:
    async with office(tmp_path, broken, patience=4) as on:
        await callback_and_entry(on)
        assert untrue in on.teller.untrue
        assert on.teller.untrue[0] == untrue


def test_a_broken_component_changes_the_exit_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_demo, "stage", lambda _folder, _speech: office(tmp_path, NO_CALL, patience=4))
    outcome = CliRunner().invoke(app, ["demo"])
    assert outcome.exit_code == 1, outcome.output


# --- kill -9 ------------------------------------------------------------------------------------------------------


async def test_the_callback_comes_exactly_once_after_a_crash_while_it_pauses(tmp_path: Path) -> None:
    async with office(tmp_path, patience=25) as on:
        await turned_away(on)
        assert await on.chain_with(OLENA, 1), "the first call is not in the call log"
        await on.exchange.kill()
        assert on.city.empty()
        await on.exchange.start()
        callback = await on.next_city_call()
        assert callback is not None
        assert callback.called.user == OLENA
        await callback.answer()
        assert await on.teller.hears("the employee", callback, on.settings.sounds, "This is your office.")
        pin = on.login("101").pin
        await callback.press(pin + "#")
        assert await on.teller.hears("the employee", callback, on.settings.sounds, "Please enter the number")
        await callback.hang_up()
        [run] = await ended_runs(on)
        assert run.ending is not None
        assert run.ending.outcome is Outcome.FINISHED
        chain = await on.chain_with(OLENA, 2)
        assert chain is not None
        assert [(leg.dialled, leg.reason) for leg in chain.legs[1:]] == [(OLENA, EndReason.HUNG_UP)]
        assert on.city.empty()
        # The start prints the demo's people with their PINs; no other line may hold one.
        log = on.exchange.log_file.read_text(encoding="utf-8").splitlines()
        assert [line for line in log if pin in line and OLENA not in line] == []
        assert pin not in await traced(on, chain.id)


async def test_a_callback_that_rang_as_the_exchange_crashed_is_not_dialled_again(tmp_path: Path) -> None:
    async with office(tmp_path, patience=25) as on:
        await turned_away(on)
        callback = await on.next_city_call()
        assert callback is not None
        callback.ring()
        await logged(on, legs=2)
        await on.exchange.kill()
        await on.exchange.start()
        chain = await on.chain_with(OLENA, 2)
        assert chain is not None
        assert [leg.reason for leg in chain.legs] == [EndReason.BUSY, EndReason.ERROR]
        assert chain.legs[1].answered is None
        [run] = await ended_runs(on)
        assert await exits(on, run.id) == ["call_back.interrupted", "finish."]
        assert on.city.empty()


# --- within -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def office(folder: Path, broken: tuple[str, str, str] | None = None, *, patience: float) -> AsyncIterator[Stage]:
    """The demo office with its scenarios, one of them changed: its name, a piece of its text, and what replaces it."""
    scenarios = folder / "office" / "scenarios"
    shutil.copytree(DEMO, scenarios)
    if broken is not None:
        name, good, bad = broken
        file = scenarios / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        assert text.count(good) == 1
        file.write_text(text.replace(good, bad), encoding="utf-8")
    async with stage(folder / "office", SPEECH, patience=patience) as on:
        yield on


async def turned_away(on: Stage) -> None:
    """The employee calls, and is dropped."""
    call = await on.call_in(OLENA)
    assert not await call.answered()
    assert (await call.ended()).status == 486


async def ended_runs(on: Stage) -> Sequence[RunInfo]:
    """All runs of service scenarios, once none is left that could call anybody."""
    async with await open_store(on.settings.database) as store:

        async def none_is_left() -> bool:
            return not await store.runs.find(unfinished=True)

        assert await comes_true(none_is_left, on.teller.patience), await store.runs.find()
        return await store.runs.find()


async def exits(on: Stage, run_id: str) -> Sequence[str]:
    """The last two steps of a run with their exits."""
    found: list[str] = []
    async with await open_store(on.settings.database) as store:

        async def finished() -> bool:
            nonlocal found
            found = [f"{step.step}.{step.exit}" for step in await store.traces.steps_of(run_id)]
            return found[-1:] == ["finish."]

        assert await comes_true(finished, on.teller.patience), found
    return found[-2:]


async def traced(on: Stage, chain: str) -> str:
    """Everything that the traces say of a chain's runs, once the PIN was checked in one of them."""
    words = ""
    async with await open_store(on.settings.database) as store:

        async def written() -> bool:
            nonlocal words
            runs = await store.traces.runs_of(chain)
            steps = [step for run in runs for step in await store.traces.steps_of(run.run_id)]
            words = repr((runs, steps))
            return any((step.step, step.exit) == ("check_pin", "right") for step in steps)

        assert await comes_true(written, on.teller.patience), words
    return words


async def logged(on: Stage, *, legs: int) -> None:
    """Wait until so many legs of the youngest chain are written, ended or not: the log is a moment behind the call."""
    async with await open_store(on.settings.database) as store:

        async def written() -> bool:
            return any(len(chain.legs) == legs for chain in await store.call_log.recent(1))

        assert await comes_true(written, on.teller.patience)
