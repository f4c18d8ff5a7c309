"""The simulator on the shipped scenarios: who hears what, which way the call goes, what is placed and started."""

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.simulation.report import Report
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import SimulationError, simulate

OFFICE = """
language: en
users:
  - {login: olena, number: 101, mobile: "+380671234567", pin: 4821, may_call: "+380"}
  - {login: mary, number: 103, pin: 1111, may_call: "+"}
lines:
  - {name: city, number: "+380322327757"}
numbers: {700: menu}
routes:
  - {prefix: 0}
  - {prefix: "+"}
"""
DEMO = Path(__file__).parents[2] / "examples" / "s01-employee-callback"


def demo() -> dict[str, str]:
    return {file.stem: file.read_text(encoding="utf-8") for file in DEMO.glob("*.yaml")}


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    read = read_office(OFFICE)
    assert read.faults == []
    return OfficeInMemory(read.office, pins=read.pins)


def play(text: str, office: OfficeInMemory, scenarios: Mapping[str, str] | None = None) -> Report:
    read = read_scripts(text, zone=office.zone, country=office.country)
    assert list(read.faults) == []
    (script,) = read.scripts
    return simulate(script, scenarios or demo(), office)


def path(report: Report, scenario: str = "") -> list[str]:
    return [f"{step.step}.{step.exit}" for step in report.steps if scenario in {"", step.scenario}]


def test_a_key_interrupts_and_leads_to_a_colleague_who_is_busy(office: OfficeInMemory) -> None:
    report = play(
        """
        scenario: menu
        given:
          people: {101: busy}
        when:
          - {hears: Welcome, after: 1s, press: 1}
        """,
        office,
    )
    assert path(report) == ["greet.secretary", "secretary.busy", "say_busy.done", "hang_up.done"]
    caller = report.caller
    assert caller is not None
    assert [said.text for said in caller.heard][1] == "Your colleague is talking. Please call again later."
    assert (caller.heard[0].at, caller.heard[0].until) == (0, 1)
    assert [(one.name, one.outcome) for one in report.placed] == [("101", "busy")]
    assert (report.outcome, report.undone) == ("finished", [])


def test_a_callback_of_several_attempts_is_over_in_no_time(office: OfficeInMemory) -> None:
    began = time.perf_counter()
    report = play(
        """
        call: 700
        given:
          caller: "+380671234567"
          line: city
          people:
            "0671234567":
              - no_answer
              - answers: 4s
                when:
                  - {hears: enter your PIN, press: "4821#"}
                  - {at: ask_number, after: 2s, press: "0501112233#"}
                  - {hears: Please enter the number, hang_up: true}
            "+380501112233": {answers: 5s, hangs_up: 30s}
        """,
        office,
    )
    assert time.perf_counter() - began < 2
    assert path(report, "main") == ["who_calls.found", "remember_phone.done", "order_callback.done", "drop.done"]
    assert path(report, "entry")[:4] == ["ask_pin.done", "check_pin.right", "ask_number.done", "connect.answered"]
    assert [(one.name, one.outcome, one.shown) for one in report.placed] == [
        ("0671234567", "no_answer", "+380322327757"),
        ("0671234567", "answered", "+380322327757"),
        ("+380501112233", "answered", "+380322327757"),
    ]
    assert report.caller is not None
    assert report.caller.told == "busy"
    assert [(info.scenario, info.key) for info in report.started] == [("callback", "olena")]
    assert report.undone == []


def test_answers_stand_for_the_world_outside_one_a_visit(office: OfficeInMemory) -> None:
    report = play(
        """
        scenario: entry
        given:
          variables: {login: olena}
          answers:
            check_pin: [wrong, {exit: right, after: 3s}]
            dial: {error: no such thing}
        when:
          - {at: ask_pin, press: "1#"}
          - {at: ask_pin, press: "2#"}
          - {at: ask_number, press: "123#"}
        """,
        office,
    )
    assert path(report) == [
        "ask_pin.done", "check_pin.wrong", "count_wrong.done", "too_many_wrong.no", "say_wrong.done",
        "ask_pin.done", "check_pin.right", "ask_number.done", "connect.error",
    ]  # fmt: skip
    assert (report.outcome, report.error) == ("faulted", "scenario 'entry', step 'connect': no such thing")
    assert report.caller is not None
    assert report.caller.heard[-1].text == "Sorry, something went wrong. Please call again later."
    assert report.placed == []


def test_what_never_came_to_pass_is_told(office: OfficeInMemory) -> None:
    report = play(
        """
        scenario: menu
        given: {people: {others: no_answer}}
        when:
          - {hears: a word that nobody says, press: 1}
          - {hang_up: true}
        """,
        office,
    )
    assert [(who, deed.told, deed.line) for who, deed in report.undone] == [
        ("caller", "hears 'a word that nobody says', presses 1", 5),
        ("caller", "hangs up", 6),
    ]
    assert path(report)[:2] == ["greet.nothing_pressed", "secretary.no_answer"]


SLEEPER = """
scenario: sleeper
kind: service
variables:
  - {name: phone, type: phone, parameter: true}
  - {name: n, type: number}
start: rest
steps:
  rest: {component: pause, duration: 2d, exits: {done: count}}
  count:
    component: assign
    assignments: [{variable: n, value: "=n + 1"}]
    exits: {done: enough}
  enough: {component: compare, condition: "=n >= 3", exits: {yes: end, no: rest}}
  end: {component: stop, value: "=phone"}
"""


def test_days_pass_in_milliseconds(office: OfficeInMemory) -> None:
    began = time.perf_counter()
    text = 'scenario: sleeper\ngiven: {variables: {phone: "0671234567"}}'
    report = play(text, office, {"sleeper": SLEEPER})
    assert time.perf_counter() - began < 1
    assert (report.outcome, report.seconds, str(report.value)) == ("finished", 6 * 86400, "0671234567")
    assert report.variables["n"] == "3"


def test_a_limit_ends_what_goes_on(office: OfficeInMemory) -> None:
    report = play("scenario: sleeper\ngiven: {limit: 3d}", office, {"sleeper": SLEEPER})
    assert (report.outcome, report.seconds) == ("running", 3 * 86400)


def test_the_caller_hangs_up_in_the_midst(office: OfficeInMemory) -> None:
    report = play("scenario: menu\nwhen:\n  - {after: 2.5s, hang_up: true}", office)
    assert (report.outcome, report.seconds, path(report)) == ("hung_up", 2.5, ["greet."])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenario: nothing", "there is no scenario 'nothing'"),
        ("scenario: callback\ngiven: {variables: {nothing: 1}}", "has no variable 'nothing'"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(office: OfficeInMemory, text: str, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        play(text, office)
