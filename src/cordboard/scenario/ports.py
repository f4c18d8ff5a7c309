"""What the language needs of the world around it. The docstrings are the contract.

`store` implements RunStore and Releases; `cordboard.testing.scenario` has the same in memory;
`tests/contract/test_run_store.py` holds both to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cordboard.scenario.context import RunMode, ScenarioError
from cordboard.scenario.results import Outcome
from cordboard.scenario.values import JsonValue

Checkpoint = Mapping[str, JsonValue]
"""Where a service run stands, as plain JSON. Opaque to the store."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done by somebody else (an SMS to send), exactly once for each `kind` and `key`."""

    kind: str
    key: str
    payload: Mapping[str, JsonValue]
    run_id: str = ""
    chain: str = ""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A service run that shall begin. Times are aware, in UTC."""

    id: str
    scenario: str
    release: int
    chain: str
    checkpoint: Checkpoint
    started: datetime
    """Also the moment from which it is due."""
    key: str = ""
    """Usually a phone number; what single runs are told apart by."""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A due service run that this node may now carry on, until its lease is over."""

    id: str
    scenario: str
    release: int
    chain: str
    key: str
    checkpoint: Checkpoint
    epoch: int
    """Raised by each claim. Writes with an older one are refused."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    outcome: Outcome
    value: JsonValue = None
    """As `values.to_json` writes it."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A service run, for lists and support. `wake` is None once it has ended."""

    id: str
    scenario: str
    release: int
    chain: str
    key: str
    started: datetime
    wake: datetime | None
    ending: Ending | None = None
    node: str = ""
    """Who holds its lease; empty if nobody does."""


class LeaseLostError(Exception):
    """Another node has claimed the run since: nothing was written, and nothing more may be done for it."""


class RunStore(Protocol):
    """Keeps service runs and effects. Every method that writes is durable when it returns, as one transaction."""

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """Add a run, due at once, and return its id.

        With SINGLE, if an unfinished run of the same scenario and key is there, nothing is added and that one's id
        is returned; two starts at once add one. A run whose id is known already (ended or not) is not added again.
        """

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """Take up to `limit` unfinished runs whose wake time is not after `now` and that nobody holds a lease on.

        A lease is over when its end is not after `now`. Each run's epoch is raised by one and its lease
        set; earliest wake time first. Two nodes never get one run with the same epoch.
        """

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """Prolong the leases of runs (id to epoch). Returns the ids whose lease was lost or that have ended."""

    async def finish_step(
        self,
        run_id: str,
        epoch: int,
        checkpoint: Checkpoint,
        effects: Sequence[Effect] = (),
        *,
        wake: datetime | None = None,
        ending: Ending | None = None,
    ) -> None:
        """Commit the checkpoint and the effects together.

        `wake` puts the run to sleep until then, `ending` ends it: either gives the lease up. With neither the lease
        stays. An effect whose kind and key are known is dropped silently. Raises LeaseLostError, and
        writes nothing at all, if the run's epoch is not `epoch` or the run has ended.
        """

    async def emit(self, effects: Sequence[Effect]) -> None:
        """Commit effects of a voice run, which has no checkpoint. Known ones are dropped, as above."""

    async def next_wake(self) -> datetime | None:
        """The earliest moment at which `claim` would give something: a wake time, or the end of a lease."""

    async def cancel(self, run_id: str, at: datetime) -> bool:
        """End an unfinished run with Outcome.CANCELLED, whoever holds it. False if it has ended or is unknown."""

    async def find(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """Runs, youngest first, at most 1000; empty arguments do not narrow."""

    async def get(self, run_id: str) -> RunInfo | None:
        """One run."""

    async def effects(self) -> Sequence[Effect]:
        """The committed effects in the order of their commit, at most the first 1000 not yet taken by an outbox."""


@dataclass(frozen=True, slots=True)
class Release:
    """A numbered, immutable set of scenarios."""

    number: int
    scenarios: Mapping[str, str]
    """Scenario name to its text, exactly as it was published."""
    message: str = ""
    published: datetime | None = None


class Releases(Protocol):
    """Keeps releases. Numbers begin with 1 and grow by one."""

    async def current(self) -> int:
        """The number of the youngest release; 0 if there is none."""

    async def load(self, number: int) -> Release:
        """One release. Raises ScenarioError if there is none of that number."""

    async def publish(self, scenarios: Mapping[str, str], *, message: str, at: datetime) -> int:
        """Make a release of all `scenarios` and return its number. Durable when this returns."""


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step of a run, already bounded in size, secrets masked. Texts are as a person would read them."""

    run_id: str
    chain: str
    scenario: str
    step: str
    component: str
    depth: int
    """0 in the scenario that was started, 1 in one it called, and so on."""
    entered: datetime
    seconds: float
    properties: Mapping[str, str]
    """As evaluated."""
    changed: Mapping[str, str]
    """Variables with their new values."""
    exit: str
    """Empty if the step did not leave by an exit (it stopped, jumped, slept or was cut off by the hang-up)."""
    error: str = ""
    branch: str = "main"
    """main, after_hangup or fault."""


@dataclass(frozen=True, slots=True)
class RunTrace:
    """A run as it begins (`ended` is None) and as it ends."""

    run_id: str
    chain: str
    scenario: str
    release: int
    kind: str
    started: datetime
    ended: datetime | None = None
    outcome: Outcome | None = None
    error: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


class TraceSink(Protocol):
    """Takes what runs do. Must return at once and never raise; it may drop entries when it cannot keep up."""

    def run(self, trace: RunTrace) -> None:
        """A run has begun or ended."""

    def step(self, trace: StepTrace) -> None:
        """A step is over."""


__all__ = [
    "Checkpoint",
    "ClaimedRun",
    "Effect",
    "Ending",
    "LeaseLostError",
    "NewRun",
    "Release",
    "Releases",
    "RunInfo",
    "RunMode",
    "RunStore",
    "RunTrace",
    "ScenarioError",
    "StepTrace",
    "TraceSink",
]
