"""Requests and responses as this room sees them: the library's message, with what everybody needs read only once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from aiosipua.message import SipRequest, SipResponse

from cordboard.sip.api import Address
from cordboard.sip.uri import NameAddress, Uri

PHRASES: Mapping[int, str] = {
    **{status.value: status.phrase for status in HTTPStatus},
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    423: "Interval Too Brief",
    489: "Bad Event",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    505: "Version Not Supported",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
}


_COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "d": "request-disposition",
    "j": "reject-contact",
    "o": "event",
    "r": "refer-to",
    "u": "allow-events",
    "x": "session-expires",
    "y": "identity",
}
"""The compact names that the library does not know."""


@dataclass(frozen=True, slots=True)
class Via:
    """A Via header value (RFC 3261 §20.42)."""

    transport: str
    host: str
    port: int | None
    params: Mapping[str, str]

    @property
    def branch(self) -> str:
        """The transaction's id; empty if an RFC 2543 client sent none."""
        return self.params.get("branch", "")

    @property
    def sent_by(self) -> str:
        """Host and port, for matching transactions."""
        return f"{self.host}:{self.port or 5060}"


class Message:
    """What requests and responses share. `raw` may not be changed once the message was sent."""

    __slots__ = ("call_id", "cseq", "cseq_method", "from_", "raw", "source", "to", "via")

    def __init__(
        self,
        raw: SipRequest | SipResponse,
        *,
        via: Via,
        cseq: tuple[int, str],
        call_id: str,
        from_: NameAddress,
        to: NameAddress,
    ) -> None:
        self.raw = raw
        self.via = via
        self.cseq, self.cseq_method = cseq
        self.call_id = call_id
        self.from_ = from_
        self.to = to
        self.source = NOWHERE

    def header(self, name: str) -> str:
        """The first value of a header, empty if it is absent."""
        return self.raw.headers.get_first(name) or ""

    def headers(self, name: str) -> list[str]:
        """All values of a header."""
        return self.raw.headers.get(name)

    @property
    def body(self) -> bytes:
        """The body."""
        return self.raw.body

    @property
    def sdp(self) -> bytes | None:
        """The session description in the body, also inside multipart/mixed (RFC 5621); None if there is none."""
        if not self.raw.body:
            return None
        content_type = self.header("content-type")
        kind = content_type.split(";", 1)[0].strip().lower()
        if kind == "application/sdp":
            return self.raw.body
        return _sdp_part(content_type, self.raw.body) if kind == "multipart/mixed" else None

    def all_headers(self) -> dict[str, Sequence[str]]:
        """Every header, names in lower case."""
        return {_COMPACT.get(lower := name.lower(), lower): tuple(values) for name, values in self.raw.headers.items()}


_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_SDP_PART = re.compile(rb"^content-type[ \t]*:[ \t]*application/sdp[ \t]*(?:;|\r?$)", re.IGNORECASE | re.MULTILINE)


def _sdp_part(content_type: str, body: bytes) -> bytes | None:
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    for part in (b"\r\n" + body).split(b"\r\n--" + (found[1] or found[2]).encode()):
        headers, _, content = part.partition(b"\r\n\r\n")
        if _SDP_PART.search(headers):
            return content
    return None


class Request(Message):
    """A request that somebody sent us."""

    __slots__ = ("method", "uri")

    raw: SipRequest

    def __init__(
        self,
        raw: SipRequest,
        *,
        uri: Uri,
        via: Via,
        cseq: tuple[int, str],
        call_id: str,
        from_: NameAddress,
        to: NameAddress,
    ) -> None:
        super().__init__(raw, via=via, cseq=cseq, call_id=call_id, from_=from_, to=to)
        self.method = raw.method
        self.uri = uri


class Response(Message):
    """A response that somebody sent us."""

    __slots__ = ("phrase", "status")

    raw: SipResponse

    def __init__(
        self,
        raw: SipResponse,
        *,
        via: Via,
        cseq: tuple[int, str],
        call_id: str,
        from_: NameAddress,
        to: NameAddress,
    ) -> None:
        super().__init__(raw, via=via, cseq=cseq, call_id=call_id, from_=from_, to=to)
        self.status = raw.status_code
        self.phrase = raw.reason_phrase


NOWHERE = Address("udp", "", 0)
"""The source of a message before the endpoint that took it has written it in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that we are going to send: what differs from one to the next."""

    status: int
    phrase: str = ""
    headers: Sequence[tuple[str, str]] = field(default=())
    body: bytes = b""
    content_type: str = "application/sdp"


def write_request(method: str, uri: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """Put a request on the wire. Raises ValueError for a line break or a blank where it would forge a header."""
    if any(bad in uri or bad in method for bad in "\r\n \t"):
        raise ValueError(f"a request line may not hold blanks: {method!r} {uri!r}")
    raw = SipRequest(method=method, uri=uri, body=body)
    for name, value in headers:
        raw.headers.append(name, value)
    return bytes(raw)


def write_response(raw: SipRequest, answer: Answer, *, to_tag: str = "", user_agent: str = "") -> bytes:
    """Put a response to `raw` on the wire (RFC 3261 §8.2.6). Raises ValueError for a line break in a header."""
    phrase = answer.phrase or PHRASES.get(answer.status, "Unknown")
    if "\r" in phrase or "\n" in phrase:
        raise ValueError(f"a reason phrase may not hold line breaks: {phrase!r}")
    response = SipResponse(status_code=answer.status, reason_phrase=phrase, body=answer.body)
    headers = response.headers
    for via in raw.headers.get("via"):
        headers.append("Via", via)
    if 100 < answer.status < 300:
        # The caller learns its route set from our response (§12.1.1).
        for route in raw.headers.get("record-route"):
            headers.append("Record-Route", route)
    for name in ("From", "To", "Call-ID", "CSeq"):
        value = raw.headers.get_first(name)
        if value:  # a 400 may answer a request that lacks some
            headers.append(name, f"{value};tag={to_tag}" if to_tag and name == "To" else value)
    if user_agent:
        headers.append("Server", user_agent)
    for name, value in answer.headers:
        headers.append(name, value)
    if answer.body:
        headers.append("Content-Type", answer.content_type)
    return bytes(response)
