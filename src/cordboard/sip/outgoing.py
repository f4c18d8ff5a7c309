"""An INVITE of ours (RFC 3261 §13.2), and what every request of ours outside of a dialog has in common."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from cordboard.sip import session_timers
from cordboard.sip.addressing import is_ip
from cordboard.sip.api import Address, Credentials, EndedBy, Identity, SessionEnd, SessionHandler
from cordboard.sip.dialog import Dialog
from cordboard.sip.digest import Responder
from cordboard.sip.endpoint import Endpoint, Headers, Sent
from cordboard.sip.message import Response
from cordboard.sip.session import ALLOW, REPLACES, Call, Phase, Services
from cordboard.sip.uri import DEFAULT_PORT, UriError, parse_name_address, parse_uri, write_address

Resolver = Callable[[str, int], Awaitable[str]]
"""Looks a host name up: an IP address. Raises OSError."""

_OURS = {"via", "from", "to", "call-id", "cseq", "max-forwards", "content-length", "route", "record-route"}
_ANSWERED_ELSEWHERE = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')


@dataclass(frozen=True, slots=True)
class Opening:
    """A request outside of a dialog: who asks whom for what."""

    method: str
    uri: str
    caller: Identity
    called: Identity | None
    via: Address | None
    headers: Mapping[str, str]
    body: bytes
    call_id: str
    tag: str

    def __post_init__(self) -> None:
        parse_uri(self.uri)
        for name, value in self.headers.items():
            if name.lower() in _OURS:
                raise ValueError(f"the header {name} is written by the signalling itself")
            if any(bad in name + value for bad in "\r\n"):
                raise ValueError(f"the header {name} may not hold line breaks")

    def known(self) -> Address | None:
        """Where it goes, if no name has to be looked up."""
        target = self.target()
        return target if is_ip(target.host) else None

    def target(self) -> Address:
        """Where it goes; the host may be a name."""
        if self.via is not None:
            return self.via
        uri = parse_uri(self.uri)
        return Address(uri.transport, uri.host, uri.port or DEFAULT_PORT)

    async def locate(self, resolve: Resolver) -> Address:
        """Where it goes. Raises OSError if the name is not found."""
        target = self.target()
        if is_ip(target.host):
            return target
        return Address(target.transport, await resolve(target.host, target.port), target.port)

    def lines(self, endpoint: Endpoint, to: Address, cseq: int, extra: Headers) -> Headers:
        """All headers but Via and Max-Forwards."""
        host = endpoint.addressing.advertised(to.host)
        # A REGISTER speaks of whoever sends it, unless it says otherwise (§10.2).
        whom = self.called or (self.caller if self.method == "REGISTER" else None)
        called = write_address(whom, parse_uri(self.uri).host or host) if whom else f"<{self.uri}>"
        given = {name.lower() for name in self.headers}
        contact = [("Contact", endpoint.contact(to, self.caller.user if self.method == "REGISTER" else ""))]
        content = [("Content-Type", "application/sdp")]
        return [
            ("From", f"{write_address(self.caller, host)};tag={self.tag}"),
            ("To", called),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {self.method}"),
            ("User-Agent", endpoint.user_agent),
            *(contact if self.method in {"INVITE", "REGISTER", "OPTIONS"} and "contact" not in given else ()),
            *((ALLOW, REPLACES) if self.method == "INVITE" else ()),
            *(content if self.body and "content-type" not in given else ()),
            *self.headers.items(),
            *extra,
        ]


class OutgoingCall(Call):
    """Implements `api.OutgoingSession`."""

    def __init__(
        self,
        services: Services,
        opening: Opening,
        handler: SessionHandler,
        credentials: Credentials | None,
        resolve: Resolver,
    ) -> None:
        super().__init__(services, opening.call_id, credentials)
        self._owns_call_id = True
        self._handler = handler
        self._opening = opening
        self._resolve = resolve
        self._responder = Responder(credentials, services.random)
        self._cseq = services.random.randint(1, 10_000)
        self._sent: Sent | None = None
        self._to: Address | None = None
        self._heard = False
        self._cancel: Headers | None = None
        """The headers of a CANCEL that waits for a provisional response (§9.1)."""
        self._unacked: int | None = None
        self._early: set[tuple[str, str]] = set()
        """Our tag and theirs of each early dialog."""
        self._said = opening.body
        self._lasting = session_timers.offer(services.session_expires)
        self._longest = services.session_expires
        """The longest interval that a 422 has wanted: one that wants more each time is heard no longer."""

    def is_early(self, local_tag: str, remote_tag: str) -> bool:
        """Whether those are the tags of a dialog that a provisional response has made (§12.1.2), and nobody ended."""
        return self._phase is Phase.SETUP and (local_tag, remote_tag) in self._early

    def launch(self) -> None:
        """Send it, or look the name up first."""
        self._to = self._opening.known()
        if self._to is None:
            self._services.own(self._locate())
        else:
            self._send()

    async def _locate(self) -> None:
        try:
            self._to = await self._opening.locate(self._resolve)
        except OSError:
            self.finish(SessionEnd(EndedBy.TIMEOUT, 503, "Host Not Found"))
            return
        if self._phase is Phase.SETUP:
            try:
                self._send()
            except ValueError as error:
                self.finish(SessionEnd(EndedBy.LOCAL, 400, str(error)))

    def _send(self) -> None:
        assert self._to is not None
        opening = self._opening
        self._heard = False
        self._sent = self._endpoint.send(
            "INVITE",
            opening.uri,
            opening.lines(self._endpoint, self._to, self._cseq, [*self._lasting, *self._proof]),
            self._to,
            body=opening.body,
            on_response=self._responded,
            on_failure=self._failed,
        )

    def _failed(self, status: int) -> None:
        self.finish(SessionEnd(EndedBy.TIMEOUT, status))

    def _responded(self, response: Response) -> None:
        if response.cseq != self._cseq:
            return
        if response.status < 200:
            self._provisional(response)
        elif response.status < 300:
            self._accepted(response)
        else:
            self._refused(response)

    def _provisional(self, response: Response) -> None:
        self._heard = True
        if self._cancel is not None:
            self._send_cancel()
        elif response.status > 100 and self._phase is Phase.SETUP:
            self._early.add((response.from_.tag, response.to.tag))
            self._tell(lambda handler: handler.progressed(response.status, response.sdp))

    def _accepted(self, response: Response) -> None:
        if self._dialog is not None and response.to.tag == self._dialog.remote_tag:
            self._repeat_ack(response.cseq)
        elif self._phase is Phase.SETUP and self._dialog is None:
            self._dialog = Dialog.of_client(response, self._opening.uri)
            self._services.enrol(self._dialog.id, self)
            self._phase = Phase.UP
            self._timed_by(response)
            if self._opening.body:
                self._acknowledge(response.cseq)
            else:
                self._unacked = response.cseq
            self._tell(lambda handler: handler.accepted(response.sdp))
        else:
            self._dismiss(response)

    def _dismiss(self, response: Response) -> None:
        """A 2xx that nobody wants, from another fork or across our CANCEL: acknowledge it and hang up (§13.2.2.4)."""
        extra = Extra(self._services, Dialog.of_client(response, self._opening.uri), self._credentials, self._proof)
        extra.dismiss(response.cseq)

    def _refused(self, response: Response) -> None:
        if self._phase is not Phase.SETUP:
            return
        if response.status == 422 and (longer := session_timers.shortest_of(response)) > self._longest:
            self._longest = longer
            self._lasting = session_timers.offer(max(longer, self._services.session_expires), longer)
            self._cseq += 1
            self._send()
            return
        again = self._responder.answer(response, "INVITE", self._opening.uri)
        if again is not None:
            self._cseq += 1
            self._proof = [again]
            self._send()
            return
        self.finish(SessionEnd(EndedBy.REMOTE, response.status, response.phrase, redirected_to=_redirection(response)))

    def acknowledge(self, sdp: bytes) -> None:
        """Acknowledge a 2xx that carried an offer, with our answer."""
        if self._unacked is not None:
            cseq, self._unacked = self._unacked, None
            self._said = sdp
            self._acknowledge(cseq, sdp)

    async def cancel(self, *, answered_elsewhere: bool = False) -> None:
        """Give the INVITE up; it is over at once (status 487), the wire follows. After a 2xx it is a BYE."""
        if self._phase is Phase.UP:
            await self.bye()
        elif self._phase is Phase.SETUP:
            self._cancel = [_ANSWERED_ELSEWHERE] if answered_elsewhere else []
            if self._heard:
                self._send_cancel()
            self.finish(SessionEnd(EndedBy.LOCAL, 487, "Request Terminated"))

    def _send_cancel(self) -> None:
        sent, headers = self._sent, self._cancel
        self._cancel = None
        if sent is not None and headers is not None and not sent.transaction.over:
            self._endpoint.cancel(sent, headers)
            # §9.1: if no final response follows within 64*T1 the INVITE counts as cancelled.
            self._endpoint.loop.call_later(self._endpoint.timing.patience, sent.transaction.close)

    async def bye(self) -> None:
        """CANCEL or BYE."""
        if self._phase is Phase.SETUP:
            await self.cancel()
            return
        if self._phase is Phase.UP and self._unacked is not None:
            self.acknowledge(b"")
        await super().bye()


class Extra(Call):
    """A dialog that a forked or late 2xx made: it lives only to be acknowledged and ended."""

    def __init__(self, services: Services, dialog: Dialog, credentials: Credentials | None, proof: Headers) -> None:
        super().__init__(services, dialog.call_id, credentials)
        self._dialog = dialog
        self._proof = proof

    def dismiss(self, cseq: int) -> None:
        """ACK, then BYE."""
        assert self._dialog is not None
        self._acknowledge(cseq)
        self._services.enrol(self._dialog.id, self)
        self._services.own(self._say_goodbye())
        self.finish(SessionEnd(EndedBy.LOCAL))


def _redirection(response: Response) -> str:
    """The number in the first Contact of a 300, 301 or 302 that has one (§8.1.3.4); no other 3xx moves a person."""
    if response.status not in {300, 301, 302}:
        return ""
    for contact in response.headers("contact"):
        with contextlib.suppress(UriError):
            uri = parse_name_address(contact).uri
            if uri.is_sip and uri.user:
                return uri.user
    return ""


async def system_resolver(host: str, port: int) -> str:
    """Ask the system's resolver, IPv4 first. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    return str(min(found, key=lambda one: one[0])[4][0])
