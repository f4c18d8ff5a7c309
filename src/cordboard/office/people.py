"""Who is there, and what he is about: presence as people set it, calls as their phones have them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Presence, UserState
from cordboard.telephony import Clock, ConnectionRecord, LegRecord

LOOK = 0.5
"""Seconds between looks at what changes by itself: phones that come and go, presence that is over."""


@dataclass(frozen=True, slots=True)
class KeptPresence:
    """What a user has said he is about. Times are aware, in UTC."""

    login: str
    presence: Presence
    since: datetime
    reason: str = ""
    until: datetime | None = None


class PresenceRepository(Protocol):
    """Keeps presence, so that a restart sends nobody back to work."""

    async def all(self) -> Sequence[KeptPresence]:
        """Of everybody who has ever said anything."""

    async def put(self, presence: KeptPresence) -> None:
        """In place of what this user has said before. Durable when this returns."""


class OfficePeople:
    """Implements `office.ports.People` and `telephony.CallListener`. `load` it first, and `run` it with the exchange.

    `reachable` tells whether a phone account is signed in.
    """

    def __init__(
        self, office: OfficeDirectory, kept: PresenceRepository, clock: Clock, reachable: Callable[[str], bool]
    ) -> None:
        self.told: list[Callable[[str, UserState], None]] = []
        """Called with login and state at each change. Must return at once."""
        self._office = office
        self._kept = kept
        self._clock = clock
        self._reachable = reachable
        self._said: dict[str, KeptPresence] = {}
        self._legs: dict[str, str] = {}
        """The login at the far end of each leg that is up."""
        self._calls: Counter[str] = Counter()
        """How many legs each login has."""
        self._states: dict[str, UserState] = {}
        """As they were told last."""
        self._changed = asyncio.Event()

    async def load(self) -> None:
        """Take up what was said before the start."""
        self._said = {each.login: each for each in await self._kept.all()}
        self._states = dict(self.states())

    def state(self, login: str) -> UserState:
        """See People."""
        if not self._office.knows(login):
            return UserState(Presence.AWAY)
        said = self._said.get(login)
        if said is not None and said.until is not None and said.until <= self._clock.now():
            said = KeptPresence(login, Presence.READY, said.until)
        return UserState(
            said.presence if said else Presence.READY,
            said.reason if said else "",
            said.since if said else None,
            said.until if said else None,
            calls=self._calls[login],
            online=any(self._reachable(account) for account in self._office.phones_of(login)),
        )

    def states(self) -> Mapping[str, UserState]:
        """How everybody stands, by login, in the order of the internal numbers."""
        return {user.login: self.state(user.login) for user in self._office.users()}

    async def set_presence(
        self, login: str, presence: Presence, *, reason: str = "", until: datetime | None = None
    ) -> None:
        """See People."""
        if not self._office.knows(login):
            raise LookupError(login)
        said = KeptPresence(login, presence, self._clock.now(), reason, until.astimezone(UTC) if until else None)
        await self._kept.put(said)
        self._said[login] = said
        self._look(login)

    async def changed(self) -> None:
        """See People."""
        await self._changed.wait()

    async def run(self) -> None:
        """Notice what changes by itself, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            for gone in self._states.keys() - {user.login for user in self._office.users()}:
                del self._states[gone]
            self._look(*(user.login for user in self._office.users()))

    # --- telephony.CallListener -------------------------------------------------------------------------------

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener. A leg that rings at several accounts of one user is his, too: its number says so."""
        before = self._legs.pop(record.id, "")
        login = self._login(record) if record.ended is None else ""
        if login:
            self._legs[record.id] = login
        if before != login:
            self._calls.subtract([before])
            self._calls.update([login])
            self._look(*filter(None, (before, login)))

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener. The legs say enough."""

    # --- within -----------------------------------------------------------------------------------------------

    def _login(self, record: LegRecord) -> str:
        if record.line:
            return ""
        if record.account:
            person = self._office.by_account(record.account)
            return person.login if person is not None else ""
        return next((user.login for user in self._office.users() if user.number == record.dialled), "")

    def _look(self, *logins: str) -> None:
        """Tell what has changed since the last look."""
        for login in logins:
            state = self.state(login)
            if state == self._states.get(login):
                continue
            self._states[login] = state
            for tell in self.told:
                tell(login, state)
            self._changed.set()
            self._changed = asyncio.Event()


class HeldPresence:
    """Implements `PresenceRepository` in memory: for simulations and tests."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptPresence] = {}

    async def all(self) -> Sequence[KeptPresence]:
        """See PresenceRepository."""
        return list(self.kept.values())

    async def put(self, presence: KeptPresence) -> None:
        """See PresenceRepository."""
        self.kept[presence.login] = replace(presence)
