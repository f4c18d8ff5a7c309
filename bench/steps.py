# ruff: noqa: T201  (a program that prints what it measured)
"""What scenarios cost: `python bench/steps.py [--rounds 3] [--voices 1000]`.

- step: a voice scenario that computes, compares and puts values, without I/O; CPU of one step with its trace made and
  thrown away, and with its trace kept in SQLite, all threads, until it is written.
- voices: that many voice runs at once, all of which always have something to do; how late the loop comes to a timer.

What service runs cost that sleep is told by `runs.py`.
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
from cordboard.scenario.ports import RunTrace, StepTrace, TraceSink
from cordboard.scenario.runner import Runner
from cordboard.simulation.exchange import SimulatedExchange
from cordboard.simulation.stores import MemoryReleases, MemoryRunStore
from cordboard.store.database import open_store
from cordboard.telephony import Leg, SystemClock
from cordboard.testing.engine import become
from cordboard.testing.exchange import Listened, serving
from cordboard.testing.steps import Check, End, Put, voice

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


CATALOGUE = Catalogue([Put, Check, End, Tick])


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


def runner_of(exchange: SimulatedExchange, text: str, traces: TraceSink) -> Runner:
    """A runner of one scenario."""
    return Runner(
        CATALOGUE,
        MemoryReleases({"main": text}),
        MemoryRunStore(),
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
        beating, began, started = asyncio.create_task(beat()), time.process_time(), time.perf_counter()
        await asyncio.gather(*(runner.run_voice("main", leg) for leg in legs))
        used, took = time.process_time() - began, time.perf_counter() - started
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
    late.sort()
    half, most = late[len(late) // 2], late[int(len(late) * 0.99)]
    cost = used / counted.steps * 1e6
    print(f"{number} voice runs at once: {counted.steps / took:.0f} steps a second, {cost:.1f} us of CPU a step")
    print(f"the loop comes late to a timer by {half:.1f} ms, 99 % within {most:.1f} ms, at most {late[-1]:.1f} ms")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--voices", type=int, default=1000)
    options = parser.parse_args()
    asyncio.run(step(options.rounds))
    asyncio.run(voices(options.voices))


if __name__ == "__main__":
    main()
