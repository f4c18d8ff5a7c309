"""A scenario compiled for running; the plain data that `program` makes and the runner reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cordboard.scenario.component import Component, ScenarioKind
from cordboard.scenario.expressions import Compiled
from cordboard.scenario.faults import Fault
from cordboard.scenario.graph import Scenario
from cordboard.scenario.run_mode import RunMode
from cordboard.scenario.values import AnyValue, ValueType
from cordboard.scenario.written import Properties


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable, typed."""

    name: str
    type: ValueType
    initial: AnyValue
    parameter: bool = False
    secret: bool = False
    session: bool = False


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step, ready to run."""

    id: str
    component: type[Component]
    properties: Properties
    cords: Mapping[str, str]
    """Exit to step, for those that are wired."""


@dataclass(frozen=True, slots=True)
class Program:
    """A scenario, ready to run."""

    name: str
    kind: ScenarioKind
    start: str
    steps: Mapping[str, CompiledStep]
    variables: Mapping[str, Declared]
    after_hangup: str = ""
    fault: str = ""
    title: str = ""
    mode: RunMode = RunMode.PARALLEL
    at_most: int = 1
    key: Compiled | None = None
    """Computed from the variables as they are at the start; gives the key of a run for which none was given."""

    @property
    def secrets(self) -> frozenset[str]:
        """The variables that must not be shown."""
        return frozenset(name for name, variable in self.variables.items() if variable.secret)


@dataclass(frozen=True, slots=True)
class Checked:
    """`program` is None if there is an error among the faults."""

    faults: list[Fault]
    program: Program | None = None
    scenario: Scenario | None = None
    references: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What the scenario names outside itself, by kind: for where-used search."""
