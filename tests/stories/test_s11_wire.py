"""Story S11 on real SIP and RTP: three SIM cards, their limits and prices, calls back, SMS, and trouble."""

import asyncio
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from cordboard.cli.office_text import read_office_text
from cordboard.cli.stage import free_ports
from cordboard.office.audit import Actor
from cordboard.office.callback_orders import CallbackState
from cordboard.office.callback_rules import CallbackRules
from cordboard.office.configuration import Configuration
from cordboard.office.queue.model import Group, Member, Strategy
from cordboard.outbox.ports import EMAIL, WebhookRules
from cordboard.outbox.sms.keeping import LineKind, SmsLineConfig
from cordboard.phone import Call, Desk, open_desk
from cordboard.phone.listening import hears_tone
from cordboard.scenario.hooks import Hook, HookKind
from cordboard.sip.api import Address, Identity
from cordboard.store.database import Store
from cordboard.store.secrets import SecretBox
from cordboard.telephony import SystemClock
from cordboard.testing.stories_on_the_wire import ROOT, Props, Told, told, until
from cordboard.testing.web import Asked, Reply, WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CARDS = ("kyivstar", "vodafone", "lifecell")
CLIENT = "0671234567"
OFFICE = ROOT / "examples" / "s11-gsm-gateway" / "office" / "gateway.yaml"
HOOKS = {"trouble": "line.down", "cap": "money.cap", "sms_in": "sms.received"}
AT_ONCE = {"trouble": {"longest: 5m": "longest: 1s"}}


class Card:
    """A SIM card, and the network behind it."""

    def __init__(self, desk: Desk, server: Address, called: str, port: int) -> None:
        self.port = port
        self.calls: asyncio.Queue[Call] = asyncio.Queue()
        self._desk, self._server, self._called = desk, server, called
        desk.answer_anybody(self.calls.put)

    async def is_called(self) -> tuple[str, Call]:
        """What the card was told to dial, and the call, which is answered."""
        async with asyncio.timeout(10):
            call = await self.calls.get()
        await call.answer()
        return call.called.user, call

    async def call_in(self, number: str) -> Call:
        """Somebody calls the number of the card."""
        uri = f"sip:{self._called}@{self._server.host}:{self._server.port}"
        return await self._desk.dial(uri, via=self._server, caller=Identity(number), called=Identity(self._called))


def props(ports: dict[str, int], provider: WebServer) -> Props:
    async def more(store: Store) -> None:
        wanted: Any = read_office_text(OFFICE.read_text(encoding="utf-8"), SecretBox(Path("/nowhere")))
        box = wanted["gateways"]["goip"]
        box["host"] = "127.0.0.1"
        for modem in box["modems"]:
            modem["port"] = ports[modem["line"]]
        for name, rules in wanted["line_rules"].items():
            rules["calls_a_second"] = 0  # one call in five seconds is proved in virtual time
            rules["check_every"] = 1 if name == "lifecell" else 0
        await Configuration(store.office, SystemClock()).import_(wanted, Actor("test"))
        for scenario, event in HOOKS.items():
            await store.hooks.put(Hook(scenario, HookKind.EVENT, scenario, on=event))
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))
        settings = {"provider": "form_with_key", "url": provider.url, "api_key": "hush", "callback_secret": "letmein"}
        await store.sms_settings.put_line(SmsLineConfig("kyivstar", LineKind.HTTP, settings))

    sales = Group(name="sales", members=(Member(login="olena"),), strategy=Strategy.LIST)
    always = CallbackRules(name="default", quiet="")
    return Props("s11-gsm-gateway", edits=AT_ONCE, main="sim", documents=(sales, always), more=more)


def written(provider: WebServer) -> list[tuple[str, str]]:
    """To whom the provider is given SMS, and the words."""
    sent: list[tuple[str, str]] = []

    def answer(asked: Asked) -> Reply:
        form = parse_qs(asked.body.decode())
        sent.append((form["phone"][0], form["message"][0]))
        return Reply(f"OK r{len(sent)}".encode())

    provider.answer = answer
    return sent


@asynccontextmanager
async def gateway(folder: Path, provider: WebServer) -> AsyncIterator[tuple[Told, dict[str, Card], AsyncExitStack]]:
    """The office, the cards by the names of their lines, and what takes the card lifecell away when it is closed."""
    ports = dict(zip(CARDS, free_ports(3), strict=True))
    async with told(folder, props(ports, provider)) as story, AsyncExitStack() as stack:
        lifecell = await stack.enter_async_context(AsyncExitStack())
        cards = {}
        for number, (name, port) in enumerate(ports.items()):
            rtp = range(26000 + 200 * number, 26200 + 200 * number)
            opened = open_desk(Address("udp", "127.0.0.1", port), rtp_ports=rtp, folder=folder / name)
            (folder / name).mkdir()
            desk = await (lifecell if name == "lifecell" else stack).enter_async_context(opened)
            cards[name] = Card(desk, story.on.server, f"sim{number + 1}", port)
        yield story, cards, lifecell


