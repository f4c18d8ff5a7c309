"""Story S2's question as it is asked in life: after each call, in its chain, of the log in the database."""

from datetime import timedelta
from pathlib import Path

import pytest

from cordboard.office.call_history import LoggedCallHistory
from cordboard.office.ports import CallHistory
from cordboard.testing.call_log import MORNING, Dialogue, write
from cordboard.testing.components import Trial, service
from cordboard.testing.exchange import until
from cordboard.testing.office import loaded_directory
from cordboard.testing.store import STORES

AFTER = service(
    "first: {component: first_call, phone: =phone}",
    name="after",
    variables="- {name: phone, type: phone, parameter: true}",
)
HOUR = timedelta(hours=1)


def talked(chain: str, hours: int, number: str) -> Dialogue:
    """A call through the menu to Anna."""
    call = Dialogue(chain, MORNING + hours * HOUR).inbound(number, answered=1, ended=60)
    return call.user("101", 5, answered=8, ended=30).talk(8, 30)


CALLS = (
    (Dialogue("menu alone").inbound("0671112233", answered=1, ended=9), "first"),
    (talked("transferred", 1, "067 111 22 33").user("102", 31, answered=35, ended=60).talk(35, 60), "first"),
    (talked("again", 2, "+380671112233"), "again"),
    (talked("somebody else", 3, "0671112234"), "first"),
    (talked("hidden", 4, ""), "unknown"),
)
"""Each with the exit after it."""


@pytest.mark.slow
@pytest.mark.parametrize("where", STORES)
async def test_each_call_is_followed_by_its_question(where: str, tmp_path: Path) -> None:
    async with STORES[where](tmp_path) as store:
        history = LoggedCallHistory(store.call_history, await loaded_directory())
        async with Trial(AFTER, ports={CallHistory: history}) as trial:
            for call, _ in CALLS:
                await write(store.call_log, [call])
                await asked(trial, call)
            assert trial.path == [f"first.{exit_}" for _, exit_ in CALLS]
            # Asked once more, later: the answers of the first two do not change by what has come since.
            for call, _ in CALLS[:2]:
                await asked(trial, call)
            assert trial.path[-2:] == ["first.first", "first.first"]


async def asked(trial: Trial, call: Dialogue) -> None:
    """Run the scenario after a call to its end."""
    before = len(trial.path)
    await trial.runner.start_service("after", {"phone": call.legs[0].caller.number}, chain=call.chain)
    await until(lambda: len(trial.path) > before)
