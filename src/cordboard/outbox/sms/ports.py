"""Short messages: what a line to the network is, and who takes in what it brings. The docstrings are the contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cordboard.outbox.ports import DeliveryError, PermanentError, TemporaryError, UncertainError

__all__ = [
    "Coding",
    "DeliveryError",
    "Fate",
    "IncomingSms",
    "OutgoingSms",
    "Part",
    "PermanentError",
    "SmsInbox",
    "SmsLine",
    "SmsReport",
    "TemporaryError",
    "UncertainError",
]


class Coding(StrEnum):
    """How a text is written on the air (3GPP TS 23.038)."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Part:
    """One short message of a text. Made by `outbox.sms.segments`."""

    text: str
    """What it says."""
    user_data: bytes
    """GSM7: one septet an octet, not packed, escapes included; UCS2: UTF-16BE. Without the header."""
    header: bytes = b""
    """The user data header with its length octet (3GPP TS 23.040 §9.2.3.24.1), if the text has several parts."""


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One text to one phone."""

    key: str
    """The same in each attempt, unique among all messages."""
    to: str
    """+380671234567, or a short code in digits."""
    sender: str
    """What the receiver sees: a number or up to 11 letters and digits; empty: what the line has."""
    coding: Coding
    parts: Sequence[Part]
    deadline: datetime
    """It is not worth anything after that. Aware, in UTC."""


class Fate(StrEnum):
    """What the network says about a part that it had accepted."""

    DELIVERED = "delivered"
    """It is on the phone."""
    FAILED = "failed"
    """It never will be: expired, rejected, deleted, number unknown."""
    PENDING = "pending"
    """It is on its way, or kept until the phone is on."""


@dataclass(frozen=True, slots=True)
class SmsReport:
    """A delivery report."""

    reference: str
    """The network's name for the part, as `SmsLine.send` returned it."""
    fate: Fate
    words: str = ""
    """The network's own words (`UNDELIV err:005`)."""
    at: datetime | None = None
    key: str = ""
    """`OutgoingSms.key`, if the network tells it; empty: it does not. Settles a message of which nobody knew."""
    to: str = ""
    """The phone of which it is told, if the network says so. The same use, where there is no key."""


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """A short message that has come, or one part of it."""

    sender: str
    """As the network gives it: +380671234567, a short code or a name."""
    to: str
    """The number at which it came; empty if the line does not know."""
    text: str
    at: datetime
    """Aware, in UTC."""
    key: str = ""
    """The network's own name for it, by which a repetition is known; empty: it has none."""
    reference: int = 0
    """Of a long text: what its parts have in common."""
    part: int = 1
    parts: int = 1


class SmsInbox(Protocol):
    """Takes in what lines bring. Durable when it returns: only then may the network be told that it was taken."""

    async def received(self, line: str, sms: IncomingSms) -> None:
        """A message or a part has come. Parts are joined; what comes twice counts once."""

    async def reported(self, line: str, report: SmsReport) -> None:
        """The network tells what became of a part. Unknown references are logged and forgotten."""


class SmsLine(Protocol):
    """A way into the mobile network. `tests/outbox/test_sms_lines.py` holds each kind to this."""

    @property
    def name(self) -> str:
        """As the administrator calls it."""

    @property
    def up(self) -> bool:
        """Whether it can send just now, as far as is known without trying."""

    @property
    def note(self) -> str:
        """Why it is not up, or what is worth knowing (signal, operator); a sentence without secrets."""

    async def send(self, sms: OutgoingSms) -> Sequence[str]:
        """Hand all its parts over; the network's references, one a part in order (one for all; empty: it gives none).

        It waits by itself for a place in the window or while the network throttles, up to 60 s in all.
        Raises TemporaryError (certainly not taken; also when it is not up: at once), PermanentError (this message is
        refused for good), UncertainError (nobody knows, or only some parts were taken: how many is said; its
        `references` are those of the parts that surely were).
        """

    async def serve(self, inbox: SmsInbox) -> None:
        """Keep the line connected and hand over what comes in, until cancelled. It connects again by itself."""
