"""Tests of scenarios: what passes, what fails and with which words, coverage, JUnit."""

import xml.etree.ElementTree as ET
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.scenario.ports import Release
from cordboard.scenario.programs import ReleasePrograms
from cordboard.simulation.coverage import coverage, lines_of, percent
from cordboard.simulation.junit import junit
from cordboard.simulation.scenario_tests import SuiteResult, find_suites, run_suite, scenarios_in

DEMO = Path(__file__).parents[2] / "examples" / "s01-employee-callback"
SHOP = """
scenario: shop
kind: voice
variables:
  - {name: debt, type: number, parameter: true}
  - {name: phone, type: phone}
  - {name: pin, type: text, secret: true}
start: greet
after_hangup: bye
steps:
  greet:
    component: menu
    text: "Welcome. You owe {debt}."
    attempts: 1
    keys:
      - {id: sales, key: 1, to: sales}
      - {id: later, key: 2, to: order}
    exits: {nothing_pressed: bye, error: bye}
  sales: {component: dial, number: 101, exits: {busy: order, answered: bye}}
  order:
    component: start_service
    scenario: reminder
    key: "{caller}"
    exits: {done: note}
  note:
    component: assign
    assignments: [{variable: phone, value: "=caller"}, {variable: debt, value: "=debt + 0.5"}]
    exits: {done: end}
  bye: {component: assign, assignments: [{variable: debt, value: "=0"}], exits: {done: end}}
  end: {component: stop, value: "=debt"}
"""
REMINDER = """
scenario: reminder
kind: service
start: rest
steps:
  rest: {component: pause, duration: 1h}
"""


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    read = read_office("language: en\nusers: [{login: olena, number: 101}]\nlines: [{name: city, number: '+380322'}]")
    assert read.faults == []
    return OfficeInMemory(read.office)


def run(folder: Path, office: OfficeInMemory, tests: str, name: str = "tests/shop.yaml") -> SuiteResult:
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    (folder / "reminder.yaml").write_text(REMINDER, encoding="utf-8")
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(tests, encoding="utf-8")
    (suite,) = find_suites([folder])
    return run_suite(suite, scenarios_in(suite.folder), office)


def test_all_that_can_be_expected_and_is_so(tmp_path: Path, office: OfficeInMemory) -> None:
    result = run(
        tmp_path,
        office,
        """
scenario: shop
given: {variables: {debt: 120.50}, caller: "0671234567"}
tests:
  ordered:
    given: {people: {101: busy}}
    when: [{hears: Welcome, press: 1}]
    expect:
      heard: ["Welcome. You owe", "120.5"]
      not_heard: [Goodbye]
      path: [greet/sales, shop.sales/busy, order, reminder.rest]
      whole_path: [greet, sales, order, note, end, reminder.rest/done]
      not_passed: bye
      exits: {greet: sales, shop.sales: [busy]}
      variables: {debt: 121.0, phone: "+380671234567"}
      value: 121
      calls_placed: [{to: olena, outcome: busy}]
      started: [{scenario: reminder, key: "+380671234567", outcome: finished}]
      effects: []
      messages: []
      outcome: finished
      told: hung_up
      keys: ""
      lasts: 1h..1h5m
      people: {101: {told: ""}}
  left alone:
    when: [{after: 1s, hang_up: true}]
    expect: {outcome: hung_up, exits: {bye: done}, variables: {debt: 0}, lasts: 1s}
""",
    )
    assert [(test.script.name, [failure.message for failure in test.failures]) for test in result.results] == [
        ("ordered", []),
        ("left alone", []),
    ]
    assert result.passed


@pytest.mark.parametrize(
    ("expect", "said", "line"),
    [
        ("heard: [Welcome, Sales]", "heard 'Sales': not heard in “Welcome. You owe 1.”", 6),
        ("not_heard: [owe]", "not_heard 'owe': heard 'Welcome. You owe 1.'", 6),
        (
            "path: [greet/later]",
            "path 'greet/later': the way was shop.greet/nothing_pressed, shop.bye/done, shop.end",
            6,
        ),
        ("path: [bye, greet]", "path 'greet': the way was", 6),
        ("whole_path: [greet, end]", "whole_path 'end': came to shop.bye/done", 6),
        ("whole_path: [greet, bye]", "whole_path: it went on to shop.end", 6),
        ("not_passed: end", "not_passed 'end': it was passed", 6),
        ("exits: {greet: sales}", "exits greet: expected sales, left by nothing_pressed", 6),
        ("exits: {sales: busy}", "exits sales: expected busy, left by nothing", 6),
        ("variables: {debt: 5}", "variable debt: expected 5, is 0", 6),
        ("variables: {debit: 5}", "variables: no run of 'shop' has a variable 'debit'", 6),
        ("value: 5", "value: expected 5, is 0", 6),
        ("outcome: hung_up", "outcome: expected hung_up, was finished", 6),
        ("error: x", "error: expected 'x', was ''", 6),
        ("told: busy", "told: expected busy, was hung_up", 6),
        ("lasts: ..2s", "lasts: it took 6.4s", 6),
        ("calls_placed: [{to: 101}]", "calls_placed: expected 1, there are nothing", 6),
        ("started: [{scenario: reminder}]", "started: expected 1, there are nothing", 6),
        ("effects: [{kind: sms}]", "effects: expected 1, there are nothing", 6),
        ("people: {101: {heard: x}}", "heard: there is no such party: 101", 6),
    ],
)
def test_what_is_not_so_is_told_with_its_line(
    tmp_path: Path, office: OfficeInMemory, expect: str, said: str, line: int
) -> None:
    text = f"scenario: shop\ngiven: {{variables: {{debt: 1}}}}\ntests:\n  one:\n    expect:\n      {expect}\n"
    (test,) = run(tmp_path, office, text).results
    assert not test.passed
    assert [(failure.line, said in failure.message) for failure in test.failures] == [(line, True)], test.failures


