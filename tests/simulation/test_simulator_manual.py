"""The manual of the simulator: each example is run, and nothing that can be written is missing."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cordboard.cli import office_file
from cordboard.cli.lazy import load
from cordboard.cli.main import COMMANDS
from cordboard.cli.office_file import OfficeFile, read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.office.kinds import KINDS
from cordboard.scenario.program import check
from cordboard.simulation import script_reader
from cordboard.simulation.checking import failures
from cordboard.simulation.expected import SHAPES
from cordboard.simulation.script import Given
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import simulate

MANUAL = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
SCENARIOS = {block.split("\n", 1)[0].removeprefix("scenario: "): block for block in BLOCKS if "\nsteps:" in block}
OFFICES = [block for block in BLOCKS if "\nusers:" in block]
SCRIPTS = [block for block in BLOCKS if block not in SCENARIOS.values() and block not in OFFICES]


@pytest.fixture(scope="module")
def described() -> OfficeFile:
    (text,) = OFFICES
    return read_office(text)


@pytest.fixture(scope="module")
def office(described: OfficeFile) -> OfficeInMemory:
    assert list(described.faults) == []
    return OfficeInMemory(described.office, pins=described.pins, calendar=described.calendar)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_of_the_manual_can_be_published(name: str, office: OfficeInMemory) -> None:
    known = {"scenario": set(SCENARIOS)}
    faults = check(SCENARIOS[name], office.catalogue, zone=office.zone, country=office.country, known=known, name=name)
    assert [str(fault) for fault in faults if fault.severity == "error"] == []


@pytest.mark.parametrize("text", SCRIPTS)
def test_an_example_of_the_manual_is_true(text: str, office: OfficeInMemory) -> None:
    read = read_scripts(text, zone=office.zone, country=office.country)
    assert [str(fault) for fault in read.faults] == []
    for script in read.scripts:
        assert script.expect
        assert failures(simulate(script, SCENARIOS, office)) == []


def test_there_are_examples_of_all_parts() -> None:
    assert (sorted(SCENARIOS), len(OFFICES), len(SCRIPTS)) == (["debts", "reminder", "shop"], 1, 7)


@pytest.mark.parametrize(
    "names",
    [
        [field.name for field in fields(Given)],
        list(SHAPES),
        script_reader.DEED_FIELDS,
        script_reader.PERSON_FIELDS,
        script_reader.ANSWER_FIELDS,
        list(script_reader.STATES),
    ],
    ids=["given", "expect", "when", "people", "answers", "states"],
)
def test_everything_that_can_be_written_is_in_the_manual(names: list[str]) -> None:
    assert [name for name in names if not re.search(rf"[`{{ ]{name}[`:,]", MANUAL)] == []


def test_everything_of_an_office_is_in_its_example() -> None:
    (text,) = OFFICES
    names = {*office_file.PARTS, *office_file.USER_FIELDS, *office_file.LINE_FIELDS, *office_file.ROUTE_FIELDS}
    # What else an office has stands in docs/office.md, and a test of its own imports that.
    assert sorted(name for name in names - KINDS.keys() if f"{name}:" not in text) == []


def test_every_option_of_the_command_is_in_the_manual() -> None:
    scenario = load("scenario", COMMANDS["scenario"][0])
    for name in ("simulate", "test", "replay"):
        command = scenario.commands[name]  # type: ignore[attr-defined]  # it is a group of commands
        options = [option for param in command.params for option in param.opts if option.startswith("--")]
        assert [option for option in options if option not in {"--data", "--help"} and option not in MANUAL] == [], name
