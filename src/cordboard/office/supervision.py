"""A supervisor beside the talk of a colleague: he listens, whispers to the colleague, or talks with both."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from cordboard.office.documents import Document, Login, Name
from cordboard.office.model import D, OfficeData
from cordboard.office.pickup import Teams
from cordboard.office.ports import Destination, Person
from cordboard.office.queue.model import Group
from cordboard.telephony import Digit, EndReason, Exchange, Leg, LegState, Monitor, Monitoring, Tone

KEYS = {"4": Monitoring.LISTEN, "5": Monitoring.WHISPER, "6": Monitoring.BARGE}
"""What changes the way in which he takes part, while he does."""
_BEEP = Tone((1400.0,), on=0.2)


class Supervisor(Document):
    """The right of a user to be beside the talks of others."""

    kind: ClassVar[str] = "supervisors"

    login: Login
    groups: tuple[Name, ...] = ()
    """The groups whose members he supervises. Empty: everybody."""
    modes: tuple[Monitoring, ...] = tuple(Monitoring)
    """How he may take part."""
    announced: bool = False
    """Whether the colleague hears a short tone as he comes."""

    def faults(self, office: OfficeData) -> Iterator[str]:
        """See Document."""
        if all(user.login != self.login for user in office.users):
            yield f"supervisor {self.name!r}: there is no user {self.login!r}"
        for group in self.groups:
            if group not in office.of(Group):
                yield f"supervisor {self.name!r}: there is no group {group!r}"


class Office(Protocol):
    """The part of the office that is needed here."""

    def documents(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:
        """See office.ports.Numbering."""


@dataclass(frozen=True, slots=True)
class MonitorCodes:
    """What is dialled before the number of a colleague. An empty code is switched off."""

    listen: str = "*54"
    whisper: str = "*55"
    barge: str = "*56"


class Supervision:
    """The codes as a service of the switchboard, and the same for the API."""

    def __init__(
        self,
        exchange: Exchange,
        office: Office,
        teams: Teams,
        codes: Callable[[], MonitorCodes] = MonitorCodes,
    ) -> None:
        self._exchange = exchange
        self._office = office
        self._teams = teams
        self._codes = codes

    def takes(self, number: str) -> bool:
        """See Service."""
        return self._read(number) is not None

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service. FORBIDDEN without the right, NOT_FOUND if the colleague does not talk."""
        read = self._read(number)
        whom = self._office.destination(read[1]).user if read is not None else ""
        if read is None or not whom:
            return EndReason.NOT_FOUND
        return await self.join(leg, login, whom, read[0])

    def right(self, login: str, whom: str, mode: Monitoring) -> Supervisor | None:
        """What lets the user be beside the talks of that colleague in that way; None: nothing does."""
        theirs = set(self._teams.groups_of(whom))
        return next(
            (
                each
                for each in self._office.documents(Supervisor).values()
                if each.login == login != whom and mode in each.modes and (not each.groups or theirs & {*each.groups})
            ),
            None,
        )

    async def join(self, leg: Leg, login: str, whom: str, mode: Monitoring) -> EndReason | None:
        """Let the far end of `leg`, who is the user `login`, take part; return when he is out. See `serve`."""
        right = self.right(login, whom, mode)
        if right is None:
            return EndReason.FORBIDDEN
        watched = self.talking(whom)
        if watched is None or watched is leg:
            return EndReason.NOT_FOUND
        if not await leg.answer():
            return None
        leg.move(watched.chain)
        if right.announced:
            await watched.play([_BEEP])
        monitor = await self._exchange.monitor(watched, leg, mode)
        keys = asyncio.create_task(self._follow_keys(leg, monitor, login, whom))
        try:
            await monitor.ended()
        finally:
            keys.cancel()
            await asyncio.shield(monitor.close())
        return None

    def talking(self, login: str) -> Leg | None:
        """The phone of a user that is in a call now; of several, the one whose call is the youngest."""
        found = [leg for leg in self._exchange.legs() if leg.state is LegState.ANSWERED and self._is_of(leg, login)]
        return max(found, key=lambda leg: leg.record.answered or leg.record.started, default=None)

    def _is_of(self, leg: Leg, login: str) -> bool:
        person = self._office.by_account(leg.record.account) if leg.record.account else None
        return person is not None and person.login == login

    async def _follow_keys(self, leg: Leg, monitor: Monitor, login: str, whom: str) -> None:
        with leg.events() as events:
            async for event in events:
                if isinstance(event, Digit) and (mode := KEYS.get(event.key)) and self.right(login, whom, mode):
                    await monitor.change(mode)

    def _read(self, number: str) -> tuple[Monitoring, str] | None:
        """The way, and the number of the colleague."""
        codes = self._codes()
        pairs = (
            (codes.listen, Monitoring.LISTEN),
            (codes.whisper, Monitoring.WHISPER),
            (codes.barge, Monitoring.BARGE),
        )
        return next(
            ((mode, number.removeprefix(code)) for code, mode in pairs if code and number.startswith(code)), None
        )
