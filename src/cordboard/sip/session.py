"""A call that stands, whoever began it: what both kinds of sessions do inside their dialog (RFC 3261 §12–15)."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from random import Random
from typing import Any, Protocol

from cordboard.sip import session_timers
from cordboard.sip.api import Address, Credentials, EndedBy, NotAcceptableError, SessionEnd, SessionHandler
from cordboard.sip.dialog import Dialog, DialogId
from cordboard.sip.digest import Responder
from cordboard.sip.endpoint import Endpoint, Headers
from cordboard.sip.message import Answer, Request, Response
from cordboard.sip.refer import read as read_refer
from cordboard.sip.referrals import Reference, Referral
from cordboard.sip.session_timers import SessionTimer
from cordboard.sip.transactions import ServerTransaction

log = logging.getLogger(__name__)

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY")
REPLACES = ("Supported", "replaces")
"""Phones offer an attended transfer only where they read this (RFC 3891 §6.1)."""
ACCEPT = ("Accept", "application/sdp")
GLARE_TRIES = 5


class Phase(Enum):
    """Where a session stands for those above."""

    SETUP = auto()
    UP = auto()
    OVER = auto()


class Services(Protocol):
    """What a session needs of the agent."""

    endpoint: Endpoint
    random: Random
    session_expires: int
    """Seconds that we should like a session to last without a refresh (RFC 4028); 0: no timers."""

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task that ends with the agent at the latest."""

    def enrol(self, dialog: DialogId, call: "Call") -> None:
        """Requests in this dialog go to that session."""

    def strike(self, dialog: DialogId) -> None:
        """The dialog is over."""

    def joined(self, call: "Call") -> None:
        """A session has begun."""

    def left(self, call: "Call") -> None:
        """It is over for those above."""

    def fault(self, call_id: str) -> None:
        """A handler raised: the exception is being handled."""

    def referred(self, call: "Call", referral: Referral) -> bool:
        """The far end wants its party to be led elsewhere; false: nobody takes that."""


class Confirmation:
    """A 2xx of ours, repeated until its ACK comes (§13.3.1.4), on TCP as well: a proxy may hop to UDP."""

    def __init__(self, transaction: ServerTransaction, services: Services, on_timeout: Callable[[], None]) -> None:
        self.cseq = transaction.request.cseq
        self.late_offer = transaction.request.sdp is None
        self._transaction = transaction
        self._loop = services.endpoint.loop
        self._timing = services.endpoint.timing
        self._on_timeout = on_timeout
        self._pause = self._timing.t1
        self._deadline = self._loop.time() + self._timing.patience
        self._handle = self._loop.call_later(self._pause, self._again)

    def _again(self) -> None:
        if self._loop.time() >= self._deadline:
            self._on_timeout()
            return
        self._transaction.resend()
        self._pause = min(self._pause * 2, self._timing.t2)
        self._handle = self._loop.call_at(min(self._loop.time() + self._pause, self._deadline), self._again)

    def stop(self) -> None:
        """The ACK has come, or nobody cares any more."""
        self._handle.cancel()


