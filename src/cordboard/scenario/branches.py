"""Branches of a service scenario that run side by side; what `Context.branches` promises.

Each is a frame within the frame that branched, with a task of its own while it does something. A branch that sleeps has
no task. When all that have not ended sleep, the whole run is put away.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cordboard.scenario.frames import Frame
from cordboard.scenario.local_runs import end
from cordboard.scenario.signals import Suspended
from cordboard.scenario.values import AnyValue

if TYPE_CHECKING:
    from cordboard.scenario.execution import Run


async def side_by_side(run: "Run", frame: Frame, depth: int, slugs: Sequence[str], *, first: bool) -> str:
    """Run the branches of the present step, or go on with them after a checkpoint. Returns what ended first.

    Raises UncaughtError for a fault in one, Stopped for a Stop in one, and what ends the whole run.
    """
    if not frame.branches:
        cords = run.programs.get(frame.scenario).steps[frame.step].cords
        frame.branches = {slug: _begin(run, frame, slug, cords.get(slug, "")) for slug in slugs}
    base = dict(frame.values)
    branching = _Branching(run, frame, depth)
    try:
        await branching.until_ended(first=first)
    finally:
        await branching.cancel()
    for slug in slugs:
        if slug in frame.ended:
            frame.values |= _changed(base, frame.branches[slug].values)
    won = frame.ended[0] if frame.ended else ""
    frame.branches, frame.ended = {}, []
    return won


def _begin(run: "Run", frame: Frame, slug: str, step: str) -> Frame:
    return Frame(frame.scenario, step, dict(frame.values), run.next_visit(), branch=slug, beside=True)


def _changed(before: Mapping[str, AnyValue], after: Mapping[str, AnyValue]) -> dict[str, AnyValue]:
    return {name: value for name, value in after.items() if value is not before[name] and value != before[name]}


class _Branching:
    """The tasks of the branches of one step."""

    def __init__(self, run: "Run", frame: Frame, depth: int) -> None:
        self._run = run
        self._frame = frame
        self._depth = depth
        self._busy: dict[asyncio.Task[None], str] = {}
        self._asleep: dict[str, Suspended] = {}

    async def until_ended(self, *, first: bool) -> None:
        """Return when all have ended, or the first one. Raises Suspended when all others sleep."""
        frame = self._frame
        for slug, branch in frame.branches.items():
            # It may have ended in the very moment of a crash.
            if not branch.step and slug not in frame.ended:
                frame.ended.append(slug)
        if not (first and frame.ended):
            for slug, branch in frame.branches.items():
                if branch.step:
                    self._go_on(slug)
        while len(frame.ended) < len(frame.branches) and not (first and frame.ended):
            if not self._busy:
                raise self._all_asleep()
            await self._something_happens()

    async def cancel(self) -> None:
        """End the tasks of those that go on."""
        for task in self._busy:
            task.cancel()
        for task in self._busy:
            await end(task)

    def _go_on(self, slug: str) -> None:
        self._asleep.pop(slug, None)
        branch = self._frame.branches[slug]
        task = asyncio.create_task(self._run.execute(branch, self._depth), name=f"run {self._run.id}: branch {slug}")
        self._busy[task] = slug

    def _all_asleep(self) -> Suspended:
        awaited = [awaited for sleeping in self._asleep.values() for awaited in sleeping.awaited]
        return Suspended(min(sleeping.wake for sleeping in self._asleep.values()), awaited)

    async def _something_happens(self) -> None:
        bell = self._run.world.mailroom.bell()
        if await self._wake():
            return
        news = self._news(bell)
        pause = min((self._seconds_until(sleeping.wake) for sleeping in self._asleep.values()), default=None)
        try:
            waiting = {*self._busy, news} if news else set(self._busy)
            await asyncio.wait(waiting, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if news is not None:
                await end(news)
        slept = len(self._asleep)
        for task in [task for task in self._busy if task.done()]:
            self._over(task)
        if len(self._asleep) > slept and self._busy:
            await self._run.save()  # how long it sleeps must outlive a crash of what goes on

    def _over(self, task: "asyncio.Task[None]") -> None:
        slug = self._busy.pop(task)
        try:
            task.result()
        except Suspended as sleeping:
            self._asleep[slug] = sleeping
        else:
            self._frame.ended.append(slug)

    async def _wake(self) -> bool:
        """Go on with those whose time or message has come. Whether there were some."""
        woken = []
        for slug, sleeping in self._asleep.items():
            if self._seconds_until(sleeping.wake) <= 0 or await self._is_there(sleeping):
                woken.append(slug)
        for slug in woken:
            self._go_on(slug)
        return bool(woken)

    async def _is_there(self, sleeping: Suspended) -> bool:
        for awaited in sleeping.awaited:
            if await self._run.world.mailroom.first(awaited, self._run.id) is not None:
                return True
        return False

    def _news(self, bell: asyncio.Event) -> "asyncio.Task[None] | None":
        """Rings when there may be a message, if one of those that sleep waits for any."""
        if not any(sleeping.awaited for sleeping in self._asleep.values()):
            return None
        return asyncio.create_task(self._run.world.mailroom.wait(bell, _LONG))

    def _seconds_until(self, moment: datetime) -> float:
        return (moment - self._run.world.clock.now()).total_seconds()


_LONG = 3600.0
