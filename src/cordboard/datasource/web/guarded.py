"""The one way in which this exchange calls by HTTP: to addresses that were checked, within bounds of time and size.

A name is resolved here, and the address that was checked is the one that is called, whatever the name says a moment
later. Hosts in local networks are called only if the administrator allows them. No proxy and no certificates are
taken from the environment, no redirect is followed, no cookie is kept.
"""

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx2

from cordboard.datasource.web.addresses import may_call

BREAK = 5.0
"""Seconds for which a host that could not be reached is not called again."""
_PATIENT = 1.0
"""Seconds after which a host that lets wait counts as one that cannot be reached."""
_MOST_ADDRESSES = 3
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""RFC 9110 §5.6.2."""
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_UNPACKERS: Mapping[str, int] = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came, unpacked."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes


class NotReachedError(ConnectionError):
    """Nothing has left: the text says why, for people."""


class NotAllowedError(PermissionError):
    """It may not be called. Nothing has left."""


class LostError(TimeoutError):
    """It was sent, or a part of it, and no answer came. Who can must ask whether it arrived."""


class OutOfTimeError(LostError):
    """The time was over before the answer was there."""


class TooLargeError(ValueError):
    """The answer is larger than what is taken."""


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system finds them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedClient:
    """Calls. It remembers which hosts could not be reached a moment ago, and nothing else of a call."""

    def __init__(self, resolve: Resolve = resolved) -> None:
        self._resolve = resolve
        self._broken: dict[tuple[str, int], tuple[float, str]] = {}
        self._trust: dict[tuple[str, float], ssl.SSLContext] = {}

    async def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        local: Sequence[str],
        timeout: float,
        at_most: int = 0,
        authority: str = "",
    ) -> Answered:
        """Call once, all of it within `timeout` seconds; of the body at most `at_most` bytes, or none if that is 0.

        Raises NotReachedError (a ConnectionError) and NotAllowedError (a PermissionError) if nothing has left,
        LostError (a TimeoutError; OutOfTimeError if the time is up) if it was sent and no answer came, TooLargeError,
        and ValueError for headers that cannot be sent.
        """
        call = _Call(method, urlsplit(url), _checked(headers), body, at_most)
        self._refuse_broken(call.there)
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(call.there, local)
                trust = await self._context(authority) if call.parts.scheme == "https" else None
                return await _first(call, addresses, trust, timeout)
        except LostError:
            raise
        except TimeoutError as fault:
            words = f"{call.parts.netloc} did not answer within {round(timeout, 1):g} seconds"
            if call.sent:
                raise OutOfTimeError(words) from fault
            if timeout < _PATIENT:  # somebody else may have the time that this host needs
                raise NotReachedError(words) from fault
            raise self._not_reached(call.there, words) from fault
        except NotReachedError as fault:
            raise self._not_reached(call.there, str(fault)) from fault

    def _refuse_broken(self, there: tuple[str, int]) -> None:
        until, words = self._broken.get(there, (0.0, ""))
        if asyncio.get_running_loop().time() < until:
            raise NotReachedError(f"{words}; it is tried again in a few seconds")

    def _not_reached(self, there: tuple[str, int], words: str) -> NotReachedError:
        now = asyncio.get_running_loop().time()
        self._broken = {each: state for each, state in self._broken.items() if state[0] > now}
        self._broken[there] = (now + BREAK, words)
        return NotReachedError(words)

    async def _addresses(self, there: tuple[str, int], local: Sequence[str]) -> Sequence[str]:
        host, _ = there
        try:
            found = await self._resolve(*there)
        except (OSError, UnicodeError) as fault:
            if isinstance(fault, TimeoutError):
                raise
            raise NotReachedError(f"the name {host} cannot be resolved: {fault}") from fault
        good = [address for address in found if may_call(address, local)][:_MOST_ADDRESSES]
        if found and not good:
            raise NotAllowedError(f"{host} is in a local network: allow it with `cordboard webhook allow {found[0]}`")
        if not good:
            raise NotReachedError(f"the name {host} has no address")
        return good

    async def _context(self, authority: str) -> ssl.SSLContext:
        """Whom to trust; made once, for it takes a while."""
        try:
            changed = await asyncio.to_thread(_changed, authority) if authority else 0.0
            if (authority, changed) not in self._trust:
                self._trust = {(authority, changed): await asyncio.to_thread(_trusted, authority)}
            return self._trust[authority, changed]
        except (OSError, ssl.SSLError) as fault:
            raise NotAllowedError(f"the file of your own authority cannot be read: {authority}: {fault}") from fault


@dataclass(slots=True)
class _Call:
    """One call, and how far it came."""

    method: str
    parts: SplitResult
    headers: Mapping[str, str]
    body: bytes
    at_most: int
    sent: bool = False

    @property
    def there(self) -> tuple[str, int]:
        """Host and port."""
        return self.parts.hostname or "", self.parts.port or (443 if self.parts.scheme == "https" else 80)

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        """Told by the client at each stage."""
        if event.endswith("send_request_headers.started"):
            self.sent = True


async def _first(call: _Call, addresses: Sequence[str], trust: ssl.SSLContext | None, seconds: float) -> Answered:
    """The answer of the first address that can be reached."""
    for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
        patience = httpx2.Timeout(None, connect=seconds / 2 if left else None)
        try:
            # Without TLS there is nothing to verify, and to load the system's certificates takes a while.
            async with httpx2.AsyncClient(timeout=patience, trust_env=False, verify=trust or False) as client:
                return await _exchange(client, call, address)
        except (httpx2.TransportError, httpx2.InvalidURL) as fault:
            words = str(fault) or type(fault).__name__
            if call.sent:
                raise LostError(f"{call.parts.netloc} was lost before it answered: {words}") from fault
            if not left:
                raise NotReachedError(f"{call.parts.netloc} cannot be reached: {words}") from fault
    raise AssertionError("there is an address")


async def _exchange(client: httpx2.AsyncClient, call: _Call, address: str) -> Answered:
    host = f"[{address}]" if ":" in address else address
    port = f":{call.parts.port}" if call.parts.port else ""
    there = call.parts._replace(netloc=host + port, fragment="").geturl()
    packing = "gzip, deflate" if call.at_most else "identity"
    named = {"Host": call.parts.netloc, "Accept-Encoding": packing, **call.headers}
    options = {"sni_hostname": call.parts.hostname or "", "trace": call.trace}
    async with client.stream(
        call.method, there, content=call.body or None, headers=named, extensions=options
    ) as answer:
        # Without a limit the head of the answer says it all; its body may be endless.
        read = await _read(answer, call.at_most) if call.at_most and call.method != "HEAD" else b""
        fields = {name.lower(): value for name, value in answer.headers.items()}
        return Answered(answer.status_code, answer.reason_phrase, fields, read)


async def _read(answer: httpx2.Response, at_most: int) -> bytes:
    """The body, never more of it in memory than is taken: also if it is packed a thousandfold."""
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in {"identity", "", *_UNPACKERS}:
        raise TooLargeError(f"the answer is packed as {packed}, which was not asked for")
    unpacker = zlib.decompressobj(_UNPACKERS[packed]) if packed in _UNPACKERS else None
    found = bytearray()
    try:
        async for piece in answer.aiter_raw():
            found += unpacker.decompress(piece, at_most + 1 - len(found)) if unpacker else piece
            if len(found) > at_most:
                raise TooLargeError(f"the answer is larger than {at_most} bytes")
    except zlib.error as fault:
        raise TooLargeError(f"the answer cannot be unpacked: {fault}") from fault
    return bytes(found)


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name[:100]!r} is no header that can be set")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"the header {name} takes plain Latin letters on one line")
    return dict(headers)


def _changed(file: str) -> float:
    return Path(file).stat().st_mtime


def _trusted(authority: str) -> ssl.SSLContext:
    context = httpx2.create_ssl_context(trust_env=False)
    if authority:
        context.load_verify_locations(authority)
    return context
