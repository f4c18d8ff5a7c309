"""`cordboard scenario simulate`: try a scenario without a phone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cordboard.cli.common import Data, console, errors, fail, told, verbatim
from cordboard.cli.simulated_office import OfficeInMemory, office_for, quiet
from cordboard.scenario.faults import Severity
from cordboard.scenario.publishing import check_files, files_in
from cordboard.scenario.values import BadValueError, ValueType, parse
from cordboard.simulation.report import Report
from cordboard.simulation.scenario_tests import FOLDER, OFFICE_FILE
from cordboard.simulation.script import ANY, Deed, Given, Script
from cordboard.simulation.script_reader import read_scripts
from cordboard.simulation.simulator import SimulationError
from cordboard.simulation.simulator import simulate as play
from cordboard.simulation.transcript import as_json, transcript
from cordboard.telephony import ALL_KEYS

OfficeOption = Annotated[
    Path | None,
    typer.Option(
        "--office",
        help="A file that describes the office; otherwise tests/office.yaml beside the scenarios, "
        "or the office of the data folder.",
        show_default=False,
    ),
]


def simulate(
    file: Annotated[Path, typer.Argument(help="The file of the scenario. Those beside it can be called.")],
    *,
    script: Annotated[Path | None, typer.Option(help="A file that says what happens; see the manual.")] = None,
    caller: Annotated[str | None, typer.Option(help="The number that the caller shows.", show_default=False)] = None,
    moment: Annotated[str | None, typer.Option(help="When: 2026-11-23 22:15.", show_default=False)] = None,
    language: Annotated[str, typer.Option(help="In which the office speaks: en, ru or uk.")] = "",
    press: Annotated[
        list[str] | None,
        typer.Option(help="Keys that the caller presses when something is said to him; may be repeated."),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A start parameter: name=value; may be repeated.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    office: OfficeOption = None,
    data: Data = None,
) -> None:
    """Try a scenario with a caller who does not exist, in virtual time, and print what happens."""
    simulated = office_for(office or office_beside(file.parent), data)
    scenarios = sound_scenarios(file.parent, simulated, only=file)
    plan = _script(script, file.stem, simulated)
    given = replace(plan.given, variables={**plan.given.variables, **_values(values or [])})
    if caller is not None:
        given = replace(given, caller=caller)
    if moment is not None:
        given = _at(given, moment, simulated)
    deeds = [*plan.when, *(Deed(hears=ANY, after=1.0, press=_keys(keys)) for keys in press or [])]
    plan = replace(plan, given=replace(given, language=language or given.language), when=deeds)
    try:
        with quiet():
            report = play(plan, scenarios, simulated)
    except SimulationError as fault:
        fail(f"{fault}.")
    print_report(report, as_json_text=json_)
    if report.outcome == "faulted":
        raise typer.Exit(1)


def print_report(report: Report, *, as_json_text: bool = False) -> None:
    """The transcript for people, or JSON for programs."""
    if as_json_text:
        console.print(verbatim([json.dumps(as_json(report), ensure_ascii=False, indent=1)]))
    else:
        console.print(verbatim(transcript(report, told)))


def office_beside(folder: Path) -> Path | None:
    """The description of an office among the tests of a folder of scenarios."""
    file = folder / FOLDER / OFFICE_FILE
    return file if file.is_file() else None


def sound_scenarios(folder: Path, office: OfficeInMemory, *, only: Path | None = None) -> Mapping[str, str]:
    """The scenarios of a folder. Errors are printed; those of `only`, or of any without it, end the command."""
    files = dict.fromkeys([*files_in(folder), *([only] if only else [])])
    if only is not None and not only.is_file():
        fail(f"There is no file {only}: name a scenario file.")
    if not files:
        fail(f"There is no scenario file (*.yaml) in {folder}.")
    try:
        checked = check_files(list(files), office.catalogue, zone=office.zone, country=office.country)
    except OSError as fault:
        fail(f"{fault.filename} cannot be read ({fault.strerror}).")
    wanted = [each for each in checked if only in {None, each.path}]
    for each in wanted:
        for one in each.faults:
            if one.severity is Severity.ERROR:
                errors.print(f"{each.path}:{one.told(told)}", markup=False)
    if any(each.broken for each in wanted):
        fail("A scenario with errors cannot be tried: mend it first.")
    if broken := [each.path.name for each in checked if each.broken]:
        names = ", ".join(broken[:5]) + (" …" if len(broken) > 5 else "")
        errors.print(
            told(f"With errors, and not to be entered: {names} (see `cordboard scenario check {folder}`)"), markup=False
        )
    return {each.name: each.text for each in checked}


def _script(file: Path | None, scenario: str, office: OfficeInMemory) -> Script:
    if file is None:
        return Script(scenario=scenario)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        fail(f"{file} cannot be read: {fault}.")
    read = read_scripts(text, zone=office.zone, country=office.country, scenario=scenario)
    if read.faults:
        fail("\n".join(f"{file}:{fault.told(told)}" for fault in read.faults))
    if len(read.scripts) > 1:
        fail(f"{file} holds {len(read.scripts)} tests: run them with `cordboard scenario test {file}`.")
    return read.scripts[0]


def _values(pairs: Sequence[str]) -> dict[str, str]:
    wrong = next((pair for pair in pairs if "=" not in pair), None)
    if wrong is not None:
        fail(f"{wrong!r} is no start parameter: write --set name=value.")
    return dict(pair.split("=", 1) for pair in pairs)


def _keys(text: str) -> str:
    wrong = next((key for key in text if key not in ALL_KEYS), "" if text else "nothing")
    if wrong:
        fail(f"{wrong!r} is no key of a telephone: write 0 to 9, * or #.")
    return text


def _at(given: Given, text: str, office: OfficeInMemory) -> Given:
    try:
        return replace(given, moment=parse(ValueType.DATETIME, text, zone=office.zone, country=office.country))
    except BadValueError as fault:
        fail(f"{fault}.")
