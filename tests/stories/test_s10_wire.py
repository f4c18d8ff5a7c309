"""Story S10 on real SIP and RTP: a message goes by e-mail, an order of a callback by SMS, each once."""

import asyncio
import wave
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest

from cordboard.outbox.ports import EMAIL, SMS, Delivery, MailServer, Security, State, WebhookRules
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.phone import Call, tone_at
from cordboard.phone.listening import RATE, Sound, read_sound
from cordboard.sip.api import EndedBy
from cordboard.store.database import Store
from cordboard.testing.mail import Mail, PostOffice
from cordboard.testing.stories_on_the_wire import Props, Told, told, until
from cordboard.testing.web import Asked, Reply, WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.wire]

ANNA, BORYS, CARL = "+380501112233", "+380671112233", "+380931112233"
SILENT, GONE = "+380631112233", "+380731112233"
ASKED, THANKS, NOTHING = "Please leave a message", "Thank you. Your message", "We have heard nothing"
SOON = "We shall call you back soon."
SUBJECT = "Сообщение от {}"
LATER = 60.0
"""Seconds within which the outbox tries again: 30, and a quarter more by chance."""


class Provider:
    """Of short messages; it can be away."""

    def __init__(self, there: WebServer) -> None:
        self.there = there
        self.away = True
        self.taken: list[tuple[str, str]] = []
        """To whom, and the words."""
        there.answer = self._answer

    def _answer(self, asked: Asked) -> Reply:
        if self.away:
            return Reply(status="503 Not Now")
        form = parse_qs(asked.body.decode())
        self.taken.append((form["phone"][0], form["message"][0]))
        return Reply(f"OK r{len(self.taken)}".encode())


def props(post: PostOffice, provider: Provider) -> Props:
    async def more(store: Store) -> None:
        server = MailServer("127.0.0.1", post.port, "pbx@office.test", Security.PLAIN)
        await store.outbox_settings.set_mail(server)
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))
        settings = {"provider": "form_with_key", "url": provider.there.url, "api_key": "hush"}
        await store.sms_settings.put_line(SmsLineConfig("net", LineKind.HTTP, settings))

    return Props("s10-voicemail", main="message", numbers={"731": "order"}, more=more)


async def test_messages_and_orders_wait_through_a_crash_and_arrive_once(tmp_path: Path) -> None:
    async with PostOffice() as post, web_server() as there:
        provider = Provider(there)
        async with told(tmp_path, props(post, provider)) as story:
            await post.stop()
            async with asyncio.TaskGroup() as callers:
                callers.create_task(leaves_a_message(story, ANNA, 620.0, hangs_up=False))
                callers.create_task(leaves_a_message(story, BORYS, 1000.0, hangs_up=True))
                callers.create_task(says_nothing(story))
                callers.create_task(goes_before_the_tone(story))
                callers.create_task(orders(story))
            # What was promised stands in the outbox; neither server has taken it, and the exchange is killed.
            await until(lambda: waiting_after_a_try(story, 4))
            # One more has left a message: it is safe before he is thanked.
            thanked = await is_thanked(story, CARL, 1400.0)
            await story.on.exchange.kill()
            assert not [one for one in story.heard(thanked) if one.whole and THANKS in one.text]
            assert (post.mails, provider.taken) == ([], [])
            await post.start()
            provider.away = False
            await story.on.exchange.start()
            await until(lambda: all_delivered(story, 5), within=LATER)
            assert post.subjects() == {SUBJECT.format(number): 1 for number in (ANNA, BORYS, CARL)}
            assert sorted(provider.taken) == [
                ("380671234567", "Перезвонить: +380 50 111 2233 Mary Hill"),
                ("380671234567", "Перезвонить: +380 67 111 2233 Mary Hill"),
            ]
            for number, hz, other in ((ANNA, 620.0, 1000.0), (BORYS, 1000.0, 620.0), (CARL, 1400.0, 620.0)):
                [mail] = [mail for mail in post.mails if str(mail.message["Subject"]) == SUBJECT.format(number)]
                assert mail.recipient == "office@it-sfera.com.ua"
                middle = middle_of_the_recording(mail)
                assert tone_at(middle, hz) > 2000
                assert tone_at(middle, other) < 100


# --- who calls ----------------------------------------------------------------------------------------------------


async def leaves_a_message(story: Told, number: str, hz: float, *, hangs_up: bool) -> None:
    if not hangs_up:
        await (await is_thanked(story, number, hz)).ended()
        return
    call = await speaks(story, number, hz)
    await call.hang_up()
    await call.ended()


async def is_thanked(story: Told, number: str, hz: float) -> Call:
    """Leaves a message, and hears the thanks begin."""
    call = await speaks(story, number, hz)
    await call.say_tone(0)
    await call.press("#")
    await story.hears(call, THANKS)
    return call


async def speaks(story: Told, number: str, hz: float) -> Call:
    call = await story.on.call_in(number)
    await story.hears(call, ASKED)
    await call.say_tone(hz)
    await recorded_for(call, 3.0)
    return call


async def says_nothing(story: Told) -> None:
    call = await story.on.call_in(SILENT)
    await story.hears(call, ASKED)
    await story.hears(call, NOTHING)
    assert (await call.ended()).by is EndedBy.REMOTE


async def goes_before_the_tone(story: Told) -> None:
    call = await story.on.call_in(GONE)
    assert await call.answered()
    await call.hang_up()


async def orders(story: Told) -> None:
    """Anna orders a callback twice, Borys once: their numbers are hidden, and entered."""
    phone = story.on.phone("103")
    await phone.register()
    calls = [(await phone.dial("731"), number) for number in ("0501112233", "0671112233", "0501112233")]
    await asyncio.gather(*(enters(story, call, number) for call, number in calls))


async def enters(story: Told, call: Call, number: str) -> None:
    await story.hears(call, "Enter the number on which")
    await call.press(f"{number}#")
    await story.hears(call, "You have entered")
    await call.press("1")
    await story.hears(call, SOON)
    assert (await call.ended()).by is EndedBy.REMOTE


# --- within -------------------------------------------------------------------------------------------------------


async def recorded_for(call: Call, seconds: float) -> None:
    """Wait until it has heard so much more: the recording of a call grows by what arrives."""
    begun = len(read_sound(call.heard))

    async def long_enough() -> bool:
        return len(read_sound(call.heard)) - begun >= seconds * RATE

    await until(long_enough)


async def left_to_deliver(story: Told) -> list[Delivery]:
    """What stands in the outbox, without orders that repeat another."""
    return [each for each in await story.store(lambda store: store.outbox.find()) if each.state is not State.DROPPED]


async def waiting_after_a_try(story: Told, count: int) -> bool:
    found = await left_to_deliver(story)
    assert len(found) <= count, found
    tried = {each.kind for each in found if each.tries}
    # Of each kind the first is tried; what follows it to the same recipient waits for it.
    return [each.state for each in found] == [State.WAITING] * count and tried == {EMAIL, SMS}


async def all_delivered(story: Told, count: int) -> bool:
    found = await left_to_deliver(story)
    assert len(found) == count, found
    return all(each.state is State.DELIVERED for each in found)


def middle_of_the_recording(mail: Mail) -> Sound:
    [attached] = mail.message.iter_attachments()
    with wave.open(BytesIO(attached.get_content())) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.float64)
    assert 2.0 <= len(sound) / RATE <= 15.0
    return sound[len(sound) // 3 : 2 * len(sound) // 3]
