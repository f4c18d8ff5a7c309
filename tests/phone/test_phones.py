"""Two desks call each other with nothing between them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cordboard.phone import Call, Desk, open_desk
from cordboard.phone.listening import hears_tone, read_sound, tone_at
from cordboard.sip.api import EndedBy, Identity
from cordboard.testing.exchange import until

pytestmark = [pytest.mark.slow, pytest.mark.wire]


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[tuple[Desk, Desk]]:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    async with (
        open_desk(rtp_ports=range(31000, 31100), folder=tmp_path / "a") as a,
        open_desk(rtp_ports=range(31100, 31200), folder=tmp_path / "b") as b,
    ):
        yield a, b


async def joined(desks: tuple[Desk, Desk]) -> tuple[Call, Call]:
    """A call from one desk to the other, answered."""
    a, b = desks
    taken: asyncio.Queue[Call] = asyncio.Queue()
    b.answer_anybody(taken.put)
    here = await a.dial(
        f"sip:200@127.0.0.1:{b.address.port}", via=b.address, caller=Identity("100", "here"), called=Identity("200")
    )
    there = await taken.get()
    there.ring()
    assert await here.ringing()
    await there.answer()
    assert await here.answered()
    return here, there


def hears(call: Call, hz: float) -> bool:
    return call.heard.exists() and hears_tone(call.heard, hz, last=0.5)


async def test_each_hears_the_other_and_keys_go_both_ways(desks: tuple[Desk, Desk]) -> None:
    here, there = await joined(desks)
    assert (there.caller.user, there.called.user) == ("100", "200")
    await here.say_tone(440)
    await there.say_tone(1000)
    await until(lambda: hears(here, 1000) and hears(there, 440))
    await here.press("15#")
    await there.press("*", by_info=True)
    await until(lambda: there.keys == "15#")
    assert any(fact.what == "info" and "Signal=*" in fact.detail for fact in here.timeline)
    await there.hang_up()
    end = await here.ended()
    assert (end.by, end.status) == (EndedBy.REMOTE, None)
    sound = read_sound(here.heard)
    assert tone_at(sound[-4000:], 440) < 100


async def test_hold_silences_and_resume_brings_back(desks: tuple[Desk, Desk]) -> None:
    here, there = await joined(desks)
    await there.say_tone(1000)
    await until(lambda: hears(here, 1000))
    await here.hold()
    await until(lambda: not hears(here, 1000))
    await here.resume()
    await until(lambda: hears(here, 1000))
    await here.hang_up()
    assert (await there.ended()).by is EndedBy.REMOTE


async def test_a_refusal_and_a_caller_who_gives_up(desks: tuple[Desk, Desk]) -> None:
    a, b = desks
    taken: asyncio.Queue[Call] = asyncio.Queue()
    b.answer_anybody(taken.put)
    uri = f"sip:200@127.0.0.1:{b.address.port}"
    first = await a.dial(uri, via=b.address, caller=Identity("100"))
    (await taken.get()).refuse(486, "Busy Here")
    assert not await first.answered()
    assert (await first.ended()).status == 486
    second = await a.dial(uri, via=b.address, caller=Identity("100"))
    ringing = await taken.get()
    ringing.ring()
    assert await second.ringing()
    await second.hang_up()
    assert (await ringing.ended()).by is EndedBy.REMOTE
