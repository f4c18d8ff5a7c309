"""Story S2 on real SIP and RTP: our contacts by SMS after the first call in which somebody talked with the client."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from cordboard.outbox.ports import WebhookRules
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.store.database import Store
from cordboard.testing.stories_on_the_wire import Props, Told, told, until
from cordboard.testing.web import Asked, Reply, WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.wire]

ANNA, BORYS, LANDLINE = "+380671112233", "+380501112233", "+380322321122"
CONTACTS = (
    "Спасибо за звонок в компанию АйТи-СФЕРА. "
    "Наши контакты: (032) 232-77-57, office@it-sfera.com.ua, www.it-sfera.com.ua"
)
MAIN = """\
scenario: main
kind: voice
start: ask
steps:
  ask:
    component: menu
    text: "1"
    language: en
    wait: 20s
    keys:
      - {id: olena, key: "1", to: olena}
  olena: {component: dial, who: olena}
"""


def sent_by(provider: WebServer) -> list[tuple[str, str]]:
    """To whom the provider is given SMS, and the words."""
    sent: list[tuple[str, str]] = []

    def answer(asked: Asked) -> Reply:
        form = parse_qs(asked.body.decode())
        sent.append((form["phone"][0], form["message"][0]))
        return Reply(f"OK r{len(sent)}".encode())

    provider.answer = answer
    return sent


def props(scenario: str, provider: WebServer) -> Props:
    async def more(store: Store) -> None:
        await store.hooks.put(Hook("contacts", HookKind.EVENT, scenario, on="call.ended"))
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))
        settings = {"provider": "form_with_key", "url": provider.url, "api_key": "hush"}
        await store.sms_settings.put_line(SmsLineConfig("net", LineKind.HTTP, settings))

    return Props("s02-contacts-by-sms", scenarios={"main": MAIN}, main="main", more=more)


async def test_the_first_talk_gives_one_sms_and_nothing_else_gives_any(tmp_path: Path) -> None:
    async with web_server() as provider, told(tmp_path, props("contacts", provider)) as story:
        sent = sent_by(provider)
        olena, ivan = await at_their_desks(story)
        await hears_the_menu_alone(story, ANNA)
        await talks(story, olena, LANDLINE)
        await talks(story, olena, "anonymous")
        await runs_are_over(story, 3)
        assert sent == [], "no talk, no mobile, no number"
        # Transferred from Olena to Ivan: one call, also the first one in which Anna talks.
        await talks(story, olena, ANNA, then=ivan)
        await until(lambda: is_sent(sent, 1))
        assert sent == [("380671112233", CONTACTS)]
        await talks(story, olena, "380671112233")  # another writing of the number
        await talks(story, olena, ANNA)
        await runs_are_over(story, 6)
        assert len(sent) == 1


async def test_the_sql_counts_as_ms_sql_server_would(tmp_path: Path) -> None:
    async with web_server() as provider, told(tmp_path, props("contacts_sql", provider)) as story:
        sent = sent_by(provider)
        olena, ivan = await at_their_desks(story)
        await hears_the_menu_alone(story, ANNA)
        await talks(story, olena, BORYS, then=ivan)
        await runs_are_over(story, 2)
        assert sent == [], "a transferred call counts twice, and a menu not at all"
        await talks(story, olena, ANNA)
        await until(lambda: is_sent(sent, 1))
        assert sent == [("380671112233", CONTACTS)]
        await talks(story, olena, ANNA)
        await runs_are_over(story, 4)
        assert len(sent) == 1


# --- who takes part -----------------------------------------------------------------------------------------------


async def at_their_desks(story: Told) -> tuple[Phone, Phone]:
    olena, ivan = story.on.phone("101"), story.on.phone("102")
    await olena.register()
    await ivan.register()
    return olena, ivan


async def hears_the_menu_alone(story: Told, number: str) -> None:
    client = await story.on.call_in(number)
    assert await client.answered()
    await client.hang_up()


async def talks(story: Told, olena: Phone, number: str, *, then: Phone | None = None) -> None:
    """Through the menu to Olena, and perhaps on to a colleague."""
    client = await story.on.call_in(number)
    assert await client.answered()
    await client.press("1")
    hers = await answered(olena)
    await client.say_tone(440.0)
    await hears(hers)
    if then is not None:
        assert await hers.refer(then.account)
        last = await answered(then)
        await hears(last)
        await hers.ended()
        hers = last
    await client.hang_up()
    await hers.ended()


async def answered(phone: Phone) -> Call:
    async with asyncio.timeout(10):
        call = await phone.incoming.get()
    await call.answer()
    return call


async def hears(call: Call) -> None:
    """The client's tone arrives: they talk."""

    async def now() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, 440.0)

    await until(now)


async def runs_are_over(story: Told, count: int) -> None:
    """So many calls have had their scenario afterwards."""

    async def are_over() -> bool:
        runs = [run for run in await story.runs() if run.scenario.startswith("contacts")]
        return len(runs) == count and not await story.store(lambda store: store.runs.find(unfinished=True))

    await until(are_over)


async def is_sent(sent: list[tuple[str, str]], count: int) -> bool:
    return len(sent) >= count
