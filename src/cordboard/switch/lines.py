"""External lines: where their far ends are, signing in with providers, and how each line stands."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from cordboard.sip.addressing import is_ip
from cordboard.sip.api import Address, Credentials, Identity, Reply, UserAgent
from cordboard.sip.uri import UriError, parse_name_address, parse_uri, write_uri
from cordboard.switch.line_health import LineHealth
from cordboard.telephony import Directory, Line
from cordboard.telephony.directory import LineMode

_LOOK = 1.0
"""Seconds between looks into the directory."""
_RESOLVE_EVERY = 60.0
_FIRST_RETRY, _LAST_RETRY = 5.0, 120.0
_REFRESH = 0.8
"""The part of a granted time after which a registration is renewed."""
_GOODBYE = 2.0
"""Seconds that a provider may take to let us go."""

ContactOf = Callable[[Line, str], str]
"""The URI under which the provider of a line, at that address, reaches us."""


@dataclass(frozen=True, slots=True)
class LineState:
    """How a line stands."""

    line: str
    up: bool
    note: str
    """What the provider said last, or what is wrong."""


class _DownError(Exception):
    """The line cannot be used; the message is for the administrator."""


class Lines:
    """The lines of the office, kept as its directory has them, also when it changes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._keepers: dict[str, LineKeeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def get(self, name: str) -> "LineKeeper | None":
        """The line of that name, if it is switched on."""
        return self._keepers.get(name)

    def owner(self, source: Address, dialled: str) -> Line | None:
        """The line whose far end sent a request from `source` to `dialled`.

        Of several behind one address, as the modems of a gateway are, it is the one that is called so.
        """
        lines = [keeper.line for keeper in self._keepers.values() if keeper.owns(source, dialled)]
        named = [line for line in lines if dialled and dialled in {line.called, line.name, line.number}]
        return next(iter([*named, *(line for line in lines if not line.called), *lines]), None)

    def states(self) -> Sequence[LineState]:
        """How each stands."""
        return [keeper.seen for keeper in self._keepers.values()]

    async def keep(self, agent: UserAgent, contact_of: ContactOf) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                wanted = {line.name: line for line in self._directory.lines()}
                for name in {*self._keepers, *wanted}:
                    old, line = self._keepers.get(name), wanted.get(name)
                    if old is None or old.line != line:
                        self._keepers.pop(name, None)
                        new = LineKeeper(line, agent, contact_of) if line is not None else None
                        if new is not None:
                            self._keepers[name] = new
                        self._tasks[name] = group.create_task(_succeed(self._tasks.pop(name, None), old, new))
                await asyncio.sleep(_LOOK)

    async def leave(self) -> None:
        """Take our registrations back."""
        await asyncio.gather(*(keeper.leave() for keeper in self._keepers.values()))


async def _succeed(before: asyncio.Task[None] | None, old: "LineKeeper | None", new: "LineKeeper | None") -> None:
    """One line follows another of its name. In this order, so that a late goodbye does not sign the new one out."""
    if before is not None:
        before.cancel()
        await asyncio.wait((before,))
    if old is not None:
        await old.leave()
    if new is not None:
        async with asyncio.TaskGroup() as group:
            group.create_task(new.keep())
            group.create_task(new.health.keep(new.ask))


class LineKeeper:
    """One line: its resolved far end and, if it registers, its registration."""

    def __init__(self, line: Line, agent: UserAgent, contact_of: ContactOf) -> None:
        self.line = line
        self.state = LineState(line.name, up=False, note="not tried yet")
        self.health = LineHealth(line)
        self._agent = agent
        self._contact_of = contact_of
        self._hosts: frozenset[str] = frozenset()
        self._asked = line.expires
        self._log = structlog.get_logger("switch").bind(line=line.name)

    @property
    def via(self) -> Address | None:
        """Where to send; None while the host is not known. IPv4 first."""
        if not self._hosts:
            return None
        return Address(self.line.transport, min(self._hosts, key=lambda one: (":" in one, one)), self.line.port)

    @property
    def seen(self) -> LineState:
        """How it stands, its far end included."""
        if self.state.up and self.health.trouble:
            return LineState(self.line.name, up=False, note=self.health.trouble)
        return self.state

    async def ask(self) -> Reply | None:
        """Ask its far end whether it is there; None while it is not known where to."""
        line = self.line
        try:
            via = await self._resolve()
        except _DownError:  # that is told already
            return None
        uri = write_uri("", line.host, line.port if line.port != 5060 else None, line.transport)
        return await self._agent.request("OPTIONS", uri, caller=Identity(line.username or "ping", line.host), via=via)

    @property
    def credentials(self) -> Credentials | None:
        """What we prove to the provider."""
        return Credentials(self.line.username, self.line.password) if self.line.username else None

    def uri(self, number: str) -> str:
        """How a number is called on this line. Raises ValueError if it cannot be written."""
        line = self.line
        return write_uri(line.prefix + number, line.host, line.port if line.port != 5060 else None, line.transport)

    def owns(self, source: Address, dialled: str) -> bool:
        """Whether a request comes from this line's far end.

        A line by address must send from its very port (UDP), so that no other program of that host is trusted;
        one that registers is known by our own contact in the Request-URI.
        """
        if source.host not in self._hosts:
            return False
        if self.line.mode is LineMode.REGISTER:
            return dialled == self.line.name
        return source.transport == self.line.transport and (source.transport != "udp" or source.port == self.line.port)

    async def keep(self) -> None:
        """Run until cancelled."""
        retry = _FIRST_RETRY
        while True:
            try:
                pause = await self._refresh()
                retry = _FIRST_RETRY
            except Exception as fault:  # noqa: BLE001  (a fault of one line must not end the others)
                if not isinstance(fault, _DownError):
                    self._log.exception("a line could not be kept")
                self.state = LineState(self.line.name, up=False, note=str(fault))
                self._log.warning("line is down", note=str(fault), again_in=retry)
                pause, retry = retry, min(retry * 2, _LAST_RETRY)
            await asyncio.sleep(pause)

    async def leave(self) -> None:
        """Take our registration back, if the provider listens."""
        via = self.via
        if self.line.mode is LineMode.REGISTER and self.state.up and via is not None:
            self.state = LineState(self.line.name, up=False, note="signed out")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await self._register(via, 0)

    async def _refresh(self) -> float:
        """Bring the line up, or keep it up. Returns the seconds until it must be done again. Raises _DownError."""
        via = await self._resolve()
        if self.line.mode is LineMode.ADDRESS:
            self.state = LineState(self.line.name, up=True, note="by address")
            return _RESOLVE_EVERY
        reply = await self._register(via, self._asked)
        if reply.status == 423:  # RFC 3261 §10.2.8: the provider wants longer ones
            self._asked = max(self._asked, _seconds(_first(reply, "min-expires"), self._asked))
            reply = await self._register(via, self._asked)
        if reply.status != 200:
            raise _DownError(f"{reply.status} {reply.phrase}".strip())
        self.state = LineState(self.line.name, up=True, note="registered")
        return max(_REFRESH * granted(reply, self._contact(via), self._asked), _FIRST_RETRY)

    def _contact(self, via: Address) -> str:
        return self._contact_of(self.line, via.host)

    async def _register(self, via: Address, expires: int) -> Reply:
        line = self.line
        return await self._agent.request(
            "REGISTER",
            write_uri("", line.host),
            caller=Identity(line.username or line.name, line.host),
            via=via,
            credentials=self.credentials,
            headers={"Contact": f"<{self._contact(via)}>", "Expires": str(expires)},
            call_id=f"line-{id(self):x}",
        )

    async def _resolve(self) -> Address:
        """Look the host up. One that was found before is used as it was while the name service is silent."""
        host = self.line.host
        try:
            if is_ip(host):
                self._hosts = frozenset((host,))
            else:
                found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
                self._hosts = frozenset(str(info[4][0]) for info in found)
        except (OSError, UnicodeError) as fault:
            self._log.warning("the host of a line is not found", host=host, fault=str(fault))
        via = self.via
        if via is None:
            raise _DownError(f"the host {host} is not found: is its name right, and does DNS work?")
        return via


def granted(reply: Reply, contact: str, asked: int) -> int:
    """The seconds that a registrar gave to our contact (RFC 3261 §10.2.4), which may be less than was asked for."""
    ours = parse_uri(contact)
    for text in reply.headers.get("contact", ()):
        try:
            one = parse_name_address(text)
        except UriError:
            continue
        if (one.uri.user, one.uri.host, one.uri.port) == (ours.user, ours.host, ours.port):
            return _seconds(one.params.get("expires", ""), _seconds(_first(reply, "expires"), asked))
    return _seconds(_first(reply, "expires"), asked)


def _first(reply: Reply, name: str) -> str:
    return next(iter(reply.headers.get(name, ())), "")


def _seconds(text: str, default: int) -> int:
    text = text.strip()
    return int(text) if text.isdecimal() and len(text) < 10 else default
