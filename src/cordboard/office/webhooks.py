"""Programs that are told by HTTP what happens: subscriptions, and the orders to the outbox that come of events."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

import structlog
from pydantic import Field

from cordboard.office.documents import Document
from cordboard.office.live import LiveEvent, LiveEvents, wanted_topics

KIND = "webhook"
"""Of an order, as the outbox knows it."""
D = TypeVar("D", bound=Document)

_log = structlog.get_logger("office")


class Webhook(Document):
    """A program that is told what happens, by a POST with a JSON body: `topic`, `at`, `chain`, `data`, `id`.

    It is tried again until it is taken (2xx), each time with the same `Idempotency-Key`.
    """

    kind: ClassVar[str] = "webhooks"
    secrets: ClassVar[tuple[str, ...]] = ("secret",)

    address: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
    """Where it listens: https://crm.example.com/calls."""
    events: Annotated[tuple[Annotated[str, Field(pattern=r"^[\w.*-]{1,100}$")], ...], Field(max_length=100)]
    """What it is told: call.content (everything about a call that has ended), call.missed, call.*, line.down."""
    secret: Annotated[str, Field(max_length=500)] = ""
    """The body is signed with it: X-Cordboard-Signature: sha256= and the HMAC of the body in hex. Empty: unsigned."""
    enabled: bool = True


class Office(Protocol):
    """The part of the office that is needed here."""

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""


class Orders(Protocol):
    """Takes orders for the outbox. Durable when it returns."""

    async def __call__(self, kind: str, key: str, payload: Mapping[str, Any], chain: str) -> None:
        """Order a delivery; one whose kind and key are known is dropped."""


class WebhookDesk:
    """Orders a delivery for each event that somebody subscribes to. `run` it until it is cancelled."""

    def __init__(self, office: Office, live: LiveEvents, order: Orders) -> None:
        self._office = office
        self._live = live
        self._order = order

    async def run(self) -> None:
        """Order, until cancelled. What cannot be ordered is logged: the log of calls has it all the same."""
        with self._live.stream(lambda event: bool(self._subscribed(event))) as stream:
            while True:
                event, missed = await stream.next()
                if missed:
                    _log.warning("too much happens at once: webhooks were not told", events=missed)
                for webhook in self._subscribed(event):
                    try:
                        await self._tell(webhook, event)
                    except Exception:  # noqa: BLE001 - the store has many ways to fail, and the next event is told
                        _log.exception("a webhook could not be ordered", webhook=webhook.name, topic=event.topic)

    def _subscribed(self, event: LiveEvent) -> Sequence[Webhook]:
        all_ = self._office.documents(Webhook).values()
        return [each for each in all_ if each.enabled and each.events and wanted_topics(each.events)(event.topic)]

    async def _tell(self, webhook: Webhook, event: LiveEvent) -> None:
        id_ = uuid.uuid4().hex
        told = {"id": id_, "topic": event.topic, "at": event.at.isoformat(), "chain": event.chain}
        body = json.dumps({**told, "data": event.data}, ensure_ascii=False)
        payload = {"to": webhook.address, "body": body, "signature": signed(webhook.secret, body)}
        await self._order(KIND, f"{webhook.name}:{id_}", payload, event.chain)


def signed(secret: str, body: str) -> str:
    """What `outbox.webhooks.signature` makes; nothing without a secret."""
    if not secret:
        return ""
    return "sha256=" + hmac.new(secret.encode(), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
