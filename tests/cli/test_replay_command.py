"""`cordboard scenario replay`: what it says of what is not there. Real calls are in tests/simulation."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.scenario.ports import RunTrace
from cordboard.scenario.results import Outcome
from cordboard.store.database import open_store

MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
GOOD = "scenario: good\nkind: voice\nstart: a\nsteps: {a: {component: stop}}\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    asyncio.run(filled(tmp_path / "var" / "cordboard.sqlite"))
    return tmp_path / "var"


async def filled(database: Path) -> None:
    async with await open_store(database) as store:
        release = await store.releases.publish({"good": GOOD}, message="", at=MOMENT)
        for run_id, ended, number in (("ended", MOMENT, release), ("runs", None, release), ("old", MOMENT, 99)):
            outcome = Outcome.FINISHED if ended else None
            store.traces.run(RunTrace(run_id, run_id, "good", number, "voice", MOMENT, ended, outcome, caller="1"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "There is no run nothing in the traces: see `cordboard run list`"),
        (("runs",), "Run runs has not ended yet: it can be replayed when it has."),
        (("old",), "there is no release 99"),
        (("ended", "--draft", "{}/none.yaml"), "There is no file or folder {}/none.yaml"),
        (("ended", "--draft", "{}/empty"), "There is no scenario file (*.yaml) in {}/empty."),
        (("ended", "--draft", "{}/broken/good.yaml"), "A scenario with errors cannot be tried: mend it first."),
    ],
)
def test_what_is_not_there_is_a_sentence(data: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "good.yaml").write_text(GOOD.replace("stop", "stopp"))
    named = [word.format(tmp_path) for word in words]
    answer = CliRunner().invoke(app, ["scenario", "replay", *named, "--data", str(data)])
    assert answer.exit_code == 1
    assert said.format(tmp_path) in answer.output


def test_another_way_is_told_and_is_the_exit_status(data: Path) -> None:
    # The trace has no steps, the scenario has one: such a replay is not to be trusted.
    answer = CliRunner().invoke(app, ["scenario", "replay", "ended", "--data", str(data)])
    assert answer.exit_code == 1
    assert answer.output.splitlines() == [
        "Run ended of release 1: 0 steps in 1 run, replayed another way:",
        "  a run that was not there before: good.a",
        "  + good.a",
    ]


def test_a_draft_may_name_what_is_in_the_release_and_its_neighbours_do_not_matter(data: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: nonsense\n")
    draft = tmp_path / "better.yaml"
    draft.write_text(
        GOOD.replace("good", "better").replace("component: stop", "component: jump_to_scenario, scenario: good")
    )
    answer = CliRunner().invoke(app, ["scenario", "replay", "ended", "--draft", str(draft), "--data", str(data)])
    assert "error" not in answer.output
    assert "nonsense" not in answer.output
    assert f"With {draft}: " in answer.output


def test_foreign_faults_are_one_line_where_one_scenario_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: nonsense\n")
    (tmp_path / "good.yaml").write_text(GOOD)
    answer = CliRunner().invoke(app, ["scenario", "simulate", str(tmp_path / "good.yaml"), "--data", str(tmp_path)])
    assert answer.exit_code == 0
    assert "With errors, and not to be entered: broken.yaml (see `cordboard scenario check" in answer.output
    assert "nonsense" not in answer.output
