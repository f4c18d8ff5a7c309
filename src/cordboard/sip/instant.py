"""A MESSAGE that somebody sent us: a text on its own, outside of any dialog (RFC 3428)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cordboard.sip.api import Address, Identity
from cordboard.sip.message import Answer, Request
from cordboard.sip.uri import UriError, parse_params

_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1251", "koi8-u", "koi8-r"})
_ACCEPT = ("Accept", "text/plain")


@dataclass(frozen=True, slots=True)
class InstantMessage:
    """A text, and from whom."""

    source: Address
    account: str
    """The account that proved itself by digest; empty if it came from a trusted address (a line)."""
    uri: Identity
    """The Request-URI."""
    caller: Identity
    called: Identity
    text: str
    key: str
    """The same in each repetition of this very request, also over another path."""


class NobodyError(Exception):
    """Nobody takes texts from there: 404."""


MessageHandler = Callable[[InstantMessage], Awaitable[None]]
"""Keeps an authenticated (or trusted) message: it is confirmed when this returns. Raises NobodyError; if it raises
anything else the message is refused with 500 and may be repeated."""


def read(request: Request, account: str) -> InstantMessage | Answer:
    """The message in a request, or the answer that refuses it (§7: what is no plain text)."""
    kind, mark, rest = request.header("content-type").partition(";")
    try:
        charset = parse_params(mark + rest).get("charset", "utf-8").lower()
    except UriError:
        charset = ""
    plain = kind.strip().lower() == "text/plain" and charset in _CHARSETS
    if not plain or request.header("content-encoding").lower() not in {"", "identity"}:
        return Answer(415, headers=(_ACCEPT, ("Accept-Encoding", "identity")))
    return InstantMessage(
        source=request.source,
        account=account,
        uri=request.uri.identity(),
        caller=request.from_.identity,
        called=request.to.identity,
        text=request.body.decode(charset, "replace"),
        key=f"{request.call_id} {request.cseq}",
    )
