"""Tests of scenarios as files beside them: found, run, counted."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cordboard.scenario.faults import Fault
from cordboard.scenario.ports import StepTrace
from cordboard.scenario.publishing import SUFFIX, files_in
from cordboard.simulation.checking import Failure, failures
from cordboard.simulation.report import Report
from cordboard.simulation.script import Script
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import SimulatedOffice, SimulationError, simulate

FOLDER = "tests"
OF_ONE = ".tests"
"""The ending of a folder that holds the tests of one scenario, `menu.tests`."""
OFFICE_FILE = f"office{SUFFIX}"
"""Not a test: the office in which those of its folder run."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder of scenarios with the files of their tests."""

    folder: Path
    files: Sequence[Path]

    @property
    def office_file(self) -> Path | None:
        """The office that is described beside the tests."""
        found = (folder / OFFICE_FILE for folder in dict.fromkeys(file.parent for file in self.files))
        return next((file for file in found if file.is_file()), None)


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one test."""

    __test__ = False  # for pytest: no test itself

    file: Path
    script: Script
    seconds: float
    """Real time that it took."""
    failures: Sequence[Failure] = ()
    report: Report | None = None

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


@dataclass(slots=True)
class SuiteResult:
    """What came of the tests of one folder."""

    suite: Suite
    results: list[TestResult] = field(default_factory=list)
    faults: list[tuple[Path, Fault]] = field(default_factory=list)
    """Of files that cannot be read as tests."""

    @property
    def steps(self) -> Iterable[StepTrace]:
        """All steps of all tests."""
        return (step for result in self.results if result.report for step in result.report.steps)

    @property
    def passed(self) -> bool:
        """Whether all passed, and there was nothing that could not be read."""
        return not self.faults and all(result.passed for result in self.results)


def find_suites(paths: Sequence[Path]) -> list[Suite]:
    """The tests that files and folders name: a test, a folder of tests, a scenario, a folder of scenarios."""
    found: dict[Path, dict[Path, None]] = {}
    for path in paths:
        folder, files = _of(path)
        found.setdefault(folder, {}).update(dict.fromkeys(files))
    return [Suite(folder, list(files)) for folder, files in found.items()]


def _of(path: Path) -> tuple[Path, list[Path]]:
    if path.is_file():
        if _is_tests(path.parent):
            return path.parent.parent, [path]
        of_one = path.with_suffix(OF_ONE)
        return path.parent, _tests_in(of_one) + [
            file for file in _tests_in(path.parent / FOLDER) if file.stem == path.stem
        ]
    if _is_tests(path):
        return path.parent, _tests_in(path)
    folders = sorted(folder for folder in path.glob(f"*{OF_ONE}") if folder.is_dir())
    return path, [file for folder in (path / FOLDER, *folders) for file in _tests_in(folder)]


def _is_tests(folder: Path) -> bool:
    return folder.name == FOLDER or folder.name.endswith(OF_ONE)


def _tests_in(folder: Path) -> list[Path]:
    return [file for file in files_in(folder) if file.name != OFFICE_FILE] if folder.is_dir() else []


def scenarios_in(folder: Path) -> Mapping[str, str]:
    """The texts of the scenarios of a folder, by name. Raises OSError and UnicodeDecodeError."""
    return {file.stem: file.read_text(encoding="utf-8") for file in files_in(folder)}


def run_suite(suite: Suite, scenarios: Mapping[str, str], office: SimulatedOffice) -> SuiteResult:
    """Run all tests of a suite. Never raises: a file that cannot be read is a fault of it."""
    done = SuiteResult(suite)
    for file in suite.files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            done.faults.append((file, Fault(str(fault))))
            continue
        of_one = file.parent.name.removesuffix(OF_ONE) if file.parent.name.endswith(OF_ONE) else ""
        read = read_scripts(text, zone=office.zone, country=office.country, scenario=of_one)
        done.faults += [(file, fault) for fault in read.faults]
        if not read.faults:
            done.results += [run_test(file, script, scenarios, office) for script in read.scripts]
    return done


def run_test(file: Path, script: Script, scenarios: Mapping[str, str], office: SimulatedOffice) -> TestResult:
    """Run one test."""
    began = time.perf_counter()
    try:
        report = simulate(script, scenarios, office)
    except SimulationError as fault:
        return TestResult(file, script, time.perf_counter() - began, [Failure(str(fault), script.line)])
    return TestResult(file, script, time.perf_counter() - began, failures(report), report)
