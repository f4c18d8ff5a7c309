"""What a scenario may name outside itself: the things of the office, and its fellow scenarios with their insides."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component
from cordboard.scenario.graph import Scenario, Step, Variable
from cordboard.scenario.text import read

References = Mapping[str, Collection[str]]
"""What exists outside: "scenario", "user", "line", "file" … → names. A kind that is not named is not checked."""

SCENARIO = "scenario"
SAME_KIND = "same"

_DEEPEST = 50
"""Scenarios within each other that are followed; runs go less deep."""


def known_things(prompts: Path, tables: Path, templates: Path, **names: Iterable[str]) -> References:
    """What an office has: what lies in its folders, as components name it, and `names` by kind."""
    sounds = {name for file in _files(prompts) for name in _prompt_names(file)}
    books = {name for file in _files(tables) for name in (file, file.rpartition(".")[0])}
    mails = {name for file in _files(templates) for name in _template_names(file)}
    folders = {"file": sorted(sounds), "table": sorted(books), "template": sorted(mails)}
    return folders | {kind: sorted(each) for kind, each in names.items()}


def _files(folder: Path) -> Iterator[str]:
    """The files below a folder, by their paths in it; but hidden ones, and the marks of who has one open."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith(".") and not path.name.startswith((".", "~$")):
            yield name


def _template_names(file: str) -> Iterator[str]:
    """How a component may name a template: `offer.uk.txt` is `offer`, too."""
    stem = file.removesuffix(".txt")
    yield from (stem, file)
    name, _, language = stem.rpartition(".")
    if name and language in {"en", "ru", "uk"}:
        yield name


def _prompt_names(file: str) -> Iterator[str]:
    """How a component may name a file: `welcome.uk.ogg` is `welcome`, too, and what is written down is spoken."""
    yield file
    name, _, language = file.rpartition(".")[0].rpartition(".")
    stem = name if name and language in {"en", "ru", "uk"} else file.rpartition(".")[0]
    yield from (stem, f"{stem}.wav")


class Neighbours:
    """The scenarios of one folder or release as they see each other. Broken ones are known by their names alone."""

    def __init__(self, texts: Mapping[str, str], catalogue: Catalogue) -> None:
        self._texts = texts
        self._catalogue = catalogue
        self._rushing: dict[str, bool] = {}
        self._depth = 0
        self._ahead: dict[str, frozenset[str]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def get(self, name: str) -> Scenario | None:
        """A scenario; None if it is unknown or cannot be read."""
        text = self._texts.get(name)
        return read(text).scenario if text else None

    def variables(self, name: str) -> Mapping[str, Variable]:
        """The variables that a scenario declares."""
        scenario = self.get(name)
        return {variable.name: variable for variable in scenario.variables} if scenario else {}

    def rushes(self, name: str) -> bool:
        """Whether a scenario can come to its end without waiting anywhere. True of one that is not known."""
        if name in self._rushing or self._depth >= _DEEPEST:
            return self._rushing.get(name, True)
        # Whoever calls itself in a circle does not come to an end by that.
        self._rushing[name] = False
        scenario = self.get(name)
        self._depth += 1
        self._rushing[name] = scenario is None or any(self._may_end(step) for step in self._reached_at_once(scenario))
        self._depth -= 1
        return self._rushing[name]

    def called_at_once(self, name: str) -> frozenset[str]:
        """The scenarios that run within this one before anything has waited."""
        if name not in self._ahead:
            scenario = self.get(name)
            steps = self._reached_at_once(scenario, also_waiting=True) if scenario else ()
            self._ahead[name] = frozenset(called for step in steps for called in self.called_by(step))
        return self._ahead[name]

    def circle(self, name: str, first: str) -> list[str]:
        """The way from a scenario that calls `first` at once back to itself, without waiting; empty if there is none.

        It begins and ends with `name`.
        """
        paths = [[name, first]]
        seen = {first}
        while paths:
            path = paths.pop(0)
            if path[-1] == name:
                return path
            for called in sorted(self.called_at_once(path[-1])):
                if called == name or called not in seen:
                    seen.add(called)
                    paths.append([*path, called])
        return []

    def called_by(self, step: Step) -> list[str]:
        """The scenarios that a step runs within its own."""
        component = self._catalogue.get(step.component)
        return [] if component is None or component.waits else list(nested(component, step.properties))

    def is_quick(self, step: Step) -> bool:
        """Whether a step can be left without any waiting."""
        component = self._catalogue.get(step.component)
        if component is None or component.waits:
            return False
        return all(self.rushes(name) for name in nested(component, step.properties))

    def _may_end(self, step: Step) -> bool:
        """Whether the scenario can end behind a quick step."""
        component = self._catalogue.get(step.component)
        exits = component.fixed_exits() if component else ()
        return self.is_quick(step) and (not exits or any(exit_ not in step.exits for exit_ in exits))

    def _reached_at_once(self, scenario: Scenario, *, also_waiting: bool = False) -> Iterable[Step]:
        """The steps that can be entered before anything has waited; `also_waiting`: whether they are quick or not."""
        seen: set[str] = set()
        ahead = [scenario.start]
        while ahead:
            name = ahead.pop()
            step = scenario.steps.get(name)
            if step is None or name in seen:
                continue
            seen.add(name)
            if self.is_quick(step):
                ahead += written_targets(step)
                yield step
            elif also_waiting:
                yield step


def nested(component: type[Component], written: Mapping[str, Any]) -> Iterator[str]:
    """The scenarios that run within the one in which a step stands."""
    for name, shape in component.properties().items():
        if shape.reference is not None and shape.reference.kind == SAME_KIND and isinstance(written.get(name), str):
            yield written[name]


def written_targets(step: Step) -> list[str]:
    """The steps to which the cords of a step lead, as they are written."""
    rows = [row for rows in step.properties.values() if not isinstance(rows, str | Mapping) for row in rows]
    return [*step.exits.values(), *(row["to"] for row in rows if isinstance(row, Mapping) and row.get("to"))]