class Call:
    """What incoming and outgoing sessions share. Implements `api.Session` once the dialog stands."""

    def __init__(self, services: Services, call_id: str, credentials: Credentials | None = None) -> None:
        self._services = services
        self._endpoint = services.endpoint
        self._call_id = call_id
        self._credentials = credentials
        self._handler: SessionHandler | None = None
        self._dialog: Dialog | None = None
        self._phase = Phase.SETUP
        self._struck = False
        """Whether the call needs the dialog no longer."""
        self._end: SessionEnd | None = None
        self._confirmation: Confirmation | None = None
        self._bye_wanted = False
        self._theirs: ServerTransaction | None = None
        self._ours = asyncio.Lock()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._acks: dict[int, tuple[bytes, Address]] = {}
        self._waiting: set[asyncio.Future[Response | int]] = set()
        """Requests of ours whose callers need not wait for an answer once the session is over."""
        self._owns_call_id = False
        self._proof: Headers = []
        """The credentials that our INVITE was accepted with: its ACK carries them too (§22.1)."""
        self._timer = SessionTimer(
            services.endpoint.loop,
            refresh=self._time_to_renew,
            expire=self._expired,
        )
        self._said = b""
        """Our last session description."""
        self._updates = False
        """Whether the far end takes UPDATE."""
        self._usages: set[Referral | Reference] = set()
        """What needs the dialog also when the call is over (RFC 5057)."""
        self._was_referred = False
        services.joined(self)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self._call_id

    @property
    def dialog_id(self) -> DialogId:
        """See `api.Session`."""
        if self._dialog is None:
            raise ValueError("no dialog stands yet")
        return self._dialog.id

    # Telling the handler

    def _tell(self, what: Callable[[SessionHandler], None]) -> None:
        if self._handler is None:
            return
        try:
            what(self._handler)
        except Exception:  # noqa: BLE001 - a handler's fault must not reach other calls
            self._services.fault(self._call_id)

    def finish(self, end: SessionEnd) -> None:
        """The session is over for those above; what the wire still needs goes on by itself."""
        if self._phase is Phase.OVER:
            return
        self._phase = Phase.OVER
        self._end = end
        self._timer.stop()
        self._quiet.set()
        for future in self._waiting:
            if not future.done():
                future.set_result(481)
        self._services.left(self)
        self._tell(lambda handler: handler.ended(end))

    def _strike(self) -> None:
        self._timer.stop()
        if self._confirmation is not None:
            self._confirmation.stop()
            self._confirmation = None
        self._struck = True
        if self._dialog is not None and not self._usages:
            self._services.strike(self._dialog.id)

    def forget(self) -> None:
        """The agent closes: no timer of ours may fire any more."""
        for usage in list(self._usages):
            if isinstance(usage, Referral):
                usage.stop()
        self._strike()

    # What lives in the dialog beside the call: see referrals.Dialogue

    async def converse(self, method: str, headers: Headers, body: bytes = b"") -> Response | int:
        """Send a request in the dialog, also when the call is over."""
        return await self._transact(method, headers, body)

    def contact(self) -> tuple[str, str]:
        """Our Contact."""
        return self._contact()

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task that ends with the agent at the latest."""
        return self._services.own(work)

    def release(self, usage: Referral | Reference) -> None:
        """It needs the dialog no longer: with the call, it may be over."""
        self._usages.discard(usage)
        if self._struck:
            self._strike()

    async def refer(self, target: str, on_news: Callable[[int], None], headers: Headers) -> Reference | None:
        """See `api.Session`."""
        if self._phase is not Phase.UP:
            return None
        reference = Reference(self, on_news)
        self._usages.add(reference)  # its first NOTIFY may overtake the 202
        result = await self._transact("REFER", [("Refer-To", target), self._contact(), *headers])
        if isinstance(result, int) or result.status >= 300:
            reference.close()
            return None
        return reference

    def _on_refer(self, transaction: ServerTransaction) -> None:
        target = read_refer(transaction.request)
        if isinstance(target, Answer):
            transaction.respond(target)
            return
        referral = Referral(self, self._endpoint.loop, transaction, target)
        if self._was_referred:
            referral.event = f"refer;id={transaction.request.cseq}"
        self._was_referred = True
        self._usages.add(referral)
        if not self._services.referred(self, referral):
            referral.refuse(501)

    def _on_notify(self, transaction: ServerTransaction) -> None:
        references = [usage for usage in self._usages if isinstance(usage, Reference)]
        taken = any(usage.takes(transaction.request) for usage in references)
        transaction.respond(Answer(200 if taken else 481))

    def _on_subscribe(self, transaction: ServerTransaction) -> None:
        """Of the subscriptions that REFERs have made, the one with the same Event (RFC 3515 §2.4.6)."""
        event = transaction.request.header("event").replace(" ", "").lower()
        referral = next(
            (one for one in self._usages if isinstance(one, Referral) and one.event == event and one.open), None
        )
        if referral is None:
            transaction.respond(Answer(481))
        else:
            referral.renewed(transaction)

    # What the far end sends inside the dialog

    def receive(self, transaction: ServerTransaction) -> None:
        """A request in our dialog."""
        assert self._dialog is not None
        request = transaction.request
        if not self._dialog.in_order(request):
            transaction.respond(Answer(500, "CSeq Out Of Order"))
            return
        if self._phase is Phase.OVER and request.method not in _AFTER_THE_CALL:
            transaction.respond(Answer(481))
            return
        refreshes = request.method in {"INVITE", "UPDATE"}
        take = _IN_DIALOG.get(request.method)
        if refreshes and (too_often := session_timers.refusal(request)) is not None:
            transaction.respond(too_often)
        elif take is None:
            transaction.respond(Answer(405, headers=(ALLOW,)))
        else:
            take(self, transaction)

    def _on_bye(self, transaction: ServerTransaction) -> None:
        transaction.respond(Answer(200))
        self._strike()
        self._terminate_setup()
        if self._theirs is not None:
            self._theirs.respond(Answer(487))
        self.finish(SessionEnd(EndedBy.REMOTE))

    def _terminate_setup(self) -> None:
        """A BYE came before the INVITE that began it all was answered."""

    def _on_options(self, transaction: ServerTransaction) -> None:
        transaction.respond(Answer(200, headers=(ALLOW, ACCEPT)))

    def _on_info(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        transaction.respond(Answer(200))
        if request.body:
            content_type, body = request.header("content-type"), request.body
            self._tell(lambda handler: handler.information(content_type, body))

    def _on_invite(self, transaction: ServerTransaction) -> None:
        if self._theirs is not None or (self._confirmation is not None and not self._confirmation.late_offer):
            # §14.2: a second INVITE before our final response (or, by the same reason, before their ACK).
            later = ("Retry-After", str(self._services.random.randint(0, 10)))
            transaction.respond(Answer(500, headers=(later,)))
        elif self._ours.locked() or self._confirmation is not None or self._phase is Phase.SETUP:
            transaction.respond(Answer(491))
        else:
            self._theirs = transaction
            self._quiet.clear()
            transaction.respond(Answer(100))
            transaction.on_cancel = lambda _: transaction.respond(Answer(487))
            self._services.own(self._take_offer(transaction))

    def _on_update(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if request.sdp is None:
            self._refresh(request)
            transaction.respond(Answer(200, headers=(self._contact(), ALLOW, *self._timed(request))))
        elif self._ours.locked():
            transaction.respond(Answer(491))  # RFC 3311 §5.2
        elif self._theirs is not None or self._phase is Phase.SETUP:
            later = ("Retry-After", str(self._services.random.randint(0, 10)))
            transaction.respond(Answer(500, headers=(later,)))
        else:
            self._theirs = transaction
            self._quiet.clear()
            self._services.own(self._take_offer(transaction))

    async def _take_offer(self, transaction: ServerTransaction) -> None:
        try:
            await self._answer_offer(transaction)
        finally:
            self._theirs = None
            if self._confirmation is None:
                self._quiet.set()

    async def _answer_offer(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        try:
            if self._handler is None:
                raise NotAcceptableError
            answer = await self._handler.offered(request.sdp)
        except NotAcceptableError:
            transaction.respond(Answer(488))
            return
        except Exception:  # noqa: BLE001 - a handler's fault must not reach other calls
            self._services.fault(self._call_id)
            transaction.respond(Answer(500))
            return
        if self._phase is not Phase.UP or transaction.answered:
            transaction.respond(Answer(487))
            return
        self._refresh(request)
        self._said = answer
        transaction.respond(Answer(200, headers=(self._contact(), ALLOW, *self._timed(request)), body=answer))
        if request.method == "INVITE":
            self._confirmation = Confirmation(transaction, self._services, self._unacknowledged)

    def _refresh(self, message: Request | Response) -> None:
        assert self._dialog is not None
        self._dialog.refresh(message)

    def _contact(self) -> tuple[str, str]:
        assert self._dialog is not None
        return "Contact", self._endpoint.contact(self._dialog.came_from)

    def _timed(self, request: Request) -> Headers:
        """What our 2xx to a request says of the session's timer, which it starts anew."""
        self._updates = self._updates or session_timers.allows(request, "UPDATE")
        agreed = session_timers.agree(request, self._services.session_expires, self._timer.agreed)
        self._timer.start(agreed)
        return session_timers.confirm(agreed, request)

    def _timed_by(self, response: Response) -> None:
        """A 2xx to our INVITE or UPDATE has come."""
        self._updates = self._updates or session_timers.allows(response, "UPDATE")
        self._timer.start(session_timers.settled(response))

    def _wanted(self) -> Headers:
        """What our own request inside the dialog says of the timer."""
        agreed = self._timer.agreed
        if agreed is None:
            return []
        return session_timers.offer(agreed.interval, refresher="uac" if agreed.ours else "uas")

    def _time_to_renew(self) -> None:
        self._services.own(self._renew())

    async def _renew(self) -> None:
        """We are the refresher, and half of the time is over (RFC 4028 §10)."""
        if self._updates:
            result = await self._transact("UPDATE", [self._contact(), ALLOW, *self._wanted()])
        elif self._said:
            try:
                await self.reoffer(self._said)  # the same again: nothing changes (RFC 3264 §8)
            except NotAcceptableError:
                self._timer.again()
            return
        else:
            return
        if isinstance(result, Response) and result.status < 300:
            self._refresh(result)
            self._timed_by(result)
            return
        if isinstance(result, Response):
            self._updates = result.status not in {405, 501}
        self._look_for_death(result)
        self._timer.again()

    def _expired(self) -> None:
        """Nobody has refreshed the session: it is over (RFC 4028 §10)."""
        if self._phase is Phase.UP:
            self._hang_up()
            self.finish(SessionEnd(EndedBy.TIMEOUT))

    def on_ack(self, request: Request) -> None:
        """The ACK to a 2xx of ours, or a repeated one."""
        if self._confirmation is None or self._confirmation.cseq != request.cseq:
            return
        first = self._phase is Phase.SETUP
        late = self._confirmation.late_offer
        self._confirmation.stop()
        self._confirmation = None
        if self._theirs is None:
            self._quiet.set()
        if first:
            self._phase = Phase.UP
        if self._bye_wanted:
            self._services.own(self._say_goodbye())
        elif first or late:
            self._tell(lambda handler: handler.acknowledged(request.sdp))

    def _unacknowledged(self) -> None:
        """64*T1 without an ACK: the session is ended with a BYE (§13.3.1.4)."""
        self._confirmation = None
        self._services.own(self._say_goodbye())
        self.finish(SessionEnd(EndedBy.TIMEOUT))

    # What we send inside the dialog

    def _hop(self) -> Address:
        assert self._dialog is not None
        return self._dialog.hop(self._endpoint.addressing)

    async def _transact(self, method: str, headers: Headers | None = None, body: bytes = b"") -> Response | int:
        """Send a request in the dialog; its final response, or 408 or 503 without one. A challenge is answered."""
        assert self._dialog is not None
        responder = Responder(self._credentials, self._services.random)
        proof: Headers = []
        while True:
            future: asyncio.Future[Response | int] = self._endpoint.loop.create_future()
            uri, lines = self._dialog.request(method)
            self._endpoint.send(
                method,
                uri,
                [*lines, *(headers or ()), *proof],
                self._hop(),
                body=body,
                on_response=lambda response, future=future: self._transacted(response, future),  # type: ignore[misc] # mypy cannot infer a lambda's default
                on_failure=lambda status, future=future: None if future.done() else future.set_result(status),  # type: ignore[misc] # as above
            )
            if method not in _AFTER_THE_CALL:
                self._waiting.add(future)
                future.add_done_callback(self._waiting.discard)
            result = await future
            if isinstance(result, Response) and (again := responder.answer(result, method, uri)):
                proof = [again]
                continue
            if method == "INVITE":
                self._proof = proof
            return result

    def _transacted(self, response: Response, future: asyncio.Future[Response | int]) -> None:
        if response.status < 200:
            return
        if not future.done():
            future.set_result(response)
        elif response.cseq_method == "INVITE" and response.status < 300:
            self._repeat_ack(response.cseq)

    def _acknowledge(self, cseq: int, body: bytes = b"") -> None:
        assert self._dialog is not None
        uri, lines = self._dialog.request("ACK", cseq)
        content = [("Content-Type", "application/sdp")] if body else []
        hop = self._hop()
        packet = self._endpoint.send_alone("ACK", uri, [*lines, *self._proof, *content], hop, body)
        self._acks = {cseq: (packet, hop)}

    def _repeat_ack(self, cseq: int) -> None:
        if cseq in self._acks:
            self._endpoint.repeat(*self._acks[cseq])

    async def _say_goodbye(self) -> None:
        await self._transact("BYE")
        self._strike()

    async def bye(self) -> None:
        """End the session, whatever its state."""
        if self._phase is Phase.OVER:
            return
        self._hang_up()
        self.finish(SessionEnd(EndedBy.LOCAL))

    def _hang_up(self) -> None:
        if self._confirmation is not None:
            self._bye_wanted = True  # §15: no BYE before the ACK to our 2xx
        else:
            self._services.own(self._say_goodbye())

    async def inform(self, content_type: str, body: bytes) -> bool:
        """Send INFO; true if it was accepted."""
        return await self._small_talk("INFO", [("Content-Type", content_type)], body)

    async def probe(self, patience: float = 32.0) -> bool:
        """See `api.Session`."""
        try:
            async with asyncio.timeout(patience):
                return await self._small_talk("OPTIONS", [ACCEPT])
        except TimeoutError:
            self._look_for_death(408)
            return False

    async def _small_talk(self, method: str, headers: Headers, body: bytes = b"") -> bool:
        if self._phase is not Phase.UP:
            return False
        result = await self._transact(method, headers, body)
        self._look_for_death(result)
        return isinstance(result, Response) and result.status < 300

    def _look_for_death(self, result: Response | int) -> None:
        """A 408 or 481 inside a dialog ends it (§12.2.1.2)."""
        status = result if isinstance(result, int) else result.status
        if self._phase is Phase.UP and (status in {408, 481} or isinstance(result, int)):
            self._hang_up()
            self.finish(SessionEnd(EndedBy.TIMEOUT))

    async def reoffer(self, sdp: bytes) -> bytes:
        """Send a re-INVITE; the answer. Raises NotAcceptableError."""
        for _ in range(GLARE_TRIES):
            async with self._ours:
                await self._quiet.wait()
                if self._phase is not Phase.UP:
                    raise NotAcceptableError("the session is not up")
                self._said = sdp
                headers = [self._contact(), ALLOW, *self._wanted(), ("Content-Type", "application/sdp")]
                result = await self._transact("INVITE", headers, sdp)
                if isinstance(result, Response) and result.status < 300:
                    self._refresh(result)
                    self._acknowledge(result.cseq)
                    self._timed_by(result)
                    if result.sdp is None:
                        raise NotAcceptableError("the 2xx held no answer")
                    return result.sdp
            if isinstance(result, int) or result.status != 491:
                self._look_for_death(result)
                raise NotAcceptableError(f"refused with {result if isinstance(result, int) else result.status}")
            # §14.1: who owns the Call-ID waits longer, so that the two do not meet again. In units of 10 ms.
            low, high = (210, 400) if self._owns_call_id else (0, 200)
            await asyncio.sleep(self._services.random.randint(low, high) / 100)
        raise NotAcceptableError("the far end offers at the same time, again and again")


_IN_DIALOG: dict[str, Callable[[Call, ServerTransaction], None]] = {
    "BYE": Call._on_bye,  # noqa: SLF001 - the class's own table
    "INFO": Call._on_info,  # noqa: SLF001
    "INVITE": Call._on_invite,  # noqa: SLF001
    "NOTIFY": Call._on_notify,  # noqa: SLF001
    "OPTIONS": Call._on_options,  # noqa: SLF001
    "REFER": Call._on_refer,  # noqa: SLF001
    "SUBSCRIBE": Call._on_subscribe,  # noqa: SLF001
    "UPDATE": Call._on_update,  # noqa: SLF001
}
"""Who takes a request inside a dialog."""

_AFTER_THE_CALL = frozenset({"BYE", "NOTIFY", "SUBSCRIBE"})
"""What makes sense in a dialog whose call is over (RFC 5057)."""
