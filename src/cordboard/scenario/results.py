"""How a run ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cordboard.scenario.values import AnyValue


class Outcome(StrEnum):
    """How a run ended. The value is stored and must not change."""

    FINISHED = "finished"
    """It came to its end: a Stop, or an exit without a cord."""
    HUNG_UP = "hung_up"
    """The far end hung up; the branch after hang-up, if there is one, has run."""
    FAULTED = "faulted"
    """A fault that nothing in the scenario caught, or a guard; `error` says which."""
    CANCELLED = "cancelled"
    """Ended from outside."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What whoever started a run gets back."""

    run_id: str
    outcome: Outcome
    value: AnyValue = None
    """What the scenario's Stop returned; None otherwise."""
    error: str = ""
    variables: Mapping[str, AnyValue] = field(default_factory=dict)
    """The variables as they were at the end."""
    chain_ended: bool = False
    """Whether a Stop asked that whoever called the scenario ends too."""
