"""Reads scripts node by node, and keeps what is wrong with its place."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cordboard.scenario.faults import Fault
from cordboard.scenario.graph_checks import closest
from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import ListNode, MapNode, Node, Scalar
from cordboard.scenario.values import AnyValue, BadValueError, from_json, parse_duration

T = TypeVar("T")
EXACT = "exact"
"""The only field of a value that is written as JSON, because no text gives it back: `{exact: '…'}`."""
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


class NodeReader:
    """Turns nodes into plain values. Never raises: what cannot be read is a fault, and a default."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, node: Node, message: str, hint: str = "") -> None:
        """Note a fault at a node."""
        self.faults.append(Fault(message, hint, node.mark.line, node.mark.column))

    def fields(self, node: Node, allowed: Iterable[str], what: str) -> dict[str, Node]:
        """A map of which every name must be among `allowed`."""
        names = list(allowed)
        found = self.map(node, what)
        for name, inner in list(found.items()):
            if name not in names:
                hint = closest(name, names) or said("possible are {names}", names=", ".join(names))
                self.fault(inner, said("{what} has no {name!r}", what=what, name=name), hint)
                del found[name]
        return found

    def map(self, node: Node, what: str) -> dict[str, Node]:
        """A map of any names."""
        if self.empty(node):
            return {}
        if not isinstance(node, MapNode):
            self.fault(node, said("{what} is a map", what=what), said("write `name: value`, one a line, indented"))
            return {}
        found: dict[str, Node] = {}
        for key, inner in node.pairs:
            if key.text in found:
                self.fault(key, said("{name!r} is there twice", name=key.text), said("take one of them out"))
            found[key.text] = inner
        return found

    def items(self, node: Node) -> Sequence[Node]:
        """A list; one thing alone is a list of one."""
        if isinstance(node, ListNode):
            return node.items
        return [] if self.empty(node) else [node]

    def text(self, node: Node | None) -> str:
        """A text."""
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return node.text
        self.fault(
            node, said("a text is expected here"), said("a text that begins with [ or with a brace needs quotes")
        )
        return ""

    def flag(self, node: Node) -> bool:
        """True or false."""
        text = self.text(node).lower()
        if text not in _FLAGS:
            self.fault(node, said("{text!r} is neither true nor false", text=text), said("write true or false"))
        return _FLAGS.get(text, False)

    def parsed(self, node: Node, read: Callable[[str], T], default: T) -> T:
        """A text that `read` turns into something. Its BadValueError is the fault."""
        text = self.text(node)
        try:
            return read(text)
        except BadValueError as error:
            self.fault(node, str(error))
            return default

    def seconds(self, node: Node) -> float:
        """A duration, as seconds."""
        return self.parsed(node, lambda text: parse_duration(text).total_seconds(), 0.0)

    def value(self, node: Node) -> AnyValue:
        """A value of a variable: a text, a list, a record; `{exact: '…'}` is one in the JSON of traces."""
        if isinstance(node, ListNode):
            return [self.value(item) for item in node.items]
        if not isinstance(node, MapNode):
            return self.text(node)
        inner = self.map(node, "a record")
        if set(inner) == {EXACT}:
            return self._exact(inner[EXACT])
        return {name: self.value(item) for name, item in inner.items()}

    def values(self, node: Node, what: str) -> Mapping[str, AnyValue]:
        """Values by name."""
        return {name: self.value(inner) for name, inner in self.map(node, what).items()}

    def _exact(self, node: Node) -> AnyValue:
        try:
            return from_json(json.loads(self.text(node)))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError):
            self.fault(node, said("this is no exact value"), said("leave it as the replay wrote it, or write a text"))
            return ""

    @staticmethod
    def empty(node: Node) -> bool:
        """Whether nothing is written there."""
        return isinstance(node, Scalar) and node.plain and not node.text
