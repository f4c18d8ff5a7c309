"""Broken scenarios, made systematically from good ones: each with the line and the thing that a fault must name."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component
from cordboard.scenario.graph import Step
from cordboard.scenario.properties import Form, Property
from cordboard.scenario.text import Reading, read
from cordboard.scenario.text.nodes import Scalar
from cordboard.scenario.values import ValueType


@dataclass(frozen=True, slots=True)
class Mutation:
    """One broken text."""

    kind: str
    """What was done."""
    text: str
    line: int
    """Where the fault is, from 1; 0 if that does not show (broken YAML)."""
    names: str
    """What the message must contain."""


Found = Iterator[Mutation]
Mutator = Callable[["_Text"], Found]


class _Text:
    """A good text with its places."""

    def __init__(self, text: str, catalogue: Catalogue) -> None:
        self.text = text
        self.catalogue = catalogue
        self.reading: Reading = read(text)
        assert self.reading.scenario is not None
        self.scenario = self.reading.scenario

    def steps(self) -> Iterator[tuple[Step, type[Component]]]:
        """Steps whose component is known."""
        for step in self.scenario.steps.values():
            component = self.catalogue.get(step.component)
            if component is not None:
                yield step, component

    def scalar(self, *path: str) -> Scalar | None:
        """The text at a path."""
        entry = self.reading.nodes.get(path)
        return entry[1] if entry and isinstance(entry[1], Scalar) else None

    def value(self, kind: str, path: tuple[str, ...], new: str, names: str = "") -> Found:
        """Another value at a path."""
        node = self.scalar(*path)
        if node is not None and node.text and "\n" not in node.text:
            text = self.text[: node.mark.offset] + new + self.text[node.end :]
            yield Mutation(kind, text, self.line(*path), names or new)

    def key(self, kind: str, path: tuple[str, ...], new: str) -> Found:
        """Another name at a path."""
        entry = self.reading.nodes.get(path)
        if entry and entry[0] is not None:
            begin = entry[0].mark.offset
            text = self.text[:begin] + new + self.text[begin + len(entry[0].text) :]
            yield Mutation(kind, text, self.line(*path), new)

    def without_line(self, kind: str, path: tuple[str, ...], line: int, names: str) -> Found:
        """The line of a value taken out."""
        node = self.scalar(*path)
        lines = self.text.splitlines(keepends=True)
        if node is not None and lines[node.mark.line - 1].strip().startswith(path[-1] + ":"):
            del lines[node.mark.line - 1]
            yield Mutation(kind, "".join(lines), line, names)

    def line(self, *path: str) -> int:
        """The line of a path."""
        return self.reading.mark(*path).line

    def after(self, line: int, new: str) -> str:
        """The text with lines put in behind one; 0 is the top."""
        lines = self.text.splitlines(keepends=True)
        return "".join([*lines[:line], new, *lines[line:]])


def _meta(text: _Text) -> Found:
    for name in ("scenario", "kind", "start"):
        yield from text.without_line(f"no {name}", (name,), 1, f"'{name}' is missing")
    yield from text.value("unknown kind", ("kind",), "voicemail")
    yield from text.value("another name", ("scenario",), "somebody_else")
    for name in ("start", "after_hangup", "fault"):
        yield from text.value(f"dangling {name}", (name,), "no_such_step")
    yield Mutation("unknown name", text.after(0, "colour: red\n"), 1, "colour")
    yield Mutation("a name twice", text.after(0, "kind: voice\n"), text.line("kind") + 1, "'kind' is there twice")
    if text.scenario.kind == "service":
        yield Mutation("unknown run mode", text.after(0, "mode: sometimes\n"), 1, "sometimes")
        yield Mutation("at most nothing", text.after(0, "mode: at_most\nat_most: none\n"), 2, "'none' is no number")
        yield Mutation("unknown name in the key", text.after(0, "key: =no_such_name\n"), 1, "no_such_name")
        yield Mutation("hang-up in a service", text.after(0, f"after_hangup: {text.scenario.start}\n"), 1, "no caller")
    else:
        yield Mutation("run mode of a call", text.after(0, "mode: single\n"), 1, "run modes are for service")


def _variables(text: _Text) -> Found:
    for index, variable in enumerate(text.scenario.variables):
        path = ("variables", str(index))
        line = text.line(*path)
        yield from text.value("unknown type", (*path, "type"), "nummer")
        yield from text.value("a variable that is there", (*path, "name"), "chain")
        yield from text.value("no name for a variable", (*path, "name"), "3rd")
        if variable.type == "number":
            yield from text.value("a wrong value", (*path, "value"), "three", "'three' is no number")
        again = f"  - {{name: {variable.name}}}\n"
        yield Mutation("a variable twice", text.after(line, again), line + 1, f"{variable.name!r} is declared twice")
        yield Mutation("unknown field", text.after(line, "  - {name: fresh, colour: red}\n"), line + 1, "colour")
        yield Mutation("no flag", text.after(line, "  - {name: fresh, secret: perhaps}\n"), line + 1, "perhaps")


def _components(text: _Text) -> Found:
    for step, component in text.steps():
        path = ("steps", step.id)
        yield from text.value("unknown component", (*path, "component"), step.component + "zz")
        yield from text.without_line("no component", (*path, "component"), text.line(*path), "names no component")
        line = text.line(*path, "component")
        newer = f"    version: {component.version + 1}\n"
        yield Mutation(
            "a newer version", text.after(line, newer), line + 1, f"version {component.version + 1} is newer"
        )
        twice = text.after(text.line(*path) - 1, f"  {step.id}:\n    component: {step.component}\n")
        yield Mutation("a step twice", twice, text.line(*path) + 2, f"{step.id!r} is there twice")


def _cords(text: _Text) -> Found:
    for step, component in text.steps():
        for exit_ in step.exits:
            path = ("steps", step.id, "exits", exit_)
            yield from text.value("dangling cord", path, "no_such_step")
            yield from text.key("unknown exit", path, "no_such_exit")
            if not component.waits and len(step.exits) > 1:
                for loop in text.value("quick loop", path, step.id, f"a loop without waiting: {step.id}"):
                    yield replace(loop, line=text.line("steps", step.id))
        for name, shape in component.properties().items():
            rows = step.properties.get(name, ())
            if not shape.makes_exits or isinstance(rows, str):
                continue
            for index in range(len(rows)):
                path = ("steps", step.id, name, str(index))
                yield from text.value("dangling cord of a row", (*path, "to"), "no_such_step")
                yield from text.value("no slug", (*path, "id"), "Not-A-Slug", "pattern")
                if index:
                    first = ("steps", step.id, name, "0", "id")
                    slug = text.scalar(*first)
                    twice = text.value("a row twice", (*path, "id"), slug.text if slug else "", "is there twice")
                    yield from twice
                yield from text.key("unknown field of a row", (*path, "key"), "kay")


_WRONG: Mapping[ValueType, str] = {
    ValueType.DURATION: "soonish",
    ValueType.NUMBER: "several",
    ValueType.BOOLEAN: "perhaps",
    ValueType.DATE: "someday",
    ValueType.TIME: "noonish",
    ValueType.DATETIME: "one-day",
}


def _properties(text: _Text) -> Found:
    for step, component in text.steps():
        for name, shape in component.properties().items():
            path = ("steps", step.id, name)
            if name not in step.properties:
                continue
            yield from text.key("unknown property", path, "no_such_property")
            if shape.required:
                yield from text.without_line(
                    "missing property", path, text.line("steps", step.id), f"'{name}' is missing"
                )
            if shape.form is Form.ONE:
                yield from _one(text, path, shape, step)


def _one(text: _Text, path: tuple[str, ...], shape: Property, step: Step) -> Found:
    written = step.properties[path[-1]]
    wrong = _WRONG.get(shape.value_type) if shape.value_type else None
    if wrong and isinstance(written, str) and not written.startswith("="):
        yield from text.value("a wrong literal", path, wrong)
    if shape.choices:
        yield from text.value("no choice", path, "neither")
    if shape.variable is not None:
        yield from text.value("unknown variable", path, "no_such_variable")
    if shape.reference is not None:
        yield from text.value(f"dead {shape.refers}", path, "no_such_thing")
    if shape.expressions:
        yield from text.value("unknown name", path, "=no_such_name", "no_such_name")
        yield from text.value("unknown function", path, "=no_such_function(1)", "no_such_function")
        yield from text.value("half an expression", path, '"=1 +"', "not complete")
    if shape.inserts:
        yield from text.value("unknown name in a text", path, '"Hello {no_such_name}"', "no_such_name")


def _yaml(text: _Text) -> Found:
    for step in text.scenario.steps:
        line = text.line("steps", step)
        yield Mutation("an open quote", text.after(line, '    note: "never closed\n'), 0, "this is no YAML")
        yield Mutation("a tab", text.after(line, "\tnote: x\n"), 0, "this is no YAML")
        yield Mutation("a reference", text.after(line, "    note: *x\n"), line + 1, "references (*) are not possible")
        yield Mutation("a tag", text.after(line, "    note: !x y\n"), line + 1, "tags (!) are not possible")
        yield Mutation("a list for a text", text.after(line, "    note: [1, 2]\n"), line + 1, "a text is expected here")


MUTATORS: tuple[Mutator, ...] = (_meta, _variables, _components, _cords, _properties, _yaml)


def mutations(text: str, catalogue: Catalogue, *, seed: int, most: int = 4) -> list[Mutation]:
    """At most so many mutations of each kind, chosen by `seed`; each text is another."""
    source = random.Random(seed)
    kinds: dict[str, list[Mutation]] = {}
    good = _Text(text, catalogue)
    for mutator in MUTATORS:
        for mutation in mutator(good):
            kinds.setdefault(mutation.kind, []).append(mutation)
    chosen = [each for found in kinds.values() for each in source.sample(found, min(most, len(found)))]
    return list({each.text: each for each in chosen if each.text != text}.values())
