"""The lamps of users: whether their phones ring, or they talk."""

from collections.abc import Sequence
from typing import Protocol

from cordboard.office.model import User
from cordboard.office.ports import Person
from cordboard.telephony import ConnectionRecord, Direction, Lamp, Lamps, LegRecord, LegState


class Office(Protocol):
    """The part of the office that is needed here."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""

    def users(self) -> Sequence[User]:
        """Everybody who is enabled."""


class UserLamps:
    """Implements `telephony.CallListener`: shows each user's internal number as busy, ringing or free."""

    def __init__(self, office: Office, lamps: Lamps) -> None:
        self._office = office
        self._lamps = lamps
        self._legs: dict[str, dict[str, bool]] = {}
        """By number, his legs that are up, and whether each only rings at him."""

    def leg_changed(self, record: LegRecord) -> None:
        """See CallListener."""
        number = self._number(record)
        if not number:
            return
        legs = self._legs.setdefault(number, {})
        if record.state is LegState.ENDED:
            legs.pop(record.id, None)
        else:
            legs[record.id] = record.direction is Direction.OUTBOUND and record.state is not LegState.ANSWERED
        lamp = Lamp.FREE if not legs else Lamp.RINGING if all(legs.values()) else Lamp.BUSY
        self._lamps.show(number, lamp)
        if not legs:
            del self._legs[number]

    def connection_changed(self, record: ConnectionRecord) -> None:
        """See CallListener. The legs say enough."""

    def _number(self, record: LegRecord) -> str:
        """Of whom the leg reaches or comes from; of several phones that ring, what was dialled is his number."""
        if record.line:
            return ""
        person = self._office.by_account(record.account) if record.account else None
        if person is not None:
            return person.number
        if record.account:
            return ""
        return record.dialled if any(user.number == record.dialled for user in self._office.users()) else ""
