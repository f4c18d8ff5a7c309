"""The user agent: requests find their session, the registrar or a refusal; sessions and requests go out."""

import asyncio
import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from random import Random, SystemRandom
from typing import Any

from cordboard.sip import session_timers
from cordboard.sip.addressing import Addressing
from cordboard.sip.api import (
    Address,
    Admission,
    Credentials,
    EndedBy,
    Identity,
    InviteHandler,
    OutgoingSession,
    ReferHandler,
    Reply,
    SessionEnd,
    SessionHandler,
)
from cordboard.sip.dialog import DialogId
from cordboard.sip.digest import Authenticator, Responder, Verdict
from cordboard.sip.endpoint import Counters, Endpoint, Headers, Trace
from cordboard.sip.incoming import IncomingCall
from cordboard.sip.instant import InstantMessage, MessageHandler, NobodyError, read
from cordboard.sip.machines import Timing
from cordboard.sip.message import PHRASES, Answer, Request, Response
from cordboard.sip.outgoing import Opening, OutgoingCall, Resolver, system_resolver
from cordboard.sip.refer import Replaces, replaces_of
from cordboard.sip.referrals import Referral
from cordboard.sip.registrar import Registrar
from cordboard.sip.session import ACCEPT, ALLOW, Call
from cordboard.sip.session_timers import INTERVAL, OPTION
from cordboard.sip.subscriptions import EventSource, Subscriptions
from cordboard.sip.transactions import ServerTransaction
from cordboard.sip.transport import Transport, TransportFactory
from cordboard.sip.transport_tcp import TcpTransport
from cordboard.sip.transport_udp import UdpTransport
from cordboard.sip.uri import UriError

log = logging.getLogger(__name__)

