"""How a step leaves other than by an exit. Not exceptions: a component that catches Exception must not stop them."""

from collections.abc import Sequence
from datetime import datetime

from cordboard.scenario.ports import Awaited
from cordboard.scenario.run_mode import ScenarioError
from cordboard.scenario.values import AnyValue


class Signal(BaseException):
    """The base of them."""


class Stopped(Signal):
    """The scenario ends."""

    def __init__(self, value: AnyValue, *, whole_chain: bool) -> None:
        super().__init__()
        self.value = value
        self.whole_chain = whole_chain


class Jumped(Signal):
    """The scenario ends and another goes on in its place."""

    def __init__(self, scenario: str) -> None:
        super().__init__()
        self.scenario = scenario


class Suspended(Signal):
    """The service run sleeps until `wake` (aware), or until something comes that it waits for."""

    def __init__(self, wake: datetime, awaited: Sequence[Awaited] = ()) -> None:
        super().__init__()
        self.wake = wake
        self.awaited = awaited


class Joined(Signal):
    """The branch ends that runs beside others."""


class Unsaved(Signal):
    """A checkpoint could not be written: no step of the run may go on, and none may take it for its own fault."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(str(fault))
        self.fault = fault


class HungUp(Signal):
    """The caller hung up: no further step of the main branch."""


class LimitReached(Signal):
    """A guard: nothing in the scenario may catch it."""


class UncaughtError(ScenarioError):
    """A fault that nothing in the scenario took care of. Who called the scenario gets it."""
