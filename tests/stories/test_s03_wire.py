"""Story S3 on real SIP and RTP: who matters more is served sooner, by his own manager first, and with his card."""

import asyncio
import json
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cordboard.office.queue.model import Group, Member, Strategy
from cordboard.office.roles import Role
from cordboard.office.tokens import new_token
from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.store.database import Store
from cordboard.testing.stories_on_the_wire import Props, Told, told, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

VIP, PARTNER = "+380671234567", "+380501112233"
FIRST, SECOND, THIRD = "+380631112200", "+380631112201", "+380631112202"
OPERATOR_HZ = 1000.0
ASKED = "For subscriptions press one, for advertising two."
PLAIN, KEPT = new_token("boss", [], datetime.now(UTC), role=Role.SUPERVISOR.value)


def props() -> Props:
    async def more(store: Store) -> None:
        await store.tokens.add(KEPT)

    members = (Member(login="olena"), Member(login="ivan"))
    subscriptions = Group(
        name="subscriptions", members=members, strategy=Strategy.LIST, own_first_seconds=30, announce_seconds=3
    )
    advertising = Group(name="advertising", members=(Member(login="ivan"),), callback_key="1")
    return Props("s03-segments", main="main", documents=(subscriptions, advertising), more=more)


async def test_segments_decide_who_is_served_next_by_whom_and_what_he_sees(tmp_path: Path) -> None:
    async with told(tmp_path, props()) as story:
        olena, ivan = story.on.phone("101"), story.on.phone("102")
        await olena.register()
        talks = await calls(story, FIRST)
        hers = await answers(olena, FIRST, talks)
        # Three wait for the one operator: they are served by what they are, not by when they came.
        waiting = {number: await calls(story, number) for number in (SECOND, PARTNER, VIP)}
        await story.hears(waiting[SECOND], "Your place in the queue is")
        for number in (VIP, PARTNER, SECOND):
            await hers.hang_up()
            hers = await answers(olena, number, waiting[number])
        await hers.hang_up()
        # His own manager is asked first, and sees who it is as it rings.
        await ivan.register()
        client = await calls(story, VIP)
        rings = await incoming(ivan)
        assert olena.incoming.empty()
        page = await card(story, VIP)
        assert all(words in page for words in ("Коваль", "VIP", "120"))
        # Who rejects is passed over: the next one is asked, and he not again.
        rings.refuse(603)
        hers = await answers(olena, VIP, client)
        assert ivan.incoming.empty()
        late = await calls(story, THIRD)
        await hers.hang_up()
        hers = await answers(olena, THIRD, late)
        assert ivan.incoming.empty()
        await hers.hang_up()


# --- who takes part -----------------------------------------------------------------------------------------------


async def calls(story: Told, number: str) -> Call:
    """A client calls and chooses subscriptions."""
    client = await story.on.call_in(number)
    await story.hears(client, ASKED)
    await client.press("1")
    return client


async def incoming(phone: Phone) -> Call:
    async with asyncio.timeout(20):
        return await phone.incoming.get()


async def answers(phone: Phone, number: str, client: Call) -> Call:
    """It is that client who rings now; he hears the operator."""
    call = await incoming(phone)
    assert call.caller.user == number
    await call.answer()
    await call.say_tone(OPERATOR_HZ)

    async def heard() -> bool:
        return client.heard.exists() and await asyncio.to_thread(hears_tone, client.heard, OPERATOR_HZ)

    await until(heard)
    return call


async def card(story: Told, number: str) -> str:
    """The page of the card of who calls now."""
    web = f"http://127.0.0.1:{story.on.settings.web_port}"

    def read() -> str:
        with urllib.request.urlopen(f"{web}/calls", timeout=5) as answer:
            live = json.load(answer)
        chain = next(each["chain"] for each in live if any(leg["caller"]["number"] == number for leg in each["legs"]))
        asked = urllib.request.Request(f"{web}/card/{chain}", headers={"Authorization": f"Bearer {PLAIN}"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return str(answer.read().decode())

    return await asyncio.to_thread(read)
