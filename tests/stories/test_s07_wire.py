"""Story S7 on real SIP and RTP: who calls back gets the colleague who called him, or the secretary."""

import asyncio
from pathlib import Path

import pytest

from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.testing.stories_on_the_wire import Props, Told, told, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CLIENT, DIALLED = "+380501234567", "0501234567"
EXAMPLE = "s07-return-to-the-last-caller"


async def test_who_calls_back_gets_the_colleague_who_called_him_or_the_secretary(tmp_path: Path) -> None:
    async with told(tmp_path, Props(EXAMPLE, main="back")) as story:
        ivan, secretary = await at_their_desks(story)
        await is_taken_by(secretary, await story.on.call_in(CLIENT))  # nobody has called him yet
        await calls_out(story, ivan, answered=False)
        for number in (CLIENT, DIALLED, "380501234567"):
            await is_taken_by(ivan, await story.on.call_in(number))
        # He is busy, not to be disturbed, signed out: the caller hears it ring on, and is answered by who takes it.
        client = await story.on.call_in(CLIENT)
        (await rings(ivan)).refuse(486)
        await is_taken_by(secretary, client)
        await dials(ivan, "*78")  # he does not want to be disturbed
        await is_taken_by(secretary, await story.on.call_in(CLIENT))
        assert ivan.incoming.empty()
        await dials(ivan, "*79")
        await is_taken_by(ivan, await story.on.call_in(CLIENT))
        await ivan.unregister()
        await is_taken_by(secretary, await story.on.call_in(CLIENT))


async def test_the_sql_finds_the_talk_that_was_and_not_the_attempt(tmp_path: Path) -> None:
    async with told(tmp_path, Props(EXAMPLE, main="back_sql")) as story:
        ivan, secretary = await at_their_desks(story)
        await calls_out(story, ivan, answered=False)
        await is_taken_by(secretary, await story.on.call_in(CLIENT))
        await calls_out(story, ivan, answered=True)
        await is_taken_by(ivan, await story.on.call_in(CLIENT))
        await is_taken_by(secretary, await story.on.call_in(DIALLED))  # another writing is another number


# --- who takes part -----------------------------------------------------------------------------------------------


async def at_their_desks(story: Told) -> tuple[Phone, Phone]:
    """Ivan, who calls clients, and the secretary."""
    ivan, secretary = story.on.phone("102"), story.on.phone("101")
    await ivan.register()
    await secretary.register()
    return ivan, secretary


async def calls_out(story: Told, phone: Phone, *, answered: bool) -> None:
    """An employee calls the client, and the log knows it."""
    before = await over(story)
    call = await phone.dial(DIALLED)
    there = await story.on.next_city_call()
    assert there is not None
    if answered:
        await there.answer()
        assert await call.answered()
        await call.hang_up()
    else:
        there.refuse(486)
    await call.ended()

    async def written() -> bool:
        return await over(story) > before

    await until(written)


async def dials(phone: Phone, code: str) -> None:
    """He dials a code, and hears that it counts."""
    call = await phone.dial(code)
    assert await call.answered()
    await call.ended()


async def over(story: Told) -> int:
    """How many calls the log holds that have ended."""
    chains = await story.store(lambda store: store.call_log.recent(50))
    return sum(all(leg.ended for leg in chain.legs) for chain in chains)


async def rings(phone: Phone) -> Call:
    async with asyncio.timeout(10):
        return await phone.incoming.get()


async def is_taken_by(phone: Phone, client: Call) -> None:
    """His phone rings; the client, who has heard nothing but ringing until then, hears him."""
    taken = await rings(phone)
    assert not client.was_answered
    assert client.end is None
    assert await client.ringing()
    assert {fact.detail for fact in client.timeline} <= {"100", "180"}
    await taken.answer()
    await taken.say_tone(440.0)
    assert await client.answered()

    async def heard() -> bool:
        return client.heard.exists() and await asyncio.to_thread(hears_tone, client.heard, 440.0)

    await until(heard)
    await client.hang_up()
    await taken.ended()
