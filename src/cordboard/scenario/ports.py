"""What the language needs of the world around it. The docstrings are the contract.

`store` implements them over SQL, `simulation.stores` in memory; `tests/contract` holds both to the docstrings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cordboard.scenario.results import Outcome
from cordboard.scenario.run_mode import RunMode, ScenarioError
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
class Message:
    """Something that has happened (an event), or words from one run to another. Kept for a while, in order."""

    name: str
    """Of an event: `call.missed`, `sms.received`, `user.state`, `line.down`; or what two scenarios agreed upon."""
    key: str = ""
    """Whom it is about: a phone in its canonical writing, a login, a line."""
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    """Each value as `values.to_json` writes it."""
    run_id: str = ""
    """The run that it is for, alone; empty: whoever is interested."""
    chain: str = ""
    id: str = ""
    """Given by who posts it. One whose id is known already is dropped."""
    posted: datetime | None = None
    seq: int = 0
    """Its place in the order of commits, given by the store."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a sleeping run would be woken by."""

    name: str
    key: str = ""
    after: int = 0
    """Of the messages for everybody only those with a higher `seq` count."""
    own: int = 0
    """Of the messages for this very run only those with a higher `seq` count: the others were taken."""


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
    """Usually a phone number; what the run mode goes by."""
    at_most: int = 1
    """With AT_MOST, how many may be under way. QUEUED goes on as if it were 1."""


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

        While unfinished runs of the same scenario and key are there: with SINGLE nothing is added and the oldest one's
        id is returned; with RESTART they are cancelled; with QUEUED (AT_MOST) the run is added *waiting* (`wake` is
        None) and becomes due, in the transaction that ends or cancels one of them, when none (fewer than `at_most`)
        of those that do not wait are left, in the order of their adding. Runs that wait count
        as unfinished for SINGLE and RESTART. Starts at one moment take part one after the
        other, over all nodes. A run whose id is known already (ended or not) is not added again, and changes nothing.
        "Due" means that `wake` is the moment at which the run was `started`.
        """

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """Take up to `limit` unfinished runs whose wake time is not after `now` and that nobody holds a lease on.

        A lease is over when its end is not after `now`. Each run's epoch is raised by one and its lease
        set; earliest wake time first. Two nodes never get one run with the same epoch.
        """

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """Prolong the leases of runs (id to epoch). Returns the ids whose lease was lost or that have ended."""

    async def release(self, node: str) -> int:
        """Give up every lease that `node` holds: it has just begun anew under its old name. Returns how many."""

    async def finish_step(
        self,
        run_id: str,
        epoch: int,
        checkpoint: Checkpoint,
        effects: Sequence[Effect] = (),
        *,
        messages: Sequence[Message] = (),
        wake: datetime | None = None,
        awaited: Sequence[Awaited] = (),
        ending: Ending | None = None,
    ) -> None:
        """Commit the checkpoint, the effects and the messages together.

        `wake` puts the run to sleep until then, `ending` ends it: either gives the lease up. With neither the lease
        stays. With `awaited` beside a `wake` a message of one of these names and keys (both exactly) makes the run due
        earlier, at once if it is there already; the next `claim` takes the waiting away. An effect
        whose kind and key are known is dropped silently. Raises LeaseLostError, and writes nothing at all, if the
        run's epoch is not `epoch` or the run has ended.
        """

    async def emit(self, effects: Sequence[Effect], messages: Sequence[Message] = ()) -> None:
        """Commit effects of a voice run, which has no checkpoint, and messages of anybody. Known ones are dropped."""

    async def messages(
        self,
        *,
        after: int = 0,
        own: int = 0,
        name: str = "",
        key: str | None = None,
        run_id: str = "",
        limit: int = 100,
    ) -> Sequence[Message]:
        """Messages in order, at most `limit`: those for everybody with a `seq` above `after`.

        With a `run_id` also those for that run with a `seq` above `own`. Name and key narrow, unless empty (key: None).
        """

    async def last_message(self) -> int:
        """The highest `seq` so far; 0 if there was none."""

    async def take_messages(self, names: Sequence[str], limit: int = 100) -> Sequence[Message]:
        """The oldest messages for everybody of these names that no node has marked as `taken` yet."""

    async def taken(self, seqs: Sequence[int]) -> None:
        """Mark messages: the scenarios that are attached to them have been started."""

    async def forget(self, before: datetime) -> int:
        """Delete ended runs that were started before, and messages posted before. Returns how many rows.

        A message for a run that is unfinished stays.
        """

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
    author: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A scenario as somebody edits it: saved, and not yet published."""

    name: str
    text: str
    """Empty: the scenario is to be taken out by the next publishing."""
    revision: int
    """Grows with each saving. Who saves names the one that he had read."""
    author: str = ""
    saved: datetime | None = None
    based_on: int = 0
    """The release from which it was begun."""


