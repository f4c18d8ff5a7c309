"""Faults, put where they belong in the text."""

from collections.abc import Sequence

from cordboard.scenario.faults import Fault, Severity
from cordboard.scenario.text import Reading


class FaultList:
    """Collects what checks find. A place is a path as in `Reading.marks`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.faults = list(reading.faults)

    def add(
        self,
        message: str,
        path: Sequence[str],
        hint: str = "",
        *,
        column: int = 0,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a fault; `column` is that within the value at `path`, if there is one."""
        mark = self._reading.mark(*path)
        line, place = mark.line, mark.column
        if column and tuple(path) in self._reading.nodes:
            key, node = self._reading.nodes[tuple(path)]
            if key is not None and node.mark.line == line:
                place = node.mark.column + column - 1 + (not getattr(node, "plain", True))
        step = path[1] if len(path) > 1 and path[0] == "steps" else ""
        prop = ".".join(path[2:]) if step else ".".join(path)
        self.faults.append(Fault(message, hint, line, place, step, prop, severity))

    def warn(self, message: str, path: Sequence[str], hint: str = "") -> None:
        """Add a fault with which the scenario can be published."""
        self.add(message, path, hint, severity=Severity.WARNING)

    def in_order(self) -> list[Fault]:
        """By line and column."""
        return sorted(self.faults, key=lambda fault: (fault.line, fault.column))
