"""A dialog's state (RFC 3261 §12): ids, route set, remote target, sequence numbers. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordboard.sip.addressing import Addressing, is_ip
from cordboard.sip.api import Address
from cordboard.sip.message import Message, Request, Response
from cordboard.sip.uri import DEFAULT_PORT, Uri, UriError, parse_name_address, parse_uri

DialogId = tuple[str, str, str]
"""Call-ID, our tag, their tag."""


@dataclass(slots=True)
class Dialog:
    """One dialog, seen from our side."""

    call_id: str
    local_tag: str
    remote_tag: str
    local: str
    """Our From value in requests, with the tag."""
    remote: str
    """Our To value in requests, with the tag."""
    target: str
    """The URI in the peer's Contact."""
    came_from: Address
    """Where the peer's packets come from."""
    routes: tuple[str, ...] = ()
    local_cseq: int = 0
    remote_cseq: int | None = None

    @property
    def id(self) -> DialogId:
        """What in-dialog requests are matched by."""
        return self.call_id, self.local_tag, self.remote_tag

    @classmethod
    def of_server(cls, request: Request, local_tag: str) -> "Dialog":
        """The dialog that our response to an INVITE makes (§12.1.1)."""
        return cls(
            call_id=request.call_id,
            local_tag=local_tag,
            remote_tag=request.from_.tag,
            local=f"{request.header('to')};tag={local_tag}",
            remote=request.header("from"),
            target=_target(request) or request.from_.uri.text,
            came_from=request.source,
            routes=tuple(request.headers("record-route")),
            remote_cseq=request.cseq,
        )

    @classmethod
    def of_client(cls, response: Response, fallback_target: str) -> "Dialog":
        """The dialog that a response to our INVITE makes (§12.1.2)."""
        return cls(
            call_id=response.call_id,
            local_tag=response.from_.tag,
            remote_tag=response.to.tag,
            local=response.header("from"),
            remote=response.header("to"),
            target=_target(response) or fallback_target,
            came_from=response.source,
            routes=tuple(reversed(response.headers("record-route"))),
            local_cseq=response.cseq,
        )

    def in_order(self, request: Request) -> bool:
        """Take the CSeq of a request; False if it is out of order (§12.2.2)."""
        if self.remote_cseq is not None and request.cseq <= self.remote_cseq:
            return False
        self.remote_cseq = request.cseq
        return True

    def refresh(self, message: Message) -> None:
        """A target refresh request or its 2xx names the peer's Contact anew (§12.2)."""
        self.target = _target(message) or self.target
        self.came_from = message.source

    def request(self, method: str, cseq: int | None = None) -> tuple[str, list[tuple[str, str]]]:
        """The Request-URI and headers of a request in this dialog (§12.2.1.1). Without a CSeq it takes the next."""
        if cseq is None:
            self.local_cseq += 1
            cseq = self.local_cseq
        uri, routes = self._route()
        return uri, [
            *(("Route", route) for route in routes),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
        ]

    def _route(self) -> tuple[str, Sequence[str]]:
        if not self.routes:
            return self.target, ()
        first = _uri(self.routes[0])
        if first is None or "lr" in first.params:
            return self.target, self.routes
        # A strict router takes the Request-URI, the target goes to the end.
        return first.text, (*self.routes[1:], f"<{self.target}>")

    def hop(self, addressing: Addressing) -> Address:
        """Where packets of this dialog go. A host name is not looked up: the peer is where its packets come from."""
        uri = _uri(self.routes[0]) if self.routes else _parsed(self.target)
        if uri is None or not is_ip(uri.host):
            return self.came_from
        target = Address(uri.transport, uri.host, uri.port or DEFAULT_PORT)
        return target if self.routes and target.transport == "udp" else addressing.next_hop(target, self.came_from)


def _target(message: Message) -> str:
    contacts = message.headers("contact")
    if not contacts:
        return ""
    uri = _uri(contacts[0])
    return uri.text if uri is not None else ""


def _uri(name_address: str) -> Uri | None:
    try:
        return parse_name_address(name_address).uri
    except UriError:
        return None


def _parsed(text: str) -> Uri | None:
    try:
        return parse_uri(text)
    except UriError:
        return None
