"""YAML as a tree of texts with places. No tags, anchors or types: a number is the text that was written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cordboard.scenario.faults import Fault
from cordboard.scenario.said import said

MAX_SIZE = 1_000_000
"""Characters of a scenario."""
MAX_DEPTH = 12
MAX_EVENTS = 60_000
"""Texts, lists and maps. They cost 20 microseconds each, whatever their length."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place: line and column from 1, offset from 0."""

    line: int
    column: int
    offset: int


@dataclass(slots=True)
class Node:
    """A scalar, list or map. `end` is the offset after its last character, without trailing blanks and comments."""

    mark: Mark
    end: int
    flow: bool = False


@dataclass(slots=True)
class Scalar(Node):
    """A text."""

    text: str = ""
    plain: bool = True


@dataclass(slots=True)
class ListNode(Node):
    """Items in order."""

    items: "list[Node]" = None  # type: ignore[assignment]  # given by its one maker


@dataclass(slots=True)
class MapNode(Node):
    """Keys with their values, in order; duplicates are still there."""

    pairs: "list[tuple[Scalar, Node]]" = None  # type: ignore[assignment]  # given by its one maker


class TextError(Exception):
    """The text is no YAML that we take."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def compose(text: str) -> Node | None:
    """Read one document. Raises TextError. None if the text is empty."""
    if len(text) > MAX_SIZE:
        raise TextError(Fault(f"the text is too large: {len(text)} characters", f"at most {MAX_SIZE} are read", 1, 1))
    try:
        return _compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        fault = Fault(f"this is no YAML: {what}", "check indentation and quotes", line, column)
        if "found character '\\t'" in what:
            fault = Fault(said("this is no YAML: a tab stands here"), said("write spaces instead"), line, column)
        raise TextError(fault) from error
    except (YAMLError, ValueError, RecursionError, OverflowError) as error:
        what = str(error).split("\n", 1)[0]
        raise TextError(Fault(f"this is no YAML: {what}", "check for strange characters", 1, 1)) from error


def _compose(text: str) -> Node | None:
    root: Node | None = None
    events = _counted(YAML(typ="safe", pure=True).parse(StringIO(text)))
    documents = 0
    for event in events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _refused(event, "a second document begins here", "a file holds one scenario; take the --- out")
            root = _node(next(events), events, text, 1)
    return root


def _counted(events: Iterable[Any]) -> Iterator[Any]:
    for count, event in enumerate(events):
        if count > MAX_EVENTS:
            raise _refused(event, "there is too much in this text", "divide it into scenarios that call each other")
        yield event


def _node(event: Any, events: "Iterator[Any]", text: str, depth: int) -> Node:
    if isinstance(event, AliasEvent):
        raise _refused(event, "references (*) are not possible", 'put the text into quotes if it begins with "*"')
    if event.anchor:
        raise _refused(event, "anchors (&) are not possible", 'put the text into quotes if it begins with "&"')
    if event.tag and str(event.tag) != "!":
        raise _refused(event, "tags (!) are not possible", 'put the text into quotes if it begins with "!"')
    if depth > MAX_DEPTH:
        raise _refused(event, "nested too deeply", f"at most {MAX_DEPTH} levels")
    mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1, event.start_mark.index)
    if isinstance(event, ScalarEvent):
        end = event.end_mark.index
        if event.style in {"|", ">"} or not event.value:
            end = len(text[:end].rstrip(" \n\r")) if end > mark.offset else end
        return Scalar(mark, max(end, mark.offset), flow=False, text=event.value, plain=event.style in {None, ""})
    if isinstance(event, SequenceStartEvent):
        items = []
        while not isinstance(inner := next(events), SequenceEndEvent):
            items.append(_node(inner, events, text, depth + 1))
        end = inner.end_mark.index if event.flow_style else (items[-1].end if items else mark.offset)
        return ListNode(mark, end, bool(event.flow_style), items)
    if isinstance(event, MappingStartEvent):
        pairs: list[tuple[Scalar, Node]] = []
        while not isinstance(inner := next(events), MappingEndEvent):
            key = _node(inner, events, text, depth + 1)
            if not isinstance(key, Scalar):
                raise _refused(inner, "a name must be a text", 'a text with { or [ in front needs quotes: "{name}"')
            pairs.append((key, _node(next(events), events, text, depth + 1)))
        end = inner.end_mark.index if event.flow_style else (pairs[-1][1].end if pairs else mark.offset)
        return MapNode(mark, end, bool(event.flow_style), pairs)
    raise _refused(event, "this cannot stand here", "")


def _refused(event: Any, message: str, hint: str) -> TextError:
    return TextError(Fault(message, hint, event.start_mark.line + 1, event.start_mark.column + 1))
