"""`cordboard log`: the call log, chain by chain."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordboard.cli.common import Data, asynchronous, console, opened, settings_for, verbatim
from cordboard.office.repositories import LoggedChain
from cordboard.scenario.ports import RunTrace
from cordboard.telephony import Direction, LegRecord, PhoneNumber


@asynchronous
async def show(
    number: Annotated[str, typer.Option(help="Calls in which this number takes part, however it is written.")] = "",
    chain: Annotated[str, typer.Option(help="One chain by its id.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data: Data = None,
) -> None:
    """Show the newest calls: each chain with its legs, who was joined with whom, and the scenarios that took part.

    --json prints a list of chains with id, legs, connections and runs; times are in UTC.
    """
    async with opened(settings_for(data)) as store:
        office = (await store.office.load()).settings
        wanted = PhoneNumber.parse(number, country=office.country) if number else None
        chains = await store.call_log.recent(limit, chain=chain or None, number=wanted)
        runs = {each.id: await store.traces.runs_of(each.id) for each in chains}
    if as_json:
        told = [asdict(each) | {"runs": [asdict(run) for run in runs[each.id]]} for each in chains]
        print(json.dumps(told, default=str, ensure_ascii=False, indent=2))
        return
    zone = ZoneInfo(office.time_zone)
    for each in chains:
        console.print(verbatim(lines_of(each, runs[each.id], zone)))
    if not chains:
        console.print("No calls.")


def lines_of(chain: LoggedChain, runs: Sequence[RunTrace], zone: ZoneInfo) -> list[str]:
    """A chain as people read it."""
    shown = {leg.id: index for index, leg in enumerate(chain.legs, 1)}
    lines = [f"chain {chain.id}"]
    lines += [f"  leg {shown[leg.id]}  {_leg(leg, zone)}" for leg in chain.legs]
    for connection in chain.connections:
        a, b = shown.get(connection.a_leg, "?"), shown.get(connection.b_leg, "?")
        end = f"to {_time(connection.ended, zone)}" if connection.ended else "goes on"
        lines.append(f"  legs {a} and {b} joined from {_time(connection.started, zone)} {end}")
    lines += [f"  {_run(run, zone)}" for run in runs]
    return lines


def _run(run: RunTrace, zone: ZoneInfo) -> str:
    outcome = f"{str(run.outcome).replace('_', ' ')} {_time(run.ended, zone)}" if run.outcome else "goes on"
    error = f": {run.error}" if run.error else ""
    return (
        f"scenario {run.scenario} ({run.kind}, release {run.release}) from {_time(run.started, zone)}, {outcome}{error}"
    )


def _leg(leg: LegRecord, zone: ZoneInfo) -> str:
    who = leg.account or (f"line {leg.line}" if leg.line else "?")
    caller = leg.caller.number or "hidden number"
    way = f"in from {caller} ({who})" if leg.direction is Direction.INBOUND else f"out to {leg.dialled} ({who})"
    dialled = f", dialled {leg.dialled}" if leg.direction is Direction.INBOUND else ""
    answered = f", answered {_time(leg.answered, zone)}" if leg.answered else ", not answered"
    ended = f", ended {_time(leg.ended, zone)}: {leg.reason}" if leg.ended else ", goes on"
    return f"{leg.started.astimezone(zone):%d.%m.%Y %H:%M:%S} {way}{dialled}{answered}{ended}"


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}" if moment else "?"
