"""Subscriptions that phones make, and what they are told (RFC 6665). Each has a dialog of its own."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any, Protocol

from cordboard.sip.api import Identity
from cordboard.sip.dialog import Dialog, DialogId
from cordboard.sip.endpoint import Endpoint, Headers
from cordboard.sip.message import Answer, Request, Response
from cordboard.sip.transactions import ServerTransaction

LONGEST = 3600
"""Seconds that one is granted without a refresh."""
SHORTEST = 30
"""Seconds below which nobody may ask for refreshing, but for 0: then it is told once, or no more."""
AT_MOST = 200
"""Subscriptions of one account."""
_GONE = frozenset({404, 405, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 503, 604})
"""What ends a subscription if it answers a NOTIFY (RFC 6665 §4.2.2, after RFC 5057 §5.1); 503: the way is dead."""


class EventSource(Protocol):
    """Knows what can be watched. Answers from memory."""

    @property
    def events(self) -> Sequence[str]:
        """The event packages, for Allow-Events."""

    def refusal(self, account: str, event: str, whom: Identity) -> int:
        """The status that refuses a subscription, 0 if it is granted. The event is one of `events`."""

    def content_type(self, event: str) -> str:
        """Of what is told."""

    def news(self, event: str, whom: Identity, version: int) -> bytes:
        """How it stands now. `version` counts what this subscriber has been told, from 0."""


class Grounds(Protocol):
    """What subscriptions need of the agent."""

    endpoint: Endpoint
    random: Random

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task that ends with the agent at the latest."""


class Subscription:
    """One phone that watches one thing."""

    def __init__(self, account: str, event: str, whom: Identity, dialog: Dialog, event_header: str) -> None:
        self.account = account
        self.event = event
        self.whom = whom
        self.dialog = dialog
        self.event_header = event_header
        """As it was subscribed, with its id (§4.4.1)."""
        self.version = 0
        self.expiry: asyncio.TimerHandle | None = None
        self.reason = ""
        """Why it is over; empty as long as it stands."""
        self.owed = False
        """Whether something is to be told."""
        self.sending = False


