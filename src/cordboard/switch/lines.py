"""External lines: where their far ends are, signing in with providers, and how each line stands."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from cordboard.sip.api import Address, Credentials, Identity, Reply, UserAgent
from cordboard.telephony import Directory, Line
from cordboard.telephony.directory import LineMode

_RESOLVE_EVERY = 60.0
_FIRST_RETRY, _LAST_RETRY = 5.0, 120.0

ContactOf = Callable[[Line], str]
"""The URI under which a line's provider reaches us."""


@dataclass(frozen=True, slots=True)
class LineState:
    """How a line stands."""

    line: str
    up: bool
    note: str
    """What the provider said last, or what is wrong."""


class Lines:
    """The lines of the office, kept as its directory has them, also when it changes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._keepers: dict[str, LineKeeper] = {}

    def get(self, name: str) -> "LineKeeper | None":
        """The line of that name, if it is switched on."""
        return self._keepers.get(name)

    def owner(self, source: Address, dialled: str) -> Line | None:
        """The line whose far end sent a request from `source` to `dialled`."""
        return next((keeper.line for keeper in self._keepers.values() if keeper.owns(source, dialled)), None)

    def states(self) -> Sequence[LineState]:
        """How each stands."""
        return [keeper.state for keeper in self._keepers.values()]

    async def keep(self, agent: UserAgent, contact_of: ContactOf) -> None:
        """Run until cancelled."""
        tasks: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                wanted = {line.name: line for line in self._directory.lines()}
                for name, keeper in list(self._keepers.items()):
                    if wanted.get(name) != keeper.line:
                        tasks.pop(name).cancel()
                        del self._keepers[name]
                for line in wanted.values():
                    if line.name not in self._keepers:
                        self._keepers[line.name] = keeper = LineKeeper(line)
                        tasks[line.name] = group.create_task(keeper.keep(agent, contact_of(line)))
                await asyncio.sleep(1.0)

    async def leave(self, agent: UserAgent, contact_of: ContactOf) -> None:
        """Take our registrations back."""
        await asyncio.gather(*(keeper.leave(agent, contact_of(keeper.line)) for keeper in self._keepers.values()))


class LineKeeper:
    """One line: its resolved far end and, if it registers, its registration."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.state = LineState(line.name, up=False, note="not tried yet")
        self._hosts: frozenset[str] = frozenset()
        self._log = structlog.get_logger("switch").bind(line=line.name)

    @property
    def via(self) -> Address:
        """Where to send: the resolved address if there is one."""
        return Address(self.line.transport, min(self._hosts, default=self.line.host), self.line.port)

    @property
    def credentials(self) -> Credentials | None:
        """What we prove to the provider."""
        return Credentials(self.line.username, self.line.password) if self.line.username else None

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

    async def keep(self, agent: UserAgent, contact: str) -> None:
        """Run until cancelled."""
        retry = _FIRST_RETRY
        while True:
            await self._resolve()
            if self.line.mode is LineMode.ADDRESS:
                await asyncio.sleep(_RESOLVE_EVERY)
                continue
            reply = await self._register(agent, contact, self.line.expires)
            if reply.status == 200:
                retry = _FIRST_RETRY
                self.state = LineState(self.line.name, up=True, note="registered")
                await asyncio.sleep(self.line.expires * 0.8)
            else:
                self.state = LineState(self.line.name, up=False, note=f"{reply.status} {reply.phrase}".strip())
                self._log.warning("line could not register", status=reply.status, phrase=reply.phrase, retry=retry)
                await asyncio.sleep(retry)
                retry = min(retry * 2, _LAST_RETRY)

    async def leave(self, agent: UserAgent, contact: str) -> None:
        """Take our registration back."""
        if self.line.mode is LineMode.REGISTER and self.state.up:
            await self._register(agent, contact, 0)

    async def _register(self, agent: UserAgent, contact: str, expires: int) -> Reply:
        return await agent.request(
            "REGISTER",
            f"sip:{self.line.host}",
            caller=Identity(self.line.username or self.line.name, self.line.host),
            via=self.via,
            credentials=self.credentials,
            headers={"Contact": f"<{contact}>", "Expires": str(expires)},
            call_id=f"{self.line.name}-{id(self):x}",
        )

    async def _resolve(self) -> None:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self.line.host, None, type=socket.SOCK_DGRAM)
        except OSError as fault:
            self.state = LineState(self.line.name, up=False, note=f"host {self.line.host}: {fault.strerror or fault}")
            return
        self._hosts = frozenset(str(info[4][0]) for info in found)
        if self.line.mode is LineMode.ADDRESS:
            self.state = LineState(self.line.name, up=True, note="by address")
