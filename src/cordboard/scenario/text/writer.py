"""From scenario to text: one property a line, a stable order, quotes where they must be."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cordboard.scenario.graph import Scenario, Step, Variable, Written

WIDTH = 120
TOP = (
    "scenario", "kind", "title", "description", "mode", "at_most", "key",
    "variables", "start", "after_hangup", "fault", "steps", "layout",
)  # fmt: skip
"""What stands at the top of a text, in this order."""
# Plain only what no YAML reader could take for something else: the rest is quoted.
_PLAIN = re.compile(r"[^\W\d_=]([\w /.()+<>=%;!?*@-]*[\w/.()+%;!?])?|=[\w ./()+<>=%;*-]*[\w)]")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{0,14}[1-9])?")
_UNITS = re.compile(r"[1-9]\d{0,8}(ms|[dhms])([1-9]\d?[hms])*")
_NOT_TEXT = frozenset({"null", "yes", "no", "on", "off", "y", "n"})
_BLOCK = re.compile(r"[^\s#][^\n]*(\n+[^\s][^\n]*)+\n?")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write(scenario: Scenario) -> str:
    """Write a scenario. Reading the text gives an equal one."""
    lines = [f"scenario: {scalar(scenario.name)}", f"kind: {scalar(scenario.kind)}"]
    for name in ("title", "description", "mode", "at_most", "key"):
        if text := getattr(scenario, name):
            lines += entry(name, text, 0)
    if scenario.variables:
        lines += ["", "variables:"]
        lines += [f"  - {_flow(_variable(variable))}" for variable in scenario.variables]
    lines += ["", f"start: {scalar(scenario.start)}"]
    for name in ("after_hangup", "fault"):
        if text := getattr(scenario, name):
            lines.append(f"{name}: {scalar(text)}")
    lines += ["", "steps:"]
    for step in scenario.steps.values():
        lines += _step(step)
    if scenario.layout:
        lines += ["", "layout:"]
        lines += [f"  {scalar(name)}: {x} {y}" for name, (x, y) in scenario.layout.items()]
    return "\n".join(lines) + "\n"


def _variable(variable: Variable) -> dict[str, str]:
    fields = {"name": variable.name, "type": variable.type}
    if variable.value:
        fields["value"] = variable.value
    fields |= {flag: "true" for flag in ("parameter", "secret", "session") if getattr(variable, flag)}
    return fields


def _step(step: Step) -> list[str]:
    lines = [f"  {scalar(step.id)}:", f"    component: {scalar(step.component)}"]
    if step.version != 1:
        lines.append(f"    version: {step.version}")
    if step.note:
        lines += entry("note", step.note, 4)
    for name, value in step.properties.items():
        lines += entry(name, value, 4)
    if step.exits:
        lines += entry("exits", step.exits, 4)
    return lines


def entry(name: str, value: Written, indent: int) -> list[str]:
    """The lines of one property."""
    head = " " * indent + scalar(name) + ":"
    inner = " " * (indent + 2)
    if isinstance(value, str):
        if len(value) < 100_000 and _BLOCK.fullmatch(value) and _printable(value):
            keep = "|" if value.endswith("\n") else "|-"
            body = [inner + line if line else "" for line in value.removesuffix("\n").split("\n")]
            return [f"{head} {keep}", *body]
        return [f"{head} {scalar(value)}"]
    if not value:
        return [f"{head} {'{}' if isinstance(value, Mapping) else '[]'}"]
    if isinstance(value, Mapping):
        return [head, *(f"{inner}{scalar(key)}: {scalar(text)}" for key, text in value.items())]
    return [head, *_rows(value, inner)]


def _rows(rows: Sequence[Any], inner: str) -> list[str]:
    lines = []
    for row in rows:
        if isinstance(row, str):
            lines.append(f"{inner}- {scalar(row)}")
            continue
        line = f"{inner}- {_flow(row)}"
        if len(line) <= WIDTH or not row:
            lines.append(line)
        else:
            fields = [f"{scalar(key)}: {scalar(text)}" for key, text in row.items()]
            lines += [f"{inner}- {fields[0]}", *(f"{inner}  {field}" for field in fields[1:])]
    return lines


def _flow(row: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{scalar(key)}: {scalar(text)}" for key, text in row.items()) + "}"


def scalar(text: str) -> str:
    """One text on one line, quoted if it must be."""
    if _NUMBER.fullmatch(text) or _UNITS.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT and "  " not in text and _printable(text):
        return text
    return '"' + "".join(_escape(char) for char in text) + '"'


def _printable(text: str) -> bool:
    return all(char == "\n" or char.isprintable() for char in text)


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
