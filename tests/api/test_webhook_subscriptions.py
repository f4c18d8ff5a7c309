"""From an event to the program that subscribed to it: through the real outbox and the real gateway, on loopback."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.office.live import LiveEvents
from cordboard.office.webhooks import Webhook, WebhookDesk
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import WEBHOOK, State, WebhookRules
from cordboard.outbox.webhooks import WebhookGateway, signature
from cordboard.scenario.ports import Effect
from cordboard.telephony import SystemClock
from cordboard.testing.office import OFFICE, HeldOffice, loaded_directory
from cordboard.testing.outbox import MemorySettings, settled
from cordboard.testing.store import sqlite_store
from cordboard.testing.web import Reply, web_server

pytestmark = pytest.mark.slow


async def test_a_subscriber_is_told_once_and_can_prove_who_told_it(tmp_path: Path) -> None:
    async with web_server(Reply(status="503 Busy"), Reply()) as program, sqlite_store(tmp_path) as store:
        hook = Webhook(name="crm", address=f"{program.url}/calls", events=("call.missed",), secret="s3cret")
        office, clock = await loaded_directory(HeldOffice(replace(OFFICE, documents=(hook,)))), SystemClock()
        live = LiveEvents(office, clock)
        gateway = WebhookGateway(MemorySettings(rules=WebhookRules(("127.0.0.0/8",))), GuardedClient())
        deliverer = Deliverer(store.outbox, {WEBHOOK: gateway}, clock, "node")

        async def order(kind: str, key: str, payload: Any, chain: str) -> None:
            await store.runs.emit([Effect(kind, key, payload, chain=chain)])
            deliverer.wake()

        tasks = [asyncio.create_task(each) for each in (WebhookDesk(office, live, order).run(), deliverer.run())]
        await asyncio.sleep(0)
        live.publish("call.missed", {"phone": "+380671112233"}, chain="c1")
        await program.busy.wait()
        while not (found := await store.outbox.find(limit=10)) or found[0].state is State.SENDING:  # noqa: ASYNC110  (a row of the database)
            await asyncio.sleep(0.01)
        assert await store.outbox.again(found[0].id, clock.now())  # not to wait for the next try
        deliverer.wake()
        (delivery,) = await settled(store, 1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (delivery.state, delivery.chain) == (State.DELIVERED, "c1")
    first, second = program.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert second.headers["x-cordboard-signature"] == signature("s3cret", second.body)
    told = json.loads(second.body)
    assert (told["topic"], told["data"]) == ("call.missed", {"phone": "+380671112233"})
