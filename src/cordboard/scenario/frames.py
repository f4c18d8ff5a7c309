"""Where a run stands: a frame for each scenario that has been called and has not ended. Plain data."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from cordboard.scenario.program import Program
from cordboard.scenario.sessions import Session
from cordboard.scenario.values import AnyValue, JsonValue, ValueType, from_json, to_json, type_of


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
    memory: dict[str, JsonValue] = field(default_factory=dict)
    """What steps remember for their next time, by step."""
    entered: datetime | None = None
    """When the step was entered for the first time."""
    beside: bool = False
    """Whether it is one of several branches that run side by side; `branch` is then its slug."""
    branches: "dict[str, Frame]" = field(default_factory=dict)
    """The branches that run side by side within the step, by slug."""
    ended: list[str] = field(default_factory=list)
    """Those of them that have ended, in that order."""

    def __post_init__(self) -> None:
        self.saved = self.saved or dict(self.values)

    @classmethod
    def begin(
        cls,
        program: Program,
        session: Session,
        given: Mapping[str, AnyValue],
        inherited: Mapping[str, AnyValue] | None = None,
    ) -> Self:
        """A frame before the first step.

        A variable begins with what was `given`, else with what the session has for it, else with what it inherits
        from another scenario, else with its initial value.
        """
        initial = {name: variable.initial for name, variable in program.variables.items()}
        kept = {
            name: session.values[name]
            for name, variable in program.variables.items()
            if variable.session and name in session.values and _has_type(session.values[name], variable.type)
        }
        keep(program, session, given)
        return cls(program.name, program.start, {**initial, **(inherited or {}), **kept, **given})

    def advance(self, step: str, visit: int) -> None:
        """Go to the next step; an empty one ends the scenario."""
        self.step, self.visit, self.journal, self.child = step, visit, [], None
        self.entered = None
        if self.branches:
            self.branches, self.ended = {}, []
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
            "journal": deepcopy(self.journal) if self.journal else [],
            "branch": self.branch,
            "error": self.error,
            "child": self.child.to_json() if self.child else None,
            "result": to_json(self.result),
            "chain_ended": self.chain_ended,
            "memory": dict(self.memory),
            "entered": self.entered.isoformat() if self.entered and self.journal else None,
            "beside": self.beside,
            "branches": {slug: branch.to_json() for slug, branch in self.branches.items()},
            "ended": list(self.ended),
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read what `to_json` wrote, also in an older release of the exchange, which knew no branches."""
        entered = raw.get("entered")
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
            memory=dict(raw.get("memory", {})),
            entered=datetime.fromisoformat(entered) if entered else None,
            beside=raw.get("beside", False),
            branches={slug: cls.from_json(branch) for slug, branch in raw.get("branches", {}).items()},
            ended=list(raw.get("ended", [])),
        )


def shared(source: Program, values: dict[str, AnyValue], target: Program) -> dict[str, AnyValue]:
    """The values that another scenario takes over: variables of the same name and type."""
    return {
        name: values[name]
        for name, variable in target.variables.items()
        if name in values and name in source.variables and source.variables[name].type is variable.type
    }


def keep(program: Program, session: Session, values: Mapping[str, AnyValue]) -> None:
    """Write those of the values into the session that the scenario shares with the whole story."""
    for name, value in values.items():
        if program.variables[name].session:
            session.values[name] = value


def _has_type(value: AnyValue, wanted: ValueType) -> bool:
    return value is None or type_of(value) is wanted
