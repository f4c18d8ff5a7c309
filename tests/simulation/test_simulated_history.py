"""In the simulator nobody has called before and lists are empty, unless the script or the scenario says otherwise."""

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import simulate

MAIN = """
scenario: main
kind: voice
variables:
  - {name: login}
  - {name: remark}
start: who
steps:
  who: {component: last_caller, phone: =caller, login: login, exits: {found: before, nobody: before}}
  before: {component: first_call, phone: =caller, exits: {first: listed, again: listed}}
  listed: {component: on_list, phone: =caller, exits: {listed: stop, not_listed: list}}
  list: {component: change_list, number: "{caller}", remark: rude, exits: {done: listed_now}}
  listed_now: {component: on_list, phone: =caller, remark: remark}
  stop: {component: hang_up}
"""


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    return OfficeInMemory(read_office("users: [{login: olena, number: 101}]\nlines: [{name: city}]").office)


@pytest.mark.parametrize(
    ("given", "path", "login"),
    [
        ("", "who.nobody before.first listed.not_listed list.done listed_now.listed", ""),
        (
            "given: {answers: {who: {exit: found, set: {login: olena}}, before: again, listed: [listed]}}",
            "who.found before.again listed.listed stop.done",
            "olena",
        ),
    ],
)
def test_what_has_been_before(given: str, path: str, login: str, office: OfficeInMemory) -> None:
    read = read_scripts(f"scenario: main\n{given}\n", zone=office.zone, country=office.country)
    assert list(read.faults) == []
    report = simulate(read.scripts[0], {"main": MAIN}, office)
    assert " ".join(f"{step.step}.{step.exit}" for step in report.steps) == path
    assert report.variables["login"] == login
    assert report.variables["remark"] == ("" if login else "rude")
