"""What an office consists of, as plain data. Numbers are as people write them unless a field says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cordboard.office.documents import Document
from cordboard.telephony import Line
from cordboard.telephony.directory import Algorithm


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """What holds for the whole office."""

    name: str = ""
    country: str = "UA"
    """ISO 3166 code: how numbers without a country code are read."""
    time_zone: str = "Europe/Kyiv"
    """Name of the IANA data base."""
    language: str = "uk"
    """Of people for whom none is set: uk, ru or en."""
    main_scenario: str = "main"
    """Takes the inbound calls of every line that has no scenario of its own."""
    realm: str = "cordboard"
    """In whose name passwords are hashed: changing it makes every password wrong."""


@dataclass(frozen=True, slots=True)
class User:
    """A person of the office."""

    login: str
    name: str
    number: str
    """The internal number: digits."""
    mobile: str = ""
    """His own phone in the world; a call from it is recognised as his."""
    language: str = ""
    pin_hash: str = field(default="", repr=False)
    """Argon2 hash of the PIN; empty: he has none, and no PIN is right."""
    allowed_prefixes: tuple[str, ...] = ()
    """What he may dial outside, as the beginnings of international numbers: "+380", or "+" for the whole world.
    Short codes of the outside world are allowed by their own digits ("112"). None: he calls inside only."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class UserPhone:
    """What a phone of a user signs in with; a user has one or several."""

    account: str
    login: str
    secret: str = field(repr=False)
    """Hash of account:realm:password by `algorithm`, in hexadecimal."""
    algorithm: Algorithm = Algorithm.MD5
    behind_nat: bool = False


@dataclass(frozen=True, slots=True)
class OfficeLine:
    """An external line and what the office does with it."""

    line: Line
    scenario: str = ""
    """Takes its inbound calls in place of the main scenario."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class InternalNumber:
    """A number that a scenario answers."""

    number: str
    """Digits, * and #."""
    scenario: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Which lines carry outbound numbers that begin with `prefix`.

    Of the routes that match a number, those with the longest prefix count, in the order of `priority` (lower
    first) and name; shorter ones are no fallback, so that a dear line is never taken by surprise.
    """

    name: str
    prefix: str
    """Digits with an optional leading plus, compared with what was dialled; empty matches everything."""
    lines: tuple[str, ...]
    """Names of lines in the order to try."""
    strip: int = 0
    """How many characters at the front are an access code: what follows is the number in the world."""
    prepend: str = ""
    """Put before the number, once it is judged, as this provider wants it."""
    priority: int = 0
    shortest: int = 7
    """The fewest digits, after stripping, that it carries: a mistyped extension stays inside. A route for short
    codes sets less."""
    normalised: bool = False
    """Compare with, and send, the full international number, however it was dialled: one route +380 instead of three
    for 067…, 38067… and +38067…."""
    match: str = ""
    """A regular expression that meets the whole number, once it is judged and before `prepend`; empty: none."""
    replace: str = ""
    """What is sent instead, if it is met: digits, + and {1} for the first group."""
    hours: str = ""
    """Hours of a day in which it is there, by the clock of the office: 09:00-18:00; empty: always."""
    days: str = ""
    """Days of a week on which it is there: mon-fri; empty: every day."""
    users: tuple[str, ...] = ()
    """Logins for whom it is there, and for nobody else but those of `groups`; neither: for all."""
    groups: tuple[str, ...] = ()
    """Names of groups for whose members it is there."""
    least_cost: bool = False
    """Try the lines by what a minute to the number costs (`LineRules.prices`); those without a price last."""


OfficeItem = OfficeSettings | User | UserPhone | OfficeLine | InternalNumber | Route | Document

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True)
class OfficeData:
    """A whole office at one moment."""

    settings: OfficeSettings = OfficeSettings()
    users: tuple[User, ...] = ()
    phones: tuple[UserPhone, ...] = ()
    lines: tuple[OfficeLine, ...] = ()
    internal_numbers: tuple[InternalNumber, ...] = ()
    routes: tuple[Route, ...] = ()
    documents: tuple[Document, ...] = ()

    def of(self, kind: type[D]) -> Mapping[str, D]:
        """The documents of one kind, by name."""
        return {each.name: each for each in self.documents if isinstance(each, kind)}
