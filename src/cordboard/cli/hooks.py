"""`cordboard hook`: what starts scenarios by itself."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from cordboard.cli.common import (
    Data,
    asynchronous,
    change_office,
    console,
    errors,
    fail,
    opened,
    published_scenarios,
    settings_for,
    taken_by_the_exchange,
    told,
)
from cordboard.office.model import InternalNumber, OfficeData
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.hooks import EVENTS, Hook, HookKind
from cordboard.scenario.schedule import BadScheduleError, parse_schedule
from cordboard.scenario.text.reader import read
from cordboard.scenario.triggers import POLL
from cordboard.store.database import Store

app = typer.Typer(
    help="What starts scenarios by itself: calls and numbers, events, schedules, the end of a talk.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="A short name for the attachment.")]
Scenario = Annotated[str, typer.Argument(help="The published scenario that is started.")]
Values = Annotated[
    list[str] | None, typer.Option("--value", help="A start parameter: name=literal. Any number of times.")
]


@app.command("list")
@asynchronous
async def show_all(data: Data = None) -> None:
    """List the attachments, when each schedule is due next, and why the last start of one failed."""
    async with opened(settings_for(data)) as store:
        hooks, office = await store.hooks.all(), await store.office.load()
    zone = ZoneInfo(office.settings.time_zone)
    table = Table("hook", "starts", "on", "next", "", box=None, pad_edge=False)
    for name, scenario, place in _places(office):
        table.add_row(name, scenario, place, "", "")
    for hook in hooks:
        note = hook.error or ("" if hook.enabled else "off")
        table.add_row(hook.name, hook.scenario, hook.on or "the end of a talk", _next(hook, zone), note)
    console.print(table)


@app.command("main")
@asynchronous
async def on_calls(scenario: Scenario, data: Data = None) -> None:
    """Let calls from outside enter a voice scenario, unless their line has one of its own (`cordboard line add`)."""
    async with opened(settings_for(data)) as store:
        await _check(store, Hook("main", HookKind.AFTER_TALK, scenario), ScenarioKind.VOICE)
        office = await store.office.load()
        await change_office(store, replace(office.settings, main_scenario=scenario))
    await taken_by_the_exchange(settings_for(data), POLL)
    console.print(f"Calls from outside enter {scenario}", markup=False)


@app.command("number")
@asynchronous
async def on_number(
    number: Annotated[str, typer.Argument(help="What is dialled: 710, *1.")], scenario: Scenario, data: Data = None
) -> None:
    """Let a voice scenario answer an internal number."""
    if not re.fullmatch("[0-9*#]{1,32}", number):
        fail(f"{number} cannot be dialled: an internal number takes digits, * and #.")
    async with opened(settings_for(data)) as store:
        office = await store.office.load()
        for user in office.users:
            if user.number == number:
                fail(f"The number {number} is that of {user.name}: choose another.")
        await _check(store, Hook(number, HookKind.AFTER_TALK, scenario), ScenarioKind.VOICE)
        await change_office(store, InternalNumber(number, scenario))
    await taken_by_the_exchange(settings_for(data), POLL)
    console.print(f"Number {number} is answered by {scenario}", markup=False)


@app.command()
def events() -> None:
    """List the events that the exchange posts by itself. Scenarios and programs may post any other."""
    for name, meaning in EVENTS.items():
        console.print(f"{name:14} {meaning}", markup=False)


@app.command("event")
@asynchronous
async def on_event(
    name: Name,
    event: Annotated[str, typer.Argument(help="The event's name: see `cordboard hook events`.")],
    scenario: Scenario,
    value: Values = None,
    data: Data = None,
) -> None:
    """Start a service scenario at each event of a name. `call.ended` is the after-call hook."""
    if event not in EVENTS:
        errors.print(f"{event} is none of the exchange's own events: it starts when somebody posts it.", markup=False)
    await _attach(Hook(name, HookKind.EVENT, scenario, event, _values(value)), ScenarioKind.SERVICE, data)


@app.command("schedule")
@asynchronous
async def on_schedule(
    name: Name,
    schedule: Annotated[str, typer.Argument(help="'daily at 09:00', 'every 15m', 'on mon-fri at 9:00', or cron.")],
    scenario: Scenario,
    value: Values = None,
    data: Data = None,
) -> None:
    """Start a service scenario by the clock of the office."""
    try:
        parse_schedule(schedule)
    except BadScheduleError as fault:
        fail(f"{told(str(fault))}.")
    await _attach(Hook(name, HookKind.SCHEDULE, scenario, schedule, _values(value)), ScenarioKind.SERVICE, data)


@app.command("after-talk")
@asynchronous
async def after_talk(name: Name, scenario: Scenario, data: Data = None) -> None:
    """Let a voice scenario take the external caller who remains when the office's side has hung up."""
    await _attach(Hook(name, HookKind.AFTER_TALK, scenario), ScenarioKind.VOICE, data)


