"""What differs between two scenarios, or two sets of them, in the words of the language: steps, cords, properties."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cordboard.scenario.graph import Scenario, Step, Variable, Written
from cordboard.scenario.said import said
from cordboard.scenario.text import read


class Part(StrEnum):
    """What has changed."""

    SCENARIO = "scenario"
    META = "meta"
    """Kind, title, start, mode and what else stands at the top; `name` says which."""
    VARIABLE = "variable"
    STEP = "step"
    PROPERTY = "property"
    """Of a step; those of a row are named by its id: `keys.sales.key`."""
    CORD = "cord"
    """`name` is the exit; before and after are the steps to which it leads."""
    LAYOUT = "layout"
    TEXT = "text"
    """Nothing but comments, blanks or order; or the text cannot be read, so that no more can be said."""


class What(StrEnum):
    """What has become of it."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `before` and `after` are as written; None where there was or is nothing."""

    part: Part
    what: What
    scenario: str
    step: str = ""
    name: str = ""
    before: Written | None = None
    after: Written | None = None

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def compare_all(before: Mapping[str, str], after: Mapping[str, str], *, layout: bool = False) -> list[Change]:
    """What differs between two sets of texts, scenario by scenario in the order of their names."""
    changes: list[Change] = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            changes.append(Change(Part.SCENARIO, What.REMOVED, name))
        elif name not in before:
            changes.append(Change(Part.SCENARIO, What.ADDED, name))
        elif before[name] != after[name]:
            changes += compare_texts(name, before[name], after[name], layout=layout)
    return changes


def compare_texts(name: str, before: str, after: str, *, layout: bool = False) -> list[Change]:
    """What differs between two texts of a scenario. The layout counts only if asked for."""
    if before == after:
        return []
    first, second = read(before).scenario, read(after).scenario
    if first is None or second is None:
        return [Change(Part.TEXT, What.CHANGED, name)]
    changes = compare(first, second, name=name)
    moved = _layout(name, first, second)
    if layout:
        changes += moved
    return changes or ([] if moved else [Change(Part.TEXT, What.CHANGED, name)])


def compare(before: Scenario, after: Scenario, *, name: str = "") -> list[Change]:
    """What differs between two scenarios, but for the layout."""
    name = name or after.name
    return [
        *(_change(Part.META, (name, "", field), getattr(before, field), getattr(after, field)) for field in _META
          if getattr(before, field) != getattr(after, field)),
        *_variables(name, before.variables, after.variables),
        *_steps(name, before.steps, after.steps),
    ]  # fmt: skip


_META = ("name", "kind", "title", "description", "mode", "at_most", "key", "start", "after_hangup", "fault")


def _change(part: Part, place: tuple[str, str, str], before: Any, after: Any) -> Change:
    before, after = (None if value in ("", None) else value for value in (before, after))
    what = What.ADDED if before is None else What.REMOVED if after is None else What.CHANGED
    return Change(part, what, *place, before=before, after=after)


