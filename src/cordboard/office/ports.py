"""What components may ask of the office. Answers come from memory unless a method is a coroutine."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cordboard.telephony import Party, PhoneNumber, Target


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a dialled number leads: to `targets`, tried in order, or to a scenario, or nowhere (`refusal`)."""

    number: str
    """As it was dialled."""
    targets: tuple[tuple[Target, ...], ...] = ()
    """Alternatives in the order to try; the targets of one alternative ring together."""
    scenario: str = ""
    user: str = ""
    """The login of the user it belongs to, if it is one's internal number."""
    refusal: "Refusal | None" = None


class Refusal(StrEnum):
    """Why a number leads nowhere."""

    UNKNOWN = "unknown"
    """No user, scenario or route has it."""
    FORBIDDEN = "forbidden"
    """The one who dials has no right to it."""
    UNREACHABLE = "unreachable"
    """It is known, but no phone is registered or no line can be used."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as components see him."""

    login: str
    name: str
    number: str
    """The internal number."""
    language: str = ""


class PinCheck(StrEnum):
    """What a PIN turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many wrong ones: not even the right one counts for a while."""


class Numbering(Protocol):
    """Knows where numbers lead."""

    def destination(self, number: str, *, dialled_by: str = "") -> Destination:
        """Follow internal numbers, users and outbound routes.

        `dialled_by` is the login of the user whose rights count (allowed prefixes); empty: the exchange itself,
        which may do what its administrator drew.
        """

    def over_line(self, line: str, number: str) -> Destination:
        """`number` over one line, whatever the routes say."""

    def shown_party(self, *, dialled_by: str, targets: Sequence[Target], original: Party) -> Party:
        """Whom the called side shall see: an internal caller's number to colleagues, the line's number outside."""


class Staff(Protocol):
    """Knows the people."""

    def by_login(self, login: str) -> Person | None:
        """The user of that login."""

    def by_account(self, account: str) -> Person | None:
        """The user whose phone signs in with that account."""

    def by_phone(self, phone: PhoneNumber) -> Person | None:
        """The user who owns that phone (his mobile), however it is written. Never matches an empty number."""

    async def check_pin(self, login: str, pin: str) -> PinCheck:
        """Compare with the user's PIN. Wrong ones are counted durably; five in a row lock it for 15 minutes."""
