"""What a crowd of runs must not cost."""

import asyncio

from cordboard.scenario.ports import Release
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.scenario import MemoryReleases
from cordboard.testing.steps import Stage, service


class SlowReleases(MemoryReleases):
    """Takes a while, as a database does, and counts."""

    loaded = 0

    async def load(self, number: int) -> Release:
        self.loaded += 1
        await asyncio.sleep(0.01)
        return await super().load(number)


@virtual_time
async def test_a_crowd_that_begins_at_once_loads_and_compiles_a_release_once() -> None:
    stage = Stage()
    stage.releases = SlowReleases({"work": service("a: {component: end}")})
    runner = stage.node("b")
    await asyncio.gather(*(runner.start_service("work") for _ in range(50)))
    assert stage.releases.loaded == 1
