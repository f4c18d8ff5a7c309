"""How a line's registration is kept, in virtual time against a provider of words."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cordboard.simulation.virtual_time import virtual_time
from cordboard.sip.api import Address, Reply
from cordboard.switch.lines import LineKeeper, Lines, granted
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode
from cordboard.testing.real_exchange import Accounts

LINE = Line("city", LineMode.REGISTER, "192.0.2.1", username="us", password="secret", expires=300)
CONTACT = "sip:city@192.0.2.9:5060"


class Provider:
    """Implements what a LineKeeper asks of sip.api.UserAgent: gives the replies in turn, the last one for ever."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[float, int]] = []
        self.vias: list[Address] = []

    async def request(self, method: str, uri: str, *, via: Address, headers: Mapping[str, str], **others: Any) -> Reply:
        assert (method, uri) == ("REGISTER", "sip:192.0.2.1")
        assert headers["Contact"] == f"<{CONTACT}>"
        assert others["credentials"].username == "us"
        self.vias.append(via)
        self.asked.append((asyncio.get_running_loop().time(), int(headers["Expires"])))
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


def ok(**headers: Sequence[str]) -> Reply:
    """The provider agrees."""
    return Reply(200, "OK", headers)


def contact_of(line: Line, host: str) -> str:
    """Ours."""
    assert (line.name, host) == ("city", "192.0.2.1")
    return CONTACT


async def keep(provider: Provider, seconds: float, line: Line = LINE) -> LineKeeper:
    """Keep a line for that long."""
    keeper = LineKeeper(line, provider, contact_of)  # type: ignore[arg-type]  # it asks for `request` alone
    task = asyncio.create_task(keeper.keep())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return keeper


def times(provider: Provider) -> list[float]:
    """Seconds since the first request."""
    return [round(at - provider.asked[0][0], 1) for at, _ in provider.asked]


@virtual_time
async def test_a_registration_is_renewed_before_what_was_granted_is_over() -> None:
    provider = Provider(ok(contact=[f"<{CONTACT}>;expires=100"]))
    keeper = await keep(provider, 250.0)
    assert times(provider) == [0.0, 80.0, 160.0, 240.0]
    assert keeper.state.up
    assert provider.vias[0] == Address("udp", "192.0.2.1", 5060)


@virtual_time
async def test_refusals_are_retried_ever_more_seldom_until_it_works() -> None:
    no = Reply(503, "Busy Now", {})
    provider = Provider(no, no, no, no, no, no, no, ok())
    keeper = await keep(provider, 100.0)
    assert times(provider) == [0.0, 5.0, 15.0, 35.0, 75.0]
    assert (keeper.state.up, keeper.state.note) == (False, "503 Busy Now")
    keeper = await keep(provider, 1000.0)
    assert keeper.state.up


@virtual_time
async def test_a_provider_that_wants_longer_ones_gets_them() -> None:
    brief = Reply(423, "Interval Too Brief", {"min-expires": ["600"]})
    provider = Provider(brief, ok(expires=["600"]))
    await keep(provider, 500.0)
    assert [asked for _, asked in provider.asked] == [300, 600, 600]
    assert times(provider) == [0.0, 0.0, 480.0]


@virtual_time
async def test_a_fault_of_one_line_is_a_note_and_a_retry() -> None:
    provider = Provider(ValueError("not a host: '<'"), ok())
    keeper = await keep(provider, 1.0)
    assert (keeper.state.up, keeper.state.note) == (False, "not a host: '<'")
    assert (await keep(provider, 6.0)).state.up


@virtual_time
async def test_a_changed_line_signs_out_before_it_signs_in_anew() -> None:
    provider = Provider(ok())
    directory = Accounts()
    directory.wanted = [LINE]
    lines = Lines(directory)
    task = asyncio.create_task(lines.keep(provider, contact_of))  # type: ignore[arg-type]  # it asks for `request` alone
    await asyncio.sleep(0.5)
    directory.wanted = [Line("city", LineMode.REGISTER, "192.0.2.1", username="us", password="new", expires=600)]
    await asyncio.sleep(1.0)
    assert [asked for _, asked in provider.asked] == [300, 0, 600]
    assert [state.up for state in lines.states()] == [True]
    directory.wanted = []
    await asyncio.sleep(1.0)
    assert [asked for _, asked in provider.asked] == [300, 0, 600, 0]
    assert lines.states() == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"contact": [f"<{CONTACT}>;expires=60"], "expires": ["900"]}, 60),
        ({"contact": ["<sip:other@192.0.2.8>;expires=10", f"<{CONTACT};ob>;expires=70"]}, 70),
        ({"contact": [f"<{CONTACT}>"], "expires": ["900"]}, 900),
        ({"contact": ["not an address <"], "expires": ["900"]}, 900),
        ({"contact": [f"<{CONTACT}>;expires=soon"]}, 300),
        ({}, 300),
    ],
)
def test_what_was_granted(headers: dict[str, list[str]], seconds: int) -> None:
    assert granted(Reply(200, "OK", headers), CONTACT, 300) == seconds
