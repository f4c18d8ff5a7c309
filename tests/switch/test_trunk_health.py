"""The far end of a line is asked whether it is there, in virtual time; and lines behind one address are told apart."""

import asyncio
from typing import Any

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.api import Address, Reply
from cordboard.switch.lines import LineKeeper, Lines
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode
from cordboard.testing.real_exchange import Accounts

TRUNK = Line("city", LineMode.ADDRESS, "192.0.2.1")
SILENT = "its far end has not answered for 8 s: is it switched on, and does the network reach it?"


class FarEnd:
    """Answers OPTIONS with `status`; None: says nothing."""

    def __init__(self, status: int | None = 200) -> None:
        self.status = status
        self.asked: list[float] = []
        self.methods: set[str] = set()

    async def request(self, method: str, uri: str, *, via: Address, **_: Any) -> Reply:
        self.methods.add(method)
        if method == "OPTIONS":
            assert (uri, via.host) == ("sip:192.0.2.1", "192.0.2.1")
            self.asked.append(round(asyncio.get_running_loop().time(), 1))
        if self.status is None:
            await asyncio.Event().wait()
        return Reply(self.status or 0, "Words", {})


async def lines_of(far_end: FarEnd, *wanted: Line) -> tuple[Lines, asyncio.Task[None]]:
    directory = Accounts()
    directory.wanted = list(wanted)
    lines = Lines(directory)
    task = asyncio.create_task(lines.keep(far_end, lambda line, host: f"sip:{line.name}@{host}"))  # type: ignore[arg-type]  # it asks for `request` alone
    await asyncio.sleep(0.5)
    return lines, task


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def stands(lines: Lines) -> tuple[bool, str]:
    (state,) = lines.states()
    return state.up, state.note


@virtual_time
async def test_a_trunk_is_asked_each_30_seconds_and_its_state_follows() -> None:
    far_end = FarEnd()
    lines, task = await lines_of(far_end, TRUNK)
    assert stands(lines) == (True, "by address")
    await asyncio.sleep(65)
    assert far_end.asked == [0.0, 30.0, 60.0]
    far_end.status = None
    await asyncio.sleep(33)  # asked at 90, given up at 98
    assert stands(lines) == (False, SILENT)
    far_end.status = 404  # a refusal, but somebody is there to say it
    await asyncio.sleep(11)  # asked again after 10
    assert far_end.asked[-2:] == [90.0, 108.0]
    assert stands(lines) == (True, "by address")
    await end(task)


@pytest.mark.parametrize(("status", "up"), [(408, False), (503, False), (500, True), (405, True), (200, True)])
@virtual_time
async def test_what_is_answered(status: int, up: bool) -> None:
    lines, task = await lines_of(FarEnd(status), TRUNK)
    assert stands(lines)[0] is up
    if not up:
        assert stands(lines)[1] == f"its far end cannot be reached: {status} Words"
    await end(task)


@virtual_time
async def test_one_that_does_not_want_to_be_asked_is_not() -> None:
    far_end = FarEnd(None)
    lines, task = await lines_of(far_end, Line("city", LineMode.ADDRESS, "192.0.2.1", check_every=0))
    await asyncio.sleep(100)
    assert far_end.asked == []
    assert stands(lines)[0]
    await end(task)


@virtual_time
async def test_a_line_that_signs_in_is_asked_as_well() -> None:
    far_end = FarEnd()
    lines, task = await lines_of(far_end, Line("city", LineMode.REGISTER, "192.0.2.1", username="us"))
    assert far_end.methods == {"REGISTER", "OPTIONS"}
    assert stands(lines) == (True, "registered")
    await end(task)


MODEMS = (
    Line("kyivstar", LineMode.ADDRESS, "192.0.2.1", number="+380671111111", called="gsm1", prefix="01"),
    Line("vodafone", LineMode.ADDRESS, "192.0.2.1", number="+380502222222", called="gsm2"),
    Line("trunk", LineMode.ADDRESS, "192.0.2.1"),
    Line("other", LineMode.ADDRESS, "192.0.2.1", port=5062),
)


@pytest.mark.parametrize(
    ("port", "dialled", "line"),
    [
        (5060, "gsm1", "kyivstar"),
        (5060, "gsm2", "vodafone"),
        (5060, "+380502222222", "vodafone"),
        (5060, "2327757", "trunk"),
        (5062, "gsm1", "other"),
        (5064, "gsm1", None),
    ],
)
@virtual_time
async def test_modems_behind_one_address_are_told_apart(port: int, dialled: str, line: str | None) -> None:
    lines, task = await lines_of(FarEnd(), *MODEMS)
    owner = lines.owner(Address("udp", "192.0.2.1", port), dialled)
    assert (owner.name if owner else None) == line
    await end(task)


def test_a_gateway_takes_a_modem_by_its_prefix() -> None:
    keeper = LineKeeper(MODEMS[0], FarEnd(), lambda line, host: "")  # type: ignore[arg-type]  # nothing is sent
    assert keeper.uri("0671234567") == "sip:010671234567@192.0.2.1"
