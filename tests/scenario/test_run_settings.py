"""mode, at_most and key of a scenario, and its session variables: as text and as they are checked."""

import pytest

from cordboard.scenario.faults import Severity
from cordboard.scenario.program import Checked, compile_text
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.text import read, write
from cordboard.testing.steps import KYIV, TEST_CATALOGUE

HEAD = "scenario: work\nkind: service\n{settings}variables:\n  - {{name: phone, type: phone, parameter: true}}\n"
BODY = "start: s\nsteps:\n  s:\n    component: end\n"


def compiled(settings: str, kind: str = "service") -> Checked:
    text = (HEAD.format(settings=settings) + BODY).replace("kind: service", f"kind: {kind}")
    return compile_text(text, TEST_CATALOGUE, zone=KYIV, country="UA", name="work")


def errors(settings: str, kind: str = "service") -> list[str]:
    return [str(fault) for fault in compiled(settings, kind).faults if fault.severity is Severity.ERROR]


def test_a_service_scenario_says_its_run_mode() -> None:
    program = compiled("mode: at_most\nat_most: 3\nkey: =phone\n").program
    assert program is not None
    assert (program.mode, program.at_most) == (RunMode.AT_MOST, 3)
    assert program.key is not None
    assert program.key.evaluate({"phone": "0671234567"}) == "0671234567"
    program = compiled("mode: single\nkey: client {phone}\n").program
    assert program is not None
    assert program.mode is RunMode.SINGLE
    assert program.key is not None
    assert program.key.evaluate({"phone": "101"}) == "client 101"
    program = compiled("").program
    assert program is not None
    assert (program.mode, program.at_most, program.key) == (RunMode.PARALLEL, 1, None)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("mode: singel\n", "3:1: error: mode: unknown run mode 'singel' (did you mean 'single'?)"),
        ("mode: at_most\n", "error: at_most: '' is no number of runs (write `at_most: 3`, from 1 to 10000)"),
        ("mode: at_most\nat_most: 0\n", "4:1: error: at_most: '0' is no number of runs"),
        ("mode: at_most\nat_most: 10001\n", "4:1: error: at_most: '10001' is no number of runs"),
        ("mode: at_most\nat_most: many\n", "4:1: error: at_most: 'many' is no number of runs"),
        ("at_most: 3\n", "3:1: error: at_most: the number counts only with `mode: at_most`"),
        ("key: =phoen\n", "3:7: error: key: there is no variable 'phoen' (did you mean 'phone'?"),
        ("key: '{phoen}'\n", "3:8: error: key: there is no variable 'phoen'"),
        ("key: =phone +\n", "error: key: "),
    ],
)
def test_what_is_wrong_with_the_run_mode_is_said(settings: str, said: str) -> None:
    assert [fault for fault in errors(settings) if said in fault], errors(settings)


@pytest.mark.parametrize("kind", ["voice", "dialog"])
@pytest.mark.parametrize("settings", ["mode: single\n", "key: =phone\n", "at_most: 2\n"])
def test_only_services_have_run_modes(kind: str, settings: str) -> None:
    place = settings.split(":", maxsplit=1)[0]
    assert errors(settings, kind) == [
        f"3:1: error: {place}: run modes are for service scenarios: a call waits for nobody (take the line out)"
    ]


def test_a_session_variable_is_read_written_and_compiled() -> None:
    text = HEAD.format(settings="").replace("parameter: true", "session: true") + BODY
    scenario = read(text).scenario
    assert scenario is not None
    assert scenario.variables[0].session
    assert "{name: phone, type: phone, session: true}" in write(scenario)
    program = compile_text(text, TEST_CATALOGUE, zone=KYIV, country="UA").program
    assert program is not None
    assert program.variables["phone"].session
    faults = read(text.replace("session: true", "session: perhaps")).faults
    assert [fault.message for fault in faults] == ["'session' is 'perhaps', neither true nor false"]


def test_settings_survive_the_writer() -> None:
    scenario = read(HEAD.format(settings="mode: at_most\nat_most: 3\nkey: =phone\n") + BODY).scenario
    assert scenario is not None
    assert (scenario.mode, scenario.at_most, scenario.key) == ("at_most", "3", "=phone")
    assert read(write(scenario)).scenario == scenario
