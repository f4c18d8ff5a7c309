"""What happens when a trigger comes again, and the fault that everything in a scenario may raise."""

from enum import StrEnum


class RunMode(StrEnum):
    """What a start of a service scenario does while a run of the same scenario **and key** is unfinished.

    The empty key is a key as well: without one, the mode is that of the whole scenario.
    """

    PARALLEL = "parallel"
    """Another run."""
    SINGLE = "single"
    """None: the start returns the id of the run that is there."""
    QUEUED = "queued"
    """Another run, which begins when those before it have ended, in the order of their starts."""
    RESTART = "restart"
    """Another run; those that are there are cancelled."""
    AT_MOST = "at_most"
    """Another run, which waits for a place while as many as the scenario's `at_most` are under way."""


class ScenarioError(Exception):
    """Something in a scenario or its surroundings cannot be done; the message says what and what to do."""