def _between(
    part: Part, scenario: str, step: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    """The differences of two maps, in the order of the second; what is gone comes last."""
    for name in (*after, *(name for name in before if name not in after)):
        if before.get(name) != after.get(name):
            yield _change(part, (scenario, step, name), before.get(name), after.get(name))


def _variables(scenario: str, before: Sequence[Variable], after: Sequence[Variable]) -> Iterator[Change]:
    return _between(Part.VARIABLE, scenario, "", _declared(before), _declared(after))


def _declared(variables: Iterable[Variable]) -> dict[str, str]:
    declared = {}
    for variable in variables:
        words = [variable.type, *(flag for flag in ("parameter", "secret", "session") if getattr(variable, flag))]
        declared[variable.name] = ", ".join(words) + (f" = {variable.value}" if variable.value else "")
    return declared


def _steps(scenario: str, before: Mapping[str, Step], after: Mapping[str, Step]) -> Iterator[Change]:
    for name, step in after.items():
        if name not in before:
            yield Change(Part.STEP, What.ADDED, scenario, name, after=step.component)
        else:
            yield from _between(Part.PROPERTY, scenario, name, _properties(before[name]), _properties(step))
            yield from _orders(scenario, before[name], step)
            yield from _between(Part.CORD, scenario, name, _cords(before[name]), _cords(step))
    for name, step in before.items():
        if name not in after:
            yield Change(Part.STEP, What.REMOVED, scenario, name, before=step.component)


def _properties(step: Step) -> dict[str, Written]:
    """The properties of a step; rows that have an id are taken apart, without their cords."""
    found: dict[str, Written] = {"component": step.component}
    if step.version != 1:
        found["version"] = str(step.version)
    if step.note:
        found["note"] = step.note
    for name, value in step.properties.items():
        rows = _rows(value)
        if rows is None:
            found[name] = value
            continue
        for slug, row in rows.items():
            fields = {field: text for field, text in row.items() if field not in {"id", "to"}}
            found |= {f"{name}.{slug}.{field}": text for field, text in fields.items()} or {f"{name}.{slug}": "there"}
    return found


def _orders(scenario: str, before: Step, after: Step) -> Iterator[Change]:
    """Rows that stand in another order."""
    for name, value in after.properties.items():
        first, second = _rows(before.properties.get(name, "")) or {}, _rows(value) or {}
        was, is_ = (" ".join(slug for slug in each if slug in first and slug in second) for each in (first, second))
        if was != is_:
            yield _change(Part.PROPERTY, (scenario, after.id, f"{name} (order)"), was, is_)


def _cords(step: Step) -> dict[str, str]:
    rows = [row for value in step.properties.values() for row in (_rows(value) or {}).values()]
    return {row["id"]: row["to"] for row in rows if row.get("to")} | dict(step.exits)


def _rows(value: Written) -> dict[str, Mapping[str, str]] | None:
    """Rows by their ids; None for what is no list of such, or has an id twice."""
    if isinstance(value, str | Mapping) or not value:
        return None
    rows = {row["id"]: row for row in value if isinstance(row, Mapping) and row.get("id")}
    return rows if len(rows) == len(value) else None


def _layout(scenario: str, before: Scenario, after: Scenario) -> list[Change]:
    first, second = (
        {name: f"{x} {y}" for name, (x, y) in each.layout.items() if name in before.steps and name in after.steps}
        for each in (before, after)
    )
    return [
        Change(Part.LAYOUT, change.what, scenario, change.name, before=change.before, after=change.after)
        for change in _between(Part.LAYOUT, scenario, "", first, second)
    ]


def tell(changes: Sequence[Change], words: Callable[[str], str] = str) -> list[str]:
    """The differences as lines to read, under the names of their scenarios. `words` says a word as the reader does."""
    lines: list[str] = []
    scenario: str | None = None
    for change in changes:
        if change.part is Part.SCENARIO:
            lines.append(f"{_SIGNS[change.what]} {words('scenario')} {change.scenario}")
            scenario = None
            continue
        if change.scenario != scenario:
            scenario = change.scenario
            lines.append(f"  {words('scenario')} {scenario}")
        lines.append(f"    {_SIGNS[change.what]} {_told(change, words)}")
    return lines


_SIGNS: Mapping[What, str] = {What.ADDED: "+", What.REMOVED: "-", What.CHANGED: "~"}


def _told(change: Change, words: Callable[[str], str]) -> str:
    step = f"{words('step')} {change.step}"
    match change.part:
        case Part.STEP:
            return f"{step} [{_shown(change.after or change.before)}]"
        case Part.TEXT:
            return words(said("comments, blanks or order alone; or the text cannot be read"))
        case Part.CORD:
            return f"{step}: {words('exit')} {change.name}{_from_to(change, ' → ')}"
        case Part.LAYOUT:
            return f"{step} {words(said('is shown elsewhere'))}{_from_to(change, ': ')}"
        case Part.PROPERTY:
            return f"{step}: {change.name}{_from_to(change, ': ')}"
        case Part.VARIABLE:
            return f"{words('variable')} {change.name}{_from_to(change, ': ')}"
        case _:
            return f"{change.name}{_from_to(change, ': ')}"


def _from_to(change: Change, sign: str) -> str:
    if change.before is None or change.after is None:
        return f"{sign}{_shown(change.after if change.before is None else change.before)}"
    return f"{sign}{_shown(change.before)} ⇒ {_shown(change.after)}"


def _shown(value: Written | None, limit: int = 100) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = "{" + ", ".join(f"{name}: {text}" for name, text in value.items()) + "}"
    elif not isinstance(value, str):
        value = "[" + ", ".join(_shown(item) for item in value) + "]"
    value = value.replace("\n", "⏎")
    return value if len(value) <= limit else value[: limit - 1] + "…"
