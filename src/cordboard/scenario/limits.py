"""Bounds of a run, so that a badly drawn scenario hurts nobody but itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times are in seconds."""

    steps: int = 10_000
    """Steps of a voice run, or of a service run between two sleeps."""
    steps_without_waiting: int = 1000
    """Steps in a row of which none takes time."""
    depth: int = 20
    """Scenarios that have called each other."""
    voice_time: float = 4 * 3600.0
    """How long a voice scenario may last."""
    dialog_time: float = 12 * 3600.0
    """How long a dialog scenario may last: a working day."""
    after_hangup_time: float = 600.0
    """How long the branch after the hang-up may last."""
    hang_up_grace: float = 0.5
    """How long the step that runs may take to finish by itself after the caller hung up, before it is cancelled."""
    goodbye_time: float = 30.0
    service_runs: int = 500
    """Service runs that are carried on at once on this node."""
    lease: float = 15.0
    """How long a node that died keeps its service runs from others."""
    poll: float = 30.0
    """How long this node goes without looking for runs that other nodes put to sleep."""
