"""The menu of the demo, over the simulated exchange in virtual time."""

from dataclasses import replace

from cordboard.office.model import Route
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.testing.components import Trial
from cordboard.testing.stories import DEMO, DEMO_OFFICE, city

STRANGER = "+380441112233"


@virtual_time
async def test_a_stranger_cannot_leave_over_the_companys_lines() -> None:
    # A route for short codes, as an administrator may well add one.
    office = replace(DEMO_OFFICE, routes=(*DEMO_OFFICE.routes, Route("short", "112", ("city",), shortest=3)))
    texts = [file.read_text(encoding="utf-8") for file in sorted(DEMO.glob("*.yaml"))]
    async with Trial(*texts, far_ends={city("112"): FarEnd.answers(1)}, office=office) as trial:
        caller = trial.call(STRANGER)
        await caller.wait_heard("Welcome")
        caller.press("2112")
        await caller.wait_heard("Nobody can take your call")
        caller.hang_up()
        await trial.ended()
        assert trial.exchange.called == []
