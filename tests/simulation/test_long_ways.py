"""A way that is very long is told by its beginning and its end."""

from cordboard.cli.office_file import read_office
from cordboard.cli.simulated_office import OfficeInMemory
from cordboard.simulation.checking import failures
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import simulate

SCENARIO = """
scenario: main
kind: voice
start: again
steps:
  again: {component: repeat, times: 60, exits: {again: wait, done: end}}
  wait: {component: pause, duration: 1s, exits: {done: again}}
  end: {component: stop}
"""


def test_its_middle_is_left_out() -> None:
    office = OfficeInMemory(read_office("lines: [{name: city}]").office)
    text = "scenario: main\nexpect: {path: [nowhere]}"
    (script,) = read_scripts(text, zone=office.zone, country=office.country).scripts
    (failure,) = failures(simulate(script, {"main": SCENARIO}, office))
    steps = failure.message.partition("the way was ")[2].split(", ")
    assert len(steps) == 41
    assert (steps[0], steps[10], steps[-2:]) == ("main.again/again", "…", ["main.again/done", "main.end"])
