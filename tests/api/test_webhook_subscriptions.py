"""From an event to the program that subscribed to it: through the real outbox and the real gateway, on loopback."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.office.call_log import CallLog
from cordboard.office.webhooks import Webhook, WebhookPromises
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import WEBHOOK, State, WebhookRules
from cordboard.outbox.webhooks import WebhookGateway, signature
from cordboard.telephony import SystemClock
from cordboard.testing.call_log import Dialogue, write_with
from cordboard.testing.office import OFFICE, HeldOffice, loaded_directory
from cordboard.testing.outbox import MemorySettings, settled
from cordboard.testing.store import sqlite_store
from cordboard.testing.web import Reply, web_server

pytestmark = pytest.mark.slow


async def test_a_subscriber_is_told_once_and_can_prove_who_told_it(tmp_path: Path) -> None:
    async with web_server(Reply(status="503 Busy"), Reply()) as program, sqlite_store(tmp_path) as store:
        hook = Webhook(name="crm", address=f"{program.url}/calls", events=("call.missed",), secret="s3cret")
        office, clock = await loaded_directory(HeldOffice(replace(OFFICE, documents=(hook,)))), SystemClock()
        log = CallLog(store.call_log, office, orders=WebhookPromises(office))
        gateway = WebhookGateway(MemorySettings(rules=WebhookRules(("127.0.0.0/8",))), GuardedClient())
        deliverer = Deliverer(store.outbox, {WEBHOOK: gateway}, clock, "node")

        await write_with(log, [Dialogue("c1").inbound("0671112233", ended=15)])
        running = asyncio.create_task(deliverer.run())
        await program.busy.wait()
        while not (found := await store.outbox.find(limit=10)) or found[0].state is State.SENDING:  # noqa: ASYNC110  (a row of the database)
            await asyncio.sleep(0.01)
        assert await store.outbox.again(found[0].id, clock.now())  # not to wait for the next try
        deliverer.wake()
        (delivery,) = await settled(store, 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (delivery.state, delivery.chain) == (State.DELIVERED, "c1")
    first, second = program.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert second.headers["x-cordboard-signature"] == signature("s3cret", second.body)
    told = json.loads(second.body)
    assert (told["topic"], told["data"]["phone"]) == ("call.missed", "+380671112233")
