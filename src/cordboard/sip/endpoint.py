"""Transports and transactions joined: what arrives finds its transaction, what leaves gets its Via."""

import asyncio
import logging
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from cordboard.sip.addressing import Addressing
from cordboard.sip.api import Address
from cordboard.sip.machines import Event, Kind, Timing
from cordboard.sip.message import Answer, Request, Response, write_request, write_response
from cordboard.sip.parsing import MalformedError, parse
from cordboard.sip.transactions import ClientTransaction, Key, ServerTransaction, Transaction
from cordboard.sip.transport import Transport
from cordboard.sip.uri import bracketed

log = logging.getLogger(__name__)

COOKIE = "z9hG4bK"
_RPORT = re.compile(r";\s*rport\s*(?=;|$)", re.IGNORECASE)

Trace = Callable[[str, bytes, Address], None]
"""Gets "in" or "out", the raw packet and the peer."""

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Counters:
    """What happened since the start, for the metrics."""

    malformed: int = 0
    stray_responses: int = 0
    auth_failures: int = 0
    retransmissions: int = 0
    faults: int = 0
    """Exceptions of handlers."""
    requests: Counter[str] = field(default_factory=Counter)
    """By method; methods that we do not know are counted as OTHER."""


class Core(Protocol):
    """The transaction user."""

    def requested(self, transaction: ServerTransaction) -> None:
        """A new request. Answer by transaction.respond."""

    def acknowledged(self, request: Request) -> None:
        """An ACK that belongs to a 2xx."""


