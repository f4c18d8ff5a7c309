"""Pick-up: another phone of the office answers a call that rings at a colleague's."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from cordboard.office.directory import OfficeDirectory
from cordboard.office.ports import Person
from cordboard.office.queue.model import Group
from cordboard.telephony import Attempt, EndReason, Exchange, Leg, PhoneTarget


class Teams(Protocol):
    """Knows who works together."""

    def groups_of(self, login: str) -> Collection[str]:
        """The names of the groups that a user is a member of."""


class GroupTeams:
    """Implements Teams over the groups of the office."""

    def __init__(self, office: OfficeDirectory) -> None:
        self._office = office

    def groups_of(self, login: str) -> Collection[str]:
        """See Teams."""
        groups = self._office.documents(Group).values()
        return {group.name for group in groups if any(member.login == login for member in group.members)}


class Staff(Protocol):
    """The part of the office that is needed here."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""


@dataclass(frozen=True, slots=True)
class PickupCodes:
    """What a phone dials. An empty code is switched off."""

    group: str = "*8"
    """Whatever has rung longest at somebody of an own group."""
    directed: str = "**"
    """Before an internal number: what rings there."""


class Pickup:
    """The codes as a service of the switchboard. Who picks up answers for whom the call was meant: for users alone."""

    def __init__(
        self,
        exchange: Exchange,
        staff: Staff,
        teams: Teams,
        codes: Callable[[], PickupCodes] = PickupCodes,
    ) -> None:
        self._exchange = exchange
        self._staff = staff
        self._teams = teams
        self._codes = codes

    def takes(self, number: str) -> bool:
        """See Service."""
        codes = self._codes()
        return (number == codes.group != "") or self._directed(number) != ""

    async def serve(self, leg: Leg, number: str, login: str) -> EndReason | None:
        """See Service. NOT_FOUND if nothing rings there, FORBIDDEN for a stranger."""
        if not login:
            return EndReason.FORBIDDEN
        return await self.pick_up(leg, login, number=self._directed(number))

    async def pick_up(self, leg: Leg, login: str, *, number: str = "") -> EndReason | None:
        """Let `leg` answer what rings at the internal `number`, or, without one, at somebody of a group of `login`.

        Returns after the talk. Of several, the call that has rung longest. NOT_FOUND if there is none to be had.
        """
        tried: set[int] = set()
        while (attempt := self._ringing(leg, login, number, tried)) is not None:
            tried.add(id(attempt))
            if await attempt.pick_up(leg):
                return None
        return EndReason.NOT_FOUND

    def _ringing(self, leg: Leg, login: str, number: str, tried: Collection[int]) -> Attempt | None:
        def fits(attempt: Attempt) -> bool:
            if attempt.caller is leg or id(attempt) in tried:
                return False
            people = [person for person in self._rung(attempt) if person.login != login]
            if number:
                return any(person.number == number for person in people)
            own = set(self._teams.groups_of(login))
            return any(own & set(self._teams.groups_of(person.login)) for person in people)

        return next((attempt for attempt in self._exchange.talks.attempts() if fits(attempt)), None)

    def _rung(self, attempt: Attempt) -> list[Person]:
        """Whose phones ring."""
        accounts = [target.account for target in attempt.targets if isinstance(target, PhoneTarget)]
        return [person for each in accounts if (person := self._staff.by_account(each)) is not None]

    def _directed(self, number: str) -> str:
        """The internal number behind the code for that; empty if it is another number."""
        code = self._codes().directed
        return number.removeprefix(code) if code and number.startswith(code) else ""
