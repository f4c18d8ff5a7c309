"""Numbers with a meaning of their own: emergency calls, and numbers outside that lead to somebody."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import StringConstraints, model_validator

from cordboard.office.documents import Document

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

EMERGENCY = ("112", "101", "102", "103", "104")
Short = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,6}$")]


class EmergencyNumbers(Document):
    """Numbers that everybody may call at any time, over whatever line is up. The entry is named `rules`.

    An internal number that is the same comes first; so give users other ones.
    """

    kind: ClassVar[str] = "emergency_numbers"

    emergency: tuple[Short, ...] = EMERGENCY
    """The numbers."""
    lines: tuple[str, ...] = ()
    """The lines in the order to try; all others follow."""

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """Nobody should own such a number."""
        for user in office.users:
            if user.enabled and user.number in self.emergency:
                yield f"the number {user.number} of the user {user.login} is an emergency number: give him another"


class InboundNumber(Document):
    """A number outside that leads to a scenario, a user or a group, whatever its line says."""

    kind: ClassVar[str] = "inbound_numbers"

    number: Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{2,32}$")]
    """As it is dialled outside, in any writing."""
    line: str = ""
    """Only for calls over this line; empty: over any."""
    scenario: str = ""
    """The voice scenario that takes its calls."""
    user: str = ""
    """Or the login of the user who is rung."""
    group: str = ""
    """Or the name of the group that is rung."""

    @model_validator(mode="after")
    def _leads_to_one(self) -> Self:
        if sum(map(bool, (self.scenario, self.user, self.group))) != 1:
            raise ValueError("say where it leads: to a scenario, to a user or to a group")
        return self

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """Whoever it leads to must be there."""
        if self.user and self.user not in {user.login for user in office.users}:
            yield f"inbound number {self.name}: there is no user {self.user}"
        if self.group and not any(each.kind == "groups" and each.name == self.group for each in office.documents):
            yield f"inbound number {self.name}: there is no group {self.group}"
