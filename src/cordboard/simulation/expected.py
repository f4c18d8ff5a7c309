"""What can be expected of a simulation, and how each is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import MapNode, Node
from cordboard.scenario.values import BadValueError, parse_duration
from cordboard.simulation.reading import NodeReader
from cordboard.simulation.script import Wanted


class Shape(StrEnum):
    """How an expectation is written."""

    TEXTS = "texts"
    """A text or a list of texts."""
    EXITS = "exits"
    """Steps with an exit or a list of exits each."""
    VALUES = "values"
    """Names with values."""
    ROWS = "rows"
    """A list of maps."""
    TEXT = "text"
    RANGE = "range"
    """A duration, or two with dots between them."""
    PEOPLE = "people"
    """Names of those who were called, with expectations of their own."""
    TABLES = "tables"
    """Names of workbooks with a list of maps each."""


SHAPES: Mapping[str, Shape] = {
    "heard": Shape.TEXTS,
    "not_heard": Shape.TEXTS,
    "path": Shape.TEXTS,
    "whole_path": Shape.TEXTS,
    "not_passed": Shape.TEXTS,
    "exits": Shape.EXITS,
    "variables": Shape.VALUES,
    "effects": Shape.ROWS,
    "messages": Shape.ROWS,
    "calls_placed": Shape.ROWS,
    "started": Shape.ROWS,
    "outcome": Shape.TEXT,
    "value": Shape.VALUES,
    "error": Shape.TEXT,
    "told": Shape.TEXT,
    "keys": Shape.TEXT,
    "lasts": Shape.RANGE,
    "people": Shape.PEOPLE,
    "tables": Shape.TABLES,
}
"""Every name under `expect`."""
OF_PEOPLE = ("heard", "not_heard", "told", "keys")
"""What can be expected of somebody who was called."""
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "calls_placed": ("to", "outcome", "shown"),
    "started": ("scenario", "key", "outcome"),
    "messages": ("name", "key", "data"),
}
_OUTCOMES = ("finished", "hung_up", "faulted", "cancelled", "running")


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things that are expected, with its line."""

    value: Any
    line: int


def read_wanted(reader: NodeReader, name: str, node: Node, of: str = "") -> list[Wanted]:
    """The expectation `name`, which is one of SHAPES; several, if it is of several people or workbooks."""
    if SHAPES[name] is Shape.PEOPLE:
        return [
            wanted
            for who, inner in reader.map(node, "people").items()
            for inner_name, value in reader.fields(inner, OF_PEOPLE, said("a person")).items()
            for wanted in read_wanted(reader, inner_name, value, who)
        ]
    if SHAPES[name] is Shape.TABLES:
        tables = reader.map(node, name).items()
        return [Wanted(name, _rows(reader, name, rows), rows.mark.line, workbook) for workbook, rows in tables]
    return [Wanted(name, _READ[SHAPES[name]](reader, name, node), node.mark.line, of)]


def _texts(reader: NodeReader, _name: str, node: Node) -> list[Item]:
    return [Item(reader.text(item), item.mark.line) for item in reader.items(node)]


def _exits(reader: NodeReader, name: str, node: Node) -> dict[str, list[Item]]:
    return {step: _texts(reader, name, inner) for step, inner in reader.map(node, "exits").items()}


def _values(reader: NodeReader, name: str, node: Node) -> dict[str, Item]:
    if name == "value":
        return {"": Item(reader.value(node), node.mark.line)}
    return {each: Item(reader.value(inner), inner.mark.line) for each, inner in reader.map(node, name).items()}


def _rows(reader: NodeReader, name: str, node: Node) -> list[Item]:
    rows = []
    for item in reader.items(node):
        if not isinstance(item, MapNode):
            reader.fault(item, said("a row of {name!r} is a map", name=name), said("write `- {name: value}`"))
            continue
        allowed = _FIELDS.get(name)
        parts = reader.fields(item, allowed, said("a row of {name!r}", name=name)) if allowed else None
        found = parts if parts is not None else reader.map(item, name)
        rows.append(Item({each: reader.value(inner) for each, inner in found.items()}, item.mark.line))
    return rows


def _text(reader: NodeReader, name: str, node: Node) -> str:
    text = reader.text(node)
    if name == "outcome" and text not in _OUTCOMES:
        hint = said("possible are {names}", names=", ".join(_OUTCOMES))
        reader.fault(node, said("a run does not end as {text!r}", text=text), hint)
    return text


def _range(reader: NodeReader, _name: str, node: Node) -> tuple[float, float]:
    def read(text: str) -> tuple[float, float]:
        if ".." not in text:
            seconds = parse_duration(text).total_seconds()
            return seconds - _ABOUT, seconds + _ABOUT
        least, _, most = (part.strip() for part in text.partition(".."))
        if not least and not most:
            raise BadValueError(said("{text!r} has no bound: write 2d..3d, ..10s or 1m..", text=text))
        return (
            parse_duration(least).total_seconds() if least else 0.0,
            parse_duration(most).total_seconds() if most else float("inf"),
        )

    return reader.parsed(node, read, (0.0, float("inf")))


_ABOUT = 0.5
"""Seconds by which a single duration may be missed."""
_READ: Mapping[Shape, Callable[[NodeReader, str, Node], Any]] = {
    Shape.TEXTS: _texts,
    Shape.EXITS: _exits,
    Shape.VALUES: _values,
    Shape.ROWS: _rows,
    Shape.TEXT: _text,
    Shape.RANGE: _range,
}
