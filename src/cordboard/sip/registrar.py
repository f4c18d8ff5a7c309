"""The registrar (RFC 3261 §10.3): which phone is where. It remembers; a LocationService keeps it over a restart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Protocol

from cordboard.sip.api import Address
from cordboard.sip.message import Answer, Request
from cordboard.sip.uri import UriError, parse_name_address


@dataclass(frozen=True, slots=True)
class Binding:
    """One phone of an account."""

    account: str
    contact: str
    """The URI that it wants to be called by."""
    source: Address
    """Where it really is: send there."""
    expires: float
    """Unix time."""
    agent: str
    """Its User-Agent."""
    call_id: str
    cseq: int


class LocationService(Protocol):
    """Keeps bindings. Both methods return when the change is durable; if they raise, the phone gets 500."""

    async def save(self, binding: Binding) -> None:
        """Add a binding, or replace the one of the same account and contact."""

    async def remove(self, binding: Binding) -> None:
        """Forget a binding that its phone has given up."""


@dataclass(slots=True)
class _Account:
    bindings: dict[str, Binding] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Registrar:
    """Serves REGISTER. `clock` gives Unix time."""

    def __init__(
        self,
        location: LocationService | None = None,
        *,
        clock: Callable[[], float],
        shortest: int = 60,
        longest: int = 3600,
        max_contacts: int = 10,
    ) -> None:
        self._location = location
        self._clock = clock
        self._shortest = shortest
        self._longest = longest
        self._max_contacts = max_contacts
        self._accounts: dict[str, _Account] = {}

    def restore(self, bindings: Iterable[Binding]) -> None:
        """Take what was kept, at the start. What has expired is left out."""
        now = self._clock()
        for binding in bindings:
            if binding.expires > now:
                self._accounts.setdefault(binding.account, _Account()).bindings[_same(binding.contact)] = binding

    def bindings(self, account: str) -> Sequence[Binding]:
        """The phones of an account that are there now, the newest first."""
        known = self._accounts.get(account)
        if known is None:
            return ()
        now = self._clock()
        gone = [key for key, binding in known.bindings.items() if binding.expires <= now]
        for key in gone:
            del known.bindings[key]
        if not known.bindings and not known.users:
            del self._accounts[account]
        return sorted(known.bindings.values(), key=lambda one: one.expires, reverse=True)

    async def register(self, request: Request, account: str) -> Answer:
        """Serve a REGISTER whose sender has proved to be `account`."""
        if request.to.uri.user != account:
            return Answer(403, "To Names Another Account")
        async with self._turn(account) as known:
            return await self._serve(request, account, known)

    @asynccontextmanager
    async def _turn(self, account: str) -> AsyncIterator[_Account]:
        """One REGISTER of an account at a time: order matters and saving takes a while."""
        known = self._accounts.setdefault(account, _Account())
        known.users += 1
        try:
            async with known.lock:
                yield known
        finally:
            known.users -= 1
            self.bindings(account)

    async def _serve(self, request: Request, account: str, known: _Account) -> Answer:
        self.bindings(account)
        contacts = request.headers("contact")
        if contacts == ["*"]:
            if request.header("expires").strip() != "0":
                return Answer(400, "Contact * Needs Expires 0")
            if any(_outdated(binding, request) for binding in known.bindings.values()):
                return Answer(500, "REGISTER Out Of Order")
            for key, binding in list(known.bindings.items()):
                await self._remove(known, key, binding)
            return self._done(account)
        wanted = self._wanted(request, account, contacts)
        if isinstance(wanted, Answer):
            return wanted
        if any(_outdated(known.bindings.get(key), request) for key in wanted):
            return Answer(500, "REGISTER Out Of Order")
        kept = {key for key in known.bindings if key not in wanted} | {key for key, one in wanted.items() if one}
        if len(kept) > self._max_contacts:
            return Answer(403, "Too Many Contacts")
        for key, new in wanted.items():
            old = known.bindings.get(key)
            if new is not None:
                if self._location is not None:
                    await self._location.save(new)
                known.bindings[key] = new
            elif old is not None:
                await self._remove(known, key, old)
        return self._done(account)

    async def _remove(self, known: _Account, key: str, binding: Binding) -> None:
        if self._location is not None:
            await self._location.remove(binding)
        known.bindings.pop(key, None)

    def _wanted(self, request: Request, account: str, contacts: Sequence[str]) -> dict[str, Binding | None] | Answer:
        """Contact key → binding to be kept, or None to be removed."""
        now = self._clock()
        wanted: dict[str, Binding | None] = {}
        for text in contacts:
            try:
                contact = parse_name_address(text)
            except UriError:
                return Answer(400, "Bad Contact")
            if contact.uri.scheme not in {"sip", "sips"}:
                return Answer(400, "Bad Contact")
            seconds = _seconds(contact.params.get("expires") or request.header("expires"), self._longest)
            if 0 < seconds < self._shortest:
                return Answer(423, headers=(("Min-Expires", str(self._shortest)),))
            uri = contact.uri.text
            wanted[_same(uri)] = (
                Binding(
                    account=account,
                    contact=uri,
                    source=request.source,
                    expires=now + min(seconds, self._longest),
                    agent=request.header("user-agent")[:200],
                    call_id=request.call_id,
                    cseq=request.cseq,
                )
                if seconds
                else None
            )
        return wanted

    def _done(self, account: str) -> Answer:
        now = self._clock()
        lines = [("Date", formatdate(now, usegmt=True))]
        lines.extend(
            ("Contact", f"<{one.contact}>;expires={max(1, round(one.expires - now))}") for one in self.bindings(account)
        )
        return Answer(200, headers=lines)


def _outdated(binding: Binding | None, request: Request) -> bool:
    """§10.3 step 7: the same Call-ID with a CSeq that is not higher is a late copy."""
    return binding is not None and binding.call_id == request.call_id and request.cseq <= binding.cseq


def _seconds(text: str, default: int) -> int:
    """An expiry; what cannot be read is the default (§20.19)."""
    text = text.strip()
    return min(int(text), 2**32 - 1) if text.isdecimal() and len(text) < 20 else default


def _same(contact: str) -> str:
    """The key by which two contacts are one: scheme and host do not depend on case (§19.1.4, the part that matters)."""
    uri = parse_name_address(f"<{contact}>").uri
    return f"{uri.scheme}:{uri.user}@{uri.host}:{uri.port or ''};{uri.params.get('transport', '').lower()}"
