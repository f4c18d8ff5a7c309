"""What components may ask of the office. Answers come from memory unless a method is a coroutine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from cordboard.office.callback_orders import CallbackOrder, Callbacks, OrderResult, Origin
from cordboard.office.hours import Span, days_around, days_of, open_at, spans_of
from cordboard.office.listing import ListedNumber, listed_number
from cordboard.office.queue.asked import MAX_PRIORITY, QueueExit, Queues, Wish
from cordboard.telephony import EndReason, Leg, Party, PhoneNumber, Sound, Talk, Target

__all__ = [
    "MAX_PRIORITY",
    "NOTICE",
    "Calendar",
    "CallHistory",
    "CallbackOrder",
    "Callbacks",
    "Destination",
    "Form",
    "FormField",
    "FormFieldKind",
    "ListedNumber",
    "NumberLists",
    "Numbering",
    "OrderResult",
    "Origin",
    "ParkEnd",
    "Parked",
    "ParkingLots",
    "PastCall",
    "People",
    "Person",
    "Pickups",
    "PinCheck",
    "Presence",
    "QueueExit",
    "Queues",
    "Recordings",
    "Refusal",
    "Rooms",
    "Screens",
    "Span",
    "Staff",
    "Stay",
    "Switchboard",
    "Tags",
    "UserState",
    "VoicemailBoxes",
    "Voicemails",
    "Way",
    "Wish",
    "days_around",
    "days_of",
    "listed_number",
    "open_at",
    "spans_of",
]


NOTICE = "notice"
"""The kind of an effect that tells users something: `to` (logins), `text`, `data` (a record), `urgent`."""


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


class Presence(StrEnum):
    """What a user is about, as he has said himself or as his phones show."""

    READY = "ready"
    BREAK = "break"
    """He has said why: lunch, training."""
    AWAY = "away"
    """He did not answer, or has gone home."""
    DO_NOT_DISTURB = "do_not_disturb"
    AFTER_CALL = "after_call"
    """He writes down what the last call of a queue was about; it ends by itself."""


@dataclass(frozen=True, slots=True)
class UserState:
    """How a user stands now."""

    presence: Presence = Presence.READY
    reason: str = ""
    """Of a break: why."""
    since: datetime | None = None
    """Aware, in UTC; None: since the exchange knows him."""
    until: datetime | None = None
    """When he is ready again by himself; None: when somebody says so."""
    calls: int = 0
    """In how many calls his phones are, ringing ones included."""
    online: bool = False
    """Whether a phone of his is signed in."""

    @property
    def free(self) -> bool:
        """Whether a queue may ring him: he is ready, can be reached, and in no call."""
        return self.presence is Presence.READY and self.online and self.calls == 0


class People(Protocol):
    """Who is there, and what he is about. Presence survives a restart."""

    def state(self, login: str) -> UserState:
        """How a user stands; AWAY and offline for a login that nobody has."""

    async def set_presence(
        self, login: str, presence: Presence, *, reason: str = "", until: datetime | None = None
    ) -> None:
        """Durable when this returns. `until` is aware. Raises LookupError for a login that nobody has."""

    async def changed(self) -> None:
        """Wait for the next change of anybody's state."""


class Switchboard(Protocol):
    """Leads a leg to a number as if its far end had dialled it: what phones, scenarios and transfers share."""

    async def connect(
        self,
        leg: Leg,
        number: str,
        *,
        login: str = "",
        ring_time: float | None = None,
        ringback: Sequence[Sound] | None = None,
        inside_only: bool = False,
    ) -> EndReason | None:
        """Return after the talk. None: it took place (or a service or scenario took the leg); else why it did not.

        A leg that could not be connected stays up. `login` is the user whose rights count, and whom colleagues see
        calling; empty: the exchange itself, which may do what its administrator drew. `ring_time` in seconds; None: as
        long as is usual inside and outside. `ringback` is what an answered leg hears while it rings; None: ringing.
        `inside_only`: a number outside is FORBIDDEN.
        """


