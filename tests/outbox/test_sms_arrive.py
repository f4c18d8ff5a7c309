"""Story S2's promise: the provider is away for a while, the exchange is killed; no SMS is lost, none comes twice."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from cordboard.outbox.ports import SMS, State, WebhookRules
from cordboard.outbox.sms.keeping import Handed, LineKind, SmsLineConfig, SmsRules
from cordboard.outbox.sms.ports import Fate, SmsReport
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store
from cordboard.testing.killing import OtherProcess
from cordboard.testing.outbox import settled
from cordboard.testing.store import sqlite_store
from cordboard.testing.web import Asked, Reply, WebServer, web_server

KILLS = 15
EACH = 8
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Provider:
    """Takes messages, and loses every tenth answer."""

    def __init__(self, there: WebServer) -> None:
        self.there = there
        self.taken: list[tuple[str, str]] = []
        """Phone and our name of the message."""
        self.away = False
        there.answer = self._answer

    def _answer(self, asked: Asked) -> Reply:
        form = parse_qs(asked.body.decode())
        if self.away:
            return Reply(b"", status="503 Not Now")
        self.taken.append((form["message"][0], form["ref"][0]))
        if len(self.taken) % 10 == 0:
            return Reply(cut=True)
        return Reply(f"OK r{len(self.taken)}".encode())


async def sms_leave_over(store: Store, provider: Provider) -> None:
    await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))
    await store.sms_settings.set_rules(SmsRules(messages_a_day_to_one=0, money_a_day=Decimal(10_000)))
    settings = {"provider": "form_with_key", "url": provider.there.url, "api_key": "hush"}
    await store.sms_settings.put_line(
        SmsLineConfig("shop", LineKind.HTTP, settings, cost=Decimal("0.5"), currency="UAH")
    )


def orders(first: int, count: int) -> list[Effect]:
    """To five people in turn, so that there is an order to keep."""
    now = datetime.now(UTC).isoformat()
    return [
        Effect(SMS, f"k{n}", {"to": f"+38067123456{n % 5}", "text": str(n), "ordered": now})
        for n in range(first, first + count)
    ]


async def no_longer_waiting(store: Store) -> None:
    """Let everything that waits for its next try be due now."""
    for each in await store.outbox.find(states=[State.WAITING]):
        await store.outbox.again(each.id, datetime.now(UTC))


async def test_a_provider_that_is_away_delays_each_and_repeats_none(tmp_path: Path) -> None:
    exchange = OtherProcess("sms_crash", tmp_path)
    async with web_server() as there, sqlite_store(tmp_path) as store:
        provider = Provider(there)
        provider.away = True
        await sms_leave_over(store, provider)
        await store.runs.emit(orders(0, 9))
        await exchange.start()
        while len([each for each in await store.outbox.find() if each.tries and each.state is State.WAITING]) < 5:  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.02)
        assert {each.error for each in await store.outbox.find() if each.error} == {"shop answered 503: "}
        assert await store.sms_ledger.sent() == []  # what was not taken costs nothing
        provider.away = False
        await no_longer_waiting(store)
        done = await settled(store, 9)
        await exchange.kill()
    assert {each.state for each in done} == {State.DELIVERED}
    assert Counter(text for text, _ in provider.taken) == Counter({str(n): 1 for n in range(9)})
    for person in range(5):
        got = [int(text) for text, _ in provider.taken if int(text) % 5 == person]
        assert got == sorted(got)


async def test_killed_over_and_over_none_comes_twice_and_the_uncertain_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(10)
    exchange = OtherProcess("sms_crash", tmp_path)
    async with web_server() as there, sqlite_store(tmp_path) as store:
        provider = Provider(there)
        await sms_leave_over(store, provider)
        for kill in range(KILLS):
            taken = len(provider.taken)
            await store.runs.emit(orders(kill * EACH, EACH))
            await exchange.start()
            while len(provider.taken) < taken + dice.randint(1, EACH - 2):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.001)
            await exchange.kill()
        await exchange.start()
        done = await settled(store, EACH * KILLS)
        await exchange.kill()
        texts = Counter(text for text, _ in provider.taken)
        assert max(texts.values()) == 1  # none twice
        states = {str(each.payload["text"]): each.state for each in done}
        assert set(states.values()) <= {State.DELIVERED, State.UNCERTAIN}
        accepted = {text for text, state in states.items() if state is State.DELIVERED}
        uncertain = states.keys() - accepted
        assert accepted <= texts.keys()  # none lost of which we said that it was taken
        assert states.keys() - texts.keys() <= uncertain  # and none of the others is unknown
        arrived = uncertain & texts.keys()
        # The provider tells later what it had taken: all of these are accepted then.
        for text, key in provider.taken:
            if text in arrived:
                await store.sms_inbox.reported("shop", SmsReport(f"late-{text}", Fate.DELIVERED, key=key))
        counts = await store.outbox.counts()
        assert counts.get((SMS, State.UNCERTAIN), 0) == len(uncertain - arrived)
        assert counts[SMS, State.DELIVERED] == len(accepted | arrived)
        spent = await store.sms_ledger.sent(limit=1000)
        assert {each.handed for each in spent} <= set(Handed)
        assert len(spent) <= EACH * KILLS
    with capsys.disabled():
        print(  # noqa: T201 - what was counted
            f"\n{KILLS} kills, {len(done)} SMS: {len(accepted)} accepted, {len(uncertain)} uncertain, "
            f"{len(arrived)} of these settled by late reports, 0 twice"
        )
