"""Callbacks as a process of its own, to be killed: `python -m cordboard.testing.callbacks_crash FOLDER`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cordboard.office.calendar import OfficeCalendar
from cordboard.office.callback_calls import CallbackCalls
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.queue.model import Group, Member
from cordboard.office.switchboard import OfficeSwitchboard
from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import Leg, LineTarget, SystemClock, Target
from cordboard.testing.queue import QueueTrial
from cordboard.testing.store import sqlite_store

CLIENT = "0671234567"
SALES = Group(name="sales", members=(Member(login="anna"),))
RULES = CallbackRules(name="default", quiet="")


class _NoScenarios:
    async def run(self, name: str, leg: Leg, values: Mapping[str, str]) -> None:  # noqa: ARG002  (there are none)
        raise LookupError(name)


@asynccontextmanager
async def calling_back(folder: Path, client: FarEnd) -> AsyncIterator[CallbackCalls]:
    """What is promised in the store of `folder` is kept, for as long as the context lasts. Anna is free."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(sqlite_store(folder))
        outside: dict[Target, FarEnd] = {LineTarget("city", CLIENT): client}
        anna = FarEnd.answers(0.0, hangs_up_after=0.1)
        trial = QueueTrial(SALES, RULES, outside=outside, far_ends={"anna": anna}, clock=clock)
        await stack.enter_async_context(trial)
        calls = CallbackCalls(
            store.callbacks,
            trial.office,
            trial.exchange,
            queues=trial.queues,
            switchboard=OfficeSwitchboard(trial.exchange, trial.office, _NoScenarios()),
            calendar=OfficeCalendar(),
            clock=clock,
        )
        running = asyncio.create_task(calls.run())
        stack.push_async_callback(asyncio.wait, [running])
        stack.callback(running.cancel)
        yield calls


async def _ring_for_ever(folder: Path) -> None:
    async with calling_back(folder, FarEnd.no_answer()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_ring_for_ever(Path(sys.argv[1])))