@dataclass(frozen=True, slots=True)
class Path:
    """The Wire of a transaction."""

    endpoint: "Endpoint"
    transport: Transport
    to: Address

    @property
    def reliable(self) -> bool:
        """Whether the transport does its own retransmission."""
        return self.transport.reliable

    def send(self, data: bytes) -> None:
        """Send."""
        self.endpoint.transmit(data, self.transport, self.to)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of ours that is under way: what its CANCEL and its ACK repeat."""

    transaction: ClientTransaction
    uri: str
    via: str
    headers: Headers
    path: Path

    def repeated(self, method: str, cseq: int, to: str) -> Headers:
        """The headers of a hop-by-hop ACK or CANCEL (§9.1, §17.1.1.3)."""
        kept = [(name, value) for name, value in self.headers if name in {"Route", "From", "Call-ID"}]
        return [("Via", self.via), ("Max-Forwards", "70"), *kept, ("To", to), ("CSeq", f"{cseq} {method}")]


class Endpoint:
    """Owns the transports and the tables of transactions."""

    def __init__(
        self,
        transports: Sequence[Transport],
        core: Core,
        *,
        addressing: Addressing,
        timing: Timing,
        random: Random,
        user_agent: str,
        methods: frozenset[str],
        on_trace: Trace | None = None,
    ) -> None:
        self.transports = transports
        self.timing = timing
        self.addressing = addressing
        self.counters = Counters()
        self.user_agent = user_agent
        self._core = core
        self._random = random
        self._methods = methods
        self._on_trace = on_trace
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._first_seen: dict[Key, Key] = {}
        """Requests without a To tag by Call-ID, From tag and CSeq: a second one took another path (§8.2.2.2)."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Time."""
        return asyncio.get_running_loop()

    def token(self) -> str:
        """A new tag, branch or Call-ID."""
        return f"{self._random.getrandbits(80):020x}"

    # What arrives

    def received(self, data: bytes, source: Address, transport: Transport) -> None:
        """A transport has a packet."""
        if not data.strip(b"\r\n\0 "):
            return  # a keep-alive of a phone behind NAT
        if self._on_trace is not None:
            self._on_trace("in", data, source)
        try:
            message = parse(data)
        except MalformedError as error:
            self.counters.malformed += 1
            log.debug("%s: malformed packet: %s", source, error)
            if error.request is not None and source.port:
                self._fix_via(error.request.headers.get("via"), source)
                answer = Answer(error.status, "" if error.status != 400 else f"Bad Request: {error}"[:120])
                answer = Answer(answer.status, re.sub(r"[^ -~]", "?", answer.phrase))
                self.transmit(write_response(error.request, answer, to_tag=self.token()), transport, source)
            return
        message.source = source
        try:
            if isinstance(message, Response):
                self._response(message)
            else:
                self._request(message, transport)
        except Exception:
            self.counters.faults += 1
            log.exception("%s: a packet could not be served", message.call_id)

    def spoiled(self, source: Address, reason: str) -> None:
        """A stream was closed because it held no SIP."""
        self.counters.malformed += 1
        log.debug("%s: stream closed: %s", source, reason)

    def unreachable(self, peer: Address) -> None:
        """A transport is dead: every request of ours to that peer has failed."""
        for transaction in [one for one in self._clients.values() if _destination(one) == peer]:
            transaction.feed(Event.ERROR)

    def _response(self, response: Response) -> None:
        transaction = self._clients.get((response.via.branch, response.cseq_method))
        if transaction is None or not transaction.receive(response):
            self.counters.stray_responses += 1

    def _request(self, request: Request, transport: Transport) -> None:
        self.counters.requests[request.method if request.method in self._methods else "OTHER"] += 1
        key = self._server_key(request)
        self._fix_via(request.raw.headers.get("via"), request.source)
        transaction = self._servers.get(key)
        if request.method == "ACK":
            if transaction is None:
                self._core.acknowledged(request)
            else:
                transaction.feed(Event.ACK, message=request)
            return
        if transaction is not None:
            transaction.feed(Event.REQUEST)
            return
        transaction = ServerTransaction(
            self,
            Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER,
            key,
            Path(self, transport, request.source),
            request,
            to_tag="" if request.to.tag else self.token(),
            take=self._cancel if request.method == "CANCEL" else self._core.requested,
            write=self._write,
        )
        transaction.on_ack = self._core.acknowledged
        self._servers[key] = transaction
        if not request.to.tag and request.method != "CANCEL":
            first = self._first_seen.setdefault(_merge_key(request), key)
            if first != key:
                transaction._take = _merged  # noqa: SLF001 - same room, decided before it starts
        transaction.feed(Event.START)

    def _cancel(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        key = self._server_key(request, method="INVITE")
        invite = self._servers.get(key)
        if invite is None:
            transaction.respond(Answer(481))
            return
        transaction.to_tag = invite.to_tag  # §9.2: the same To tag as in the INVITE's response
        transaction.respond(Answer(200))
        if not invite.answered and invite.on_cancel is not None:
            invite.on_cancel(request)

    @staticmethod
    def _server_key(request: Request, method: str = "") -> Key:
        via = request.via
        method = method or ("INVITE" if request.method == "ACK" else request.method)
        if via.branch.startswith(COOKIE) and via.branch != COOKIE:
            return via.branch, via.sent_by, method
        # RFC 2543 (§17.2.3): no branch to go by.
        return "", via.sent_by, method, request.call_id, request.from_.tag, request.cseq

    @staticmethod
    def _fix_via(vias: list[str], source: Address) -> None:
        """Write down where the request really came from (RFC 3581 §4)."""
        top, found = _RPORT.subn(f";rport={source.port}", vias[0], count=1)
        vias[0] = f"{top};received={source.host}" if found or source.host not in top else top

    def _write(self, transaction: ServerTransaction, answer: Answer) -> bytes:
        tag = "" if answer.status == 100 else transaction.to_tag
        return write_response(transaction.request.raw, answer, to_tag=tag, user_agent=self.user_agent)

    # What is sent

    def transmit(self, data: bytes, transport: Transport, to: Address) -> None:
        """Put a packet on a transport."""
        if self._on_trace is not None:
            self._on_trace("out", data, to)
        transport.send(data, to)

    def transport_to(self, to: Address) -> Transport | None:
        """The transport that reaches an address."""
        for transport in self.transports:
            if transport.local.transport == to.transport and (":" in transport.local.host) == (":" in to.host):
                return transport
        return None

    def via(self, transport: Transport, to: Address, branch: str) -> str:
        """Our Via."""
        local = transport.local
        host = bracketed(self.addressing.advertised(to.host))
        return f"SIP/2.0/{local.transport.upper()} {host}:{local.port};branch={branch};rport"

    def contact(self, to: Address, user: str = "") -> str:
        """Our Contact for a peer."""
        transport = self.transport_to(to) or self.transports[0]
        local = transport.local
        host = bracketed(self.addressing.advertised(to.host))
        how = ";transport=tcp" if local.transport == "tcp" else ""
        return f"<sip:{user + '@' if user else ''}{host}:{local.port}{how}>"

    def send(
        self,
        method: str,
        uri: str,
        headers: Headers,
        to: Address,
        *,
        on_response: Callable[[Response], None],
        on_failure: Callable[[int], None],
        body: bytes = b"",
    ) -> Sent | None:
        """Send a request in a transaction of its own. `headers` lack Via and Max-Forwards.

        None if no transport of ours reaches that address; on_failure is then called with 503 in the loop's next turn.
        Raises ValueError for a line break in a header.
        """
        transport = self.transport_to(to)
        if transport is None:
            log.warning("%s cannot be reached: no %s socket of ours fits it", to, to.transport.upper())
            self.loop.call_soon(on_failure, 503)
            return None
        branch = COOKIE + self.token()
        via = self.via(transport, to, branch)
        return self._launch(
            method,
            uri,
            headers,
            Path(self, transport, to),
            via=via,
            branch=branch,
            on_response=on_response,
            on_failure=on_failure,
            body=body,
        )

    def cancel(self, sent: Sent, extra: Headers) -> None:
        """Send the CANCEL of an INVITE (§9.1)."""
        cseq, to = _first(sent.headers, "CSeq"), _first(sent.headers, "To")
        headers = [*sent.repeated("CANCEL", int(cseq.split()[0]), to)[2:], *extra]
        branch = sent.via.partition("branch=")[2].partition(";")[0]
        self._launch(
            "CANCEL",
            sent.uri,
            headers,
            sent.path,
            via=sent.via,
            branch=branch,
            on_response=_ignore,
            on_failure=_ignore,
        )

    def _launch(
        self,
        method: str,
        uri: str,
        headers: Headers,
        path: Path,
        *,
        via: str,
        branch: str,
        on_response: Callable[[Response], None],
        on_failure: Callable[[int], None],
        body: bytes = b"",
    ) -> Sent:
        packet = write_request(method, uri, [("Via", via), ("Max-Forwards", "70"), *headers], body)
        transaction = ClientTransaction(
            self,
            Kind.INVITE_CLIENT if method == "INVITE" else Kind.CLIENT,
            (branch, method),
            path,
            on_response=on_response,
            on_failure=on_failure,
            acknowledge=lambda response: write_request(
                "ACK", uri, sent.repeated("ACK", response.cseq, response.header("to"))
            ),
        )
        sent = Sent(transaction, uri, via, headers, path)
        self._clients[transaction.key] = transaction
        transaction.feed(Event.START, packet)
        return sent

    def send_alone(self, method: str, uri: str, headers: Headers, to: Address, body: bytes = b"") -> bytes:
        """Send a request without a transaction: the ACK of a 2xx (§13.2.2.4). Returns the packet, to be repeated."""
        transport = self.transport_to(to)
        if transport is None:
            return b""
        via = self.via(transport, to, COOKIE + self.token())
        packet = write_request(method, uri, [("Via", via), ("Max-Forwards", "70"), *headers], body)
        self.transmit(packet, transport, to)
        return packet

    def repeat(self, packet: bytes, to: Address) -> None:
        """Send again what send_alone has sent."""
        transport = self.transport_to(to)
        if packet and transport is not None:
            self.counters.retransmissions += 1
            self.transmit(packet, transport, to)

    # The Host of transactions

    def forget(self, transaction: Transaction) -> None:
        """A transaction has terminated."""
        if isinstance(transaction, ServerTransaction):
            self._servers.pop(transaction.key, None)
            merge = _merge_key(transaction.request)
            if self._first_seen.get(merge) == transaction.key:
                del self._first_seen[merge]
        else:
            self._clients.pop(transaction.key, None)

    def retransmitted(self) -> None:
        """For the counters."""
        self.counters.retransmissions += 1

    def failed(self, transaction: Transaction) -> None:
        """A callback raised: log it, and answer if somebody waits for an answer."""
        self.counters.faults += 1
        log.error("transaction %s: its handler failed", transaction.key, exc_info=sys.exc_info())
        if isinstance(transaction, ServerTransaction) and not transaction.answered:
            transaction.respond(Answer(500))

    @property
    def transactions(self) -> int:
        """How many are alive."""
        return len(self._clients) + len(self._servers)

    async def open(self) -> None:
        """Open the transports. If one fails, those before it are closed again."""
        opened: list[Transport] = []
        try:
            for transport in self.transports:
                await transport.open(self)
                opened.append(transport)
        except BaseException:
            for transport in opened:
                await transport.close()
            raise

    async def close(self) -> None:
        """Stop every timer, close the transports."""
        for client in list(self._clients.values()):
            client.feed(Event.ERROR)  # whoever waits for an answer gets 503
        for transaction in [*self._clients.values(), *self._servers.values()]:
            transaction.close()
        for transport in self.transports:
            await transport.close()


def _destination(transaction: Transaction) -> Address | None:
    return transaction.wire.to if isinstance(transaction.wire, Path) else None


def _merge_key(request: Request) -> Key:
    return request.call_id, request.from_.tag, request.cseq, request.method


def _merged(transaction: ServerTransaction) -> None:
    transaction.respond(Answer(482))


def _first(headers: Headers, name: str) -> str:
    return next(value for key, value in headers if key == name)


def _ignore(_: object) -> None:
    """The CANCEL's own response tells nothing: the INVITE's does."""
