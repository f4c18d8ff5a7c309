"""Story S9 on real SIP and RTP: the menu of information, its sources, and what it says when they are down."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from cordboard.outbox.ports import WebhookRules
from cordboard.phone import Call, Phone
from cordboard.phone.listening import hears_tone
from cordboard.store.database import Store
from cordboard.testing.bare_phone import bare_call
from cordboard.testing.stories_on_the_wire import Props, Told, told, until
from cordboard.testing.web import Reply, WebServer, json_reply, web_server

pytestmark = [pytest.mark.slow, pytest.mark.wire]

OLENA, IVAN, MARY, STRANGER = "+380671234567", "+380501112233", "+380931112233", "+380991112233"
MENU = "Баланс — один"
TEXTS = [
    ("2", "Минута в пределах страны стоит"),
    ("3", "Наберите девять, затем"),
    ("4", "Сегодня новостей нет."),
]
THE_RATE = (
    "Курс доллара на двадцать четвёртое ноября две тысячи двадцать шестого года сорок одна гривна двадцать три копейки"
)
NO_RATE, NO_WEATHER = "Курс сейчас неизвестен", "Погода сейчас неизвестна"
RATE = '[{"cc": "USD", "rate": 41.2345, "exchangedate": "24.11.2026"}]'
FROST = '{"current": {"temperature_2m": -1.2}}'
THE_BANK = "https://bank.gov.ua/NBUStatService/v1/statdirectory/exchange?json"
THE_WEATHER = "https://api.open-meteo.com/v1/forecast"
HOUR = "component: time_window\n"
KEY_WITHIN = 10
"""Packets of 20 ms that a prompt may still bring after the first packet of a key: 200 ms."""
FALLBACK_WITHIN = 2.0
"""Seconds that a source has before the fallback."""


def props(bank: WebServer, weather: WebServer, *, language: str = "ru") -> Props:
    async def more(store: Store) -> None:
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))

    edits = {
        "rate_hryvnia": {THE_BANK: f"{bank.url}/exchange?json", "keep: 1h": "keep: 0s"},
        "weather": {THE_WEATHER: f"{weather.url}/forecast", "keep: 10m": "keep: 0s"},
        # The test runs at any hour: it is always day.
        "information": {HOUR: f'{HOUR}    hours:\n      - {{hours: "00:00-24:00"}}\n'},
    }
    return Props("s09-information", edits, language, main="information", more=more)


async def test_the_menu_tells_what_it_knows_and_has_words_for_what_it_does_not(tmp_path: Path) -> None:
    nothing_comes, refused = Reply(silent=True), Reply(status="503 Not Now")
    async with (
        web_server(nothing_comes) as bank,
        web_server(refused) as weather,
        told(tmp_path, props(bank, weather)) as story,
    ):
        operator = story.on.phone("101")
        await operator.register()
        async with asyncio.TaskGroup() as callers:
            callers.create_task(chooses(story, OLENA, [("1", "Ваш баланс двадцать одна гривна"), *TEXTS]))
            callers.create_task(sources_are_down(story))
            callers.create_task(knows_his_contract(story))
            callers.create_task(presses_wrong_keys(story, operator))
            callers.create_task(chooses(story, IVAN, [("8", "Оставьте, пожалуйста, сообщение")]))
            callers.create_task(chooses(story, MARY, [("7", "Точное время"), ("9", "Мы вам скоро перезвоним.")]))
        await operator.unregister()
        await a_key_cuts_the_prompt(story)
        # The sources are there again: what they say is grammatical, also below zero. Then they go down once more.
        bank.replies, weather.replies = [json_reply(RATE)], [json_reply(FROST)]
        known = [("5", THE_RATE), ("6", "На улице минус один градус")]
        await chooses(story, STRANGER, known)
        bank.replies, weather.replies = [refused], [nothing_comes]
        async with asyncio.TaskGroup() as callers:
            last = [("5", THE_RATE), ("6", "Последняя известная температура минус один градус")]
            callers.create_task(chooses(story, STRANGER, last))
            callers.create_task(is_switched_to_the_mobile_phone(story))


# --- who calls ----------------------------------------------------------------------------------------------------


async def chooses(story: Told, number: str, keys: Sequence[tuple[str, str]]) -> Call:
    """Presses each key as soon as the menu speaks, and hears what belongs to it."""
    call = await story.on.call_in(number)
    for times, (key, words) in enumerate(keys, 1):
        await story.hears(call, MENU, times=times, within=40.0)
        await call.press(key)
        await story.hears(call, words, within=40.0)
    await call.hang_up()
    await call.ended()
    return call


async def sources_are_down(story: Told) -> None:
    call = await chooses(story, IVAN, [("1", "Ваш баланс минус одна гривна"), ("5", NO_RATE), ("6", NO_WEATHER)])
    heard = await asyncio.to_thread(story.heard, call)
    for words in (NO_RATE, NO_WEATHER):
        place = next(place for place, one in enumerate(heard) if words in one.text)
        menu = heard[place - 1]
        gap = heard[place].at - menu.at - menu.seconds
        print(f"{words} after {gap:.2f} s")  # noqa: T201  (the figure is wanted)
        # In the time of the stream: two seconds for the source, and what it takes to say the words.
        assert menu.text.startswith(MENU)
        assert gap < FALLBACK_WITHIN + 1.0


async def a_key_cuts_the_prompt(story: Told) -> None:
    async with bare_call(story.on, STRANGER) as phone, asyncio.timeout(30):
        # What follows the key asks the source that gives no answer: silence, and then the fallback.
        cut = await phone.cut("5", after=75, gap=1.0)
    print(f"the prompt went on for {cut.packets} packets after the key, {cut.milliseconds:g} ms")  # noqa: T201  (the same)
    assert cut.packets <= KEY_WITHIN
    assert cut.milliseconds <= KEY_WITHIN * 20


async def knows_his_contract(story: Told) -> None:
    call = await story.on.call_in(STRANGER)
    await story.hears(call, MENU)
    await call.press("1")
    await story.hears(call, "Наберите номер договора", within=40.0)
    await call.press("1003#")
    await story.hears(call, "Наберите пин-код", within=40.0)
    await call.press("1234")
    await story.hears(call, "Ваш баланс тысяча две гривны пятьдесят копеек", within=40.0)
    await call.hang_up()


async def presses_wrong_keys(story: Told, operator: Phone) -> None:
    call = await story.on.call_in(STRANGER)
    await story.hears(call, MENU)
    for times in range(1, 4):
        await call.press("#")
        if times < 3:
            await story.hears(call, "Такой цифры нет.", times=times, within=40.0)
    answered = await asyncio.wait_for(operator.incoming.get(), 40.0)
    await talks_with(answered, call)


async def is_switched_to_the_mobile_phone(story: Told) -> None:
    call = await story.on.call_in(IVAN)
    await story.hears(call, MENU)
    await call.press("0")
    mobile = await story.on.next_city_call()
    assert mobile is not None
    assert mobile.called.user == "0671234567"
    await talks_with(mobile, call)


async def talks_with(taken: Call, caller: Call) -> None:
    await taken.answer()
    await taken.say_tone(1000.0)
    await until(lambda: hears_now(caller, 1000.0))
    await taken.hang_up()
    await caller.ended()


async def hears_now(call: Call, hz: float) -> bool:
    return hears_tone(call.heard, hz)
