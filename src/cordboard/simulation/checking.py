"""Compares what came of a simulation with what was expected of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cordboard.scenario.ports import StepTrace
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.said import said
from cordboard.scenario.values import AnyValue, BadValueError, convert, from_json, normal, show, type_of
from cordboard.simulation.path import shown, walked
from cordboard.simulation.report import CALLER, PartyReport, Report
from cordboard.simulation.script import Wanted
from cordboard.simulation.transcript import show_duration_of
from cordboard.telephony import PhoneNumber

_LONGEST, _BEGINNING = 40, 10
"""How many of a list are told at most, and how many of them are its first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that was not met."""

    message: str
    line: int = 0
    """In the file of the test."""


def failures(report: Report) -> list[Failure]:
    """Everything that is not as the script expects it, and what of the script did not come to pass."""
    wanted = report.script.expect
    found = [failure for each in wanted for failure in _CHECKS[each.name](report, each)]
    if report.outcome == "faulted" and not any(each.name in {"outcome", "error"} for each in wanted):
        found.append(Failure(said("the scenario ended by a fault: {error}", error=report.error), report.script.line))
    for who, deed in report.undone:
        whose = "" if who in {"", CALLER} else f"{who}: "
        found.append(Failure(said("it did not come to this: {deed}", deed=whose + deed.told), deed.line))
    return sorted(found, key=lambda failure: failure.line)


# --- what a party hears and is told -------------------------------------------------------------------------------


def _party(report: Report, wanted: Wanted) -> PartyReport | None:
    if not wanted.of:
        return report.caller
    others = [party for party in report.parties if party is not report.caller]
    return next((party for party in reversed(others) if _is_called(report, wanted.of, party.names)), None)


def _nobody(wanted: Wanted) -> Failure:
    who = wanted.of or said("nobody calls in a service scenario")
    return Failure(said("{name}: there is no such party: {who}", name=wanted.name, who=who), wanted.line)


def _heard(report: Report, wanted: Wanted) -> list[Failure]:
    party = _party(report, wanted)
    if party is None:
        return [_nobody(wanted)]
    texts = [one.text for one in party.heard]
    index = place = 0
    for item in wanted.value:
        while index < len(texts) and (found := texts[index].find(item.value, place)) < 0:
            index, place = index + 1, 0
        if index == len(texts):
            told = _list([f"“{text}”" for text in texts])
            return [Failure(said("heard {text!r}: not heard in {told}", text=item.value, told=told), item.line)]
        place = found + len(item.value)
    return []


def _not_heard(report: Report, wanted: Wanted) -> list[Failure]:
    party = _party(report, wanted)
    if party is None:
        return [_nobody(wanted)]
    return [
        Failure(said("not_heard {text!r}: heard {told!r}", text=item.value, told=one.text), item.line)
        for item in wanted.value
        for one in party.heard
        if item.value in one.text
    ]


def _told(report: Report, wanted: Wanted) -> list[Failure]:
    party = _party(report, wanted)
    if party is None:
        return [_nobody(wanted)]
    return _equal(wanted, str(party.told or ""))


def _keys(report: Report, wanted: Wanted) -> list[Failure]:
    party = _party(report, wanted)
    return [_nobody(wanted)] if party is None else _equal(wanted, party.keys)


# --- the way ------------------------------------------------------------------------------------------------------


def _is(step: StepTrace, text: str) -> bool:
    place, _, exit_ = text.partition("/")
    return place in {step.step, f"{step.scenario}.{step.step}"} and exit_ in {"", step.exit}


def _path(report: Report, wanted: Wanted) -> list[Failure]:
    steps = walked(report.steps)
    index = 0
    for item in wanted.value:
        while index < len(steps) and not _is(steps[index], item.value):
            index += 1
        if index == len(steps):
            took = _list(shown(steps))
            return [Failure(said("path {step!r}: the way was {took}", step=item.value, took=took), item.line)]
        index += 1
    return []


def _whole_path(report: Report, wanted: Wanted) -> list[Failure]:
    steps = walked(report.steps)
    for place, item in enumerate(wanted.value):
        if place >= len(steps) or not _is(steps[place], item.value):
            instead = shown(steps[place : place + 1])[0] if place < len(steps) else said("the end")
            return [
                Failure(said("whole_path {step!r}: came to {instead}", step=item.value, instead=instead), item.line)
            ]
    if len(steps) > len(wanted.value):
        more = _list(shown(steps[len(wanted.value) :]))
        return [Failure(said("whole_path: it went on to {more}", more=more), wanted.line)]
    return []


def _not_passed(report: Report, wanted: Wanted) -> list[Failure]:
    return [
        Failure(said("not_passed {step!r}: it was passed", step=item.value), item.line)
        for item in wanted.value
        if any(_is(step, item.value) for step in report.steps)
    ]


def _exits(report: Report, wanted: Wanted) -> list[Failure]:
    found = []
    steps = walked(report.steps)
    for place, items in wanted.value.items():
        took = [step.exit for step in steps if _is(step, place)]
        texts = [item.value for item in items]
        if took != texts and not (len(texts) == 1 and took[-1:] == texts):
            words = said(
                "exits {step}: expected {wanted}, left by {took}", step=place, wanted=_list(texts), took=_list(took)
            )
            found.append(Failure(words, items[0].line if items else wanted.line))
    return found


# --- values -------------------------------------------------------------------------------------------------------


def _variables(report: Report, wanted: Wanted) -> list[Failure]:
    found = []
    for name, item in wanted.value.items():
        scenario, _, variable = name.rpartition(".")
        try:
            actual = _variable(report, scenario or report.last_scenario, variable)
        except KeyError:
            words = said(
                "variables: no run of {scenario!r} has a variable {name!r}",
                scenario=scenario or report.last_scenario,
                name=variable,
            )
            found.append(Failure(words, item.line))
            continue
        if not _same(report, item.value, actual):
            words = said(
                "variable {name}: expected {wanted}, is {actual}",
                name=name,
                wanted=show(item.value),
                actual=show(actual),
            )
            found.append(Failure(words, item.line))
    return found


def _variable(report: Report, scenario: str, name: str) -> AnyValue:
    """Its value at the end of the last run that has it. Raises KeyError."""
    if scenario == report.last_scenario and name in report.exact:
        return report.exact[name]
    texts = [run.variables[name] for run in report.runs if run.scenario == scenario and name in run.variables]
    if not texts:
        raise KeyError(name)
    text = texts[-1]
    try:
        return report.programs.fitted(report.programs.get(scenario), {name: text})[name]
    except ScenarioError:
        return text  # a list or a record, which no text gives back


def _value(report: Report, wanted: Wanted) -> list[Failure]:
    (item,) = wanted.value.values()
    if _same(report, item.value, report.value):
        return []
    words = said("value: expected {wanted}, is {actual}", wanted=show(item.value), actual=show(report.value))
    return [Failure(words, item.line)]


def _same(report: Report, wanted: AnyValue, actual: AnyValue) -> bool:
    """Whether a value is what was written: a text stands for whatever it can be read as."""
    actual = normal(actual)
    if isinstance(wanted, list) and isinstance(actual, list):
        return len(wanted) == len(actual) and all(_same(report, *pair) for pair in zip(wanted, actual, strict=True))
    if isinstance(wanted, dict) and isinstance(actual, dict):
        return all(name in actual and _same(report, value, actual[name]) for name, value in wanted.items())
    if isinstance(wanted, str):
        return show(actual) == wanted or _read_as(report, wanted, actual)
    return bool(wanted == actual)


def _read_as(report: Report, text: str, actual: AnyValue) -> bool:
    """Whether a text is another writing of a value: 120.50 of 120.5, 0671234567 of +380671234567."""
    zone = report.began.tzinfo
    try:
        kind = type_of(actual)
        return bool(zone and kind and convert(text, kind, zone=zone, country=report.country) == actual)
    except BadValueError:
        return False


# --- calls, starts, effects ---------------------------------------------------------------------------------------


def _rows(report: Report, wanted: Wanted, actual: Sequence[Mapping[str, Any]]) -> list[Failure]:
    """The rows must be these, in this order; of each, the fields that are written."""
    found = []
    for item, row in zip(wanted.value, actual, strict=False):
        wrong = [name for name, value in item.value.items() if not _fits(report, value, row.get(name))]
        if wrong:
            words = said(
                "{name}: expected {wanted}, was {row}", name=wanted.name, wanted=_row(item.value), row=_row(row)
            )
            found.append(Failure(words, item.line))
    if len(wanted.value) != len(actual):
        told = _list([_row(row) for row in actual])
        words = said("{name}: expected {count}, there are {told}", name=wanted.name, count=len(wanted.value), told=told)
        line = wanted.value[len(actual)].line if len(wanted.value) > len(actual) else wanted.line
        found.append(Failure(words, line))
    return found


def _fits(report: Report, value: AnyValue, actual: Any) -> bool:
    return _is_called(report, value, actual) if isinstance(actual, frozenset) else _same(report, value, actual)


def _is_called(report: Report, name: str, names: frozenset[str]) -> bool:
    """Whether somebody of these names is meant, in whatever writing of a number."""
    number = PhoneNumber.parse(name, country=report.country)
    return name in names or (
        bool(number) and any(PhoneNumber.parse(each, country=report.country) == number for each in names)
    )


def _row(row: Mapping[str, Any]) -> str:
    parts = [(name, min(value, default="") if isinstance(value, frozenset) else value) for name, value in row.items()]
    return "{" + ", ".join(f"{name}: {show(normal(value))}" for name, value in parts if value not in ("", None)) + "}"


def _calls_placed(report: Report, wanted: Wanted) -> list[Failure]:
    return _rows(
        report,
        wanted,
        [{"to": party.names, "outcome": party.outcome, "shown": party.shown} for party in report.placed],
    )


def _started(report: Report, wanted: Wanted) -> list[Failure]:
    rows = [
        {"scenario": info.scenario, "key": info.key, "outcome": str(info.ending.outcome if info.ending else "running")}
        for info in report.started
    ]
    return _rows(report, wanted, rows)


def _effects(report: Report, wanted: Wanted) -> list[Failure]:
    return _rows(report, wanted, [{**each.payload, "kind": each.kind, "key": each.key} for each in report.effects])


def _messages(report: Report, wanted: Wanted) -> list[Failure]:
    rows = [
        {"name": each.name, "key": each.key, "data": {name: from_json(raw) for name, raw in each.data.items()}}
        for each in report.messages
    ]
    return _rows(report, wanted, rows)


def _tables(report: Report, wanted: Wanted) -> list[Failure]:
    if wanted.of not in report.tables:
        return [Failure(said("tables: no workbook {name!r} was given", name=wanted.of), wanted.line)]
    return _rows(report, replace(wanted, name=wanted.of), report.tables[wanted.of])


# --- how it ended -------------------------------------------------------------------------------------------------


def _outcome(report: Report, wanted: Wanted) -> list[Failure]:
    return _equal(wanted, report.outcome, report.error)


def _error(report: Report, wanted: Wanted) -> list[Failure]:
    if wanted.value in report.error and report.error:
        return []
    words = said("error: expected {wanted!r}, was {actual!r}", wanted=wanted.value, actual=report.error)
    return [Failure(words, wanted.line)]


def _lasts(report: Report, wanted: Wanted) -> list[Failure]:
    least, most = wanted.value
    if least <= report.seconds <= most:
        return []
    return [Failure(said("lasts: it took {took}", took=show_duration_of(report.seconds)), wanted.line)]


def _equal(wanted: Wanted, actual: str, error: str = "") -> list[Failure]:
    if wanted.value == actual:
        return []
    values = {"name": wanted.name, "wanted": wanted.value, "actual": actual or said("nothing")}
    words = (
        said("{name}: expected {wanted}, was {actual} ({error})", error=error, **values)
        if error
        else said("{name}: expected {wanted}, was {actual}", **values)
    )
    return [Failure(words, wanted.line)]


def _list(texts: Sequence[str]) -> str:
    if len(texts) > _LONGEST:  # a loop that nobody wanted: its beginning and its end say enough
        texts = [*texts[:_BEGINNING], "…", *texts[_BEGINNING - _LONGEST :]]
    return ", ".join(texts) or said("nothing")


_CHECKS: Mapping[str, Callable[[Report, Wanted], list[Failure]]] = {
    "heard": _heard,
    "not_heard": _not_heard,
    "told": _told,
    "keys": _keys,
    "path": _path,
    "whole_path": _whole_path,
    "not_passed": _not_passed,
    "exits": _exits,
    "variables": _variables,
    "value": _value,
    "calls_placed": _calls_placed,
    "started": _started,
    "effects": _effects,
    "messages": _messages,
    "tables": _tables,
    "outcome": _outcome,
    "error": _error,
    "lasts": _lasts,
}
