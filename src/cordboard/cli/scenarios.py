"""`cordboard scenario`: check, show, publish a folder."""

import asyncio
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordboard.cli import scenario_files, scenario_history, scenario_schema, scenario_watch
from cordboard.cli.common import (
    Data,
    asynchronous,
    console,
    errors,
    fail,
    opened,
    published_scenarios,
    settings_for,
    told,
    verbatim,
)
from cordboard.cli.replay import replay_run
from cordboard.cli.scenario_tests import run_tests
from cordboard.cli.scenario_texts import Author, person
from cordboard.cli.simulate import simulate
from cordboard.components import catalogue
from cordboard.config import Settings
from cordboard.office.checks import dead_ends
from cordboard.office.model import OfficeSettings
from cordboard.scenario.diff import compare_all, tell
from cordboard.scenario.graph import Scenario, Step, Written
from cordboard.scenario.publishing import CheckedFile, check_files, files_in, publish
from cordboard.scenario.references import References
from cordboard.scenario.text.reader import read
from cordboard.store.releases import FRESH
from cordboard.wiring.known import known_to

app = typer.Typer(help="Scenarios: check, publish, compare, go back, simulate, test.", no_args_is_help=True)
scenario_history.add_to(app)
scenario_files.add_to(app)
scenario_schema.add_to(app)
scenario_watch.add_to(app)
app.command("simulate")(simulate)
app.command("test")(run_tests)
app.command("replay")(replay_run)


@app.command("check")
@asynchronous
async def check_all(
    paths: Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.")], data: Data = None
) -> None:
    """Say what is wrong with scenario files, with line and column. The exit status is 1 if one cannot be published."""
    files = _checked(paths, *await _office(settings_for(data)))
    _print_faults(files)
    if any(file.broken for file in files):
        raise typer.Exit(1)
    one = len(files) == 1
    console.print(
        told("1 scenario can be published" if one else f"{len(files)} scenarios can be published"), markup=False
    )


@app.command()
@asynchronous
async def show(
    name: Annotated[str, typer.Argument(help="The name of a published scenario, or a file.")], data: Data = None
) -> None:
    """Show a scenario as people read it: its steps, and where each exit leads."""
    path = Path(name)
    if path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            fail(f"{name} cannot be read: {fault}.")
    else:
        async with opened(settings_for(data)) as store:
            scenarios = await published_scenarios(store)
        if name not in scenarios:
            fail(f"There is no scenario {name}. Published are: {', '.join(scenarios) or 'none'}.")
        text = scenarios[name]
    scenario = read(text).scenario
    if scenario is None:
        fail(f"{name} cannot be read: `cordboard scenario check {name}` says why.")
    console.print(verbatim(lines_of(scenario)))


@app.command("publish")
@asynchronous
async def publish_folder(
    folder: Annotated[
        Path | None, typer.Argument(help="The folder of scenario files; otherwise `scenarios` in the data folder.")
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What has changed.")] = "",
    author: Author = None,
    data: Data = None,
) -> None:
    """Publish all scenarios of a folder as a new release. The next call follows it; calls in progress do not."""
    settings = settings_for(data)
    folder = folder or settings.scenarios
    if folder.is_file():
        fail(f"{folder} is a file: a release holds all scenarios, so name the folder.")
    async with opened(settings) as store:
        office = await store.office.load()
        files = _checked([folder], office.settings, await known_to(store, settings))
        _print_faults(files)
        if any(file.broken for file in files):
            fail("Nothing was published: mend the errors first.")
        before = await published_scenarios(store)
        number = await publish(files, store.releases, message, author=person(author))
    if number:
        # The running exchange looks for a new release that often: what is printed below is then true.
        await asyncio.sleep(FRESH)
    if before and number:
        console.print(
            "\n".join(tell(compare_all(before, {file.name: file.text for file in files}), told)), markup=False
        )
    for sentence in dead_ends(office, {file.name for file in files}):
        errors.print(told(sentence), markup=False)
    console.print(
        told(
            f"Release {number} is published: the next call follows it"
            if number
            else "Nothing has changed since the last release"
        )
    )


async def _office(settings: Settings) -> tuple[OfficeSettings, References]:
    """The office's own country and zone, and what it has; without an office, those of the settings, and nothing."""
    if not settings.set_up:
        return OfficeSettings(time_zone=settings.time_zone), {}
    async with opened(settings) as store:
        return (await store.office.load()).settings, await known_to(store, settings)


def _checked(paths: list[Path], office: OfficeSettings, known: References) -> list[CheckedFile]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            fail(f"There is no file {path}: name a scenario file, or a folder of them.")
        here = files_in(path) if path.is_dir() else [path]
        if not here:
            fail(f"There is no scenario file (*.yaml) in {path}.")
        found += here
    try:
        return check_files(found, catalogue(), zone=ZoneInfo(office.time_zone), country=office.country, known=known)
    except OSError as fault:
        fail(f"{fault.filename} cannot be read ({fault.strerror}).")


def _print_faults(files: list[CheckedFile]) -> None:
    for file in files:
        for fault in file.faults:
            console.print(f"{file.path}:{fault.told(told)}", markup=False)


def lines_of(scenario: Scenario) -> list[str]:
    """A scenario as people read it."""
    lines = [f"{scenario.name} ({scenario.kind}){': ' + scenario.title if scenario.title else ''}"]
    if scenario.description:
        lines.append(f"  {scenario.description}")
    lines += [f"  {name}: {text}" for name in ("mode", "at_most", "key") if (text := getattr(scenario, name))]
    for variable in scenario.variables:
        flags = [flag for flag in ("parameter", "secret", "session") if getattr(variable, flag)]
        value = f" = {variable.value}" if variable.value else ""
        lines.append(
            f"  variable {variable.name}: {variable.type}{value}{' (' + ', '.join(flags) + ')' if flags else ''}"
        )
    marks = {scenario.start: "start"}
    if scenario.after_hangup:
        marks[scenario.after_hangup] = "after hang-up"
    if scenario.fault:
        marks[scenario.fault] = "fault"
    for step in scenario.steps.values():
        mark = f"   ← {marks[step.id]}" if step.id in marks else ""
        lines += ["", f"  {step.id}  [{step.component}]{mark}"]
        lines += [f"      {name}: {_value(value)}" for name, value in step.properties.items()]
        lines += [f"      {exit_} → {target}" for exit_, target in _exits(step)]
    return lines


def _exits(step: Step) -> list[tuple[str, str]]:
    rows = [
        (row.get("id", ""), row.get("to", ""))
        for value in step.properties.values()
        if isinstance(value, list | tuple)
        for row in value
        if isinstance(row, dict) and "to" in row
    ]
    return [*rows, *step.exits.items()]


def _value(value: Written) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{key} = {text}" for key, text in value.items())
    return "; ".join(
        row if isinstance(row, str) else _value({k: v for k, v in row.items() if k != "to"}) for row in value
    )
