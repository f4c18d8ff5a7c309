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
from cordboard.office.ended_calls import EndedCall
from cordboard.office.live import ENDED, LiveEvent, LiveEvents, leg_told, wanted_topics
from cordboard.office.ports import Person
from cordboard.office.repositories import Order
from cordboard.office.told_calls import CONTENT, MISSED, content_of, topics_of

KIND = "webhook"
"""Of an order, as the outbox knows it."""
PROMISED = frozenset({ENDED, CONTENT, MISSED})
"""Ordered together with the row of the call in the log. All other events are told if the exchange lives on."""
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

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


class Orders(Protocol):
    """Takes orders for the outbox. Durable when it returns."""

    async def __call__(self, kind: str, key: str, payload: Mapping[str, Any], chain: str) -> None:
        """Order a delivery; one whose kind and key are known is dropped."""


class WebhookPromises:
    """What `CallLog` orders of each call that has ended: no crash takes it away, for the log is written with it."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def __call__(self, call: EndedCall) -> Sequence[Order]:
        """The deliveries. The same for the same end, whoever finds it."""
        at, content = call.content["ended"], content_of(call)
        told = [(topic, content) for topic in topics_of(call)]
        if call.last is not None:
            person = self._office.by_account(call.last.account) if call.last.account else None
            leg = leg_told(call.last, [person.login] if person else [])
            told.insert(0, (ENDED, leg | {"reason": call.last.reason.value if call.last.reason else ""}))
        events = [LiveEvent(topic, at, data, chain=call.chain) for topic, data in told]
        return [
            _order(webhook, event, f"{event.topic}:{call.id}")
            for event in events
            for webhook in subscribed(self._office, event.topic)
        ]


class WebhookDesk:
    """Orders a delivery for each other event that somebody subscribes to. `run` it until it is cancelled."""

    def __init__(self, office: Office, live: LiveEvents, order: Orders) -> None:
        self._office = office
        self._live = live
        self._order = order

    async def run(self) -> None:
        """Order, until cancelled. What cannot be ordered is logged: the log of calls has it all the same."""
        with self._live.stream(self._wanted) as stream:
            while True:
                event, missed = await stream.next()
                if missed:
                    _log.warning("too much happens at once: webhooks were not told", events=missed)
                for webhook in subscribed(self._office, event.topic):
                    order = _order(webhook, event, uuid.uuid4().hex)
                    try:
                        await self._order(order.kind, order.key, order.payload, order.chain)
                    except Exception:  # noqa: BLE001 - the store has many ways to fail, and the next event is told
                        _log.exception("a webhook could not be ordered", webhook=webhook.name, topic=event.topic)

    def _wanted(self, event: LiveEvent) -> bool:
        return event.topic not in PROMISED and bool(subscribed(self._office, event.topic))


def subscribed(office: Office, topic: str) -> Sequence[Webhook]:
    """Who is told of it."""
    all_ = office.documents(Webhook).values()
    return [each for each in all_ if each.enabled and each.events and wanted_topics(each.events)(topic)]


def _order(webhook: Webhook, event: LiveEvent, id_: str) -> Order:
    told = {"id": id_, "topic": event.topic, "at": event.at.isoformat(), "chain": event.chain}
    # What is no text could not be stored, and the log of calls would wait for it for ever.
    body = json.dumps({**told, "data": event.data}, ensure_ascii=False).encode("utf-8", "replace").decode()
    payload = {"to": webhook.address, "body": body, "signature": signed(webhook.secret, body)}
    return Order(KIND, f"{webhook.name}:{id_}", payload, event.chain)


def signed(secret: str, body: str) -> str:
    """What `outbox.webhooks.signature` makes; nothing without a secret."""
    if not secret:
        return ""
    return "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
