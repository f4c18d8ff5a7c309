"""Story S8 on real SIP and RTP: parked by both transfers, taken, refused, forgotten; and a talk as any other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.testing.stories_on_the_wire import Edits, Props, Told, told, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

PLACES = ("711", "712", "713", "714", "715")
CLIENT, OLENA, IVAN = 440.0, 620.0, 1000.0
SOON = {"park": {"longest_alone: 2m": "longest_alone: 4s"}}


@asynccontextmanager
async def office(folder: Path, edits: Edits = {}) -> AsyncIterator[tuple[Told, Phone, Phone, Phone]]:  # noqa: B006
    """Who is outside parks himself, which fills the places. The phones of Olena, Ivan and of the client, 101 to 103."""
    numbers = {"710": "park"} | dict.fromkeys(PLACES, "take")
    async with told(folder, Props("s08-parking", main="park", numbers=numbers, edits=edits)) as story:
        phones = [story.on.phone(account) for account in ("101", "102", "103")]
        for phone in phones:
            await phone.register()
        yield story, phones[0], phones[1], phones[2]


async def answered(phone: Phone, hz: float = 0.0) -> Call:
    """The next call of a phone, answered, with its voice."""
    async with asyncio.timeout(15):
        call = await phone.incoming.get()
    await call.answer()
    if hz:
        await call.say_tone(hz)
    return call


async def talk(client: Phone, olena: Phone) -> tuple[Call, Call]:
    """The client has called Olena, and both hear each other."""
    his = await client.dial("101")
    hers = await answered(olena, OLENA)
    assert await his.answered()
    await his.say_tone(CLIENT)
    await hears(his, OLENA)
    await hears(hers, CLIENT)
    return his, hers


async def hears(call: Call, hz: float, *, now: bool = True) -> None:
    """Wait until the tone is heard, or is heard no more."""

    async def is_so() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, hz) is now

    await until(is_so, what=lambda: f"{hz} Hz: it did not become {now}")


async def takes(phone: Phone, place: str, client: Call, hz: float) -> Call:
    """Somebody dials a place, and talks with who is parked there."""
    call = await phone.dial(place)
    assert await call.answered()
    await call.say_tone(hz)
    await hears(client, hz)
    await hears(call, CLIENT)
    return call


async def test_parked_by_both_transfers_taken_from_another_phone_and_a_talk_as_any_other(tmp_path: Path) -> None:
    async with office(tmp_path) as (story, olena, ivan, client):
        # Without a word in between: she is called back and told.
        his, hers = await talk(client, olena)
        assert await hers.refer("710")
        await hers.ended()
        note = await answered(olena)
        await story.hears(note, "Your call is parked at seven one one")
        await note.ended()
        taken = await takes(ivan, "711", his, IVAN)
        await taken.hold()
        await hears(his, IVAN, now=False)
        await taken.resume()
        await hears(his, IVAN)
        # Ivan transfers him on, as any other.
        assert await taken.refer("101")
        again = await answered(olena, OLENA)
        await hears(again, CLIENT)
        await hears(his, OLENA)
        # With a word in between: she hears the place herself, and he takes hers.
        asks = await olena.dial("710")
        assert await asks.answered()
        await story.hears(asks, "Parked at seven one one")
        assert await again.refer_to(asks)
        await again.ended()
        await asks.ended()
        taken = await takes(ivan, "711", his, IVAN)
        await taken.hang_up()
        await his.ended()
        chain = await story.on.chain_with("711", 6)
        assert chain is not None, "one chain in the log, from the first call to the last"
        assert {leg.account for leg in chain.legs} == {"101", "102", "103"}


async def test_five_places_are_five_and_the_sixth_comes_back_to_who_has_parked_it(tmp_path: Path) -> None:
    async with office(tmp_path) as (story, olena, ivan, client):
        parked = []
        for last in ("one", "two", "three", "four", "five"):
            parked.append(await story.on.call_in("+380671112200"))
            await story.hears(parked[-1], f"Parked at seven one {last}")
        refused = await story.on.call_in("+380671112299")
        await story.hears(refused, "All places are taken.")
        await refused.ended()
        his, hers = await talk(client, olena)
        assert await hers.refer("710")
        back = await answered(olena, OLENA)
        await hears(back, CLIENT)
        await hears(his, OLENA)
        await his.hang_up()
        await back.ended()
        # Who hangs up frees his place: the next one has it.
        await parked[2].hang_up()
        await parked[2].ended()
        nobody = await ivan.dial("713")
        assert await nobody.answered()
        await story.hears(nobody, "Nobody is parked there.")
        late = await story.on.call_in("+380671112277")
        await story.hears(late, "Parked at seven one three")
        await late.say_tone(CLIENT)
        await takes(ivan, "713", late, IVAN)


async def test_who_is_forgotten_comes_back_to_who_has_parked_him(tmp_path: Path) -> None:
    async with office(tmp_path, SOON) as (story, olena, ivan, client):
        his, hers = await talk(client, olena)
        assert await hers.refer("710")
        await hers.ended()
        note = await answered(olena)
        await story.hears(note, "Your call is parked at seven one one")
        await note.ended()
        back = await answered(olena, OLENA)
        await hears(back, CLIENT)
        await hears(his, OLENA)
        nobody = await ivan.dial("711")
        assert await nobody.answered()
        await story.hears(nobody, "Nobody is parked there.")
