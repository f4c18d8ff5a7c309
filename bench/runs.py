# ruff: noqa: T201  (a program that prints what it measured)
"""What sleeping service runs cost: `python bench/runs.py [--sleepers 10000] [--postgresql]`.

That many runs are started and fall asleep for two days. Then, while they sleep: how much memory the process takes more
than before, and how long after its moment a run that becomes due among them has ended. At last the clock is moved on by
two days, and all wake and end.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from cordboard.testing.durability_sleepers import dormitory
from cordboard.testing.store import STORES


async def sleepers(number: int, database: str, wakings: int = 7) -> None:
    """Measure on one database."""
    with tempfile.TemporaryDirectory() as folder:
        async with STORES[database](Path(folder)) as store, dormitory(store) as node:
            await node.fill(100)  # what is loaded and compiled at the first time is no run's cost
            before = node.held()
            used = time.process_time()
            seconds = await node.fill(number)
            used = time.process_time() - used
            asleep = node.held()
            cost = used / number * 1e3
            more = asleep.megabytes - before.megabytes
            print(f"{number} runs on {database}")
            print(f"{seconds:9.1f} s to start them all and let them fall asleep ({cost:.2f} ms of CPU each)")
            print(f"{more:9.1f} MB more in the process than before, {asleep.megabytes:.0f} in all")
            print(f"{asleep.tasks:9} tasks and {asleep.runs} objects of runs while all sleep")
            late = sorted([await node.wake_one() * 1e3 for _ in range(wakings)])
            print(f"{statistics.median(late):9.0f} ms from the moment of one to its end, {late[-1]:.0f} at most")
            used = time.process_time()
            seconds = await node.wake_all()
            cost = (time.process_time() - used) / number * 1e3
            print(f"{seconds:9.1f} s until all have woken and ended ({cost:.2f} ms of CPU each)")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sleepers", type=int, default=10_000)
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own, too")
    options = parser.parse_args()
    for database in ("sqlite", "postgresql") if options.postgresql else ("sqlite",):
        asyncio.run(sleepers(options.sleepers, database))


if __name__ == "__main__":
    main()