@app.command()
@asynchronous
async def remove(
    name: Annotated[str, typer.Argument(help="The name of a hook, or the internal number.")], data: Data = None
) -> None:
    """Take an attachment away. What it has started goes on."""
    async with opened(settings_for(data)) as store:
        if not await store.hooks.remove(name):
            numbers = (await store.office.load()).internal_numbers
            found = next((each for each in numbers if each.number == name), None)
            if found is None:
                fail(f"There is no hook {name}: see `cordboard hook list`.")
            await change_office(store, remove=[found])
    await taken_by_the_exchange(settings_for(data), POLL)
    console.print(f"Hook {name} is removed", markup=False)


def _places(office: OfficeData) -> Iterator[tuple[str, str, str]]:
    """The hooks that are settings of the office: name, scenario, and on what."""
    yield "", office.settings.main_scenario, "calls from outside"
    for line in office.lines:
        if line.scenario:
            yield "", line.scenario, f"calls over the line {line.line.name}"
    for each in office.internal_numbers:
        yield each.number, each.scenario, "this number is dialled"


def _next(hook: Hook, zone: ZoneInfo) -> str:
    if hook.kind is not HookKind.SCHEDULE or not hook.enabled:
        return ""
    try:
        due = parse_schedule(hook.on).after(datetime.now(UTC), zone)
    except BadScheduleError:
        return ""
    return due.astimezone(zone).strftime("%Y-%m-%d %H:%M") if due else "never"


def _values(options: list[str] | None) -> dict[str, str]:
    values = {}
    for option in options or []:
        name, equals, text = option.partition("=")
        if not equals or not name.isidentifier():
            fail(f"{option}: write a start parameter as name=literal.")
        values[name] = text
    return values


async def _attach(hook: Hook, kind: ScenarioKind, data: Data) -> None:
    async with opened(settings_for(data)) as store:
        for each in await store.hooks.all():
            if each.name == hook.name:
                fail(f"There is a hook {hook.name} already: remove it first, or choose another name.")
            if each.kind is hook.kind is HookKind.AFTER_TALK:
                fail(f"The hook {each.name} takes the caller after a talk already: remove it first.")
        await _check(store, hook, kind)
        await store.hooks.put(
            Hook(hook.name, hook.kind, hook.scenario, hook.on, hook.values, created=datetime.now(UTC))
        )
    await taken_by_the_exchange(settings_for(data), POLL)
    console.print(f"Hook {hook.name} is attached", markup=False)


async def _check(store: Store, hook: Hook, kind: ScenarioKind) -> None:
    published = await published_scenarios(store)
    if hook.scenario not in published:
        fail(f"There is no published scenario {hook.scenario}. Published are: {', '.join(published) or 'none'}.")
    scenario = read(published[hook.scenario]).scenario
    if scenario is None or scenario.kind != kind.value:
        fail(f"Scenario {hook.scenario} is no {kind.value} scenario: attach one that is.")
    parameters = {variable.name for variable in scenario.variables if variable.parameter}
    if unknown := hook.values.keys() - parameters:
        fail(
            f"Scenario {hook.scenario} has no start parameter {min(unknown)}. It has: {', '.join(sorted(parameters))}."
        )
