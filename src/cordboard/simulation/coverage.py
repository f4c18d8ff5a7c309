"""Which exits of which steps were taken by the tests, and which never."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cordboard.scenario.component import ERROR
from cordboard.scenario.ports import StepTrace
from cordboard.scenario.program import Program
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.text.reader import read

ENTERED = ""
"""Stands for the exit of a step that has none: it is covered when the step was entered."""


@dataclass(frozen=True, slots=True)
class ScenarioCoverage:
    """One scenario. The error exits that lead somewhere are counted apart: few of them can be provoked."""

    scenario: str
    exits: Mapping[tuple[str, str], int]
    """How often each exit of each step was taken."""
    errors: Mapping[str, int]
    """The same of the wired exits `error`, by step."""

    @property
    def covered(self) -> int:
        """How many exits were taken."""
        return sum(1 for count in self.exits.values() if count)

    @property
    def missing(self) -> Sequence[str]:
        """Those that never were, as `step/exit`."""
        return [f"{step}/{exit_}" if exit_ else step for (step, exit_), count in self.exits.items() if not count]

    @property
    def missing_errors(self) -> Sequence[str]:
        """Likewise of the wired exits `error`."""
        return [f"{step}/{ERROR}" for step, count in self.errors.items() if not count]


def coverage(
    scenarios: Mapping[str, str], programs: ReleasePrograms, steps: Iterable[StepTrace]
) -> list[ScenarioCoverage]:
    """The coverage of every sound scenario, by name. Broken ones have none: they do not run."""
    taken: Counter[tuple[str, str, str]] = Counter()
    begun: set[tuple[str, str, str]] = set()
    for step in steps:
        begun.add((step.scenario, step.branch, step.step))
        taken[step.scenario, step.step, step.exit] += 1
        taken[step.scenario, step.step, ENTERED] += bool(step.exit)
    found = []
    for name in sorted(scenarios):
        try:
            program = programs.get(name)
        except ScenarioError:
            continue
        places = _exits(program, scenarios[name])
        cords = {step.id: step.cords for step in program.steps.values()}
        # A step that goes several ways at once leaves by none of them: each is taken by whoever is first on it.
        exits = {
            (step, exit_): taken[name, step, exit_] + ((name, exit_, cords[step].get(exit_, "")) in begun)
            for step, exit_ in places
        }
        errors = {each.id: taken[name, each.id, ERROR] for each in program.steps.values() if ERROR in each.cords}
        found.append(ScenarioCoverage(name, exits, errors))
    return found


def percent(covered: Sequence[ScenarioCoverage]) -> float:
    """Of all exits, those that were taken; 100 if there are none."""
    every = sum(len(each.exits) for each in covered)
    return 100.0 * sum(each.covered for each in covered) / every if every else 100.0


def lines_of(covered: Sequence[ScenarioCoverage]) -> list[str]:
    """A table for people, and what is missing."""
    width = max([len("scenario"), *(len(each.scenario) for each in covered)])
    lines = [f"{'scenario':<{width}}   exits  covered   error exits"]
    for each in covered:
        share = percent([each])
        errors = f"{sum(1 for count in each.errors.values() if count)}/{len(each.errors)}"
        lines.append(f"{each.scenario:<{width}}  {each.covered:>3}/{len(each.exits):<3}  {share:>5.0f} %  {errors:>10}")
        lines += [f"  not covered: {place}" for place in (*each.missing, *each.missing_errors)]
    lines.append(f"{'total':<{width}}           {percent(covered):>5.0f} %")
    return lines


def _exits(program: Program, text: str) -> list[tuple[str, str]]:
    """Every exit of every step but `error`: those of rows, those worth wiring, those that are wired."""
    scenario = read(text).scenario
    places: list[tuple[str, str]] = []
    for step in program.steps.values():
        written = dict(scenario.steps[step.id].properties) if scenario is not None else {}
        rows = [
            str(row["id"])
            for name, shape in step.component.properties().items()
            if shape.makes_exits and not isinstance(written.get(name, ""), str | Mapping)
            for row in written[name]
            if isinstance(row, Mapping) and row.get("id")
        ]
        exits = dict.fromkeys([*rows, *step.component.exits_to_wire(written), *step.cords])
        exits.pop(ERROR, None)
        places += [(step.id, exit_) for exit_ in exits or (ENTERED,)]
    return places
