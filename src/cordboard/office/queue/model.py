"""A group: who answers, in which order they are asked, and what whoever waits is offered."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cordboard.office.documents import Document, Login, Name, Number
from cordboard.office.queue.asked import MAX_PRIORITY

if TYPE_CHECKING:
    from cordboard.office.model import OfficeData

Priority = Annotated[int, Field(ge=0, le=MAX_PRIORITY)]
Seconds = Annotated[int, Field(ge=0, le=86_400)]
SkillLevel = Annotated[int, Field(ge=1, le=100)]


class Strategy(StrEnum):
    """Which of the free operators is rung."""

    LIST = "list"
    """The first one of the list."""
    ROUND_ROBIN = "round_robin"
    """The one whose turn has not come for the longest time, whether he answered or not."""
    LONGEST_IDLE = "longest_idle"
    """The one who has been free for the longest time."""
    FEWEST_CALLS = "fewest_calls"
    """The one who has answered the fewest calls of this group since the exchange was started."""
    RANDOM = "random"
    """Any of them."""
    SKILLS = "skills"
    """The one with the highest levels in what the caller needs; of equals, the one longest free."""
    RING_ALL = "ring_all"
    """All of them at once: the first to answer has the call."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Member(_Part):
    """An operator of a group."""

    login: Login
    level: Annotated[int, Field(ge=1, le=9)] = 1
    """Operators of a higher level are asked only while none of a lower one is free."""
    skills: Mapping[Name, SkillLevel] = Field(default_factory=dict)
    """What he can, and how well."""


class OverflowWhen(StrEnum):
    """What makes a caller go elsewhere."""

    WAITED = "waited"
    """He has waited for so many seconds."""
    LENGTH = "length"
    """As he comes, so many wait already."""
    NO_OPERATORS = "no_operators"
    """As he comes, or while he waits, nobody of the group is there."""


class Overflow(_Part):
    """Where a caller goes who would wait too long. Exactly one of the targets is given."""

    when: OverflowWhen
    after: Annotated[int, Field(ge=0, le=86_400)] = 0
    """Seconds of waiting, or how many wait; without a meaning for `no_operators`."""
    scenario: str = ""
    """A voice scenario that takes the call."""
    group: str = ""
    """The name of another group: he stands there as if he had come to it at once."""
    number: str = ""
    """Any number that can be dialled inside or outside."""
    voicemail: str = ""
    """The login of the user, or the name of the group, whose voicemail takes a message."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(map(bool, (self.scenario, self.group, self.number, self.voicemail))) != 1:
            raise ValueError(
                "say where the caller goes: give a scenario, a group, a number or a voicemail, one of them"
            )
        return self


class Group(Document):
    """Operators who take each other's calls, and the queue before them.

    **Order and ageing.** A caller of priority p stands as if he had come `ageing_seconds` x p seconds earlier than he
    did, and whoever stands first is served first. So each step of priority is worth that many seconds of waiting, and
    a caller is passed only by those of a higher priority who come within the difference of the priorities x
    `ageing_seconds` after him: never by anybody who comes later than MAX_PRIORITY x `ageing_seconds`.
    """

    kind: ClassVar[str] = "groups"

    number: Number | None = None
    """The internal number that leads into the queue, if there is one."""
    title: str = ""
    members: tuple[Member, ...] = ()
    """In the order of the list."""
    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_seconds: Annotated[int, Field(ge=3, le=600)] = 20
    """How long one operator's phones ring before the next one is asked."""
    wrap_up_seconds: Seconds = 0
    """How long an operator is left in peace after a call of the queue."""
    answers: bool = True
    """Whether who comes is answered at once and hears music. If not, he hears ringing and pays nothing until an
    operator answers, and no announcement is made."""
    music: str = ""
    """The prompt that who waits hears over and over; empty: the music on hold of the office."""
    announce_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How often who waits is told how he stands; 0: never."""
    announce_place: bool = True
    announce_wait: bool = True
    """Whether the expected wait is told."""
    ageing_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """How many seconds of waiting one step of priority is worth. Less is fairer, more is better for the important."""
    own_first_seconds: Seconds = 20
    """How long a caller waits for his own manager alone, if he has one and that one is there."""
    last_first_seconds: Seconds = 0
    """The same for the operator with whom he last talked; 0: that is not asked."""
    last_within_days: Annotated[int, Field(ge=1, le=366)] = 7
    """How far back that talk may lie."""
    pass_over_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """How long an operator who has rejected a call, or let it ring, is not rung."""
    misses_until_away: Annotated[int, Field(ge=0, le=100)] = 3
    """After how many of those in a row he counts as away; 0: never."""
    longest_queue: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many may wait at once; 0: any number."""
    longest_wait: Seconds = 0
    """How long somebody may wait; 0: as long as he likes."""
    overflow: tuple[Overflow, ...] = ()
    """Where callers go who would wait too long; the first that applies counts."""
    callback_key: Annotated[str, Field(pattern=r"^[0-9*#]?$")] = ""
    """The key with which who waits may hang up, keep his place and be called back; empty: that is not offered."""

    @model_validator(mode="after")
    def _each_member_once(self) -> Self:
        logins = [member.login for member in self.members]
        if twice := sorted({login for login in logins if logins.count(login) > 1}):
            raise ValueError(f"{', '.join(twice)} stands in the group twice: leave one of them")
        return self

    def numbers(self) -> tuple[str, ...]:
        """See Document."""
        return (self.number,) if self.number else ()

    def faults(self, office: "OfficeData") -> Iterator[str]:
        """See Document."""
        logins = {user.login for user in office.users}
        groups = office.of(Group)
        if not self.members:
            yield f"group {self.name}: nobody is in it"
        for member in self.members:
            if member.login not in logins:
                yield f"group {self.name}: there is no user {member.login}"
        for overflow in self.overflow:
            if overflow.voicemail and overflow.voicemail not in logins | groups.keys():
                yield f"group {self.name}: {overflow.voicemail} is no user and no group that could have a voicemail"
            if overflow.group and overflow.group not in groups:
                yield f"group {self.name}: there is no group {overflow.group} to which callers could go"
            if overflow.group == self.name:
                yield f"group {self.name}: its callers cannot go to itself"
