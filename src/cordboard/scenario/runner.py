"""Runs scenarios: the one way in for calls, screens, and whoever starts service scenarios."""

import asyncio
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.dialog_runs import DialogRuns
from cordboard.scenario.keys import as_key
from cordboard.scenario.limits import Limits
from cordboard.scenario.local_runs import LocalWork
from cordboard.scenario.mailroom import Mailroom
from cordboard.scenario.pace import Pace
from cordboard.scenario.ports import Message, Releases, RunInfo, RunStore, TraceSink
from cordboard.scenario.programs import Programs
from cordboard.scenario.rehearsal import Rehearsal
from cordboard.scenario.results import RunResult
from cordboard.scenario.run_mode import RunMode, ScenarioError
from cordboard.scenario.service_runs import ServiceRuns
from cordboard.scenario.sessions import Session, Sessions
from cordboard.scenario.trace import NoTrace
from cordboard.scenario.values import AnyValue
from cordboard.scenario.voice_runs import Goodbye, TakePlace, VoiceRuns
from cordboard.scenario.world import Position, World
from cordboard.telephony import Clock, Exchange, Leg, SystemClock

__all__ = ["Goodbye", "Runner"]

_LOOK = 0.5
"""Seconds until a run that is waited for is looked at again."""


async def _silence(_leg: Leg) -> None:
    """Say nothing."""


