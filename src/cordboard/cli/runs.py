"""`cordboard run`: runs of scenarios, living and past."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import Data, asynchronous, console, fail, opened, settings_for, told, verbatim
from cordboard.scenario.ports import RunTrace, StepTrace
from cordboard.scenario.values import BadValueError, parse_duration, show
from cordboard.telephony import PhoneNumber

app = typer.Typer(help="Runs of scenarios, living and past.", no_args_is_help=True)


@app.command("list")
@asynchronous
async def find(  # noqa: PLR0917  (each is an option of the command)
    scenario: Annotated[str, typer.Option(help="Of this scenario.")] = "",
    step: Annotated[str, typer.Option(help="That went through this step.")] = "",
    exit_: Annotated[str, typer.Option("--exit", help="That left a step (--step) by this exit.")] = "",
    number: Annotated[str, typer.Option(help="Of this phone number, however it is written.")] = "",
    error: Annotated[str | None, typer.Option(help="With these words in an error; '' for any error.")] = None,
    since: Annotated[str, typer.Option(help="Not older than: 30m, 2h, 7d.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Only those that have not ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 30,
    data: Data = None,
) -> None:
    """List runs, the youngest first."""
    try:
        began = datetime.now(UTC) - parse_duration(since) if since else None
    except BadValueError as fault:
        fail(f"--since: {told(str(fault))}.")
    async with opened(settings_for(data)) as store:
        office = (await store.office.load()).settings
        runs = await store.traces.find(
            scenario=scenario,
            step=step,
            exit_=exit_,
            number=PhoneNumber.parse(number, country=office.country).canonical if number else "",
            error=error,
            since=began,
            unfinished=True if live else None,
            limit=limit,
        )
    if not runs:
        console.print("There are no such runs")
        return
    console.print(_table(runs, ZoneInfo(office.time_zone)))


@app.command("show")
@asynchronous
async def show_one(
    run_id: Annotated[str, typer.Argument(help="The run, see `cordboard run list`.")], data: Data = None
) -> None:
    """Show a run step by step: its path, what each step was given, what it changed, how long it took."""
    async with opened(settings_for(data)) as store:
        zone = ZoneInfo((await store.office.load()).settings.time_zone)
        traced = await store.traces.load(run_id)
    if traced is None:
        fail(f"There is no run {run_id} in the traces: see `cordboard run list`; old ones are deleted.")
    run = traced.run
    console.print(
        "\n".join(_head(run, zone) + [line for step in traced.steps for line in _lines(step, zone)]), markup=False
    )


@app.command()
@asynchronous
async def cancel(run_id: Annotated[str, typer.Argument(help="A service run.")], data: Data = None) -> None:
    """End a service run. One that is in the midst of a call stops at its next step."""
    async with opened(settings_for(data)) as store:
        if not await store.runs.cancel(run_id, datetime.now(UTC)):
            fail(f"There is no unfinished service run {run_id}: see `cordboard run list --live`.")
    console.print(f"Run {run_id} is cancelled", markup=False)


def _table(runs: Sequence[RunTrace], zone: ZoneInfo) -> Table:
    table = Table("began", "run", "scenario", "number", "took", "ended", "", box=None, pad_edge=False)
    for run in runs:
        took = show(timedelta(seconds=round((run.ended - run.started).total_seconds()))) if run.ended else ""
        table.add_row(
            f"{run.started.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            run.run_id,
            run.scenario,
            run.caller or run.key,
            took,
            run.outcome.value if run.outcome else "runs",
            verbatim([told(run.error)]),
        )
    return table


def _head(run: RunTrace, zone: ZoneInfo) -> list[str]:
    who = f" from {run.caller}" if run.caller else f" for {run.key}" if run.key else ""
    lines = [
        f"{run.scenario} ({run.kind}, release {run.release}){who}, chain {run.chain}",
        f"began {run.started.astimezone(zone):%Y-%m-%d %H:%M:%S}",
    ]
    if run.outcome is not None and run.ended is not None:
        lines[1] += f", {run.outcome.value.replace('_', ' ')} {run.ended.astimezone(zone):%H:%M:%S}"
    if run.error:
        lines.append(f"error: {told(run.error)}")
    return lines


def _lines(step: StepTrace, zone: ZoneInfo) -> list[str]:
    indent = "  " * (step.depth + 1)
    branch = "" if step.branch == "main" else f" ({step.branch.replace('_', ' ')})"
    place = step.step if not step.depth else f"{step.scenario}/{step.step}"
    exit_ = f" → {step.exit}" if step.exit else ""
    entered = f"{step.entered.astimezone(zone):%H:%M:%S}"
    lines = ["", f"{indent}{entered} {place} [{step.component}]{exit_} {step.seconds:.1f}s{branch}"]
    lines += [f"{indent}    {name}: {value}" for name, value in step.properties.items()]
    lines += [f"{indent}    {name} = {value}" for name, value in step.changed.items()]
    if step.error:
        lines.append(f"{indent}    error: {told(step.error)}")
    return lines
