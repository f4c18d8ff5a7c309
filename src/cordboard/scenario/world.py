"""What all runs of a node share, and where one of them stands."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.limits import Limits
from cordboard.scenario.mailroom import Mailroom
from cordboard.scenario.pace import Pace
from cordboard.scenario.ports import RunInfo, TraceSink
from cordboard.scenario.rehearsal import Rehearsal
from cordboard.scenario.results import RunResult
from cordboard.scenario.sessions import Sessions
from cordboard.telephony import Clock, Exchange


@dataclass(frozen=True, slots=True)
class World:
    """What all runs of a node share. The callables are those of the runner of the same names."""

    exchange: Exchange
    ports: Mapping[type, object]
    clock: Clock
    zone: tzinfo
    country: str
    limits: Limits
    traces: TraceSink
    sessions: Sessions
    mailroom: Mailroom
    pace: Pace
    start_service: Callable[..., Awaitable[str]]
    run_voice: Callable[..., Awaitable[RunResult]]
    start_dialog: Callable[..., Awaitable[str]]
    find_runs: Callable[..., Awaitable[Sequence[RunInfo]]]
    cancel_runs: Callable[..., Awaitable[int]]
    rehearsal: Rehearsal | None = None
    """Stands in for the world outside in the simulator; None in a real exchange."""

    def now(self) -> datetime:
        """The present moment in the zone of the office."""
        return self.clock.now().astimezone(self.zone)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a running run stands now, for the live view."""

    run_id: str
    chain: str
    kind: ScenarioKind
    release: int
    started: datetime
    scenario: str
    step: str
    since: datetime
    """Since when in this step."""
    depth: int
    leg_id: str = ""
    user: str = ""
    """On whose screen a dialog scenario runs."""
