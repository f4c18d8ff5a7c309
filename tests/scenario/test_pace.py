import asyncio

from cordboard.scenario.pace import Pace
from cordboard.simulation.virtual_time import virtual_time


@virtual_time
async def test_a_crowd_of_runs_takes_few_steps_in_one_turn_of_the_loop() -> None:
    pace, taken, turns = Pace(), [0], [0]

    async def run() -> None:
        for _ in range(20):
            while not pace.take():  # noqa: ASYNC110 - a turn of the loop is what is waited for
                await asyncio.sleep(0)
            taken[0] += 1

    most = 0
    crowd = asyncio.gather(*(run() for _ in range(500)))
    while not crowd.done():
        before = taken[0]
        await asyncio.sleep(0)
        turns[0] += 1
        most = max(most, taken[0] - before)
    assert taken[0] == 10_000
    assert most <= 400
    assert turns[0] <= 200
