"""Changing one property of a text and leaving every other line, comment and order as it is."""

from collections.abc import Sequence

from cordboard.scenario.graph import Written
from cordboard.scenario.text.nodes import MapNode, Node, Scalar
from cordboard.scenario.text.reader import Path, Reading, read
from cordboard.scenario.text.writer import TOP, entry, scalar


class EditError(ValueError):
    """The text cannot be edited there; the message says why."""


def edit(text: str, path: Path, value: Written | None) -> str:
    """Set what stands at `path`, such as ("steps", "greet", "prompt") or ("title",); None takes it out.

    A name that is not there yet is added behind its siblings (before `exits`, in a step; at the top, in the order of
    the writer). Raises EditError if the text is broken, the thing around `path` is not there, or it is written in
    braces.
    """
    reading = read(text)
    if reading.scenario is None:
        raise EditError(f"the text cannot be read: {reading.faults[0]}")
    changed = _edit(text, reading, path, value)
    after = read(changed)
    # The place was computed from marks: trust it only if the change is what was asked for, and nothing else.
    if _without(reading, path) != _without(after, path) or (path in after.nodes) != (value is not None):
        raise EditError(f"{'.'.join(path)} cannot be changed in place; rewrite the step in block style")
    return changed


def _edit(text: str, reading: Reading, path: Path, value: Written | None) -> str:
    parent: object = reading.nodes[path[:-1]][1] if path[:-1] in reading.nodes else None
    if len(path) > 1 and (not isinstance(parent, MapNode) or parent.flow):
        raise EditError(f"{'.'.join(path[:-1])} is not there or is written in braces")
    newline = "\r\n" if "\r\n" in text else "\n"
    if path in reading.nodes:
        key, node = reading.nodes[path]
        assert key is not None
        if value is None:
            begin = text.rfind("\n", 0, key.mark.offset) + 1
            line_end = text.find("\n", node.end)
            return text[:begin] + (text[line_end + 1 :] if line_end >= 0 else "")
        lines = _lines(path, value, key.mark.column - 1)
        if isinstance(node, Scalar) and len(lines) > 1:
            # A comment behind the old value must not become a part of the new one.
            rest_of_line = text[node.end : _line_end(text, node.end)]
            if "#" in rest_of_line:
                lines[0] += rest_of_line.rstrip()
                return text[: key.mark.offset] + newline.join(lines).lstrip(" ") + text[_line_end(text, node.end) :]
        return text[: key.mark.offset] + newline.join(lines).lstrip(" ") + text[node.end :]
    if value is None:
        return text
    siblings = [
        (key, node)
        for inner, (key, node) in reading.nodes.items()
        if len(inner) == len(path) and inner[:-1] == path[:-1] and key is not None
    ]
    before = next((key for key, _ in siblings if key.text == "exits" and path[0] == "steps"), None)
    first = siblings[0][0]
    assert first is not None
    indent = first.mark.column - 1
    new = newline.join(_lines(path, value, indent)) + newline
    if before is not None:
        at = text.rfind("\n", 0, before.mark.offset) + 1
    else:
        at = _line_end(text, _sibling_before(path, siblings).end) + 1
        if at > len(text):
            text, at = text + newline, len(text) + len(newline)
    return text[:at] + new + text[at:]


def _lines(path: Path, value: Written, indent: int) -> list[str]:
    if path[0] == "layout" and isinstance(value, str):
        return [f"{' ' * indent}{scalar(path[-1])}: {value}"]  # two numbers need no quotes
    return entry(path[-1], value, indent)


def _sibling_before(path: Path, siblings: Sequence[tuple[Scalar | None, Node]]) -> Node:
    """Behind which a new name comes."""
    if len(path) == 1 and path[0] in TOP:
        ahead = TOP[: TOP.index(path[0])]
        earlier = [node for key, node in siblings if key is not None and key.text in ahead]
        if earlier:
            return max(earlier, key=lambda node: node.end)
    return siblings[-1][1]


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _without(reading: Reading, path: Path) -> dict[Path, str]:
    """All texts of a reading except what is at or below `path`."""
    return {
        inner: node.text
        for inner, (_, node) in reading.nodes.items()
        if isinstance(node, Scalar) and inner[: len(path)] != path
    }
