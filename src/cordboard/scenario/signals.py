"""How a step leaves other than by an exit. Not exceptions: a component that catches Exception must not stop them."""

from datetime import datetime

from cordboard.scenario.context import ScenarioError
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
    """The service run sleeps until `wake` (aware)."""

    def __init__(self, wake: datetime) -> None:
        super().__init__()
        self.wake = wake


class HungUp(Signal):
    """The caller hung up: no further step of the main branch."""


class LimitReached(Signal):
    """A guard: nothing in the scenario may catch it."""


class UncaughtError(ScenarioError):
    """A fault that nothing in the scenario took care of. Who called the scenario gets it."""
