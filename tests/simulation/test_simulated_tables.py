"""A scenario is tried with tables that its script gives."""

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.simulation.checking import failures
from cordboard.simulation.report import Report
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.script_writer import write_script
from cordboard.simulation.simulator import SimulationError, simulate

MAIN = """
scenario: main
kind: voice
variables:
  - {name: debt, type: number}
  - {name: paid, type: date}
  - {name: id, type: number}
  - {name: told}
start: find
steps:
  find:
    component: excel_find_row
    workbook: debts
    where: {phone: =caller}
    take: [{column: debt, variable: debt}, {column: paid, variable: paid}]
    exits: {found: note, not_found: add, error: end}
  note:
    component: excel_write_cells
    workbook: debts
    where: {phone: =caller}
    values: {result: "'=reached"}
    exits: {done: walk}
  add: {component: excel_append_row, workbook: debts, values: {phone: =caller}, exits: {done: again}}
  again: {component: excel_find_row, workbook: debts, where: {phone: =caller}, exits: {found: note}}
  walk:
    component: excel_for_each_row
    workbook: debts
    filter: [{column: result, check: equals, value: "'=reached"}]
    take: [{column: id, variable: id}]
    exits: {row: walk, done: end, empty: end}
  end: {component: hang_up}
"""
GIVEN = """
scenario: main
given:
  caller: "%s"
  tables:
    debts:
      - {id: 1, phone: "067 123-45-67", debt: 120.50, paid: 2026-01-31, result: ""}
      - {id: 2, phone: "067 123-45-68", debt: 2, result: old}
    rates.csv: {Rates: [{name: usd, rate: 41.5}]}
"""


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    return OfficeInMemory(read_office("users: [{login: olena, number: 101}]\nlines: [{name: city}]").office)


def played(text: str, office: OfficeInMemory) -> Report:
    read = read_scripts(text, zone=office.zone, country=office.country)
    assert list(read.faults) == []
    return simulate(read.scripts[0], {"main": MAIN}, office)


@pytest.mark.parametrize(
    ("caller", "path", "debt"),
    [
        ("+380671234567", "find.found note.done walk.row walk.done end.done", "120.5"),
        ("+380509999999", "find.not_found add.done again.found note.done walk.row walk.done end.done", "0"),
    ],
)
def test_rows_are_found_and_what_is_written_is_seen(caller: str, path: str, debt: str, office: OfficeInMemory) -> None:
    report = played(GIVEN % caller, office)
    assert [step.error for step in report.steps if step.error] == []
    assert " ".join(f"{step.step}.{step.exit}" for step in report.steps) == path
    assert report.variables["debt"] == debt
    assert report.variables["paid"] == ("2026-01-31" if debt == "120.5" else "")


def test_a_workbook_that_is_not_given_is_not_there(office: OfficeInMemory) -> None:
    report = played("scenario: main", office)
    assert report.steps[0].exit == "error"
    assert "debts.xlsx is not there: give it under `tables`" in report.steps[0].error


def test_a_name_that_leads_elsewhere_is_refused(office: OfficeInMemory) -> None:
    with pytest.raises(SimulationError, match="is no name of a workbook"):
        played("scenario: main\ngiven: {tables: {../x: [{a: 1}]}}", office)


def test_tables_are_written_as_they_are_read(office: OfficeInMemory) -> None:
    (script,) = read_scripts(GIVEN % "1", zone=office.zone, country=office.country).scripts
    assert script.given.tables["debts"]["Sheet1"][1] == {
        "id": "2",
        "phone": "067 123-45-68",
        "debt": "2",
        "result": "old",
    }
    written = write_script(script, zone=office.zone)
    (again,) = read_scripts(written, zone=office.zone, country=office.country).scripts
    assert again.given.tables == script.given.tables


def test_what_stands_in_a_table_at_the_end_is_compared(office: OfficeInMemory) -> None:
    expected = """
expect:
  tables:
    debts:
      - {id: 1, result: nothing}
      - {id: 2, result: old}
      - {id: 3}
    other: []
"""
    report = played(GIVEN % "0671234567" + expected, office)
    found = [failure.message for failure in failures(report)]
    assert [message.partition(", was")[0] for message in found[:1]] == ["debts: expected {id: 1, result: nothing}"]
    assert "result: =reached" in found[0]
    assert found[1].startswith("debts: expected 3, there are {id: 1")
    assert found[2] == "tables: no workbook 'other' was given"
