"""Bytes in, checked messages out. The library reads; this module refuses what it would let pass (RFC 4475)."""

import re

from aiosipua.message import SipMessage, SipRequest, SipResponse

from cordboard.sip.message import Request, Response, Via
from cordboard.sip.uri import NameAddress, UriError, parse_name_address, parse_params, parse_uri

MAX_MESSAGE = 65_535
"""Bytes. What a UDP datagram can hold; the same limit on TCP."""

_TOKEN = rb"[!%'*+\-.0-9A-Z_`a-z~]+"
_START = re.compile(
    rb"(?:(?P<method>" + _TOKEN + rb") (?P<uri>[^ \t\r\n]+) (?P<version>SIP/\d+\.\d+)"
    rb"|SIP/2\.0 (?P<status>\d+)(?: [^\r\n]*)?)"
)
_HEADERS = re.compile(rb"(?:" + _TOKEN + rb"[ \t]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*")
_END = re.compile(rb"\r?\n\r?\n")
_CSEQ = re.compile(r"(\d{1,10})\s+([!%'*+\-.0-9A-Z_`a-z~]+)")
_VIA = re.compile(
    r"SIP\s*/\s*2\.0\s*/\s*([!%'*+\-.0-9A-Z_`a-z~]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)\s*"
    r"(?::\s*(\d{1,5}))?\s*(;.*)?",
    re.IGNORECASE | re.DOTALL,
)
_ONCE = ("from", "to", "call-id", "cseq", "content-length", "max-forwards")


class MalformedError(ValueError):
    """A packet that is no SIP message. `request` is what was understood, if it can be answered with `status`."""

    def __init__(self, reason: str, status: int = 400, request: SipRequest | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.request = request


def parse(data: bytes) -> Request | Response:
    """Read one whole message (a datagram, or what the framer cut from a stream). Raises MalformedError."""
    if len(data) > MAX_MESSAGE:
        raise MalformedError(f"longer than {MAX_MESSAGE} bytes")
    if data[:1] in {b"\r", b"\n"}:
        data = data.lstrip(b"\r\n")  # §7.5
    end = _END.search(data)
    if end is None:
        raise MalformedError("no blank line after the headers")
    line, _, headers = data[: end.start() + 1].partition(b"\n")
    start = _START.fullmatch(line.rstrip(b"\r\n"))
    looks_like_response = line.startswith(b"SIP/")
    try:
        raw = SipMessage.parse(data)
    except ValueError as error:
        raise MalformedError(str(error)) from None
    if isinstance(raw, SipResponse):
        if start is None or not 100 <= raw.status_code <= 699:
            raise MalformedError("bad status line")
        return _response(raw, headers, len(data) - end.end())
    answerable = None if looks_like_response else _answerable(raw)
    try:
        if start is None:
            raise MalformedError("bad request line")
        if start["version"].upper() != b"SIP/2.0":
            raise MalformedError("only SIP/2.0 is spoken here", 505)
        return _request(raw, headers, len(data) - end.end())
    except MalformedError as error:
        error.request = answerable
        raise


def _request(raw: SipRequest, headers: bytes, body_length: int) -> Request:
    via, cseq, call_id, from_, to = _common(raw, headers, body_length)
    if cseq[1] != raw.method:
        raise MalformedError("CSeq names another method")
    hops = raw.headers.get_first("max-forwards")
    if hops is not None and not (hops.isdecimal() and int(hops) <= 255):
        raise MalformedError("bad Max-Forwards")
    try:
        uri = parse_uri(raw.uri)
    except UriError as error:
        raise MalformedError(f"Request-URI: {error}") from None
    if uri.headers:
        raise MalformedError("a Request-URI may not carry headers")  # §19.1.1, table 1
    return Request(raw, uri=uri, via=via, cseq=cseq, call_id=call_id, from_=from_, to=to)


def _response(raw: SipResponse, headers: bytes, body_length: int) -> Response:
    via, cseq, call_id, from_, to = _common(raw, headers, body_length)
    return Response(raw, via=via, cseq=cseq, call_id=call_id, from_=from_, to=to)


def _common(
    raw: SipMessage, headers: bytes, body_length: int
) -> tuple[Via, tuple[int, str], str, NameAddress, NameAddress]:
    if _HEADERS.fullmatch(headers + b"\n" if not headers.endswith(b"\n") else headers) is None:
        raise MalformedError("a line is no header")
    for name in _ONCE:
        if len(raw.headers.get(name)) > 1:
            raise MalformedError(f"{name} stands more than once")
    length = raw.headers.get_first("content-length")
    if length is not None and (not length.isdecimal() or int(length) > body_length):
        raise MalformedError("Content-Length does not fit the body")
    call_id = raw.headers.get_first("call-id")
    if not call_id:
        raise MalformedError("Call-ID is missing")
    return (
        parse_via(raw.headers.get_first("via") or ""),
        parse_cseq(raw.headers.get_first("cseq") or ""),
        call_id,
        _address(raw, "from"),
        _address(raw, "to"),
    )


def _address(raw: SipMessage, name: str) -> NameAddress:
    try:
        return parse_name_address(raw.headers.get_first(name) or "")
    except UriError as error:
        raise MalformedError(f"{name}: {error}") from None


def parse_via(text: str) -> Via:
    """Read one Via value. Raises MalformedError."""
    found = _VIA.fullmatch(text.strip())
    if found is None:
        raise MalformedError("Via is missing or cannot be read")
    port = int(found[3]) if found[3] else None
    if port is not None and not 0 < port < 65536:
        raise MalformedError("bad port in Via")
    try:
        params = parse_params(found[4] or "")
    except UriError as error:
        raise MalformedError(f"Via: {error}") from None
    return Via(found[1].lower(), found[2].strip("[]").lower(), port, params)


def parse_cseq(text: str) -> tuple[int, str]:
    """Read a CSeq value. Raises MalformedError."""
    found = _CSEQ.fullmatch(text.strip())
    if found is None or int(found[1]) >= 2**31:  # §8.1.1.5
        raise MalformedError("CSeq is missing or cannot be read")
    return int(found[1]), found[2]


def _answerable(raw: SipRequest) -> SipRequest | None:
    """A response finds its way by Via and CSeq. Nobody answers an ACK."""
    if raw.method == "ACK" or not raw.headers.get("cseq"):
        return None
    try:
        parse_via(raw.headers.get_first("via") or "")
    except MalformedError:
        return None
    return raw
