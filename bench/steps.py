# ruff: noqa: T201  (a program that prints what it measured)
"""What scenarios cost: `python bench/steps.py [--rounds 3] [--sleepers 10000] [--voices 1000]`.

- step: a voice scenario that computes, compares and puts values, without I/O; CPU of one step with its trace made and
  thrown away, and with its trace kept in SQLite, all threads, until it is written.
- voices: that many voice runs at once, all of which always have something to do; how late the loop comes to a timer.
- sleepers: service runs on SQLite that sleep for two days: what the start and the falling asleep of one cost, and how
  many tasks there are when all of them sleep.
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from cordboard.scenario.catalogue import Catalogue
from cordboard.scenario.component import Component
from cordboard.scenario.context import Context
from cordboard.scenario.limits import Limits
from cordboard.scenario.ports import RunStore, RunTrace, StepTrace, TraceSink
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.stores import MemoryReleases, MemoryRunStore
from cordboard.store.database import open_store
from cordboard.telephony import Leg, SystemClock
from cordboard.testing.engine import become
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.steps import Check, End, Put, Wait, service, voice

_BOUNDLESS = Limits(steps=10**9, steps_without_waiting=10**9)


class Tick(Component):
    """Stands for something that waits, so that the loop may be drawn."""

    kind = "tick"
    title = "Tick"
    group = "test"
    waits = True

    class Exit(StrEnum):
        """Its exit."""

        DONE = "done"

    async def run(self, ctx: Context) -> str:  # noqa: ARG002 - it needs nothing
        """Nothing."""
        return "done"


CATALOGUE = Catalogue([Put, Check, End, Wait, Tick])


def rounds_of(number: int) -> str:
    """A voice scenario of four steps a round."""
    return voice(
        f"""
        a: {{component: put, into: n, value: "=n + 1", exits: {{done: b}}}}
        b: {{component: check, condition: "=n < {number}", exits: {{yes: c, no: e}}}}
        c: {{component: put, into: name, value: "{{caller_name}} {{n}}", exits: {{done: d}}}}
        d: {{component: tick, exits: {{done: a}}}}
        e: {{component: end}}
        """,
        head="variables:\n  - {name: n, type: number}\n  - {name: name}\n  - {name: pin, secret: true}",
    )


SLEEPER = service("a: {component: wait, time: 2d, exits: {done: b}}\nb: {component: end}")


class Counted:
    """Counts the steps."""

    def __init__(self, sink: TraceSink | None = None) -> None:
        self.steps = 0
        self._sink = sink

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        if self._sink:
            self._sink.run(trace)

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self.steps += 1
        if self._sink:
            self._sink.step(trace)


def runner_of(exchange: SimulatedExchange, text: str, traces: TraceSink, store: RunStore | None = None) -> Runner:
    """A runner of one scenario."""
    return Runner(
        CATALOGUE,
        MemoryReleases({"work" if text is SLEEPER else "main": text}),
        store or MemoryRunStore(),
        exchange,
        zone=ZoneInfo("Europe/Kyiv"),
        country="UA",
        limits=_BOUNDLESS,
        traces=traces,
    )


@asynccontextmanager
async def legs_of(number: int) -> AsyncIterator[tuple[SimulatedExchange, Sequence[Leg]]]:
    """Calls that stay."""
    exchange = SimulatedExchange(Listened(), SystemClock())
    legs: list[Leg] = []
    over = asyncio.Event()

    async def take(leg: Leg) -> None:
        legs.append(leg)
        await over.wait()

    async with serving(exchange, take):
        for _ in range(number):
            exchange.call_in("0671234567", "700")
        await become(lambda: len(legs) == number)
        yield exchange, legs
        over.set()


async def step(rounds: int) -> None:
    """One run, measured by its CPU."""
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(Path(folder) / "bench.db")
        async with store, legs_of(1) as (exchange, legs):
            for words, sink in (("thrown away", None), ("kept in SQLite", store.traces)):
                counted = Counted(sink)
                runner = runner_of(exchange, rounds_of(500), counted)
                await runner.prepare()
                costs, kept = [], 0
                for _ in range(rounds):
                    counted.steps, began = 0, time.process_time()
                    ended = await runner.run_voice("main", legs[0])
                    if sink is not None:
                        await store.writer.flush()
                    costs.append((time.process_time() - began) / counted.steps * 1e6)
                    kept = len(await store.traces.steps_of(ended.run_id))
                print(
                    f"a step, its trace {words} ({kept} of {counted.steps}): {statistics.median(costs):.1f} us of CPU"
                )


async def voices(number: int) -> None:
    """Many runs at once."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            late.append((time.perf_counter() - began - 0.005) * 1e3)

    async with legs_of(number) as (exchange, legs):
        counted = Counted()
        runner = runner_of(exchange, rounds_of(30), counted)
        await runner.prepare()
        beating, began = asyncio.create_task(beat()), time.process_time()
        await asyncio.gather(*(runner.run_voice("main", leg) for leg in legs))
        used = (time.process_time() - began) / counted.steps * 1e6
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
    late.sort()
    half, most = late[len(late) // 2], late[int(len(late) * 0.99)]
    print(f"{number} voice runs: {used:.1f} us of CPU a step; the loop is late by {half:.1f} ms, 99 % {most:.1f} ms")


async def sleepers(number: int) -> None:
    """Many rows."""
    with tempfile.TemporaryDirectory() as folder:
        async with await open_store(Path(folder) / "bench.db") as store:
            exchange = SimulatedExchange(Listened(), SystemClock())
            counted = Counted(store.traces)
            runner = runner_of(exchange, SLEEPER, counted, store.runs)
            serving_ = asyncio.create_task(runner.serve())
            used, began = time.process_time(), time.perf_counter()
            for first in range(0, number, 100):
                await asyncio.gather(*(runner.start_service("work") for _ in range(min(100, number - first))))
            await become(lambda: counted.steps >= number and not runner.live())
            used, took = time.process_time() - used, time.perf_counter() - began
            tasks = len(asyncio.all_tasks())
            serving_.cancel()
            await asyncio.wait([serving_])
    cost = used / number * 1e3
    print(f"{number} sleeping runs: {cost:.2f} ms of CPU to start one and let it fall asleep, {took:.1f} s for all")
    print(f"while they sleep there are {tasks} tasks in the process")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sleepers", type=int, default=10_000)
    parser.add_argument("--voices", type=int, default=1000)
    options = parser.parse_args()
    asyncio.run(step(options.rounds))
    asyncio.run(voices(options.voices))
    asyncio.run(sleepers(options.sleepers))


if __name__ == "__main__":
    main()