async def test_the_cheapest_free_card_that_works_carries_a_call_and_brings_it_back(tmp_path: Path) -> None:
    async with web_server() as provider, gateway(tmp_path, provider) as (story, cards, _):
        olena, ivan = story.on.phone("101"), story.on.phone("102")
        await olena.register()
        await ivan.register()
        first = await ivan.dial(CLIENT)
        dialled, at_kyivstar = await cards["kyivstar"].is_called()
        assert dialled == f"01{CLIENT}", "its own network, free of charge"
        assert await first.answered()
        second = await olena.dial(CLIENT)
        dialled, _ = await cards["vodafone"].is_called()
        assert dialled == f"02{CLIENT}", "one call at a time for a card; the third card may not call that network"
        third = await story.on.phone("103").dial("0631234567")
        dialled, _ = await cards["lifecell"].is_called()
        assert dialled == "030631234567"
        assert await third.answered()
        for call in (first, second, third):
            await call.hang_up()
        await at_kyivstar.ended()
        # A card whose network answers that it cannot is passed over.
        await free_again(story, calls=3)
        again = await ivan.dial(CLIENT)
        async with asyncio.timeout(10):
            refused = await cards["kyivstar"].calls.get()
        refused.refuse(503)
        dialled, _ = await cards["vodafone"].is_called()
        assert dialled == f"02{CLIENT}"
        assert await again.answered()
        await again.hang_up()
        await free_again(story, calls=4)
        # Who calls a card back gets the colleague who called him; a stranger gets the group.
        for number, colleague in ((CLIENT, ivan), ("0959998877", olena)):
            client = await cards["kyivstar"].call_in(number)
            async with asyncio.timeout(10):
                taken = await colleague.incoming.get()
            await taken.answer()
            await client.say_tone(440.0)
            await is_heard(taken)
            await client.hang_up()
            await taken.ended()


async def test_sms_go_in_and_out_and_who_asks_is_called_back(tmp_path: Path) -> None:
    async with web_server() as provider, gateway(tmp_path, provider) as (story, cards, _):
        sent = written(provider)
        olena = story.on.phone("101")
        await olena.register()
        await comes_in(story, "380671234567", "Перезвоните, пожалуйста")
        await until(lambda: begins(sent, "Спасибо, мы вам перезвоним."))
        assert sent[0][0] == "380671234567"
        [mail] = list(await story.store(lambda store: store.outbox.find(kind=EMAIL)))
        assert "Перезвоните" in str(mail)
        # An operator is free: the client is called by the cheapest card, and joined with her.
        dialled, client = await cards["kyivstar"].is_called()
        assert dialled == f"01{CLIENT}"
        async with asyncio.timeout(20):
            taken = await olena.incoming.get()
        await taken.answer()
        await client.say_tone(440.0)
        await is_heard(taken)
        await taken.hang_up()
        await client.ended()
        found = await story.store(lambda store: store.callbacks.listed())
        assert [order.state for order in found] == [CallbackState.DONE]


async def test_a_card_that_falls_out_of_the_network_is_told_of_and_one_that_comes_back(tmp_path: Path) -> None:
    async with web_server() as provider, gateway(tmp_path, provider) as (story, cards, lifecell):
        sent = written(provider)
        await lifecell.aclose()
        await until(lambda: begins(sent, "Линия lifecell не работает"), within=40)
        call = await story.on.phone("101").dial("0631234567")
        dialled, _ = await cards["vodafone"].is_called()
        assert dialled == "020631234567", "the next cheapest, at once"
        assert await call.answered()
        await call.hang_up()
        there = Address("udp", "127.0.0.1", cards["lifecell"].port)
        async with open_desk(there, rtp_ports=range(26600, 26700), folder=tmp_path):
            await until(lambda: begins(sent, "Линия lifecell снова работает"), within=40)
        assert [to for to, _ in sent] == ["380671234567", "380671234567"]


# --- what is looked at --------------------------------------------------------------------------------------------


async def is_heard(call: Call) -> None:
    """The tone of the other one arrives."""

    async def hears() -> bool:
        return call.heard.exists() and await asyncio.to_thread(hears_tone, call.heard, 440.0)

    await until(hears)


async def free_again(story: Told, *, calls: int) -> None:
    """So many calls stand in the log, which is a moment behind, and all are over."""

    async def over() -> bool:
        chains = await story.store(lambda store: store.call_log.recent(20))
        return len(chains) == calls and all(leg.ended for chain in chains for leg in chain.legs)

    await until(over)


async def comes_in(story: Told, sender: str, text: str) -> None:
    """The provider brings an SMS."""
    url = f"http://127.0.0.1:{story.on.settings.web_port}/api/v1/sms/kyivstar/letmein"
    body = urllib.parse.urlencode({"from": sender, "message": text, "id": "n1"}).encode()
    await asyncio.to_thread(lambda: urllib.request.urlopen(url, body, timeout=5).close())


async def begins(sent: list[tuple[str, str]], words: str) -> bool:
    return any(text.startswith(words) for _, text in sent)
