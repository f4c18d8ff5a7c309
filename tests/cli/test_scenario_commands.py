"""`cordboard scenario` on files, with and without an office."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.cli.up import EXAMPLES
from cordboard.scenario.publishing import CheckedFile
from cordboard.store.database import open_store

Scenario = Callable[..., Result]
HEAD = "scenario: it\nkind: voice\nstart: s\nvariables:\n  - {name: x, type: phone}\nsteps:\n  s:\n"


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path / "var"))
    return lambda *words: CliRunner().invoke(app, ["scenario", *words])


def test_the_shipped_scenarios_can_be_published(scenario: Scenario) -> None:
    answer = scenario("check", str(EXAMPLES / "s01-employee-callback"))
    assert (answer.exit_code, answer.output) == (0, "4 scenarios can be published\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "    component: plaay\n", "8:5: error: step s component: unknown component 'plaay'"),
        (
            HEAD + "    component: answer\n    exits:\n      done: nowhere\n",
            "10:7: error: step s exits.done: there is no step 'nowhere' (take it out or add the step)",
        ),
        (
            HEAD + "    component: dial\n    number: 101\n    ring_time: soon\n",
            "10:5: error: step s ring_time: 'soon' is no duration: write 30s, 5m, 1h30m or 2d",
        ),
        (
            HEAD + "    component: assign\n    assignments:\n      - {variable: x, value: =x}\n"
            "    exits:\n      done: s\n",
            "7:3: error: step s: a loop without waiting: s → s (put something that waits into the loop",
        ),
        (
            HEAD + "    component: jump_to_scenario\n    scenario: phantom\n",
            "9:5: error: step s scenario: there is no scenario 'phantom'",
        ),
        ("scenario: [it\n", "2:1: error: this is no YAML: "),
        ("", "1:1: error: a scenario is a map of names (begin with `scenario: its-name`)"),
        ("scenario: that\nkind: voice\nstart: s\nsteps:\n  s:\n    component: stop\n", "(write 'it')"),
        (
            b"scenario: \xe9\xe8\n",
            "error: not UTF-8 text: invalid continuation byte at byte 10 (save the file as UTF-8)",
        ),
    ],
    ids=["component", "cord", "type", "loop", "reference", "yaml", "empty", "name", "utf-8"],
)
def test_a_fault_is_said_with_its_place_and_a_hint(
    scenario: Scenario, tmp_path: Path, text: str | bytes, said: str
) -> None:
    file = tmp_path / "it.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    answer = scenario("check", str(file))
    assert answer.exit_code == 1
    assert said in answer.output
    assert answer.output.startswith(f"{file}:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "{}/nothing.yaml"), "There is no file {}/nothing.yaml: name a scenario file, or a folder of them."),
        (("check", "{}"), "There is no scenario file (*.yaml) in {}."),
        (("show", "menu"), "There is no exchange in {}/var: start one with `make up`"),
        (("publish", "{}"), "There is no exchange in {}/var: start one with `make up`"),
    ],
)
def test_what_is_not_there_is_a_sentence(scenario: Scenario, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    answer = scenario(*(word.format(tmp_path) for word in words))
    assert answer.exit_code == 1
    assert said.format(tmp_path) in answer.output


def test_a_file_is_shown_as_people_read_it(scenario: Scenario) -> None:
    answer = scenario("show", str(EXAMPLES / "s01-employee-callback" / "main.yaml"))
    assert answer.exit_code == 0
    assert "  who_calls  [find_employee]   ← start\n      phone: =caller\n" in answer.output
    assert "      unknown → usual_way\n" in answer.output


def test_what_is_published_is_shown_by_its_name(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    asyncio.run(office(tmp_path / "var", "UA", "Europe/Kyiv"))
    assert (
        scenario("publish", str(EXAMPLES / "s01-employee-callback"), "-m", "first")
        .output.splitlines()[-1]
        .startswith("Release 1 is")
    )
    assert (
        scenario("show", "main").output
        == scenario("show", str(EXAMPLES / "s01-employee-callback" / "main.yaml")).output
    )
    missing = scenario("show", "mane")
    assert missing.exit_code == 1
    assert missing.output == "There is no scenario mane. Published are: callback, entry, main, menu.\n"
    file = scenario("publish", str(EXAMPLES / "s01-employee-callback" / "main.yaml"))
    assert "is a file: a release holds all scenarios, so name the folder." in file.output


def test_a_check_reads_numbers_and_times_as_the_office_does(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def check(
        paths: Sequence[Path], _catalogue: object, *, zone: tzinfo, country: str, known: object
    ) -> list[CheckedFile]:
        assert known is not None
        asked.append((str(zone), country))
        return [CheckedFile(path, "", []) for path in paths]

    # Which country it is shows in no fault of today's components, so the question itself is looked at.
    monkeypatch.setattr("cordboard.cli.scenarios.check_files", check)
    monkeypatch.setenv("CORDBOARD_TIME_ZONE", "Asia/Tokyo")
    file = EXAMPLES / "s01-employee-callback" / "main.yaml"
    scenario("check", str(file))
    (tmp_path / "var").mkdir()
    asyncio.run(office(tmp_path / "var", "DE", "Europe/Berlin"))
    scenario("check", str(file))
    assert asked == [("Asia/Tokyo", "UA"), ("Europe/Berlin", "DE")]


async def office(folder: Path, country: str, time_zone: str) -> None:
    async with await open_store(folder / "cordboard.sqlite") as store:
        settings = (await store.office.load()).settings
        await store.office.save(replace(settings, country=country, time_zone=time_zone))


def test_steps_are_arranged_once_and_again_if_asked(scenario: Scenario, tmp_path: Path) -> None:
    text = (
        "scenario: s\nkind: voice\nstart: a\nsteps:\n  a: {component: ring, exits: {done: b}}\n  b: {component: stop}\n"
    )
    file = tmp_path / "s.yaml"
    file.write_text(text, encoding="utf-8")
    assert "is arranged" in scenario("arrange", str(tmp_path)).output
    laid = file.read_text(encoding="utf-8")
    assert laid == text + "\nlayout:\n  a: 0 0\n  b: 280 0\n"
    file.write_text(laid.replace("0 0", "7 7", 1), encoding="utf-8")
    assert not scenario("arrange", str(file)).output
    assert "is arranged" in scenario("arrange", "--again", str(file)).output
    assert file.read_text(encoding="utf-8") == laid


def test_what_cannot_be_read_is_not_arranged(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("scenario: [", encoding="utf-8")
    answer = scenario("arrange", str(file))
    assert answer.exit_code != 0
    assert "mend it first" in answer.output
    assert file.read_text(encoding="utf-8") == "scenario: ["
