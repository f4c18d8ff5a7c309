"""The ports of `scenario` in memory. `tests/contract/test_run_store.py` holds the store to the same contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cordboard.scenario.ports import (
    Awaited,
    Checkpoint,
    ClaimedRun,
    Effect,
    Ending,
    LeaseLostError,
    Message,
    NewRun,
    Release,
    ReleaseConflictError,
    RunInfo,
    RunTrace,
    StepTrace,
)
from cordboard.scenario.results import Outcome
from cordboard.scenario.run_mode import RunMode, ScenarioError


@dataclass(slots=True)
class _Row:
    run: NewRun
    mode: RunMode
    checkpoint: Checkpoint
    wake: datetime | None
    epoch: int = 0
    node: str = ""
    lease: datetime | None = None
    awaited: Sequence[Awaited] = ()
    ending: Ending | None = None

    @property
    def waiting(self) -> bool:
        return self.wake is None and self.ending is None

    @property
    def places(self) -> int:
        """As how many may be under way together, if it waits."""
        return self.run.at_most if self.mode is RunMode.AT_MOST else 1

    def due(self, now: datetime) -> bool:
        return self.wake is not None and self.wake <= now and (self.lease is None or self.lease <= now)

    def wants(self, message: Message) -> bool:
        return any(
            (message.name, message.key) == (awaited.name, awaited.key)
            and message.seq > (awaited.own if message.run_id else awaited.after)
            and message.run_id in {"", self.run.id}
            for awaited in self.awaited
        )

    def end(self, ending: Ending) -> None:
        self.ending, self.wake, self.node, self.lease, self.awaited = ending, None, "", None, ()


class MemoryRunStore:
    """Implements `scenario.ports.RunStore`."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._effects: dict[tuple[str, str], Effect] = {}
        self._messages: dict[str, Message] = {}
        self._last_message = 0
        self._taken: set[int] = set()
        self._queues: set[tuple[str, str]] = set()
        """Scenario and key of those of which some wait."""

    async def start(self, run: NewRun, mode: RunMode = RunMode.PARALLEL) -> str:
        """See RunStore."""
        if run.id in self._rows:
            return run.id
        rivals = [] if mode is RunMode.PARALLEL else self._unfinished(run)
        if mode is RunMode.SINGLE and rivals:
            return rivals[0].run.id
        row = _Row(run, mode, run.checkpoint, run.started)
        if mode is RunMode.RESTART:
            for rival in rivals:
                rival.end(Ending(Outcome.CANCELLED))
        elif mode in {RunMode.QUEUED, RunMode.AT_MOST}:
            ahead = any(rival.waiting for rival in rivals)
            if ahead or len(rivals) >= row.places:
                row.wake = None
                self._queues.add((run.scenario, run.key))
        self._rows[run.id] = row
        return run.id

    async def claim(self, now: datetime, node: str, lease_until: datetime, limit: int = 100) -> Sequence[ClaimedRun]:
        """See RunStore."""
        due = sorted((row for row in self._rows.values() if row.due(now)), key=lambda row: row.wake or now)[:limit]
        claimed = []
        for row in due:
            row.epoch, row.node, row.lease, row.awaited = row.epoch + 1, node, lease_until, ()
            run = row.run
            claimed.append(ClaimedRun(run.id, run.scenario, run.release, run.chain, run.key, row.checkpoint, row.epoch))
        return claimed

    async def renew(self, epochs: Mapping[str, int], lease_until: datetime) -> Sequence[str]:
        """See RunStore."""
        lost = []
        for run_id, epoch in epochs.items():
            row = self._held(run_id, epoch)
            if row is None or row.lease is None:
                lost.append(run_id)
            else:
                row.lease = lease_until
        return lost

    async def release(self, node: str) -> int:
        """See RunStore."""
        held = [row for row in self._rows.values() if row.node == node]
        for row in held:
            row.node, row.lease = "", None
        return len(held)

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
        """See RunStore."""
        row = self._held(run_id, epoch)
        if row is None:
            raise LeaseLostError(f"run {run_id} has ended or belongs to another node now")
        row.checkpoint = checkpoint
        self._post(effects, messages)
        if ending is not None:
            row.end(ending)
            self._promote(row.run)
        elif wake is not None:
            row.wake, row.node, row.lease, row.awaited = wake, "", None, awaited
            if any(row.wants(message) for message in self._messages.values()):
                row.wake = row.run.started

    async def emit(self, effects: Sequence[Effect], messages: Sequence[Message] = ()) -> None:
        """See RunStore."""
        self._post(effects, messages)

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
        """See RunStore."""
        found = [
            message
            for message in self._messages.values()
            if (not message.run_id and message.seq > after)
            or (run_id and message.run_id == run_id and message.seq > own)
        ]
        return [m for m in found if name in {"", m.name} and key in {None, m.key}][:limit]

    async def last_message(self) -> int:
        """See RunStore."""
        return self._last_message

    async def take_messages(self, names: Sequence[str], limit: int = 100) -> Sequence[Message]:
        """See RunStore."""
        wanted = [m for m in self._messages.values() if not m.run_id and m.name in names and m.seq not in self._taken]
        return wanted[:limit]

    async def taken(self, seqs: Sequence[int]) -> None:
        """See RunStore."""
        self._taken.update(seqs)

    async def forget(self, before: datetime) -> int:
        """See RunStore."""
        unfinished = {run_id for run_id, row in self._rows.items() if row.ending is None}
        old_runs = [i for i, row in self._rows.items() if i not in unfinished and row.run.started < before]
        old_messages = [
            message.id
            for message in self._messages.values()
            if message.posted is not None and message.posted < before and message.run_id not in unfinished
        ]
        for run_id in old_runs:
            del self._rows[run_id]
        for message_id in old_messages:
            del self._messages[message_id]
        return len(old_runs) + len(old_messages)

    async def next_wake(self) -> datetime | None:
        """See RunStore."""
        moments = [max(row.wake, row.lease or row.wake) for row in self._rows.values() if row.wake is not None]
        return min(moments, default=None)

    async def cancel(self, run_id: str, at: datetime) -> bool:  # noqa: ARG002 - the moment is not kept here
        """See RunStore."""
        row = self._rows.get(run_id)
        if row is None or row.ending is not None:
            return False
        row.end(Ending(Outcome.CANCELLED))
        self._promote(row.run)
        return True

    async def find(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """See RunStore."""
        found = [
            _info(row)
            for row in self._rows.values()
            if scenario in {"", row.run.scenario} and key in {"", row.run.key} and not (unfinished and row.ending)
        ]
        found.reverse()  # the youngest of those that began in one moment
        return sorted(found, key=lambda info: info.started, reverse=True)[:1000]

    async def get(self, run_id: str) -> RunInfo | None:
        """See RunStore."""
        row = self._rows.get(run_id)
        return _info(row) if row else None

    async def effects(self) -> Sequence[Effect]:
        """See RunStore."""
        return list(self._effects.values())[:1000]

    def _held(self, run_id: str, epoch: int) -> _Row | None:
        row = self._rows.get(run_id)
        return row if row is not None and row.epoch == epoch and row.ending is None else None

    def _unfinished(self, run: NewRun) -> list[_Row]:
        """Those of the same scenario and key, in the order of their adding."""
        return [
            row
            for row in self._rows.values()
            if row.ending is None and (row.run.scenario, row.run.key) == (run.scenario, run.key)
        ]

    def _promote(self, ended: NewRun) -> None:
        """Make those due that waited for the end of a run."""
        queue = (ended.scenario, ended.key)
        if queue not in self._queues:
            return
        rivals = self._unfinished(ended)
        under_way = sum(not row.waiting for row in rivals)
        for row in rivals:
            if not row.waiting:
                continue
            if under_way >= row.places:
                return
            row.wake = row.run.started
            under_way += 1
        self._queues.discard(queue)

    def _post(self, effects: Sequence[Effect], messages: Sequence[Message]) -> None:
        for effect in effects:
            self._effects.setdefault((effect.kind, effect.key), effect)
        for message in messages:
            if message.id in self._messages:
                continue
            self._last_message += 1
            posted = self._messages[message.id] = replace(message, seq=self._last_message)
            for row in self._rows.values():
                if row.awaited and row.wants(posted):
                    row.wake = row.run.started


def _info(row: _Row) -> RunInfo:
    run = row.run
    return RunInfo(run.id, run.scenario, run.release, run.chain, run.key, run.started, row.wake, row.ending, row.node)


class MemoryReleases:
    """Implements `scenario.ports.Releases`."""

    def __init__(self, scenarios: Mapping[str, str] | None = None) -> None:
        self._releases: list[Release] = []
        if scenarios:
            self._releases.append(Release(1, dict(scenarios)))

    async def current(self) -> int:
        """See Releases."""
        return len(self._releases)

    async def load(self, number: int) -> Release:
        """See Releases."""
        if not 1 <= number <= len(self._releases):
            raise ScenarioError(f"there is no release {number}")
        return self._releases[number - 1]

    async def publish(
        self, scenarios: Mapping[str, str], *, message: str, at: datetime, author: str = "", after: int | None = None
    ) -> int:
        """See Releases."""
        if after is not None and after != len(self._releases):
            raise ReleaseConflictError
        self._releases.append(Release(len(self._releases) + 1, dict(scenarios), message, at, author))
        return len(self._releases)

    async def list(self, *, limit: int = 100, before: int | None = None) -> Sequence[Release]:
        """See Releases."""
        older = [release for release in self._releases if before is None or release.number < before]
        return [replace(release, scenarios={}) for release in reversed(older)][:limit]


class MemoryTraces:
    """A TraceSink that keeps everything in lists."""

    def __init__(self) -> None:
        self.runs: list[RunTrace] = []
        self.steps: list[StepTrace] = []

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        self.runs.append(trace)

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self.steps.append(replace(trace))

    @property
    def path(self) -> list[tuple[str, str]]:
        """Steps and the exits by which they were left."""
        return [(step.step, step.exit) for step in self.steps]
