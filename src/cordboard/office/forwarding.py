"""Where calls for a user go instead, as he has set it up."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cordboard.office.documents import Document
from cordboard.office.lines.prefixes import Days, Hours, Prefix, begins, within

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

MOST = 5
"""How often a call is led on: people who forward to each other must not keep it for ever."""


class When(StrEnum):
    """What makes a call go elsewhere."""

    ALWAYS = "always"
    BUSY = "busy"
    """He talks, or has rejected it."""
    NO_ANSWER = "no_answer"
    UNREGISTERED = "unregistered"
    """No phone of his is there."""
    DO_NOT_DISTURB = "do_not_disturb"
    """He does not want to be disturbed."""


class Forward(BaseModel):
    """One rule. Exactly one target is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    when: When
    after: Annotated[int, Field(ge=3, le=600)] = 20
    """Without an answer: how many seconds his phones ring before."""
    hours: Hours = ""
    """Only in these hours, by the clock of the office: 18:00-09:00."""
    days: Days = ""
    """Only on days on which these hours begin: mon-fri."""
    callers: tuple[Prefix, ...] = ()
    """Only calls of numbers that begin so; none: of everybody."""
    number: Annotated[str, Field(pattern=r"^(\+?[0-9][0-9*#]{0,31})?$")] = ""
    """An internal number, or one outside: then his own rights count. No code: these are for who dials them himself."""
    scenario: str = ""
    """A voice scenario that takes the call."""
    voicemail: bool = False
    """His voicemail takes a message."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(map(bool, (self.number, self.scenario, self.voicemail))) != 1:
            raise ValueError("say where it goes: give a number, a scenario or the voicemail, one of them")
        return self

    def counts(self, at: datetime, caller: str) -> bool:
        """Whether it applies at a moment in the office's zone to that canonical caller."""
        if self.callers and not begins(caller, self.callers):
            return False
        return within(at, self.hours, self.days)


class UserRules(Document):
    """How calls reach one user; its name is his login. Without rules all his phones ring together."""

    kind: ClassVar[str] = "user_rules"

    in_order: bool = False
    """Whether his phones ring one after the other, in the order in which they were added, and not all together."""
    each_seconds: Annotated[int, Field(ge=3, le=120)] = 12
    """In order: how long each rings."""
    call_waiting: bool = True
    """Whether his phones ring while he talks. If not, he is busy."""
    own_voicemail: bool = True
    """Whether his voicemail, if he has a box, takes calls that nothing else takes."""
    forwards: tuple[Forward, ...] = ()
    """In order: the first that applies counts."""

    def forward(self, when: When, at: datetime, caller: str) -> Forward | None:
        """The rule that applies."""
        return next((each for each in self.forwards if each.when is when and each.counts(at, caller)), None)

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """He must be there."""
        users = {user.login: user for user in office.users}
        if self.name not in users:
            yield f"rules of the user {self.name}: there is no such user"
        for each in self.forwards:
            if self.name in users and each.number == users[self.name].number:
                yield f"rules of the user {self.name}: calls are led to his own number"
