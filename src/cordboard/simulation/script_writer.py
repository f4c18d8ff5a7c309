"""From a script to its text: what a replay has made can be kept as a test."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta, tzinfo
from decimal import Decimal
from typing import Any

from cordboard.scenario.rehearsal import StepAnswer
from cordboard.scenario.text.writer import scalar
from cordboard.scenario.values import AnyValue, show_duration, show_number, to_json
from cordboard.simulation.reading import EXACT
from cordboard.simulation.script import LONGEST, Behaviour, Deed, Given, Script
from cordboard.telephony import EndReason

_REFUSES = {
    EndReason.BUSY: "busy",
    EndReason.REJECTED: "rejects",
    EndReason.UNREACHABLE: "unreachable",
}


def write_script(script: Script, zone: tzinfo, expect: Mapping[str, Any] | None = None) -> str:
    """The text of a script. Reading it gives the same one, but for what it expects: that is `expect`, as it is given.

    `expect` holds texts, lists and maps.
    """
    lines = [f"# {script.name}"] if script.name else []
    lines.append(f"scenario: {scalar(script.scenario)}" if script.scenario else f"call: {scalar(script.call)}")
    if given := _given(script.given, zone):
        lines += ["", "given:", *_entries(given, "  ")]
    if script.when:
        lines += ["", "when:", *(f"  - {_flow(_deed(deed))}" for deed in script.when)]
    if expect:
        lines += ["", "expect:", *_entries(expect, "  ")]
    return "\n".join(lines) + "\n"


def _given(given: Given, zone: tzinfo) -> dict[str, Any]:
    told: dict[str, Any] = {"caller": given.caller}
    told |= {
        name: getattr(given, name)
        for name in ("name", "line", "account", "dialled", "transferred_by", "user", "language", "key")
        if getattr(given, name)
    }
    if given.moment is not None:
        told["moment"] = given.moment.astimezone(zone).isoformat(sep=" ")
    if given.speaks:
        told["speaks"] = "true"
    if given.limit != LONGEST:
        told["limit"] = show_duration(given.limit)
    told["variables"] = {name: _value(value) for name, value in given.variables.items()}
    told["people"] = {name: [_behaviour(each) for each in found] for name, found in given.people.items()}
    told["answers"] = {name: [_answer(each) for each in found] for name, found in given.answers.items()}
    told["tables"] = {name: {sheet: list(rows) for sheet, rows in book.items()} for name, book in given.tables.items()}
    told["pins"] = dict(given.pins)
    return {name: value for name, value in told.items() if value or name == "caller"}


def _value(value: AnyValue) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return show_number(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value) and value:
        return value
    return {EXACT: json.dumps(to_json(value), ensure_ascii=False)}


def _behaviour(behaviour: Behaviour) -> Any:
    end = behaviour.far_end
    if end.refuses is not None and end.rings_after is None:
        return _REFUSES[end.refuses]
    if end.answers_after is None:
        return "silent" if end.rings_after is None else "no_answer"
    told: dict[str, Any] = {"rejects" if end.refuses else "answers": _seconds(end.answers_after)}
    if end.hangs_up_after is not None:
        told["hangs_up"] = _seconds(end.hangs_up_after)
    if end.voice is not None:
        told["speaks"] = "true"
    if behaviour.when:
        told["when"] = [_deed(deed) for deed in behaviour.when]
    return told


def _answer(answer: StepAnswer | None) -> Any:
    if answer is None:
        return {"runs": "true"}
    told: dict[str, Any] = {}
    if answer.error:
        told["error"] = answer.error
    elif answer.exit:
        told["exit"] = answer.exit
    else:
        told["never"] = "true"
    if answer.values:
        told["set"] = {name: _value(value) for name, value in answer.values.items()}
    if answer.seconds:
        told["after"] = _seconds(answer.seconds)
    return told


def _deed(deed: Deed) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(deed, name) for name in ("hears", "at") if getattr(deed, name)}
    if deed.visit:
        told["visit"] = str(deed.visit)
    if deed.after:
        told["after"] = _seconds(deed.after)
    if deed.press:
        told["press"] = deed.press
    if deed.hang_up:
        told["hang_up"] = "true"
    if deed.hold:
        told["hold"] = _seconds(deed.hold)
    if deed.event:
        data = {name: _value(value) for name, value in deed.event.data.items()}
        told["event"] = {"name": deed.event.name, "key": deed.event.key, "data": data}
    if deed.start:
        values = {name: _value(value) for name, value in deed.start.values.items()}
        told["start"] = {"scenario": deed.start.scenario, "variables": values, "key": deed.start.key}
    if deed.call:
        who = {name: getattr(deed.call, name) for name in ("number", "caller", "name", "line", "account")}
        told["call"] = {name: text for name, text in who.items() if text}
        if deed.call.speaks:
            told["call"]["speaks"] = "true"
        if deed.call.when:
            told["call"]["when"] = [_deed(inner) for inner in deed.call.when]
    return told


def _seconds(seconds: float) -> str:
    return show_duration(timedelta(seconds=round(seconds, 3)))


def _entries(values: Mapping[str, Any], indent: str) -> list[str]:
    """Names with values, one a line; lists of maps and maps of lists one item a line."""
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value and len(_flow(value)) > 80:
            lines += [f"{indent}{scalar(name)}:", *_entries(value, indent + "  ")]
        elif isinstance(value, Sequence) and not isinstance(value, str) and len(_flow(value)) > 80:
            lines += [f"{indent}{scalar(name)}:", *(f"{indent}  - {_flow(item)}" for item in value)]
        else:
            lines.append(f"{indent}{scalar(name)}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(name)}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    # In a flow the writer's plain texts may still hold what ends one there.
    return scalar(text)
