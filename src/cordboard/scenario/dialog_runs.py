"""Runs of dialog scenarios: on a user's screen, in memory, without a leg."""

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.execution import Run
from cordboard.scenario.frames import Frame
from cordboard.scenario.local_runs import LocalWork, end
from cordboard.scenario.programs import Programs
from cordboard.scenario.results import Outcome, RunResult
from cordboard.scenario.said import said
from cordboard.scenario.sessions import Session
from cordboard.scenario.signals import LimitReached, UncaughtError
from cordboard.scenario.values import AnyValue, show_duration
from cordboard.scenario.world import World

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Dialog:
    run: Run
    main: "asyncio.Task[None] | None" = None
    cancelled: bool = False


class DialogRuns:
    """Runs dialog scenarios."""

    def __init__(self, programs: Programs, world: World, work: LocalWork) -> None:
        self._programs = programs
        self._world = world
        self._work = work
        self._dialogs: dict[str, _Dialog] = {}

    def running(self) -> Sequence[Run]:
        """The runs that are in progress."""
        return [dialog.run for dialog in self._dialogs.values()]

    async def run(
        self,
        scenario: str,
        user: str,
        values: Mapping[str, AnyValue] | None,
        *,
        chain: str,
        release: int | None,
        session: Session | None,
    ) -> RunResult:
        """See Runner.run_dialog."""
        dialog = await self._begin(scenario, user, values, chain=chain, release=release, session=session)
        return await self._drive(dialog)

    async def start(
        self,
        scenario: str,
        user: str,
        values: Mapping[str, AnyValue] | None,
        *,
        chain: str,
        release: int | None,
        session: Session | None,
    ) -> str:
        """See Runner.start_dialog."""
        dialog = await self._begin(scenario, user, values, chain=chain, release=release, session=session)

        async def drive() -> None:
            await self._drive(dialog)

        self._work.own(drive())
        return dialog.run.id

    def cancel(self, run_id: str) -> bool:
        """End a run. False if there is none of that id."""
        dialog = self._dialogs.get(run_id)
        if dialog is None:
            return False
        dialog.cancelled = True
        if dialog.main is not None:
            dialog.main.cancel()
        return True

    def close(self) -> None:
        """End all: a screen does not outlive the exchange that draws it."""
        for run_id in list(self._dialogs):
            self.cancel(run_id)

    async def _begin(
        self,
        scenario: str,
        user: str,
        values: Mapping[str, AnyValue] | None,
        *,
        chain: str,
        release: int | None,
        session: Session | None,
    ) -> _Dialog:
        programs = await self._programs.of(release)
        program = programs.get(scenario, ScenarioKind.DIALOG)
        given = programs.fitted(program, values)
        chain = chain or uuid.uuid4().hex
        session = session or self._world.sessions.of(chain)
        run = Run(
            id=uuid.uuid4().hex,
            chain=chain,
            kind=ScenarioKind.DIALOG,
            programs=programs,
            world=self._world,
            root=Frame.begin(program, session, given),
            started=self._world.clock.now(),
            commit=self._work.emit,
            session=session,
            user=user,
            start_values=programs.without_secrets(program, given),
        )
        dialog = self._dialogs[run.id] = _Dialog(run)
        return dialog

    async def _drive(self, dialog: _Dialog) -> RunResult:
        run = dialog.run
        run.trace()
        outcome, error = Outcome.CANCELLED, ""
        try:
            outcome, error = await self._watch(dialog)
        finally:
            del self._dialogs[run.id]
            run.trace(outcome, error)
        return run.result(outcome, error)

    async def _watch(self, dialog: _Dialog) -> tuple[Outcome, str]:
        run, limit = dialog.run, self._world.limits.dialog_time
        if dialog.cancelled:
            return Outcome.CANCELLED, ""
        main = dialog.main = asyncio.create_task(run.execute(run.root))
        try:
            await asyncio.wait({main}, timeout=limit)
        finally:
            await end(main)
        try:
            main.result()
        except (UncaughtError, LimitReached) as fault:
            error = str(fault)
        except asyncio.CancelledError:
            if dialog.cancelled:
                return Outcome.CANCELLED, ""
            error = said(
                "it took longer than {longest}, the most for a dialog: let a service scenario wait",
                longest=show_duration(timedelta(seconds=limit)),
            )
        except Exception as fault:  # a fault of ours is the run's fault and nobody else's
            log.exception("run %s: failed", run.id)
            error = f"{type(fault).__name__}: {fault}"
        else:
            return Outcome.FINISHED, ""
        log.warning("run %s: ended by a fault: %s", run.id, run.secrets.masked(error))
        return Outcome.FAULTED, error
