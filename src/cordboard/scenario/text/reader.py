"""From text to scenario. Never raises: what cannot be read is a fault with its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cordboard.scenario.faults import Fault, Severity
from cordboard.scenario.graph import Scenario, Step, Variable, Written
from cordboard.scenario.said import said
from cordboard.scenario.text.nodes import ListNode, MapNode, Mark, Node, Scalar, TextError, compose

MAX_STEPS = 1000
MAX_VARIABLES = 500

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `scenario` is None if nothing sensible can be made of the text."""

    scenario: Scenario | None
    faults: list[Fault] = field(default_factory=list)
    marks: Mapping[Path, Mark] = field(default_factory=dict)
    """Where things stand: ("steps", id, "exits", name), ("steps", id, property, "0", field), ("variables", name)."""
    nodes: Mapping[Path, tuple[Scalar | None, Node]] = field(default_factory=dict)
    """Key and value behind each path of a map."""

    def mark(self, *path: str) -> Mark:
        """The place of `path`, or of the nearest thing around it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1, 0))


@lru_cache(maxsize=128)
def read(text: str) -> Reading:
    """Read a scenario. What is read is shared with whoever reads the same text: nobody changes it."""
    try:
        root = compose(text)
    except TextError as error:
        return Reading(None, [error.fault])
    return _Reader().scenario(root)


_META = ("scenario", "kind", "title", "description", "mode", "at_most", "key", "start", "after_hangup", "fault")
_PARTS = ("variables", "steps", "layout")
_VARIABLE = ("name", "type", "value", "parameter", "secret", "session")
_FLAGS = {"true": True, "yes": True, "false": False, "no": False, "": False}


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.marks: dict[Path, Mark] = {}
        self.nodes: dict[Path, tuple[Scalar | None, Node]] = {}

    def scenario(self, root: Node | None) -> Reading:
        if not isinstance(root, MapNode):
            mark = root.mark if root else Mark(1, 1, 0)
            fault = Fault("a scenario is a map of names", "begin with `scenario: its-name`", mark.line, mark.column)
            return Reading(None, [fault])
        parts = self._map(root, ())
        meta = {}
        for name, node in parts.items():
            if name in _META:
                meta[name] = self._text(node, (name,))
            elif name not in _PARTS:
                self._fault(
                    (name,), f"unknown name {name!r}", said("possible are {names}", names=", ".join(_META + _PARTS))
                )
        for name in ("scenario", "kind", "start"):
            if not meta.get(name):
                self._fault((name,), f"{name!r} is missing", f"add a line `{name}: …`")
        steps = self._steps(parts.get("steps"))
        scenario = Scenario(
            name=meta.get("scenario", ""),
            kind=meta.get("kind", ""),
            start=meta.get("start", ""),
            steps=steps,
            variables=self._variables(parts.get("variables")),
            title=meta.get("title", ""),
            description=meta.get("description", ""),
            mode=meta.get("mode", ""),
            at_most=meta.get("at_most", ""),
            key=meta.get("key", ""),
            after_hangup=meta.get("after_hangup", ""),
            fault=meta.get("fault", ""),
            layout=self._layout(parts.get("layout"), steps),
        )
        return Reading(scenario, self.faults, self.marks, self.nodes)

    def _variables(self, node: Node | None) -> list[Variable]:
        found: dict[str, Variable] = {}
        for index, row in enumerate(self._items(node, ("variables",), MAX_VARIABLES)):
            path = ("variables", str(index))
            self.marks[path] = row.mark
            if not isinstance(row, MapNode):
                self._fault(path, "a variable is a map", "write `- {name: pin, type: text}`")
                continue
            fields = {name: self._text(item, (*path, name)) for name, item in self._map(row, path).items()}
            for name in fields.keys() - set(_VARIABLE):
                self._fault(
                    (*path, name), f"unknown name {name!r}", said("possible are {names}", names=", ".join(_VARIABLE))
                )
            name = fields.get("name", "")
            if not name:
                self._fault(path, "the variable has no name", "write `- {name: pin, type: text}`")
            elif name in found:
                self._fault((*path, "name"), f"variable {name!r} is declared twice", "take one of them out")
            else:
                self.marks[("variables", name)] = row.mark
                found[name] = Variable(
                    name,
                    fields.get("type", "text"),
                    fields.get("value", ""),
                    parameter=self._flag(fields, path, "parameter"),
                    secret=self._flag(fields, path, "secret"),
                    session=self._flag(fields, path, "session"),
                )
        return list(found.values())

    def _flag(self, fields: Mapping[str, str], path: Path, name: str) -> bool:
        text = fields.get(name, "").lower()
        if text not in _FLAGS:
            self._fault((*path, name), f"{name!r} is {text!r}, neither true nor false", "write true or false")
        return _FLAGS.get(text, False)

    def _steps(self, node: Node | None) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        if node is None:
            self._fault(("steps",), "'steps' is missing", "a scenario needs at least one step")
            return steps
        pairs = self._map_of(node, ("steps",), "steps are a map of ids")
        if len(pairs) > MAX_STEPS:
            self._fault(("steps",), f"there are {len(pairs)} steps", f"at most {MAX_STEPS}; call another scenario")
            return steps
        for step_id, inner in pairs.items():
            path = ("steps", step_id)
            parts = self._map_of(inner, path, "a step is a map of properties", step=step_id)
            exits = parts.pop("exits", None)
            component = self._text(parts.pop("component", None), (*path, "component"))
            version = self._text(parts.pop("version", None), (*path, "version")) or "1"
            if not version.isascii() or not version.isdigit() or not 0 < len(version) < 6 or int(version) < 1:
                self._fault((*path, "version"), f"version {version!r} is no number", "take the line out", step=step_id)
                version = "1"
            if not component:
                self._fault(path, "the step names no component", "add `component: …`", step=step_id)
            steps[step_id] = Step(
                step_id,
                component,
                note=self._text(parts.pop("note", None), (*path, "note")),
                version=int(version),
                exits={
                    name: self._text(target, (*path, "exits", name))
                    for name, target in self._map_of(exits, (*path, "exits"), "exits are a map", step=step_id).items()
                },
                properties={name: self._written(value, (*path, name)) for name, value in parts.items()},
            )
        return steps

    def _written(self, node: Node, path: Path) -> Written:
        if isinstance(node, MapNode):
            return {name: self._text(item, (*path, name)) for name, item in self._map(node, path).items()}
        if not isinstance(node, ListNode):
            return self._text(node, path)
        rows = [isinstance(item, MapNode) for item in node.items]
        if any(rows) and not all(rows):
            self._fault(path, "texts and rows are mixed", "write either all as texts or all as rows")
            return []
        result: list[Any] = []
        for index, item in enumerate(node.items):
            inner = (*path, str(index))
            self.marks[inner] = item.mark
            if isinstance(item, MapNode):
                result.append({name: self._text(v, (*inner, name)) for name, v in self._map(item, inner).items()})
            else:
                result.append(self._text(item, inner))
        return result

    def _layout(self, node: Node | None, steps: Mapping[str, Step]) -> dict[str, tuple[int, int]]:
        layout = {}
        for name, item in self._map_of(node, ("layout",), "the layout is a map").items():
            words = self._text(item, ("layout", name)).split()
            try:
                x, y = (max(-1_000_000, min(1_000_000, int(word[:9]))) for word in words)
            except ValueError:
                self._fault(("layout", name), "a place is two numbers", "write `step: 120 80`", Severity.WARNING)
                continue
            if name in steps:
                layout[name] = (x, y)
            else:
                self._fault(("layout", name), f"there is no step {name!r}", "take the line out", Severity.WARNING)
        return layout

    def _map_of(self, node: Node | None, path: Path, message: str, *, step: str = "") -> dict[str, Node]:
        if node is None or (isinstance(node, Scalar) and node.plain and not node.text):
            return {}
        if not isinstance(node, MapNode):
            self._fault(path, message, "write `name: value`, one a line, indented", step=step)
            return {}
        return self._map(node, path)

    def _map(self, node: MapNode, path: Path) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for key, value in node.pairs:
            inner = (*path, key.text)
            if key.text in found:
                fault = Fault(
                    f"{key.text!r} is there twice", "rename one or take it out", key.mark.line, key.mark.column
                )
                self.faults.append(fault)
                continue
            self.marks[inner] = key.mark
            self.nodes[inner] = (key, value)
            found[key.text] = value
        return found

    def _items(self, node: Node | None, path: Path, limit: int) -> list[Node]:
        if node is None or (isinstance(node, Scalar) and node.plain and not node.text):
            return []
        if not isinstance(node, ListNode):
            self._fault(path, f"{path[-1]!r} is a list", "begin each row with `- `")
            return []
        if len(node.items) > limit:
            self._fault(path, f"{path[-1]!r} has {len(node.items)} rows", f"at most {limit}")
            return []
        return node.items

    def _text(self, node: Node | None, path: Path) -> str:
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return node.text
        self._fault(path, "a text is expected here", 'a text that begins with { or [ needs quotes: "{name}"')
        return ""

    def _fault(
        self, path: Path, message: str, hint: str, severity: Severity = Severity.ERROR, *, step: str = ""
    ) -> None:
        place: Callable[..., Mark] = Reading(None, marks=self.marks).mark
        mark = place(*path)
        if not step and len(path) > 1 and path[0] == "steps":
            step = path[1]
        prop = path[2] if len(path) > 2 and path[0] == "steps" else ""
        self.faults.append(Fault(message, hint, mark.line, mark.column, step, prop, severity))
