"""The components that scenarios may use: given explicitly, described for whoever shows them."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cordboard.scenario.component import ERROR, BadComponentError, Component, ScenarioKind
from cordboard.scenario.properties import Property, properties_of
from cordboard.scenario.values import normal, show


class Catalogue:
    """Component classes by kind. Raises BadComponentError naming all that is wrong with the set."""

    def __init__(self, classes: Iterable[type[Component]]) -> None:
        self._classes: dict[str, type[Component]] = {}
        faults = []
        for component in classes:
            if not component.kind:
                faults.append(f"{component.__name__} has no kind")
            elif component.kind in self._classes:
                other = self._classes[component.kind].__name__
                faults.append(f"{component.__name__} and {other} are both {component.kind!r}")
            else:
                self._classes[component.kind] = component
        if faults:
            raise BadComponentError("; ".join(faults))

    def get(self, kind: str) -> type[Component] | None:
        """The class of that kind."""
        return self._classes.get(kind)

    def __iter__(self) -> Iterator[type[Component]]:
        return iter(self._classes.values())

    def __contains__(self, kind: object) -> bool:
        return kind in self._classes

    def __len__(self) -> int:
        return len(self._classes)

    def kinds(self, scenario_kind: ScenarioKind | None = None) -> list[str]:
        """The kinds of components, of those that may stand in one kind of scenario if asked so."""
        return [name for name, c in self._classes.items() if scenario_kind is None or scenario_kind in c.kinds]

    def describe(self) -> list[dict[str, Any]]:
        """All components as plain JSON: what a palette, a form and a manual need."""
        return [describe(component) for component in self]


def describe(component: type[Component]) -> dict[str, Any]:
    """One component as plain JSON."""
    return {
        "kind": component.kind,
        "title": component.title,
        "group": component.group,
        "version": component.version,
        "kinds": sorted(component.kinds),
        "help": inspect.cleandoc(component.__doc__ or ""),
        "waits": component.waits,
        "outside": component.outside,
        "exits": [*component.fixed_exits(), ERROR],
        "exit_titles": {name: name.replace("_", " ") for name in (*component.fixed_exits(), ERROR)},
        "examples": [{"caption": example.caption, "step": example.step} for example in component.examples],
        "properties": _describe_all(component.properties()),
    }


def _describe_all(shapes: Mapping[str, Property]) -> list[dict[str, Any]]:
    return [_describe(shape) for shape in shapes.values()]


def _describe(shape: Property) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": shape.name,
        "title": shape.title,
        "help": shape.help,
        "form": shape.form.value,
        "type": shape.value_type.value if shape.value_type else "any",
        "required": shape.required,
        "widget": shape.widget,
        "expressions": shape.expressions,
        "inserts": shape.inserts,
        "makes_exits": shape.makes_exits,
    }
    if not shape.required:
        described["default"] = _default(shape.default)
    if shape.choices:
        described["choices"] = list(shape.choices)
    if shape.row is not None:
        described["fields"] = _describe_all(properties_of(shape.row))
    return described


def _default(value: Any) -> Any:
    value = normal(value)
    if isinstance(value, list):
        return [_default(item) for item in value]
    if isinstance(value, dict):
        return {name: _default(item) for name, item in value.items()}
    return None if value is None else show(value)
