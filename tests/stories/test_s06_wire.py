"""Story S6 on real SIP and RTP: missed calls are written down, and the client is called back once."""

import asyncio
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cordboard.office.callback_orders import CallbackState
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.queue.model import Group, Member, Strategy
from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.store.database import Store
from cordboard.telephony import PhoneNumber
from cordboard.testing.stories_on_the_wire import Props, Told, told, until

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CLIENT, DIALLED = "+380671112233", "0671112233"
CLIENT_HZ, OLENA_HZ = 440.0, 1000.0
MAIN = """\
scenario: main
kind: voice
start: olena
steps:
  olena: {component: dial, who: olena, ring_time: 30s}
"""


def props(after: str) -> Props:
    async def more(store: Store) -> None:
        await store.hooks.put(Hook("missed", HookKind.EVENT, "missed", on="call.missed"))

    sales = Group(name="sales", members=(Member(login="olena"),), strategy=Strategy.LIST)
    # At night nobody would be called; the hours are proved in virtual time.
    rules = CallbackRules(name="default", quiet="")
    return Props(
        "s06-missed-call",
        edits={"missed": {"after: 1m": f"after: {after}"}},
        scenarios={"main": MAIN},
        main="main",
        documents=(sales, rules),
        more=more,
    )


async def test_three_missed_calls_are_written_down_and_give_one_callback(tmp_path: Path) -> None:
    async with told(tmp_path, props("6s")) as story:
        olena = await at_her_desk(story)
        for writing in (CLIENT, "380671112233", DIALLED):
            await misses(story, olena, writing)
        await until(lambda: rows(story, 3))
        assert {PhoneNumber.parse(str(row["phone"]), country="UA").canonical for row in written(story)} == {CLIENT}
        await is_called_back(story, olena)
        assert await states(story) == [CallbackState.DONE]
        assert story.on.city.empty(), "once"


async def test_who_is_reached_meanwhile_is_not_called_back(tmp_path: Path) -> None:
    async with told(tmp_path, props("8s")) as story:
        olena = await at_her_desk(story)
        await misses(story, olena, CLIENT)
        await until(lambda: has_state(story, CallbackState.WAITING))
        call = await olena.dial(DIALLED)
        client = await story.on.next_city_call()
        assert client is not None
        await client.answer()
        assert await call.answered()
        await call.say_tone(OLENA_HZ)
        await hears(client, OLENA_HZ)
        await call.hang_up()
        await until(lambda: has_state(story, CallbackState.CANCELLED))
        assert story.on.city.empty()


async def test_a_promised_callback_comes_once_after_kill_nine(tmp_path: Path) -> None:
    async with told(tmp_path, props("4s")) as story:
        olena = await at_her_desk(story)
        await misses(story, olena, CLIENT)
        await until(lambda: has_state(story, CallbackState.WAITING))
        await story.on.exchange.kill()
        await story.on.exchange.start()
        await olena.register()
        await is_called_back(story, olena)
        assert await states(story) == [CallbackState.DONE]
        assert len(written(story)) == 1
        assert story.on.city.empty()


# --- who takes part -----------------------------------------------------------------------------------------------


async def at_her_desk(story: Told) -> Phone:
    olena = story.on.phone("101")
    await olena.register()
    return olena


async def misses(story: Told, olena: Phone, number: str) -> None:
    """The client calls, her phone rings, and he gives up."""
    client = await story.on.call_in(number)
    async with asyncio.timeout(10):
        rings = await olena.incoming.get()
    assert await client.ringing()
    await client.hang_up()
    await rings.ended()


async def is_called_back(story: Told, olena: Phone) -> None:
    """The exchange calls him, then her, and they hear each other."""
    client = await story.on.next_city_call()
    assert client is not None
    assert client.called.user == CLIENT
    await client.answer()
    async with asyncio.timeout(20):
        hers = await olena.incoming.get()
    await hers.answer()
    await client.say_tone(CLIENT_HZ)
    await hers.say_tone(OLENA_HZ)
    await hears(client, OLENA_HZ)
    await hears(hers, CLIENT_HZ)
    await hers.hang_up()
    await client.ended()
    await until(lambda: has_state(story, CallbackState.DONE))


async def hears(call: Call, hz: float) -> None:
    async def now() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, hz)

    await until(now, what=lambda: f"{hz} Hz is not heard")


async def states(story: Told) -> list[CallbackState]:
    return [each.state for each in await story.store(lambda store: store.callbacks.listed())]


async def has_state(story: Told, state: CallbackState) -> bool:
    return await states(story) == [state]


def written(story: Told) -> list[dict[str, Any]]:
    """The rows of the workbook that the exchange has added: one is shipped."""
    sheet = openpyxl.load_workbook(story.tables / "missed.xlsx").worksheets[0]
    heads, *found = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, heads), row, strict=True)) for row in found if any(row)][1:]


async def rows(story: Told, count: int) -> bool:
    return len(await asyncio.to_thread(written, story)) == count