class Subscriptions:
    """All of one agent. `admit` gives the account behind a request, None if it has answered it."""

    def __init__(self, grounds: Grounds, source: EventSource, admit: Callable[[ServerTransaction], str | None]) -> None:
        self._grounds = grounds
        self._source = source
        self._admit = admit
        self._all: dict[DialogId, Subscription] = {}

    def __len__(self) -> int:
        return len(self._all)

    def changed(self, event: str, user: str) -> None:
        """Tell all who watch that."""
        for one in self._all.values():
            if (one.event, one.whom.user) == (event, user):
                self._owe(one)

    def close(self) -> None:
        """The agent closes: nobody is told anything."""
        for one in self._all.values():
            if one.expiry is not None:
                one.expiry.cancel()
        self._all.clear()

    def begin(self, transaction: ServerTransaction) -> None:
        """A SUBSCRIBE outside of any dialog."""
        request = transaction.request
        account = self._admit(transaction)
        if account is None:
            return
        event, seconds = _event_of(request), _seconds(request)
        whom = request.uri.identity()
        refusal = self._refusal(request, account, event, whom, seconds)
        if refusal is not None:
            transaction.respond(refusal)
            return
        dialog = Dialog.of_server(request, transaction.to_tag)
        dialog.local_cseq = self._grounds.random.randint(1, 10_000)
        one = Subscription(account, event, whom, dialog, request.header("event") or request.header("o"))
        self._all[dialog.id] = one
        self._grant(one, transaction, seconds)

    def go_on(self, dialog: DialogId, transaction: ServerTransaction) -> bool:
        """A request in the dialog of a subscription; false if there is none."""
        one = self._all.get(dialog)
        if one is None:
            return False
        request = transaction.request
        seconds = _seconds(request)
        if not one.dialog.in_order(request):
            transaction.respond(Answer(500, "CSeq Out Of Order"))
        elif request.method != "SUBSCRIBE":
            transaction.respond(Answer(405, headers=(("Allow", "SUBSCRIBE"),)))
        elif _event_of(request) != one.event or one.reason:
            transaction.respond(Answer(481))
        elif 0 < seconds < SHORTEST:
            transaction.respond(_too_brief())
        else:
            one.dialog.refresh(request)
            self._grant(one, transaction, seconds)
        return True

    def _refusal(self, request: Request, account: str, event: str, whom: Identity, seconds: int) -> Answer | None:
        source = self._source
        if event not in source.events:
            return Answer(489, "Bad Event", headers=(("Allow-Events", ", ".join(source.events)),))
        if not account:  # whoever is behind a line
            return Answer(403)
        accepted = {one.partition(";")[0].strip().lower() for one in ",".join(request.headers("accept")).split(",")}
        if not accepted & {"", "*/*", "application/*", source.content_type(event)}:
            return Answer(406)
        if 0 < seconds < SHORTEST:
            return _too_brief()
        if sum(1 for one in self._all.values() if one.account == account) >= AT_MOST:
            return Answer(503, "Too Many Subscriptions", headers=(("Retry-After", str(LONGEST)),))
        status = source.refusal(account, event, whom)
        return Answer(status) if status else None

    def _grant(self, one: Subscription, transaction: ServerTransaction, seconds: int) -> None:
        seconds = min(seconds, LONGEST)
        transaction.respond(Answer(200, headers=(("Expires", str(seconds)), self._contact(one))))
        if one.expiry is not None:
            one.expiry.cancel()
        if seconds:
            one.expiry = self._grounds.endpoint.loop.call_later(seconds, self._expire, one)
        else:
            one.reason = "timeout"
        self._owe(one)  # §4.2.1.2: at once, whether anything has changed or not

    def _expire(self, one: Subscription) -> None:
        one.reason = "timeout"
        self._owe(one)

    def _owe(self, one: Subscription) -> None:
        """Tell it how things stand; what changes meanwhile is told with the next NOTIFY."""
        one.owed = True
        if not one.sending:
            one.sending = True
            self._grounds.own(self._tell(one))

    async def _tell(self, one: Subscription) -> None:
        over = False
        while one.owed and not over:
            one.owed = False
            over = bool(one.reason)
            status = await self._notify(one)
            over = over or status in _GONE
        one.sending = False
        if over:
            self._forget(one)

    def _forget(self, one: Subscription) -> None:
        if one.expiry is not None:
            one.expiry.cancel()
        self._all.pop(one.dialog.id, None)

    async def _notify(self, one: Subscription) -> int:
        endpoint = self._grounds.endpoint
        left = max(0, round(one.expiry.when() - endpoint.loop.time())) if one.expiry is not None else 0
        state = f"terminated;reason={one.reason}" if one.reason else f"active;expires={left}"
        body = self._source.news(one.event, one.whom, one.version)
        one.version += 1
        uri, lines = one.dialog.request("NOTIFY")
        headers: Headers = [
            *lines,
            self._contact(one),
            ("Event", one.event_header),
            ("Subscription-State", state),
            ("User-Agent", endpoint.user_agent),
            ("Content-Type", self._source.content_type(one.event)),
        ]
        answered: asyncio.Future[int] = endpoint.loop.create_future()
        endpoint.send(
            "NOTIFY",
            uri,
            headers,
            one.dialog.hop(endpoint.addressing),
            body=body,
            on_response=functools.partial(_settle, answered),
            on_failure=functools.partial(_settle, answered),
        )
        return await answered

    def _contact(self, one: Subscription) -> tuple[str, str]:
        return "Contact", self._grounds.endpoint.contact(one.dialog.came_from)


def _settle(answered: "asyncio.Future[int]", result: Response | int) -> None:
    status = result if isinstance(result, int) else result.status
    if status >= 200 and not answered.done():
        answered.set_result(status)


def _event_of(request: Request) -> str:
    return (request.header("event") or request.header("o")).partition(";")[0].strip().lower()


def _seconds(request: Request) -> int:
    text = request.header("expires").strip()
    if not text.isdecimal() or not text.isascii():
        return LONGEST
    return min(int(text[:12]), LONGEST)


def _too_brief() -> Answer:
    return Answer(423, headers=(("Min-Expires", str(SHORTEST)),))
