"""What is kept about short messages: lines, rules, what was sent and what came in. The docstrings are the contract.

`store/sms_*.py` implements it over SQL; `tests/contract/test_sms_store.py` holds it to the docstrings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from cordboard.outbox.sms.ports import Coding, SmsInbox

# --- settings ------------------------------------------------------------------------------------------------------


class LineKind(StrEnum):
    """By what a line reaches the mobile network."""

    SMPP = "smpp"
    MODEM = "modem"
    HTTP = "http"
    SIP = "sip"


@dataclass(frozen=True, slots=True)
class SmsLineConfig:
    """A line as the administrator has set it up."""

    name: str
    kind: LineKind
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What its kind needs: host, port, passwords. Kept encrypted."""
    prefixes: Sequence[str] = ()
    """Beginnings of the phones that it serves, +38067; none: all."""
    cost: Decimal = Decimal(0)
    """Of one part."""
    currency: str = ""
    rank: int = 0
    """Of lines that are alike otherwise the lowest is taken."""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SmsRules:
    """What the office allows. Of limits 0 means that there is none; a day is one of the office's zone."""

    parts_a_day: int = 1000
    money_a_day: Decimal = Decimal(0)
    """Of each currency by itself."""
    scenario_parts_a_day: int = 0
    """By orders of one scenario."""
    messages_a_day_to_one: int = 20
    """To one phone: two machines that answer each other stop there."""
    parts_of_one: int = 8
    """The longest text."""
    quiet: str = ""
    """`21:00-08:00` in the zone of the called phone: what is not urgent waits until they are over. Empty: none."""
    working_time: bool = False
    """What is not urgent waits until the office works."""
    simplify: bool = False
    """Typographic signs become plain ones where that saves a part."""
    stop_words: Sequence[str] = (
        "STOP",
        "STOPALL",
        "UNSUBSCRIBE",
        "СТОП",
        "ОТПИСАТЬСЯ",
        "ОТПИСКА",
        "ВІДПИСАТИСЯ",
        "ВІДМОВА",
    )
    """Who sends one of these gets no SMS any more."""
    start_words: Sequence[str] = ("START", "СТАРТ")
    """Who sends one of these gets them again."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """A phone that gets no SMS."""

    phone: str
    """Canonical."""
    at: datetime
    words: str = ""
    """How it came to that, for people."""


class SmsSettings(Protocol):
    """Keeps lines, rules and opt-outs; settings of lines encrypted. Read whenever needed: a change counts at once."""

    async def lines(self) -> Sequence[SmsLineConfig]:
        """Every line, by name."""

    async def put_line(self, line: SmsLineConfig) -> None:
        """Add it, or replace the one of that name."""

    async def remove_line(self, name: str) -> bool:
        """Take it away. False if it was not there."""

    async def rules(self) -> SmsRules:
        """The rules."""

    async def set_rules(self, rules: SmsRules) -> None:
        """Set them."""

    async def opt_outs(self) -> Sequence[OptOut]:
        """Every phone that gets no SMS, youngest first."""

    async def opted_out(self, phone: str) -> OptOut | None:
        """Why a phone gets none; None: it does."""

    async def opt_out(self, out: OptOut) -> None:
        """Send that phone none any more. One that is there already stays as it is."""

    async def opt_in(self, phone: str) -> bool:
        """Send it SMS again. False if it was not there."""


# --- what was sent -------------------------------------------------------------------------------------------------


class Handed(StrEnum):
    """What is known about the handing over of a message to a line."""

    SENDING = "sending"
    """Written before it is handed over."""
    TAKEN = "taken"
    UNCERTAIN = "uncertain"


class PhoneFate(StrEnum):
    """What became of a message that the network had taken."""

    UNKNOWN = "unknown"
    REACHED = "reached"
    """Each of its parts is on the phone."""
    LOST = "lost"
    """One part at least never will be."""


@dataclass(frozen=True, slots=True)
class SentSms:
    """A message that was given to a line, or is about to be."""

    delivery: int
    """The number of its delivery in the outbox."""
    key: str
    """`OutgoingSms.key`."""
    recipient: str
    """Canonical."""
    line: str
    parts: int
    cost: Decimal
    """Of the whole, in `currency`, exact to a millionth."""
    currency: str
    at: datetime
    coding: Coding = Coding.GSM7
    scenario: str = ""
    number: int = 0
    """Its own, given by the store."""
    handed: Handed = Handed.SENDING
    fate: PhoneFate = PhoneFate.UNKNOWN
    words: str = ""
    """The network's own, about its fate."""


class Limit(StrEnum):
    """What forbids a message."""

    PARTS = "parts"
    MONEY = "money"
    SCENARIO = "scenario"
    RECIPIENT = "recipient"


class SmsLedger(Protocol):
    """Keeps what was sent. Every method that writes is durable when it returns, as one transaction."""

    async def begin(self, sms: SentSms, rules: SmsRules, day: datetime) -> int | Limit:
        """Write down that `sms` is about to be given to its line, unless a limit of the rules forbids it.

        Returns its number, or the limit. What counts is all that was begun since `day` and not `refused`; two at one
        moment never pass a limit together.
        """

    async def taken(self, number: int, references: Sequence[str]) -> None:
        """The network has taken it. Reports that came before this are remembered."""

    async def doubtful(self, number: int, references: Sequence[str] = ()) -> None:
        """Nobody knows; of some parts, perhaps, that they were taken."""

    async def refused(self, number: int) -> None:
        """It certainly was not taken: it counts no more."""

    async def sent(self, *, recipient: str = "", deliveries: Sequence[int] = (), limit: int = 100) -> Sequence[SentSms]:
        """What was sent, youngest first; empty arguments do not narrow."""

    async def forget(self, before: datetime) -> int:
        """Delete what was sent or has come before. Returns how many rows."""


# --- what came in --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceivedSms:
    """A message that has come, its parts joined."""

    number: int
    line: str
    sender: str
    """As the network gave it."""
    phone: str
    """The same, canonical."""
    to: str
    text: str
    at: datetime
    complete: bool = True
    """False: some of its parts never came."""


class SmsArchive(SmsInbox, Protocol):
    """An inbox that also shows what it has, and ends what waits for too long.

    A whole message becomes an event `sms.received` in the same transaction: `phone`, `from`, `to`, `text`, `line`,
    `at`, `complete`, and `stop`, whether it was one of the stop words. When it is known what became of a sent one, it
    is `sms.delivered` or `sms.lost`: `phone`, `line`, `delivery` (its key), `words`. The key of each is the phone.
    """

    async def awaited(self, line: str, limit: int = 100) -> Sequence[str]:
        """The references of that line of the last three days of which nothing final is known, the youngest first."""

    async def tidy(self, now: datetime) -> None:
        """Hand on, incomplete, what has waited ten minutes for its missing parts. Settle what reports can settle."""

    async def inbox(self, *, phone: str = "", limit: int = 100) -> Sequence[ReceivedSms]:
        """What has come, youngest first."""
