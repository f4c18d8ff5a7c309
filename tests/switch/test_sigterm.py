"""The service is stopped as the system stops it, in the midst of calls."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from cordboard.phone import open_desk
from cordboard.sip.api import Address, EndedBy
from cordboard.testing.office_process import office_process, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

MAIN = (Path(__file__).parents[1] / "wire/scenarios/main.yaml").read_text(encoding="utf-8")


def test_phones_are_told_within_two_seconds_of_sigterm(tmp_path: Path) -> None:
    async def stop_in_the_midst_of_a_call() -> None:
        server = Address("udp", "127.0.0.1", office.sip_port)
        first, second, *_ = sorted(office.passwords)
        async with open_desk(rtp_ports=range(34920, 34990), folder=tmp_path) as desk:
            callee = desk.phone(second, office.passwords[second], server, taker=lambda call: call.answer())
            await callee.register()
            talking = await desk.phone(first, office.passwords[first], server).dial(second)
            assert await asyncio.wait_for(talking.answered(), 5.0)
            os.kill(office.pid, signal.SIGTERM)
            end = await asyncio.wait_for(talking.ended(), 2.0)
            assert (end.by, end.status) == (EndedBy.REMOTE, None)

    with office_process(tmp_path / "office", {"main": MAIN}) as office:
        asyncio.run(stop_in_the_midst_of_a_call())


def test_health_tells_of_a_worker_that_died_and_of_the_next(tmp_path: Path) -> None:
    with office_process(tmp_path / "office", {"main": MAIN}) as office:
        assert office.health()["media"] == "up"
        os.kill(_worker_of(office.pid), signal.SIGKILL)
        until(lambda: office.metrics().get("media_restarts") == 1.0, of="a restart of the worker")
        until(lambda: office.health()["media"] == "up", of="the next worker")


def _worker_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    (worker,) = (one for one in children if b"cordboard.media.worker" in Path(f"/proc/{one}/cmdline").read_bytes())
    return int(worker)
