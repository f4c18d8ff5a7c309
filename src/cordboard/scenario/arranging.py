"""Where the steps of a scenario are shown: from left to right, as a call goes, with as few crossings as may be.

On demand only: a layout that somebody has drawn is his. The way of Sugiyama, Tagawa and Toda ("Methods for visual
understanding of hierarchical system structures", 1981): layers, order within each, places.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from cordboard.scenario.graph import Scenario
from cordboard.scenario.references import written_targets
from cordboard.scenario.text import read
from cordboard.scenario.text.nodes import TextError
from cordboard.scenario.text.writer import scalar

ACROSS, DOWN = 280, 140
"""Between two steps, in the units of the canvas."""
_SWEEPS = 8


def arranged(scenario: Scenario) -> dict[str, tuple[int, int]]:
    """A place for each step, in the order of the file. The same scenario is always arranged alike."""
    cords = {
        name: [to for to in dict.fromkeys(written_targets(step)) if to in scenario.steps and to != name]
        for name, step in scenario.steps.items()
    }
    entries = [each for each in (scenario.start, scenario.after_hangup, scenario.fault) if each in cords]
    layers = _layers(_without_loops(cords, [*entries, *cords]))
    order = _ordered(layers, cords)
    rows = _rows(order, cords)
    columns = {name: column for column, names in enumerate(order) for name in names}
    return {name: (columns[name] * ACROSS, round(rows[name] * DOWN)) for name in scenario.steps}


def with_layout(text: str) -> str:
    """The text with its steps arranged; all else stays as it is. Raises TextError if it cannot be read."""
    reading = read(text)
    if reading.scenario is None:
        raise TextError(reading.faults[0])
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = ["layout:", *(f"  {scalar(name)}: {x} {y}" for name, (x, y) in arranged(reading.scenario).items())]
    block = newline.join(lines) + newline
    if ("layout",) not in reading.nodes:
        return text.rstrip() + newline * 2 + block
    key, node = reading.nodes["layout",]
    assert key is not None
    end = text.find("\n", node.end)
    return text[: key.mark.offset] + block + ("" if end < 0 else text[end + 1 :])


def _without_loops(cords: Mapping[str, Sequence[str]], roots: Iterable[str]) -> dict[str, list[str]]:
    """The cords that lead forward, seen from the roots in their order. Without recursion: a way may have 1000 steps."""
    forward: dict[str, list[str]] = {}
    under_way: set[str] = set()
    for root in roots:
        if root in forward:
            continue
        stack = [(root, iter(cords[root]))]
        forward[root] = []
        under_way.add(root)
        while stack:
            name, ahead = stack[-1]
            target = next(ahead, None)
            if target is None:
                under_way.discard(name)
                stack.pop()
                continue
            if target not in under_way:
                forward[name].append(target)
            if target not in forward:
                forward[target] = []
                under_way.add(target)
                stack.append((target, iter(cords[target])))
    return forward


def _layers(forward: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Each step one further than the last that leads to it; within a layer as they are met."""
    before = dict.fromkeys(forward, 0)
    for targets in forward.values():
        for target in targets:
            before[target] += 1
    depth = dict.fromkeys(forward, 0)
    ready = [name for name in forward if not before[name]]
    for name in ready:
        for target in forward[name]:
            depth[target] = max(depth[target], depth[name] + 1)
            before[target] -= 1
            if not before[target]:
                ready.append(target)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in forward:
        layers[depth[name]].append(name)
    return layers


def _ordered(layers: Sequence[Sequence[str]], cords: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The layers with their steps in an order that crosses few cords: each near the middle of its neighbours."""
    near = _neighbours(cords)
    order = [list(layer) for layer in layers]
    for sweep in range(_SWEEPS):
        columns = range(1, len(order)) if sweep % 2 == 0 else range(len(order) - 2, -1, -1)
        for column in columns:
            beside = order[column - 1 if sweep % 2 == 0 else column + 1]
            place = {name: index for index, name in enumerate(beside)}
            own = {name: index for index, name in enumerate(order[column])}
            middle = {
                name: median([place[each] for each in near[name] if each in place] or [own[name]])
                for name in order[column]
            }
            order[column].sort(key=lambda name: (middle[name], own[name]))
    return order


def _rows(order: Sequence[Sequence[str]], cords: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """How far down each step stands: beside those that lead to it, a row apart from its neighbours."""
    near = _neighbours(cords)
    rows: dict[str, float] = {}
    for column in order:
        lowest = -1.0
        for name in column:
            wished = median([rows[each] for each in near[name] if each in rows] or [lowest + 1])
            rows[name] = lowest = max(wished, lowest + 1)
    top = min(rows.values(), default=0.0)
    return {name: row - top for name, row in rows.items()}


def _neighbours(cords: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {name: [] for name in cords}
    for name, targets in cords.items():
        for target in targets:
            near[name].append(target)
            near[target].append(name)
    return near