class Tags(Protocol):
    """Writes into the call log what a call was about."""

    async def tag(self, chain: str, name: str, value: str) -> None:
        """Give the call (all that hangs together: a chain) a tag, in place of the one of that name."""


class Way(StrEnum):
    """Which calls of somebody outside are meant."""

    IN = "in"
    """Those that he made to us."""
    OUT = "out"
    """Those that we made to him."""
    ANY = "any"


@dataclass(frozen=True, slots=True)
class PastCall:
    """A call with somebody outside; it may still go on. One that was transferred, or tried over two lines, is one."""

    chain: str
    at: datetime
    """When it began; aware."""
    inbound: bool
    talked: bool
    """Whether a person talked with him; a scenario is none."""
    talked_until: datetime | None = None
    """When the last talk ended; None if nobody talked, or they still talk."""
    person: Person | None = None
    """The user who talked with him, the last one if there were several, or who called him; None if it was none of the
    office's, or nobody knows who."""


class CallHistory(Protocol):
    """Asks the call log about a phone, however its number was written. A hidden number has no calls."""

    async def calls(
        self,
        phone: PhoneNumber,
        *,
        since: datetime | None = None,
        way: Way = Way.ANY,
        talked: bool | None = None,
        before: str = "",
        limit: int = 1000,
    ) -> Sequence[PastCall]:
        """The calls with that phone, the newest first; `limit` of them or a few less.

        `since` is aware: those that began then or later. `talked`: only those in which a person did, or did not, talk
        with him. `before` is the id of a chain: only other calls, that began before it did.
        """

    async def last_with_employee(
        self,
        phone: PhoneNumber,
        *,
        since: datetime | None = None,
        way: Way = Way.ANY,
        talked: bool | None = None,
        before: str = "",
    ) -> PastCall | None:
        """The newest of these calls of which the user is known, and is one still; None if there is none."""


class NumberLists(Protocol):
    """Named lists of numbers: black, vip."""

    async def find(self, name: str, phone: PhoneNumber, at: datetime) -> ListedNumber | None:
        """The most exact entry of the list `name` that meets the phone at that moment. None for a hidden number."""

    async def add(self, entry: ListedNumber) -> None:
        """Add the entry, in place of the one of that list and number. Durable when this returns."""

    async def remove(self, name: str, number: str) -> bool:
        """Take away what stands under exactly that canonical number or prefix. False if there was none."""


class Recordings(Protocol):
    """The folder of recordings. Their names are paths within it, and hold nothing that came from outside."""

    def new(self, chain: str, at: datetime) -> str:
        """A name for a recording of that call which no other has; it is taken from now on. Raises OSError."""

    def path(self, name: str) -> Path:
        """Where the recording lies, or shall lie. Raises ValueError for a name that leads out of the folder."""

    def discard(self, name: str) -> None:
        """Delete a recording; nothing if there is none."""

    async def has_voice(self, name: str, seconds: float) -> bool:
        """Whether somebody is heard in it for at least that long, all in all. False if there is no such file."""


class Voicemails(Protocol):
    """Takes the messages of callers."""

    async def leave(self, leg: Leg, login: str) -> None:
        """Answer, greet, record, and return when the message is kept.

        It is kept also if the caller hangs up, or this is cancelled. Silence is no message. Nothing happens if `login`
        (a user, or a group) has no box.
        """

    def has_box(self, login: str) -> bool:
        """Whether there is a box of that user or group."""


class VoicemailBoxes(Protocol):
    """Lets users hear their messages."""

    async def hear(self, leg: Leg, login: str) -> bool:
        """Let him hear, with keys, the messages of his own box and of those that he owns; return when he is done.

        Nobody asks who he is. False, and he hears nothing, if there is no box of his.
        """


