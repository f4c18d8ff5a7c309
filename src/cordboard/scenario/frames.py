"""Where a run stands: a frame for each scenario that has been called and has not ended. Plain data."""

from dataclasses import dataclass, field
from typing import Any, Self

from cordboard.scenario.program import Program
from cordboard.scenario.values import AnyValue, JsonValue, from_json, to_json


@dataclass(slots=True)
class Frame:
    """One scenario in progress."""

    scenario: str
    step: str
    """The step that runs or comes next; empty once the scenario has ended."""
    values: dict[str, AnyValue]
    visit: int = 0
    """A number that no other entering of a step in this run has."""
    saved: dict[str, AnyValue] = field(default_factory=dict)
    """The variables as they were when the step was entered: what a checkpoint within the step holds."""
    journal: list[dict[str, Any]] = field(default_factory=list)
    """What the step has done durably so far (slept, called, started); replayed when it is entered anew."""
    branch: str = "main"
    error: str = ""
    """The words of the last fault."""
    child: "Frame | None" = None
    result: AnyValue = None
    chain_ended: bool = False

    def __post_init__(self) -> None:
        self.saved = self.saved or dict(self.values)

    @classmethod
    def begin(cls, program: Program, values: dict[str, AnyValue]) -> Self:
        """A frame before the first step, with initial values where `values` has none."""
        initial = {name: variable.initial for name, variable in program.variables.items()}
        return cls(program.name, program.start, initial | values)

    def advance(self, step: str, visit: int) -> None:
        """Go to the next step; an empty one ends the scenario."""
        self.step, self.visit, self.journal, self.child = step, visit, [], None
        self.saved = dict(self.values)

    def innermost_first(self) -> "list[Frame]":
        """This frame and those it called, the deepest first."""
        frames = [self]
        while frames[0].child is not None:
            frames.insert(0, frames[0].child)
        return frames

    def to_json(self) -> JsonValue:
        """As a checkpoint holds it."""
        return {
            "scenario": self.scenario,
            "step": self.step,
            "values": {name: to_json(value) for name, value in self.saved.items()},
            "visit": self.visit,
            "journal": list(self.journal),
            "branch": self.branch,
            "error": self.error,
            "child": self.child.to_json() if self.child else None,
            "result": to_json(self.result),
            "chain_ended": self.chain_ended,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            scenario=raw["scenario"],
            step=raw["step"],
            values={name: from_json(value) for name, value in raw["values"].items()},
            visit=raw["visit"],
            journal=list(raw["journal"]),
            branch=raw["branch"],
            error=raw["error"],
            child=cls.from_json(raw["child"]) if raw["child"] else None,
            result=from_json(raw["result"]),
            chain_ended=raw["chain_ended"],
        )


def shared(source: Program, values: dict[str, AnyValue], target: Program) -> dict[str, AnyValue]:
    """The values that another scenario takes over: variables of the same name and type."""
    return {
        name: values[name]
        for name, variable in target.variables.items()
        if name in values and name in source.variables and source.variables[name].type is variable.type
    }
