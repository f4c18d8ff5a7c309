"""What the office is ready to pay: whom it lets call where, how much, and when."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cordboard.office.documents import Document, Login
from cordboard.office.lines.prefixes import Days, Hours, Prefix, begins
from cordboard.telephony import PhoneNumber

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Minutes = Annotated[int, Field(ge=0, le=1_000_000)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000_000)]
RULES = "rules"
"""The name of the one entry."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Allowed(_Part):
    """Numbers that may be called. With nothing named it is the whole world."""

    countries: tuple[Country, ...] = ()
    """ISO codes: UA, PL."""
    prefixes: tuple[Prefix, ...] = ()
    """Beginnings of numbers, beside those countries."""

    def holds(self, phone: PhoneNumber) -> bool:
        """Whether that number may be called. Short codes only by their own digits."""
        if not (self.countries or self.prefixes):
            return True
        return begins(phone.canonical, self.prefixes) or (bool(phone.country) and phone.country in self.countries)


class Cap(_Part):
    """What may be used up in a day of the office; 0: as much as there is."""

    minutes: Minutes = 0
    """Minutes of talk outwards."""
    money: Money = Decimal(0)
    """In the currency in which the prices of the lines are."""


class MoneyGuard(Document):
    """The rules of money for the whole office. The entry is named `rules`; without it nothing is limited."""

    kind: ClassVar[str] = "money_guard"

    everybody: Allowed = Allowed()
    """Where users may call, within their own rights."""
    users: Mapping[Login, Allowed] = {}
    """For these users, in place of that."""
    disa: Allowed = Allowed()
    """Where a call that came in from outside may be led on to."""
    automatic: Allowed = Allowed()
    """Where scenarios and campaigns may call by themselves."""
    cap_of_a_user: Cap = Cap()
    """Each user's, in a day."""
    caps_of_users: Mapping[Login, Cap] = {}
    """For these users, in place of that."""
    cap_of_a_line: Cap = Cap()
    """Each line's, in a day."""
    cap_of_the_office: Cap = Cap()
    """All together, in a day."""
    external_calls: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Calls outwards at once; 0: any number."""
    night: Hours = ""
    """Hours of the night lock: 22:00-07:00."""
    night_days: Days = ""
    """Days on which a night begins that is locked."""
    night_users: tuple[Login, ...] = ()
    """Who may call outside in the night all the same."""
    cut: bool = True
    """Whether a running call is ended when a cap is reached, after a warning tone."""
    warning: Annotated[int, Field(ge=0, le=120)] = 15
    """Seconds before that at which the two hear it."""
    tell: tuple[Login, ...] = ()
    """Who gets a notice when 80 % of a cap are used up, and when all of it is."""

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """Only one entry counts, and its people must be there."""
        if self.name != RULES:
            yield f"money guard {self.name}: only the entry that is named `rules` counts"
        known = {user.login for user in office.users}
        for login in sorted({*self.users, *self.caps_of_users, *self.night_users, *self.tell} - known):
            yield f"money guard {self.name}: there is no user {login}"
