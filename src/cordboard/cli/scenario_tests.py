"""`cordboard scenario test`: run the tests that lie beside scenarios."""

from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, console, fail, settings_for, told, verbatim
from cordboard.cli.simulate import OfficeOption, sound_scenarios
from cordboard.cli.simulated_office import office_for, quiet
from cordboard.scenario.ports import Release
from cordboard.scenario.programs import ReleasePrograms
from cordboard.scenario.said import said
from cordboard.simulation.coverage import ScenarioCoverage, coverage, lines_of, percent
from cordboard.simulation.junit import junit, name_of
from cordboard.simulation.scenario_tests import SuiteResult, find_suites, run_suite
from cordboard.simulation.transcript import transcript


def run_tests(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Tests, scenarios, or folders of them; otherwise the scenarios of the data folder."),
    ] = None,
    *,
    junit_file: Annotated[
        Path | None, typer.Option("--junit", help="Write the results as JUnit XML.", show_default=False)
    ] = None,
    show_coverage: Annotated[
        bool, typer.Option("--coverage", help="Print which exits of the scenarios no test has taken.")
    ] = False,
    show_transcript: Annotated[
        bool, typer.Option("--transcript", help="Print what happened in the tests that failed.")
    ] = False,
    min_coverage: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Fail if fewer exits than this percentage are taken.", show_default=False),
    ] = None,
    office: OfficeOption = None,
    data: Data = None,
) -> None:
    """Run the tests of scenarios. The exit status is 1 if one fails."""
    paths = paths or [settings_for(data).scenarios]
    for path in paths:
        if not path.exists():
            fail(f"There is no file or folder {path}: name tests, or scenarios with tests beside them.")
    results: list[SuiteResult] = []
    covered: list[ScenarioCoverage] = []
    for suite in find_suites(paths):
        if not suite.files:
            fail(f"There are no tests beside the scenarios in {suite.folder}: write some into {suite.folder}/tests.")
        simulated = office_for(office or suite.office_file, data)
        scenarios = sound_scenarios(suite.folder, simulated)
        with quiet():
            result = run_suite(suite, scenarios, simulated)
        results.append(result)
        programs = ReleasePrograms(Release(1, scenarios), simulated.catalogue, simulated.zone, simulated.country)
        covered += coverage(scenarios, programs, result.steps)
    for line in [line for result in results for line in _lines(result, transcripts=show_transcript)]:
        console.print(verbatim([line]))
    if show_coverage:
        console.print(verbatim(["", *lines_of(covered)]))
    if junit_file is not None:
        _write(junit_file, junit(results))
    every = [test for result in results for test in result.results]
    failed = sum(not test.passed for test in every) + sum(len(result.faults) for result in results)
    console.print(
        told(f"1 test, {failed} failed" if len(every) == 1 else f"{len(every)} tests, {failed} failed"), markup=False
    )
    if failed:
        raise typer.Exit(1)
    if min_coverage is not None and percent(covered) < min_coverage:
        fail(f"The tests take {percent(covered):.0f} % of the exits; {min_coverage:g} % are wanted.")


def _lines(result: SuiteResult, *, transcripts: bool) -> list[str]:
    lines = [f"{file}:{fault.told(told)}" for file, fault in result.faults]
    passed, failed = told(said("ok")), told(said("FAILED"))
    width = max(len(passed), len(failed))
    for test in result.results:
        lines.append(f"{passed if test.passed else failed:<{width}}  {test.file.name}: {name_of(test)}")
        lines += [f"    {test.file}:{failure.line}: {told(failure.message)}" for failure in test.failures]
        if transcripts and test.report is not None and not test.passed:
            lines += [f"      {line}" for line in transcript(test.report, told)]
    return lines


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        fail(f"{file} cannot be written: {fault.strerror or fault}.")
