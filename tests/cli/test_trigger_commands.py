import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.results import Outcome
from cordboard.store.database import open_store

Command = Callable[..., Result]
NOW = datetime.now(UTC)
REPORT = """\
scenario: report
kind: service
variables:
  - {name: day, parameter: true}
start: end
steps:
  end: {component: stop}
"""
SURVEY = "scenario: survey\nkind: voice\nstart: end\nsteps:\n  end: {component: stop}\n"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeded")

    async def seed() -> None:
        async with await open_store(folder / "cordboard.sqlite") as store:
            await store.releases.publish({"report": REPORT, "survey": SURVEY}, message="", at=NOW)
            for number, outcome in (("1", Outcome.FINISHED), ("2", Outcome.FAULTED)):
                run = RunTrace(
                    f"run-{number}", f"chain-{number}", "survey", 1, "voice", NOW, NOW + timedelta(seconds=3), outcome,
                    "the file is missing" if outcome is Outcome.FAULTED else "",
                    caller="067 123 45 67", caller_phone="+380671234567",
                )  # fmt: skip
                store.traces.run(run)
                store.traces.step(
                    StepTrace(
                        run.run_id, run.chain, "survey", "ask", "menu", 0, NOW, 1.5, {"text": "Press 1"}, {"n": "1"},
                        "one" if number == "1" else "error", run.error,
                    )
                )  # fmt: skip

    asyncio.run(seed())
    return folder


@pytest.fixture
def cordboard(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    shutil.copytree(seeded, tmp_path, dirs_exist_ok=True)
    return lambda *words: CliRunner().invoke(app, words)


def test_hooks_are_attached_listed_and_removed(cordboard: Command) -> None:
    assert cordboard("hook", "schedule", "morning", "daily at 09:00", "report", "--value", "day=today").exit_code == 0
    assert cordboard("hook", "after-talk", "ask", "survey").exit_code == 0
    listed = cordboard("hook", "list").output
    assert "daily at 09:00" in listed
    assert " 09:00" in listed
    assert "the end of a talk" in listed
    assert cordboard("hook", "remove", "morning").output == "Hook morning is removed\n"
    assert "daily" not in cordboard("hook", "list").output


def test_calls_and_numbers_enter_scenarios(cordboard: Command) -> None:
    assert cordboard("hook", "main", "survey").output == "Calls from outside enter survey\n"
    assert cordboard("hook", "number", "*7", "survey").output == "Number *7 is answered by survey\n"
    listed = [line.split() for line in cordboard("hook", "list").output.splitlines()]
    assert listed[1:] == [["survey", "calls", "from", "outside"], ["*7", "survey", "this", "number", "is", "dialled"]]
    assert cordboard("hook", "remove", "*7").output == "Hook *7 is removed\n"
    assert "*7" not in cordboard("hook", "list").output


def test_one_scenario_takes_the_caller_after_a_talk(cordboard: Command) -> None:
    assert cordboard("hook", "after-talk", "ask", "survey").exit_code == 0
    answer = cordboard("hook", "after-talk", "again", "survey")
    assert answer.exit_code == 1
    assert answer.output == "The hook ask takes the caller after a talk already: remove it first.\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("number", "7-7", "survey"), "7-7 cannot be dialled: an internal number takes digits, * and #."),
        (("number", "77", "report"), "report is no voice scenario"),
        (("number", "77", "nothing"), "no published scenario nothing"),
        (("main", "report"), "report is no voice scenario"),
        (("schedule", "x", "whenever", "report"), "is no schedule: write one of every 15m"),
        (
            ("schedule", "x", "daily at 09:00", "nothing"),
            "no published scenario nothing. Published are: report, survey",
        ),
        (("event", "x", "call.ended", "survey"), "survey is no service scenario"),
        (("after-talk", "x", "report"), "report is no voice scenario"),
        (("event", "x", "call.ended", "report", "--value", "night=1"), "no start parameter night. It has: day"),
        (("event", "x", "call.ended", "report", "--value", "day"), "write a start parameter as name=literal"),
        (("remove", "x"), "There is no hook x"),
    ],
)
def test_a_wrong_hook_is_a_sentence(cordboard: Command, words: tuple[str, ...], told: str) -> None:
    answer = cordboard("hook", *words)
    assert answer.exit_code == 1
    assert told in answer.output


def test_a_name_is_taken_once(cordboard: Command) -> None:
    assert cordboard("hook", "event", "x", "call.ended", "report").exit_code == 0
    assert "There is a hook x already" in cordboard("hook", "event", "x", "call.missed", "report").output


def test_an_event_that_nobody_posts_by_itself_is_told(cordboard: Command) -> None:
    answer = cordboard("hook", "event", "x", "order.paid", "report")
    assert answer.exit_code == 0
    assert "none of the exchange's own events" in answer.output
    assert "call.missed" in cordboard("hook", "events").output


def test_tokens_are_made_listed_and_revoked(cordboard: Command) -> None:
    made = cordboard("token", "add", "crm", "--scope", "runs", "--scope", "scenarios")
    assert made.output.startswith("cb_")
    listed = cordboard("token", "list").output
    assert "runs, scenarios" in listed
    assert made.output.strip() not in listed
    assert "There is a token crm already" in cordboard("token", "add", "crm", "--scope", "runs").output
    assert "There is no scope all" in cordboard("token", "add", "x", "--scope", "all").output
    assert cordboard("token", "remove", "crm").output == "Token crm is revoked\n"
    assert "There is no token crm" in cordboard("token", "remove", "crm").output


def test_runs_are_found_by_what_happened_in_them(cordboard: Command) -> None:
    assert "run-1" in cordboard("run", "list", "--number", "+38 (067) 123-45-67").output
    found = cordboard("run", "list", "--step", "ask", "--exit", "one").output
    assert "run-1" in found
    assert "run-2" not in found
    failed = cordboard("run", "list", "--error", "missing", "--since", "1h").output
    assert "run-2" in failed
    assert "run-1" not in failed
    assert cordboard("run", "list", "--live").output == "There are no such runs\n"
    assert "is no duration" in cordboard("run", "list", "--since", "long").output


def test_a_run_is_shown_step_by_step(cordboard: Command) -> None:
    shown = cordboard("run", "show", "run-2").output
    for part in ("survey (voice, release 1) from 067 123 45 67", "ask [menu] → error 1.5s", "text: Press 1", "n = 1",
                 "error: the file is missing"):  # fmt: skip
        assert part in shown
    assert "There is no run nothing" in cordboard("run", "show", "nothing").output
    assert "There is no unfinished service run run-1" in cordboard("run", "cancel", "run-1").output
