import asyncio

from cordboard.scenario.pace import Pace
from cordboard.simulation.virtual_time import virtual_time


@virtual_time
async def test_a_crowd_of_runs_takes_few_steps_in_one_turn_of_the_loop() -> None:
    pace, taken, turns = Pace(), [0], [0]

    async def run() -> None:
        for _ in range(20):
            if not pace.take():
                await pace.turn()
            taken[0] += 1

    most = 0
    crowd = asyncio.gather(*(run() for _ in range(500)))
    while not crowd.done():
        before = taken[0]
        await asyncio.sleep(0)
        turns[0] += 1
        most = max(most, taken[0] - before)
    assert taken[0] == 10_000
    assert most <= 200
    assert turns[0] <= 220


@virtual_time
async def test_nobody_is_passed_over_and_who_goes_away_takes_no_turn() -> None:
    pace = Pace()
    order: list[int] = []

    async def run(number: int) -> None:
        for _ in range(3):
            if not pace.take():
                await pace.turn()
            order.append(number)
            await asyncio.sleep(0)

    crowd = [asyncio.create_task(run(number)) for number in range(600)]
    await asyncio.sleep(0)
    for task in crowd[300:400]:
        task.cancel()
    await asyncio.wait(crowd)
    left = [*range(300), *range(400, 600)]
    assert order[:500] == left
    assert order[-500:] == left