class Runner:
    """Runs scenarios of the published releases."""

    def __init__(
        self,
        catalogue: Catalogue,
        releases: Releases,
        store: RunStore,
        exchange: Exchange,
        *,
        zone: tzinfo,
        country: str,
        ports: Mapping[type, object] | None = None,
        clock: Clock | None = None,
        limits: Limits | None = None,
        traces: TraceSink | None = None,
        goodbye: Goodbye = _silence,
        node: str = "",
        rehearsal: Rehearsal | None = None,
    ) -> None:
        """A `node` that keeps its name goes on at once after a crash; two that live must never have the same.

        `ports` may still be filled while nothing runs: what a component asks for may itself need this runner.
        """
        self._programs = Programs(releases, catalogue, zone, country)
        self._store = store
        self.mailroom = Mailroom(store)
        """Rings when messages were posted on this node."""
        self.sessions = Sessions()
        """What the scenarios of each chain share on this node."""
        self._work = LocalWork(store, self.mailroom)
        self._world = World(
            exchange=exchange,
            ports=ports if ports is not None else {},
            clock=clock or SystemClock(),
            zone=zone,
            country=country,
            limits=limits or Limits(),
            traces=traces or NoTrace(),
            sessions=self.sessions,
            mailroom=self.mailroom,
            pace=Pace(),
            start_service=self.start_service,
            run_voice=self.run_voice,
            start_dialog=self.start_dialog,
            find_runs=self.find_runs,
            cancel_runs=self.cancel_runs,
            rehearsal=rehearsal,
        )
        self._services = ServiceRuns(self._programs, store, self._world, node)
        self._voices = VoiceRuns(self._programs, self._world, self._work, goodbye)
        self._dialogs = DialogRuns(self._programs, self._world, self._work)

    # -- service scenarios -----------------------------------------------------------------------------------------

    async def start_service(
        self,
        scenario: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        key: str = "",
        mode: RunMode | None = None,
        at_most: int = 0,
        chain: str = "",
        release: int | None = None,
        run_id: str = "",
        session: Session | None = None,
    ) -> str:
        """Start a service scenario, durably, and return its run's id. `serve` carries it on, here or elsewhere.

        What is not given (mode, `at_most`, key) is as the scenario declares it; its key is computed from the variables
        as they are at the start. Every writing of a phone number is one key. With RunMode.SINGLE it may be the id of
        the unfinished run with that key. An empty `chain` begins a new one. A `run_id` that is known is not started
        again. `session` is copied; without one, that of the chain. Raises ScenarioError.
        """
        return await self._services.start(
            scenario,
            values,
            key=key,
            mode=mode,
            at_most=at_most,
            chain=chain,
            release=release,
            run_id=run_id,
            session=session,
        )

    async def serve(self) -> None:
        """Carry on service runs when they are due, until cancelled. What runs then goes on at the next start."""
        await self._services.serve()

    async def cancel(self, run_id: str) -> bool:
        """End a service or dialog run. False if it has ended already, or there is none.

        A service run that another node carries on stops at its next commit.
        """
        return self._dialogs.cancel(run_id) or await self._services.cancel(run_id)

    async def find_runs(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """Service runs, youngest first, at most 1000. A phone is found however the key is written."""
        return await self._store.find(scenario=scenario, key=as_key(key, self._world.country), unfinished=unfinished)

    async def cancel_runs(self, scenario: str = "", key: str = "", *, but: str = "") -> int:
        """End the unfinished service runs of a scenario and key, except one. Returns how many there were.

        Raises ScenarioError if neither is given.
        """
        if not scenario and not key:
            raise ScenarioError("which runs shall be cancelled? Name a scenario or a key")
        found = await self.find_runs(scenario=scenario, key=key, unfinished=True)
        # Those that wait come first: cancelling what they wait for would let them begin.
        found = sorted(found, key=lambda info: info.wake is not None)
        return sum([await self.cancel(info.id) for info in found if info.id != but])

    async def ended(self, run_id: str, within: float) -> RunInfo | None:
        """A service run once it has ended, or as it stands after `within` seconds; None if there is none."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while True:
            info, left = await self._store.get(run_id), end - loop.time()
            if info is None or info.ending is not None or left <= 0:
                return info
            await asyncio.sleep(min(_LOOK, left))

    async def post(self, messages: Sequence[Message]) -> None:
        """Post messages, durably. One without an id, a moment or a chain gets it; phones as keys become canonical."""
        now, country = self._world.clock.now(), self._world.country
        ready = [
            replace(
                message,
                id=message.id or uuid.uuid4().hex,
                posted=message.posted or now,
                key=as_key(message.key, country),
            )
            for message in messages
        ]
        await self._store.emit((), ready)
        self.mailroom.ring()

    # -- voice scenarios -------------------------------------------------------------------------------------------

    async def run_voice(
        self,
        scenario: str,
        leg: Leg,
        values: Mapping[str, AnyValue] | None = None,
        *,
        release: int | None = None,
        session: Session | None = None,
    ) -> RunResult:
        """Let a voice scenario drive `leg` and return how it ended. The leg is not hung up here.

        When the caller hangs up, the main branch is cancelled, and the branch after the hang-up runs before this
        returns. A fault that the scenario does not catch is in the result, after a goodbye. `session` is shared;
        without one, that of the leg's chain. Raises ScenarioError only if
        there is no such scenario, it is broken, or a value does not fit.
        """
        return await self._voices.run(scenario, leg, values, release=release, session=session)

    def heir_of(self, leg: Leg) -> TakePlace | None:
        """See VoiceRuns.heir_of."""
        return self._voices.heir_of(leg)

    # -- dialog scenarios ------------------------------------------------------------------------------------------

    async def run_dialog(
        self,
        scenario: str,
        user: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        chain: str = "",
        release: int | None = None,
        session: Session | None = None,
    ) -> RunResult:
        """Run a dialog scenario on the screen of `user` (a login) and return how it ended. `cancel` ends it.

        It belongs to `chain` (empty: a new one) and shares its session. A fault that the scenario does not catch is
        in the result. Raises ScenarioError only if there is no such scenario, it is broken, or a value does not fit.
        """
        return await self._dialogs.run(scenario, user, values, chain=chain, release=release, session=session)

    async def start_dialog(
        self,
        scenario: str,
        user: str,
        values: Mapping[str, AnyValue] | None = None,
        *,
        chain: str = "",
        release: int | None = None,
        session: Session | None = None,
    ) -> str:
        """Like `run_dialog`, beside whoever asks; returns the run's id at once. `close` ends it."""
        return await self._dialogs.start(scenario, user, values, chain=chain, release=release, session=session)

    # -- all kinds -------------------------------------------------------------------------------------------------

    def live(self) -> Sequence[Position]:
        """Where the runs that are running on this node stand now. Sleeping service runs are in the store."""
        runs = [*self._voices.running(), *self._services.running(), *self._dialogs.running()]
        return [position for run in runs if (position := run.position) is not None]

    async def prepare(self, release: int | None = None) -> None:
        """Compile a release now rather than at its first call. Raises ScenarioError naming what is broken."""
        (await self._programs.of(release)).compile_all()

    async def has(self, scenario: str, kind: ScenarioKind = ScenarioKind.SERVICE) -> bool:
        """Whether the current release has a scenario of that name and kind that can run."""
        try:
            (await self._programs.of()).get(scenario, kind)
        except ScenarioError:
            return False
        return True

    async def parameters(self, scenario: str) -> Collection[str]:
        """The names of the start parameters of a service scenario. Raises ScenarioError."""
        program = (await self._programs.of()).get(scenario, ScenarioKind.SERVICE)
        return [name for name, variable in program.variables.items() if variable.parameter]

    async def close(self) -> None:
        """End the dialogs, and wait until the branches after a hang-up have ended and their effects are committed."""
        self._dialogs.close()
        await self._work.close()
