"""Which talks are recorded, and how: rules in an order, of which the first that meets a talk decides. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, ClassVar

from pydantic import Field

from cordboard.office.documents import Document, Login, Name, Number
from cordboard.office.model import OfficeData
from cordboard.office.ports import Person
from cordboard.telephony import Direction, LegRecord


class Way(StrEnum):
    """Between whom a talk is."""

    ANY = "any"
    IN = "in"
    """Somebody outside has called."""
    OUT = "out"
    """Somebody outside was called."""
    INTERNAL = "internal"
    """Nobody outside takes part."""


class Format(StrEnum):
    """In which files are kept."""

    WAV = "wav"
    """16 bit, 8000 Hz: 58 MB an hour, twice that in stereo."""
    OGG = "ogg"
    MP3 = "mp3"


class RecordingRule(Document):
    """One rule."""

    kind: ClassVar[str] = "recording_rules"

    order: int = 100
    """Rules are asked in this order, then in that of their names; the first that meets the talk decides."""
    record: bool = True
    """Whether the talks that it meets are recorded. A rule that says no excepts them from those behind it."""
    users: tuple[Login, ...] = ()
    """Whose talks are meant. With no user and no group: everybody's."""
    groups: tuple[Name, ...] = ()
    """Groups whose members are meant."""
    direction: Way = Way.ANY
    """any, in, out or internal."""
    line: str = ""
    """The external line that is meant; empty: all, and talks without one."""
    share: Annotated[float, Field(ge=0, le=100)] = 100
    """How many of a hundred of these calls are recorded. All talks of one call are, or none."""
    on_demand: bool = False
    """It begins only when somebody presses the key, or a program asks."""
    key: Number | None = None
    """Keys by which a user stops the recording in the middle of a talk, and lets it go on: `*3`."""
    announcement: str = ""
    """The prompt that the other party hears when it begins."""
    announcement_text: Annotated[str, Field(max_length=1000)] = ""
    """What is spoken if there is no prompt. Both empty: nothing is."""
    format: Format = Format.WAV
    """wav, ogg or mp3."""
    stereo: bool = False
    """Each party on a channel of its own: the one outside, or who called, is left."""
    keep_days: Annotated[int, Field(ge=0, le=36500)] = 90
    """After so many days it is deleted; 0: never."""

    def faults(self, office: OfficeData) -> Iterator[str]:
        """Users and lines that are not there."""
        logins = {user.login for user in office.users}
        for login in self.users:
            if login not in logins:
                yield f"the recording rule {self.name!r} is about {login!r}, and there is no such user"
        if self.on_demand and not self.key:
            yield f"the recording rule {self.name!r} waits for a key and has none: only a program can begin it"


class RecordingSettings(Document):
    """What holds for all recordings. One document, by any name."""

    kind: ClassVar[str] = "recording_settings"

    max_megabytes: Annotated[int, Field(ge=0)] = 0
    """How much all of them may take; the oldest go first. 0: as much as there is."""
    min_free_megabytes: Annotated[int, Field(ge=0)] = 500
    """With less free space on their disk nothing new is recorded. Calls go on."""


class Hears(StrEnum):
    """Whose recordings somebody may hear."""

    NONE = "none"
    OWN = "own"
    GROUPS = "groups"
    ALL = "all"


class RecordingRights(Document):
    """Whose recordings a user may hear; it bears his login. Who has none hears what his role lets him."""

    kind: ClassVar[str] = "recording_rights"

    hears: Hears = Hears.OWN
    """none, own, groups (his own, and those of the members of `groups`) or all."""
    groups: tuple[Name, ...] = ()
    """Whose members he supervises."""
    may_delete: bool = False
    """Whether he may delete what he may hear."""

    def faults(self, office: OfficeData) -> Iterator[str]:
        """A user who is not there."""
        if self.name not in {user.login for user in office.users}:
            yield f"there are recording rights of {self.name!r}, and no such user"


@dataclass(frozen=True, slots=True)
class TalkFacts:
    """What rules ask of two legs that were joined."""

    chain: str
    way: Way
    line: str
    user: str
    """The login of the user; of two, who was called."""
    peer: str
    """The login of the other one."""
    other: LegRecord
    """Who is outside; of two inside, who called. It is recorded, left in stereo, and hears announcements."""

    @property
    def number(self) -> str:
        """Its number, as it was received or dialled."""
        return self.other.caller.number if self.other.direction is Direction.INBOUND else self.other.dialled

    @property
    def logins(self) -> Collection[str]:
        """The users who talk."""
        return {login for login in (self.user, self.peer) if login}


def facts_of(a: LegRecord, b: LegRecord, people: Mapping[str, Person]) -> TalkFacts:
    """What is known of two joined legs. `people` is by account."""
    caller, called = (a, b) if a.direction is Direction.INBOUND else (b, a)
    outside = next((leg for leg in (caller, called) if leg.line), None)
    way = Way.INTERNAL
    if outside is not None:
        way = Way.IN if outside.direction is Direction.INBOUND else Way.OUT
    logins = [
        person.login for leg in (called, caller) if not leg.line and (person := people.get(leg.account)) is not None
    ]
    user, peer = (*logins, "", "")[:2]
    return TalkFacts(a.chain, way, outside.line if outside else "", user, peer, outside or caller)


def decide(
    rules: Sequence[RecordingRule], talk: TalkFacts, members: Mapping[str, Collection[str]]
) -> RecordingRule | None:
    """The rule by which a talk is recorded; None: it is not. `members` are the logins of each group."""
    for rule in sorted(rules, key=lambda each: (each.order, each.name)):
        if _meets(rule, talk, members):
            return rule if rule.record and chosen(talk.chain, rule.share) else None
    return None


def chosen(chain: str, share: float) -> bool:
    """Whether a call belongs to the share, in percent: of one chain always the same answer, on every node."""
    place = int.from_bytes(sha256(chain.encode()).digest()[:8], "big") / 2**64
    return place * 100 < share


def _meets(rule: RecordingRule, talk: TalkFacts, members: Mapping[str, Collection[str]]) -> bool:
    if rule.direction not in (Way.ANY, talk.way) or (rule.line and rule.line != talk.line):
        return False
    if not rule.users and not rule.groups:
        return True
    meant = {*rule.users, *(login for group in rule.groups for login in members.get(group, ()))}
    return bool(meant & {*talk.logins})


def hears(
    rights: RecordingRights | None, login: str, members: Mapping[str, Collection[str]], *, leads: bool
) -> Collection[str] | None:
    """The logins whose recordings somebody may hear; None: everybody's.

    `leads`: his role, where no rights were set for him, lets him hear all. A program (an empty login) hears all.
    """
    if not login:
        return None
    level = rights.hears if rights else Hears.ALL if leads else Hears.OWN
    if level is Hears.ALL:
        return None
    if level is Hears.NONE:
        return ()
    groups = rights.groups if rights and level is Hears.GROUPS else ()
    return {login, *(each for group in groups for each in members.get(group, ()))}
