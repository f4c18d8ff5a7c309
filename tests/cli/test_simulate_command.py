"""`cordboard scenario simulate` and `cordboard scenario test`, as people call them."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app

Scenario = Callable[..., Result]
DEMO = Path(__file__).parents[2] / "examples" / "s01-employee-callback"


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path / "var"))
    return lambda *words: CliRunner().invoke(app, ["scenario", *words])


def test_a_scenario_is_tried_with_a_caller_and_keys(scenario: Scenario) -> None:
    answer = scenario("simulate", str(DEMO / "menu.yaml"), "--caller", "0441112233", "--press", "2", "--press", "102")
    assert answer.exit_code == 0
    lines = [" ".join(line.split()) for line in answer.output.splitlines()]
    assert "0s caller calls as 0441112233 over the line city" in lines
    assert "1s caller presses 2" in lines
    assert "2s caller presses 102" in lines
    assert "2s menu.colleague [dial] → unreachable" in lines
    assert "Note: nobody is there for 102: say what they do, under `people`" in lines


def test_a_script_a_moment_and_json(scenario: Scenario, tmp_path: Path) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("given: {people: {101: {answers: 3s, hangs_up: 20s}}}\nwhen: [{hears: Вітаємо, press: 1}]")
    words = ("--script", str(script), "--moment", "2026-12-24 22:15", "--language", "uk", "--json")
    answer = scenario("simulate", str(DEMO / "menu.yaml"), *words)
    assert answer.exit_code == 0
    told = json.loads(answer.output)
    assert (told["began"], told["outcome"], told["seconds"]) == ("2026-12-24T22:15:00+02:00", "finished", 23.0)
    assert [(step["step"], step["exit"]) for step in told["steps"]][:2] == [
        ("greet", "secretary"),
        ("secretary", "answered"),
    ]
    assert told["parties"][1]["outcome"] == "answered"


def test_a_start_parameter_is_given(scenario: Scenario) -> None:
    words = ("--set", "login=olena", "--set", "phone=0671234567")
    answer = scenario("simulate", str(DEMO / "callback.yaml"), *words)
    assert answer.exit_code == 0
    assert "variables: phone = 0671234567, login = olena, attempts = 3" in answer.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simulate", "{}/nothing.yaml"), "There is no file {}/nothing.yaml: name a scenario file."),
        (("simulate", "{}/broken.yaml"), "A scenario with errors cannot be tried: mend it first."),
        (("simulate", "{}/good.yaml", "--set", "x"), "'x' is no start parameter: write --set name=value."),
        (("simulate", "{}/good.yaml", "--set", "x=1"), "scenario 'good' has no variable 'x'"),
        (("simulate", "{}/good.yaml", "--moment", "soon"), "'soon'"),
        (("simulate", "{}/good.yaml", "--press", "x"), "'x' is no key of a telephone"),
        (("simulate", "{}/good.yaml", "--script", "{}/tests/bad.yaml"), "{}/tests/bad.yaml:1:1: error: "),
        (("simulate", "{}/good.yaml", "--script", "{}/none.yaml"), "{}/none.yaml cannot be read"),
        (("simulate", "{}/good.yaml", "--office", "{}/tests/bad.yaml"), "{}/tests/bad.yaml:1:1: error: an office"),
        (("test", "{}/nothing"), "There is no file or folder {}/nothing"),
        (("test", "{}/empty"), "There are no tests beside the scenarios in {}/empty"),
    ],
)
def test_what_is_wrong_is_a_sentence(scenario: Scenario, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "broken.yaml").write_text("scenario: broken")
    (tmp_path / "good.yaml").write_text("scenario: good\nkind: voice\nstart: a\nsteps: {a: {component: stop}}")
    (tmp_path / "tests" / "bad.yaml").write_text("- 1")
    answer = scenario(*(word.format(tmp_path) for word in words))
    assert answer.exit_code == 1
    assert said.format(tmp_path) in answer.output


@pytest.mark.slow
def test_the_demo_is_tested_by_one_command(scenario: Scenario, tmp_path: Path) -> None:
    answer = scenario("test", str(DEMO), "--coverage", "--junit", str(tmp_path / "out.xml"), "--min-coverage", "95")
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines()[-1].endswith(" tests, 0 failed")
    assert "  not covered: ask_pin/too_short" in answer.output
    assert len(ET.parse(tmp_path / "out.xml").getroot().findall("testsuite")) == 3
    too_few = scenario("test", str(DEMO / "main.yaml"), str(DEMO / "tests" / "callback.yaml"), "--min-coverage", "95")
    assert too_few.exit_code == 1
    assert "% of the exits; 95 % are wanted." in too_few.output


def test_a_failure_is_told_and_is_the_exit_status(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("scenario: good\nkind: voice\nstart: a\nsteps: {a: {component: stop}}")
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests" / "some.yaml"
    file.write_text("scenario: good\ntests:\n  one: {expect: {path: [a]}}\n  two:\n    expect: {outcome: hung_up}\n")
    answer = scenario("test", str(tmp_path))
    assert answer.exit_code == 1
    assert answer.output.splitlines() == [
        "ok      some.yaml: one",
        "FAILED  some.yaml: two",
        f"    {file}:5: outcome: expected hung_up, was finished",
        "2 tests, 1 failed",
    ]
    told = scenario("test", str(tmp_path), "--transcript").output
    assert "good.a [stop]" in told
    assert told.count("finished after 0s") == 1
