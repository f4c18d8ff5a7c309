"""Checks of what a caller hears: is there something, and in every language."""

from collections.abc import Mapping
from typing import Any

from cordboard.scenario.component import Component
from cordboard.scenario.fault_list import FaultList
from cordboard.scenario.properties import Form, Property, properties_of
from cordboard.scenario.said import said

Path = tuple[str, ...]


class WordingChecks:
    """Gathers the texts of a scenario; `finish` says which languages are missing where. All are warnings."""

    def __init__(self, faults: FaultList) -> None:
        self._faults = faults
        self._texts: list[tuple[Path, frozenset[str]]] = []

    def step(self, path: Path, component: type[Component], written: Mapping[str, Any]) -> None:
        """Look at one step."""
        if component.heard and not any(_filled(written.get(name)) for name in component.heard):
            self._faults.warn(
                said("there is nothing to be heard"),
                path,
                said(
                    "fill in one of {names}", names=", ".join(sorted(component.heard & component.properties().keys()))
                ),
            )
        self._gather(path, component.properties(), written)

    def _gather(self, path: Path, shapes: Mapping[str, Property], written: Mapping[str, Any]) -> None:
        here = {name for name, shape in shapes.items() if shape.in_languages and shape.form is Form.ONE}
        if given := frozenset(name for name in here if _filled(written.get(name))):
            self._texts.append((path, given))
        for name, shape in shapes.items():
            value = written.get(name)
            if shape.in_languages and shape.form is Form.MAP and isinstance(value, Mapping) and value:
                self._texts.append(((*path, name), frozenset(code for code, text in value.items() if _filled(text))))
            elif shape.row is not None and value and not isinstance(value, str | Mapping):
                for index, row in enumerate(value):
                    if isinstance(row, Mapping):
                        self._gather((*path, name, str(index)), properties_of(shape.row), row)

    def finish(self) -> None:
        """Compare the texts with each other."""
        everywhere = frozenset().union(*(languages for _, languages in self._texts))
        for path, languages in self._texts:
            if missing := sorted(everywhere - languages):
                self._faults.warn(
                    said("the text is missing in {languages}", languages=", ".join(missing)),
                    path,
                    said("other texts of this scenario have it: add a line for each"),
                )


def _filled(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)