def test_a_deed_that_never_came_and_a_fault_are_failures(tmp_path: Path, office: OfficeInMemory) -> None:
    text = """
scenario: shop
tests:
  one:
    given: {answers: {sales: {error: no line}}}
    when:
      - {hears: Welcome, press: 1}
      - {hears: Sales, press: 1}
  two:
    given: {variables: {nothing: 1}}
"""
    one, two = run(tmp_path, office, text).results
    assert [(failure.line, failure.message) for failure in one.failures] == [
        (5, "the scenario ended by a fault: scenario 'shop', step 'sales': no line"),
        (8, "it did not come to this: hears 'Sales', presses 1"),
    ]
    assert "has no variable 'nothing'" in two.failures[0].message


def test_a_folder_for_one_scenario_needs_no_name_of_it(tmp_path: Path, office: OfficeInMemory) -> None:
    result = run(tmp_path, office, "expect: {path: [greet, bye]}", "shop.tests/nobody presses.yaml")
    assert [(test.file.stem, test.passed) for test in result.results] == [("nobody presses", True)]


def test_what_a_path_names(tmp_path: Path, office: OfficeInMemory) -> None:
    run(tmp_path, office, "expect: {}", "shop.tests/a.yaml")
    run(tmp_path, office, "scenario: shop", "tests/shop.yaml")
    run(tmp_path, office, "scenario: shop", "tests/other.yaml")
    (tmp_path / "tests" / "office.yaml").write_text("language: en")

    def files(*paths: str) -> list[str]:
        return [str(file.relative_to(tmp_path)) for s in find_suites([tmp_path / p for p in paths]) for file in s.files]

    assert files("shop.yaml") == ["shop.tests/a.yaml", "tests/shop.yaml"]
    assert files("tests") == ["tests/other.yaml", "tests/shop.yaml"]
    assert files("tests/other.yaml", "shop.tests") == ["tests/other.yaml", "shop.tests/a.yaml"]
    assert files(".") == ["tests/other.yaml", "tests/shop.yaml", "shop.tests/a.yaml"]
    assert find_suites([tmp_path])[0].office_file == tmp_path / "tests" / "office.yaml"


def test_a_file_that_is_no_test_is_a_fault_of_the_suite(tmp_path: Path, office: OfficeInMemory) -> None:
    result = run(tmp_path, office, "scenario: shop\nwen: []")
    assert [str(fault) for _, fault in result.faults] == ["2:6: error: a script has no 'wen' (did you mean 'when'?)"]
    assert not result.passed


def test_coverage_counts_every_exit_and_names_what_is_missing(tmp_path: Path, office: OfficeInMemory) -> None:
    result = run(tmp_path, office, "scenario: shop\ngiven: {people: {101: busy}}\nwhen: [{hears: Welcome, press: 1}]")
    scenarios = scenarios_in(tmp_path)
    programs = ReleasePrograms(Release(1, scenarios), office.catalogue, ZoneInfo("Europe/Kyiv"), "UA")
    reminder, shop = coverage(scenarios, programs, result.steps)
    assert (reminder.scenario, reminder.covered, reminder.missing) == ("reminder", 1, [])
    assert shop.exits["greet", "sales"] == 1
    assert shop.exits["sales", "busy"] == 1
    assert shop.exits["end", ""] == 1
    assert shop.missing == [
        "greet/later", "greet/wrong_key", "greet/nothing_pressed",
        "sales/answered", "sales/no_answer", "sales/rejected", "sales/unreachable", "bye/done",
    ]  # fmt: skip
    assert shop.missing_errors == ["greet/error"]
    assert percent([reminder, shop]) == pytest.approx(100 * 6 / 14)
    assert "  not covered: greet/error" in lines_of([reminder, shop])


def test_junit_is_xml_whatever_was_said(tmp_path: Path, office: OfficeInMemory) -> None:
    text = 'scenario: shop\ntests:\n  "a <b> & \\x01":\n    expect: {heard: ["\\x02 ü"]}\n  good: {}\n'
    result = run(tmp_path, office, text)
    result.faults += run(tmp_path, office, "wrong: 1").faults
    root = ET.fromstring(junit([result]))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")
    bad, good, broken, _ = suite.findall("testcase")
    assert bad.get("name") == "a <b> & \N{REPLACEMENT CHARACTER}"
    failure = bad.find("failure")
    assert failure is not None
    assert "not heard in" in (failure.get("message") or "")
    assert f"{tmp_path}/tests/shop.yaml:4" in (failure.text or "")
    assert good.find("failure") is None
    assert broken.find("error") is not None


@pytest.mark.slow
def test_the_demo_passes_its_own_tests_and_leaves_one_exit_out() -> None:
    (suite,) = find_suites([DEMO])
    assert suite.office_file is not None
    read = read_office(suite.office_file.read_text(encoding="utf-8"))
    office = OfficeInMemory(read.office, pins=read.pins)
    scenarios = scenarios_in(DEMO)
    result = run_suite(suite, scenarios, office)
    assert [(test.script.name, test.failures) for test in result.results if not test.passed] == []
    assert len(result.results) >= 30
    programs = ReleasePrograms(Release(1, scenarios), office.catalogue, office.zone, office.country)
    covered = coverage(scenarios, programs, result.steps)
    # An input of at least one digit cannot be too short without being empty.
    assert [place for each in covered for place in each.missing] == ["ask_pin/too_short"]
    assert [place for each in covered for place in each.missing_errors] == []
