"""More than one call in a simulation: parking, two who call at once; and what goes on when the caller is gone."""

from pathlib import Path

import pytest

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.scenario.ports import Release
from cordboard.scenario.programs import ReleasePrograms
from cordboard.simulation.checking import failures
from cordboard.simulation.coverage import coverage
from cordboard.simulation.report import Report
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.script_writer import write_script
from cordboard.simulation.simulator import simulate
from cordboard.simulation.transcript import transcript

FOLDER = Path(__file__).parents[2] / "examples" / "language"
SCENARIOS = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.yaml")}
PARKED = """
scenario: park
given: {caller: "0671234567", dialled: "710"}
when:
  - at: wait
    after: 10s
    call: {number: "711", account: "102", when: [{after: 5s, press: 1}, {after: 15s, hang_up: true}]}
"""


@pytest.fixture(scope="module")
def office() -> OfficeInMemory:
    read = read_office((FOLDER / "tests" / "office.yaml").read_text(encoding="utf-8"))
    assert list(read.faults) == []
    return OfficeInMemory(read.office, calendar=read.calendar)


def played(text: str, office: OfficeInMemory) -> Report:
    read = read_scripts(text, zone=office.zone, country=office.country)
    assert [str(fault) for fault in read.faults] == []
    return simulate(read.scripts[0], SCENARIOS, office)


def test_a_second_phone_takes_the_parked_call(office: OfficeInMemory) -> None:
    report = played(PARKED, office)
    assert [(party.name, party.inbound) for party in report.parties] == [("caller", True), ("102", True)]
    assert [step.exit for step in report.steps if step.step in {"join", "wait"}] == ["joined", "ended"]
    # 2.3 s of words, ten in the place, and twenty of talk
    assert 30 < report.seconds < 35
    assert report.outcome == "finished"


def test_the_second_caller_is_told_apart(office: OfficeInMemory) -> None:
    lines = transcript(played(PARKED, office))
    assert any(line.endswith("102 calls as 102") for line in lines)
    assert any("102 presses 1" in line for line in lines)
    assert any("102 hangs up" in line for line in lines)


def test_he_is_expected_to_hear_something_by_his_name(office: OfficeInMemory) -> None:
    text = PARKED.replace('"711"', '"712"') + "expect: {people: {ivan: {heard: Nobody is parked}, 102: {heard: Hello}}}"
    assert [failure.message for failure in failures(played(text, office)) if "heard" in failure.message] == [
        "heard 'Hello': not heard in “Nobody is parked there.”"
    ]


def test_a_number_alone_calls_over_the_line(office: OfficeInMemory) -> None:
    report = played('scenario: park\nwhen: [{at: wait, call: "+380322327757"}]', office)
    assert [step.scenario for step in report.steps if step.step == "hidden"] == ["main"]
    assert report.parties[1].name == "hidden"


def test_a_second_call_is_written_as_it_was_read(office: OfficeInMemory) -> None:
    read = read_scripts(PARKED, zone=office.zone, country=office.country).scripts[0]
    again = read_scripts(write_script(read, office.zone), zone=office.zone, country=office.country).scripts[0]
    assert again.when[0].call is not None
    assert again.when[0].call.when[1].hang_up
    assert again.when[0].call.account == "102"


def test_what_happens_outside_has_its_time_also_behind_the_end_of_the_call(office: OfficeInMemory) -> None:
    text = """
scenario: survey
given: {answers: {chance: ask}}
when:
  - {hears: content, press: 1}
  - {after: 3h, event: {name: complaint.answered, key: "+380501234567", data: {decision: leave}}}
"""
    assert 3 * 3600 <= played(text, office).seconds < 3 * 3600 + 60


def test_branches_that_were_begun_are_covered(office: OfficeInMemory) -> None:
    report = played('scenario: call_back\ngiven: {variables: {phone: "0671234567"}}', office)
    programs = ReleasePrograms(Release(1, SCENARIOS), office.catalogue, office.zone, office.country)
    (covered,) = coverage({"call_back": SCENARIOS["call_back"]}, programs, report.steps)
    assert covered.exits["both", "he_calls"] == covered.exits["both", "we_call"] == 1
    assert covered.exits["call", "busy"] == 0


@pytest.mark.parametrize(
    ("deed", "fault"),
    [
        ("{call: {numbr: 1}}", "a call has no 'numbr'"),
        ("{call: 711, hang_up: true}", "these are several deeds: hang_up, call"),
    ],
)
def test_mistakes_are_told(deed: str, fault: str, office: OfficeInMemory) -> None:
    read = read_scripts(f"scenario: park\nwhen: [{deed}]", zone=office.zone, country=office.country)
    assert [each.message for each in read.faults] == [fault]
