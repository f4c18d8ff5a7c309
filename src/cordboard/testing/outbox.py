"""What the tests of the outbox share: settings in memory, deliveries, gateways that do as they are told."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cordboard.outbox.ports import Delivery, MailServer, Receipt, State, WebhookRules
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store

TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class MemorySettings:
    """Implements `outbox.ports.OutboxSettings`."""

    def __init__(self, server: MailServer | None = None, rules: WebhookRules | None = None) -> None:
        self._server = server
        self._rules = rules or WebhookRules()

    async def mail(self) -> MailServer | None:
        """See OutboxSettings."""
        return self._server

    async def set_mail(self, server: MailServer | None) -> None:
        """See OutboxSettings."""
        self._server = server

    async def webhooks(self) -> WebhookRules:
        """See OutboxSettings."""
        return self._rules

    async def set_webhooks(self, rules: WebhookRules) -> None:
        """See OutboxSettings."""
        self._rules = rules


class ScriptedGateway:
    """Hands over nothing: each attempt is noted, and ends as the next of `fates` says (None: taken)."""

    def __init__(self, *fates: Exception | None, repeats: bool = True, places: int = 2, seconds: float = 0) -> None:
        self._fates = list(fates)
        self._repeats = repeats
        self._places = places
        self._seconds = seconds
        self.attempts: list[Delivery] = []
        self.busy = asyncio.Event()
        """Set by the first attempt."""
        self.at_once = 0
        """How many were handed over at the same time, at most."""
        self._now = 0

    @property
    def places(self) -> int:
        """See Gateway."""
        return self._places

    @property
    def repeats(self) -> bool:
        """See Gateway."""
        return self._repeats

    async def deliver(self, delivery: Delivery) -> Receipt:
        """See Gateway."""
        self.attempts.append(delivery)
        self.busy.set()
        self._now += 1
        self.at_once = max(self.at_once, self._now)
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._now -= 1
        fate = self._fates.pop(0) if self._fates else None
        if fate is not None:
            raise fate
        return Receipt("taken")


def mail_effect(key: str, to: str = "boss@office.test", subject: str = "", **more: Any) -> Effect:
    """An order of a mail."""
    payload = {"to": to, "subject": subject or key, "text": "Some words", **more}
    return Effect("email", key, payload, run_id="run-1", chain="chain-1")


def delivery(kind: str, recipient: str, payload: Mapping[str, Any], *, key: str = "k1") -> Delivery:
    """One as a gateway gets it."""
    return Delivery(
        1, kind, key, recipient, payload, TEN, TEN + timedelta(days=2), State.SENDING, TEN, tries=1, epoch=1
    )


async def settled(store: Store, count: int) -> Sequence[Delivery]:
    """Wait until `count` deliveries are there and nothing will happen to any of them by itself. By number."""
    while True:
        found = await store.outbox.find(limit=1000)
        if len(found) >= count and all(each.due is None for each in found):
            return sorted(found, key=lambda each: each.id)
        await asyncio.sleep(0.05)
