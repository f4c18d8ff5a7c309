"""A scenario as it is written: plain immutable data, nothing typed or checked yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Written = str | Sequence[str] | Mapping[str, str] | Sequence[Mapping[str, str]]
"""A written property: a text, a list, a map, or rows. Everything is text until the schema types it."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared variable. `type` and `value` are as written."""

    name: str
    type: str = "text"
    value: str = ""
    parameter: bool = False
    """Whether whoever starts the scenario may give it."""
    secret: bool = False
    """Whether traces and logs must not show it (a PIN)."""
    session: bool = False
    """Whether it outlives the scenario and follows the call."""


@dataclass(frozen=True, slots=True)
class Step:
    """One component placed in a scenario."""

    id: str
    component: str
    properties: Mapping[str, Written] = field(default_factory=dict)
    exits: Mapping[str, str] = field(default_factory=dict)
    """Fixed exits and the steps to which their cords lead. The cord of an exit row stands in the row as `to`."""
    version: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario as its text says it."""

    name: str
    kind: str
    start: str
    steps: Mapping[str, Step] = field(default_factory=dict)
    variables: Sequence[Variable] = ()
    title: str = ""
    description: str = ""
    after_hangup: str = ""
    """The first step of the branch that runs, without media, after the caller hung up."""
    fault: str = ""
    """The first step of the branch for faults that no cord took."""
    layout: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Where the editor shows the steps."""
    mode: str = ""
    """Of a service scenario: the run mode; empty is parallel. As written."""
    at_most: str = ""
    """With the mode at_most: how many runs."""
    key: str = ""
    """An expression, or a text with inserts, over the start parameters: the key of a run whose start gives none."""
