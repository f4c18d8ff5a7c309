"""What is wrong with a scenario, where, and what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether the scenario can be published."""

    ERROR = "error"
    WARNING = "warning"
    """It runs, but probably not as meant."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. Lines and columns are counted in characters from 1; 0 if there is no place."""

    message: str
    hint: str = ""
    line: int = 0
    column: int = 0
    step: str = ""
    property: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return self.told(str)

    def told(self, tell: Callable[[str], str]) -> str:
        """On one line, with its words as `tell` says them in the reader's language."""
        place = f"{self.line}:{self.column}: " if self.line else ""
        where = " ".join(part for part in (self.step and f"{tell('step')} {self.step}", self.property) if part)
        hint = f" ({' '.join(tell(self.hint).split())})" if self.hint else ""
        return f"{place}{tell(self.severity.value)}: {where + ': ' if where else ''}{tell(self.message)}{hint}"


def is_broken(faults: "list[Fault]") -> bool:
    """Whether one of the faults is an error."""
    return any(fault.severity is Severity.ERROR for fault in faults)