_KNOWN = frozenset(
    {
        *("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "INFO", "UPDATE"),
        *("PRACK", "SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH"),
    }
)
_OPTIONS = frozenset({OPTION, "replaces", "norefersub"})
"""The extensions that somebody may require of us."""
_CSEQS = 256
"""Call-IDs of our own REGISTERs whose last CSeq is remembered."""


def make_transport(listen: Address) -> Transport:
    """A real socket."""
    return TcpTransport(listen) if listen.transport == "tcp" else UdpTransport(listen)


class Agent:
    """Implements `api.UserAgent`.

    `admission` None: everybody is heard. `clock` gives Unix time. `on_trace` gets every packet.
    Requests inside a dialog are not challenged: whoever knows its three ids took part in the authenticated INVITE.
    """

    def __init__(
        self,
        listen: Sequence[Address],
        admission: Admission | None = None,
        on_invite: InviteHandler | None = None,
        *,
        on_message: MessageHandler | None = None,
        on_refer: ReferHandler | None = None,
        events: EventSource | None = None,
        registrar: Registrar | None = None,
        addressing: Addressing | None = None,
        clock: Callable[[], float] = time.time,
        random: Random | None = None,
        timing: Timing | None = None,
        user_agent: str = "Cordboard",
        on_trace: Trace | None = None,
        transports: TransportFactory = make_transport,
        resolve: Resolver = system_resolver,
        max_sessions: int = 2000,
        session_expires: int = INTERVAL,
    ) -> None:
        self.session_expires = session_expires
        self.random = random or SystemRandom()
        self._admission = admission
        self._on_invite = on_invite
        self._on_message = on_message
        self._on_refer = on_refer
        self._registrar = registrar
        self._resolve = resolve
        self._max_sessions = max_sessions
        self._authenticator = Authenticator(admission, clock=clock, random=self.random) if admission else None
        self._dialogs: dict[DialogId, Call] = {}
        self._calls: set[Call] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cseqs: OrderedDict[str, int] = OrderedDict()
        if addressing is None:
            addressing = Addressing(bound=listen[0].host if len({one.host for one in listen}) == 1 else "")
        self.endpoint = Endpoint(
            [transports(one) for one in listen],
            self,
            addressing=addressing,
            timing=timing or Timing(),
            random=self.random,
            user_agent=user_agent,
            methods=_KNOWN,
            on_trace=on_trace,
        )
        self._outside: dict[str, Callable[[ServerTransaction], None]] = {
            "INVITE": self._invited,
            "OPTIONS": self._asked,
            "BYE": self._lost,
            "INFO": self._lost,
            "UPDATE": self._lost,
            "NOTIFY": self._lost,
            **({"REGISTER": self._registering} if registrar is not None else {}),
            **({"MESSAGE": self._messaged} if on_message is not None else {}),
        }
        """Who takes a request outside of any dialog."""
        self.subscriptions = Subscriptions(self, events, self._admit) if events is not None else None
        """What phones watch, if there is anything to watch."""
        if self.subscriptions is not None:
            self._outside["SUBSCRIBE"] = self.subscriptions.begin
        more = [method for method in ("REGISTER", "MESSAGE", "SUBSCRIBE") if method in self._outside]
        self._allow = (ALLOW[0], ", ".join([ALLOW[1], *more]))

    # api.UserAgent

    async def start(self) -> None:
        """Open the transports. Raises PortTakenError if one cannot be bound."""
        await self.endpoint.open()

    async def close(self) -> None:
        """Close transports and forget everything; sessions end with EndedBy.LOCAL, unsignalled."""
        for call in list(self._calls):
            call.finish(SessionEnd(EndedBy.LOCAL))
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for call in set(self._dialogs.values()):
            call.forget()
        if self.subscriptions is not None:
            self.subscriptions.close()
        await self.endpoint.close()

    @property
    def addresses(self) -> Sequence[Address]:
        """Where it listens, with real port numbers."""
        return [transport.local for transport in self.endpoint.transports]

    @property
    def counters(self) -> Counters:
        """For the metrics."""
        return self.endpoint.counters

    @property
    def sessions(self) -> int:
        """How many are up or being set up."""
        return len(self._calls)

    def advertised(self, peer_host: str) -> str:
        """The address of ours that a peer is told, in Via and Contact; for session descriptions too."""
        return self.endpoint.addressing.advertised(peer_host)

    def invite(
        self,
        uri: str,
        handler: SessionHandler,
        *,
        caller: Identity,
        called: Identity | None = None,
        offer: bytes | None = None,
        via: Address | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OutgoingSession:
        """Send an INVITE. Raises ValueError for a URI or a header that cannot be written."""
        token = self.endpoint.token
        opening = Opening("INVITE", uri, caller, called, via, headers or {}, offer or b"", token(), token())
        call = OutgoingCall(self, opening, handler, credentials, self._resolve)
        try:
            call.launch()
        except ValueError:
            self._calls.discard(call)
            raise
        return call

    async def request(
        self,
        method: str,
        uri: str,
        *,
        caller: Identity,
        called: Identity | None = None,
        via: Address | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        call_id: str | None = None,
    ) -> Reply:
        """Send a request outside of a dialog and return its final response; 408 or 503 if there was none.

        The CSeq goes on counting for a call_id that is given again (a registration that is refreshed).
        Raises ValueError for a URI or a header that cannot be written.
        """
        token = self.endpoint.token
        opening = Opening(method, uri, caller, called, via, headers or {}, body, call_id or token(), token())
        try:
            to = await opening.locate(self._resolve)
        except OSError:
            return Reply(503, "Host Not Found", {})
        responder = Responder(credentials, self.random)
        proof: Headers = []
        while True:
            lines = opening.lines(self.endpoint, to, self._next_cseq(opening.call_id), proof)
            result = await self._exchange(opening, lines, to)
            if isinstance(result, int):
                return Reply(result, PHRASES[result], {})
            again = responder.answer(result, method, uri)
            if again is None:
                return Reply(result.status, result.phrase, result.all_headers(), result.body)
            proof = [again]

    async def _exchange(self, opening: Opening, lines: Headers, to: Address) -> Response | int:
        future: asyncio.Future[Response | int] = asyncio.get_running_loop().create_future()

        def settle(result: Response | int) -> None:
            if not future.done() and (isinstance(result, int) or result.status >= 200):
                future.set_result(result)

        self.endpoint.send(
            opening.method, opening.uri, lines, to, body=opening.body, on_response=settle, on_failure=settle
        )
        return await future

    def _next_cseq(self, call_id: str) -> int:
        cseq = self._cseqs.pop(call_id, 0) + 1
        self._cseqs[call_id] = cseq
        if len(self._cseqs) > _CSEQS:
            self._cseqs.popitem(last=False)
        return cseq

    # session.Services

    def own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a task that is cancelled by close() at the latest. Its exception is logged and hurts nobody."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.counters.faults += 1
            log.error("a task of the signalling failed", exc_info=error)

    def enrol(self, dialog: DialogId, call: Call) -> None:
        """Requests in this dialog go to that session."""
        self._dialogs[dialog] = call

    def strike(self, dialog: DialogId) -> None:
        """The dialog is over."""
        self._dialogs.pop(dialog, None)

    def joined(self, call: Call) -> None:
        """A session has begun."""
        self._calls.add(call)

    def left(self, call: Call) -> None:
        """It is over for those above."""
        self._calls.discard(call)

    def fault(self, call_id: str) -> None:
        """A handler raised."""
        self.counters.faults += 1
        log.error("%s: the session's handler failed", call_id, exc_info=sys.exc_info())

    def referred(self, call: Call, referral: Referral) -> bool:
        """The far end of a session wants its party to be led elsewhere."""
        if self._on_refer is None:
            return False
        self._on_refer(call, referral)
        return True

    def replaced(self, replaces: Replaces) -> Call | None:
        """The session whose dialog somebody names. An early one only if we have begun it (RFC 3891 §3)."""
        found = self._dialogs.get((replaces.call_id, replaces.to_tag, replaces.from_tag))
        if found is not None:
            return found
        return next(
            (
                call
                for call in self._calls
                if isinstance(call, OutgoingCall)
                and call.call_id == replaces.call_id
                and call.is_early(replaces.to_tag, replaces.from_tag)
            ),
            None,
        )

    # endpoint.Core

    def requested(self, transaction: ServerTransaction) -> None:
        """A new request: the checks of RFC 3261 §8.2, then whoever takes its method."""
        request = transaction.request
        if request.method not in _KNOWN:
            transaction.respond(Answer(501))
            return
        extensions = [one for one in request.headers("require") if one and one.strip().lower() not in _OPTIONS]
        if extensions:
            transaction.respond(Answer(420, headers=[("Unsupported", one) for one in extensions]))
            return
        if not request.uri.is_sip:
            transaction.respond(Answer(416))
            return
        if request.to.tag:
            dialog = _dialog_of(request)
            call = self._dialogs.get(dialog)
            if call is not None:
                call.receive(transaction)
            elif self.subscriptions is None or not self.subscriptions.go_on(dialog, transaction):
                transaction.respond(Answer(481))
            return
        take = self._outside.get(request.method)
        if take is None:
            transaction.respond(Answer(405, headers=(self._allow,)))
        else:
            take(transaction)

    def acknowledged(self, request: Request) -> None:
        """An ACK to a 2xx."""
        call = self._dialogs.get(_dialog_of(request))
        if call is not None:
            call.on_ack(request)

    # Requests outside of a dialog

    @staticmethod
    def _lost(transaction: ServerTransaction) -> None:
        transaction.respond(Answer(481))

    def _asked(self, transaction: ServerTransaction) -> None:
        transaction.respond(Answer(200, headers=(self._allow, ACCEPT)))

    def _invited(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        if self._on_invite is None:
            transaction.respond(Answer(480))
            return
        if len(self._calls) >= self._max_sessions:
            transaction.respond(Answer(503, headers=(("Retry-After", "5"),)))
            return
        if request.body and (refusal := _unreadable(request)):
            transaction.respond(refusal)
            return
        account = self._admit(transaction)
        if account is None:
            return
        try:
            replaces_of(request)
        except UriError:
            transaction.respond(Answer(400, "Bad Replaces"))
            return
        if (too_often := session_timers.refusal(request)) is not None:
            transaction.respond(too_often)
            return
        transaction.respond(Answer(100))
        self.own(self._serve(IncomingCall(self, transaction, account), self._on_invite))

    def _admit(self, transaction: ServerTransaction) -> str | None:
        """The account behind a request, empty for a trusted source; None if a challenge or refusal was sent."""
        request = transaction.request
        if self._admission is None or self._admission.trusted(
            request.source, request.from_.identity, request.uri.identity()
        ):
            return ""
        return self._proved(transaction, request.from_.uri.user)

    def _proved(self, transaction: ServerTransaction, claimed: str) -> str | None:
        assert self._authenticator is not None
        check = self._authenticator.check(transaction.request, claimed)
        if check.verdict is Verdict.CHALLENGE:
            transaction.respond(Answer(401, headers=(("WWW-Authenticate", check.challenge),)))
            # Without state, or forged requests would fill our tables and have us repeat 401s to their victim
            # (§26.3.2.4). A repeated request gets a new challenge.
            transaction.close()
            return None
        if check.verdict is Verdict.FORBIDDEN:
            self.counters.auth_failures += 1
            transaction.respond(Answer(403))
            return None
        return check.account

    async def _serve(self, call: IncomingCall, on_invite: InviteHandler) -> None:
        try:
            await on_invite(call)
        except Exception:  # noqa: BLE001 - one call's fault must not reach the others
            self.fault(call.call_id)
            call.refuse(500)

    def _registering(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        user = request.to.uri.user
        account = user if self._authenticator is None else self._proved(transaction, user)
        if account is not None:
            self.own(self._register(transaction, account))

    async def _register(self, transaction: ServerTransaction, account: str) -> None:
        assert self._registrar is not None
        try:
            answer = await self._registrar.register(transaction.request, account)
        except Exception:  # noqa: BLE001 - the store may be down: the phone tries again
            self.fault(transaction.request.call_id)
            answer = Answer(500)
        transaction.respond(answer)

    def _messaged(self, transaction: ServerTransaction) -> None:
        account = self._admit(transaction)
        if account is None:
            return
        message = read(transaction.request, account)
        if isinstance(message, Answer):
            transaction.respond(message)
        else:
            self.own(self._take(transaction, message))

    async def _take(self, transaction: ServerTransaction, message: InstantMessage) -> None:
        """RFC 3428 §7: it is confirmed when it is kept, and not before."""
        assert self._on_message is not None
        answer = Answer(200)
        try:
            await self._on_message(message)
        except NobodyError:
            answer = Answer(404)
        except Exception:  # noqa: BLE001 - the store may be down: whoever sent it tries again
            self.fault(transaction.request.call_id)
            answer = Answer(500)
        transaction.respond(answer)


def _dialog_of(request: Request) -> DialogId:
    return request.call_id, request.to.tag, request.from_.tag


def _unreadable(request: Request) -> Answer | None:
    """§8.2.3: a body that cannot be understood."""
    if request.header("content-encoding").lower() not in {"", "identity"}:
        return Answer(415, headers=(("Accept-Encoding", "identity"),))
    return None if request.sdp is not None else Answer(415, headers=(ACCEPT,))