class DraftConflictError(Exception):
    """Somebody else has saved meanwhile: nothing was written. `theirs` is what stands there now."""

    def __init__(self, theirs: Draft | None) -> None:
        super().__init__("somebody else has saved this scenario meanwhile: look at both and save again")
        self.theirs = theirs


class Drafts(Protocol):
    """Keeps drafts. Every method that writes is durable when it returns."""

    async def all(self) -> Sequence[Draft]:
        """Every draft, by name."""

    async def get(self, name: str) -> Draft | None:
        """One draft."""

    async def save(self, draft: Draft) -> Draft:
        """Save it; `draft.revision` is the one that was read (0: there was none). Returns it with its new revision.

        Raises DraftConflictError if another revision stands there.
        """

    async def discard(self, name: str, revision: int) -> None:
        """Take a draft away, so that the published text counts again. Raises DraftConflictError as `save` does."""


class ReleaseConflictError(Exception):
    """Somebody else has published meanwhile: nothing was written."""


class Releases(Protocol):
    """Keeps releases. Numbers begin with 1 and grow by one."""

    async def current(self) -> int:
        """The number of the youngest release; 0 if there is none."""

    async def load(self, number: int) -> Release:
        """One release. Raises ScenarioError if there is none of that number."""

    async def publish(
        self, scenarios: Mapping[str, str], *, message: str, at: datetime, author: str = "", after: int | None = None
    ) -> int:
        """Make a release of all `scenarios` and return its number. Durable when this returns.

        `after` is the release from which it was made: raises ReleaseConflictError if that is not the youngest any more.
        """

    async def list(self, *, limit: int = 100, before: int | None = None) -> Sequence[Release]:
        """Releases, youngest first, with empty `scenarios`: texts are loaded one release at a time."""


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
    """main, after_hangup, fault, or the slug of a branch that runs beside others."""
    taken: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the simulator needs to do it again: `changed` as exact values (`values.to_json`), never those of secrets."""
    keys: Sequence[tuple[float, str]] = ()
    """Keys that the caller pressed during the step, with the seconds since it was entered; as `•` if secret."""


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
    start: Mapping[str, JsonValue] = field(default_factory=dict)
    """What it was started with, as exact values (`values.to_json`), never those of secrets."""
    key: str = ""
    """Of a service run: what the run mode goes by, usually a phone in its canonical writing."""
    caller: str = ""
    """Of a voice run: who called, as it was written; so are the following."""
    caller_name: str = ""
    caller_phone: str = ""
    """In canonical writing, by which a number is found however it is written."""
    dialled: str = ""
    dialled_phone: str = ""
    """In canonical writing."""
    line: str = ""
    user: str = ""
    """Of a dialog run: on whose screen it runs."""


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run with its steps, in the order of their ending."""

    run: RunTrace
    steps: Sequence[StepTrace]


class TraceLog(Protocol):
    """Finds past and present runs again. What was traced a moment ago may still be on its way."""

    async def find(
        self,
        *,
        scenario: str = "",
        step: str = "",
        exit_: str = "",
        number: str = "",
        error: str | None = None,
        kind: str = "",
        chain: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        unfinished: bool | None = None,
        limit: int = 100,
        before: str = "",
    ) -> Sequence[RunTrace]:
        """Runs that meet all that is given, youngest first.

        `step` and `exit_` are of one step that the run has left. `number` is canonical (`PhoneNumber.canonical`):
        the caller's, the dialled one, or the key. `error` is a part of the run's error or of a step's; empty: any
        error. `since` (inclusive) and `until` (exclusive) bound the beginning. `before` is the id of the last run of
        the page before.
        """

    async def load(self, run_id: str) -> TracedRun | None:
        """One run with all its steps."""


class TraceSink(Protocol):
    """Takes what runs do. Must return at once and never raise; it may drop entries when it cannot keep up."""

    def run(self, trace: RunTrace) -> None:
        """A run has begun or ended."""

    def step(self, trace: StepTrace) -> None:
        """A step is over."""


__all__ = [
    "Awaited",
    "Checkpoint",
    "ClaimedRun",
    "Draft",
    "DraftConflictError",
    "Drafts",
    "Effect",
    "Ending",
    "LeaseLostError",
    "Message",
    "NewRun",
    "Release",
    "ReleaseConflictError",
    "Releases",
    "RunInfo",
    "RunMode",
    "RunStore",
    "RunTrace",
    "ScenarioError",
    "StepTrace",
    "TraceLog",
    "TraceSink",
    "TracedRun",
]
