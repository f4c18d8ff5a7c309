"""A simulation told to people, line by line, and to programs as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cordboard.scenario.ports import Ending, StepTrace
from cordboard.scenario.said import said
from cordboard.scenario.values import JsonValue, show, show_duration
from cordboard.simulation.path import walked
from cordboard.simulation.report import CALLER, PartyReport, Report
from cordboard.telephony import LegState

Tell = Callable[[str], str]
"""Turns a sentence into the reader's language."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    at: float
    """Seconds since the beginning."""
    rank: int
    """Of what happened in one moment, the lower came first."""
    kind: str
    """step, hears, does, state, starts, effect."""
    who: str
    words: str
    depth: int = 0


def events(report: Report, tell: Tell = str) -> list[Event]:
    """Everything that happened, in order, with its words as `tell` says them."""
    found = [
        Event(report.at(step), 2, "step", step.scenario, _step(step, tell), step.depth) for step in walked(report.steps)
    ]
    for party in report.parties:
        found += _of_party(party, tell)
    began = report.began
    for info in report.started:
        words = tell(said("is started for {key}", key=info.key) if info.key else said("is started"))
        found.append(Event((info.started - began).total_seconds(), 1, "starts", info.scenario, words))
    return sorted(found, key=lambda event: (event.at, event.rank))


def _step(step: StepTrace, tell: Tell) -> str:
    way = f" → {step.exit}" if step.exit else ""
    took = f" ({show_duration_of(step.seconds)})" if step.seconds >= 0.05 else ""
    changed = "".join(f", {name} = {value}" for name, value in step.changed.items())
    error = f": {tell(step.error)}" if step.error else ""
    branch = "" if step.branch == "main" else f" {tell(said('in branch {name}', name=step.branch))}"
    return f"{step.step} [{step.component}]{way}{took}{changed}{branch}{error}"


def show_duration_of(seconds: float) -> str:
    """Seconds as people write them: 2.5s, 1h30m."""
    return show_duration(timedelta(seconds=round(seconds, 1)))


def _of_party(party: PartyReport, tell: Tell) -> list[Event]:
    hears = tell(said("hears"))
    found = [Event(one.at, 3, "hears", party.name, f"{hears}: {one.text}") for one in party.heard]
    for done in party.done:
        at_once = done.deed.hears and not done.deed.after
        found.append(Event(done.at, 4 if at_once else 1, "does", party.name, tell(done.deed.does)))
    words = {
        LegState.CALLING: _calling(party, tell),
        LegState.RINGING: tell(said("hears ringing") if party.inbound else said("rings")),
        LegState.ANSWERED: tell(said("is answered") if party.inbound else said("answers")),
        LegState.ENDED: f"{tell(said('is over'))}: {party.reason}",
    }
    rank = {LegState.CALLING: 0 if party.inbound else 3, LegState.ENDED: 4}
    found += [Event(at, rank.get(state, 3), "state", party.name, words[state]) for at, state in party.states]
    return found


def _calling(party: PartyReport, tell: Tell) -> str:
    line = f" {tell(said('over the line {name}', name=party.line))}" if party.line else ""
    if party.inbound:
        return tell(said("calls as {who}", who=party.number or said("an unknown number"))) + line
    return f"{tell(said('is called'))}{line}, {tell(said('and sees {who}', who=party.shown or said('no number')))}"


def transcript(report: Report, tell: Tell = str) -> list[str]:
    """The lines for people, with their words as `tell` says them."""
    lines = [f"{report.began:%a %Y-%m-%d %H:%M} {report.scenario or report.script.call}"]
    for event in events(report, tell):
        time = show_duration_of(event.at)
        if event.kind == "step":
            lines.append(f"{time:>10}  {'  ' * event.depth}{event.who}.{event.words}")
        else:
            lines.append(f"{time:>10}      {event.who} {event.words}")
    lines += [
        f"{'':>10}  {tell(said('effect {name}', name=each.kind))}: {_plain(each.payload)}" for each in report.effects
    ]
    lines += [
        f"{'':>10}  {tell(said('message {name}', name=each.name))} {each.key}".rstrip() for each in report.messages
    ]
    given = f", {tell(said('with the value'))} {show(report.value)}" if report.value is not None else ""
    error = f": {tell(report.error)}" if report.error else ""
    after = tell(said("after {time}", time=show_duration_of(report.seconds)))
    lines.append(f"{report.outcome or tell(said('over'))} {after}{given}{error}")
    if report.variables:
        variables = ", ".join(f"{name} = {text}" for name, text in report.variables.items())
        lines.append(f"{tell(said('variables'))}: {variables}")
    undone = tell(said("It did not come to this"))
    lines += [
        f"{undone}: {_of(who)}{tell(deed.told)} ({tell(said('line {number}', number=deed.line))})"
        for who, deed in report.undone
    ]
    lines += [f"{tell(said('Note'))}: {tell(note)}" for note in report.notes]
    return lines


def _of(who: str) -> str:
    return f"{who}: " if who and who != CALLER else ""


def _plain(payload: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in payload.items())


def as_json(report: Report) -> Mapping[str, JsonValue]:
    """The same for a page: plain JSON."""
    return {
        "scenario": report.scenario,
        "kind": report.kind,
        "began": report.began.isoformat(),
        "outcome": report.outcome,
        "value": show(report.value),
        "error": report.error,
        "seconds": round(report.seconds, 3),
        "variables": dict(report.variables),
        "events": [
            {"at": round(event.at, 3), "kind": event.kind, "who": event.who, "words": event.words}
            for event in events(report)
        ],
        "steps": [
            {
                "run": step.run_id,
                "scenario": step.scenario,
                "step": step.step,
                "component": step.component,
                "depth": step.depth,
                "branch": step.branch,
                "at": round(report.at(step), 3),
                "seconds": round(step.seconds, 3),
                "exit": step.exit,
                "error": step.error,
                "properties": dict(step.properties),
                "changed": dict(step.changed),
            }
            for step in walked(report.steps)
        ],
        "parties": [_party(party) for party in report.parties],
        "started": [
            {"run": info.id, "scenario": info.scenario, "key": info.key, "outcome": _outcome(info.ending)}
            for info in report.started
        ],
        "effects": [{"kind": each.kind, "key": each.key, "payload": dict(each.payload)} for each in report.effects],
        "messages": [{"name": each.name, "key": each.key, "data": dict(each.data)} for each in report.messages],
        "undone": [{"who": who, "deed": deed.told, "line": deed.line} for who, deed in report.undone],
        "notes": list(report.notes),
    }


def _outcome(ending: Ending | None) -> str:
    return str(ending.outcome) if ending is not None else "running"


def _party(party: PartyReport) -> Mapping[str, JsonValue]:
    heard: Sequence[JsonValue] = [
        {"at": round(said.at, 3), "until": round(said.until, 3), "text": said.text} for said in party.heard
    ]
    return {
        "name": party.name,
        "inbound": party.inbound,
        "number": party.number,
        "shown": party.shown,
        "line": party.line,
        "outcome": party.outcome,
        "told": str(party.told or ""),
        "heard": heard,
        "keys": party.keys,
    }