class Calendar(Protocol):
    """Knows when the office works. Moments are in its zone."""

    def is_working(self, at: datetime) -> bool:
        """Whether the office is open then."""

    def holiday(self, day: date) -> str:
        """What a day is called on which the office is closed for no reason of its week; empty for any other day."""


class Stay(Protocol):
    """One leg's time in a room."""

    async def over(self) -> None:
        """Wait until the leg has left or ended, the room was closed, or the talk it was made into is over."""

    async def lonely(self, seconds: float) -> None:
        """Wait until nobody else was there for that long without a break."""

    async def leave(self) -> None:
        """Go out; the leg stays answered. Nothing if it is out, or talks with the other one since."""


class Rooms(Protocol):
    """Conference rooms by name."""

    async def create(self, name: str, leg: Leg, *, places: int = 0) -> bool:
        """Make an empty room. False if there is one of that name: of any number at once, one has it.

        `places` is how many may be in it at once; 0: any number. It goes when the call of `leg` has ended and nobody
        is in it.
        """

    async def enter(
        self, name: str, leg: Leg, *, muted: bool = False, while_alone: Sequence[Sound] = ()
    ) -> Stay | None:
        """Let a leg in; one that rings is answered once it has a place. Who is alone hears `while_alone` over and over.

        None if the room is full, or the leg has ended. Raises LookupError if there is no such room.
        """

    async def convert(self, name: str) -> Talk | None:
        """Make a talk as any other of the two who are in, and the name free. None if they are not two.

        Raises LookupError if there is no such room.
        """


class ParkEnd(StrEnum):
    """How a parking has ended."""

    ENDED = "ended"
    """Somebody took the call and has talked with it, or it hung up."""
    TIMEOUT = "timeout"
    """Nobody came for it; it is not parked any more."""
    FULL = "full"
    """There was no free place."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A parking place that is taken."""

    number: str
    lot: str
    since: datetime
    """Aware, in UTC."""
    account: str
    """The phone that has parked the call; empty: none has."""
    party: Party | None = None
    """Who is parked; None: the place is kept for one that is to come."""
    chain: str = ""
    leg: str = ""
    """Their ids; empty if nobody is parked yet."""


class ParkingLots(Protocol):
    """Parking places by lot."""

    async def park(
        self, lot: str, leg: Leg, *, timeout: float | None = None, placed: Callable[[str], None] = lambda _: None
    ) -> ParkEnd:
        """Park a leg on the first free place of the lot, and return when that is over. One that rings is answered.

        `placed` is told the number of the place. `timeout` is in seconds; None: as long as it likes. Raises LookupError
        if there is no such lot.
        """

    async def take(self, leg: Leg, number: str) -> EndReason | None:
        """Let `leg` talk with who is parked on that place, and return after the talk; NOT_FOUND if nobody is."""

    def parked(self) -> Sequence[Parked]:
        """The places that are taken, by their numbers."""


class Pickups(Protocol):
    """Calls that ring at somebody else's."""

    async def pick_up(self, leg: Leg, login: str, *, number: str = "") -> EndReason | None:
        """Let `leg` answer what rings at the internal `number`, or, without one, at somebody of a group of `login`.

        Returns after the talk. Of several, the call that has rung longest. NOT_FOUND if there is none to be had.
        """


class FormFieldKind(StrEnum):
    """What a field of a form takes."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field."""

    name: str
    label: str
    kind: FormFieldKind = FormFieldKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    """Of a choice: what there is."""
    value: str = ""
    """What stands in it at first."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a user is asked."""

    title: str
    text: str
    fields: tuple[FormField, ...]


class Screens(Protocol):
    """The screens of the users."""

    async def ask(self, user: str, form: Form) -> Mapping[str, str] | None:
        """Show a form to the user (a login) and return what he has written, checked, by field; None if he closed it.

        Dates are written as 2026-12-31, numbers as 12.5, booleans as true or false; a field left empty is empty.
        Cancelling this takes the form away.
        """
