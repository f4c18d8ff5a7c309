"""Who takes part in a call and where a call can be sent."""

from dataclasses import dataclass, field
from enum import StrEnum


class Direction(StrEnum):
    """Seen from the exchange: an inbound leg was offered to it, an outbound leg it placed itself."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class LegState(StrEnum):
    """A leg only ever moves forward through these."""

    CALLING = "calling"
    """Offered (inbound) or placed (outbound), no ringing yet."""
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a call as it shows itself. Both texts come from outside and are not to be trusted."""

    number: str
    """As received or as dialled, never normalised; empty if the caller hides it."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PhoneTarget:
    """Every registered phone of one account (an account is what a phone signs in with)."""

    account: str


@dataclass(frozen=True, slots=True)
class LineTarget:
    """A number reached over an external line."""

    line: str
    number: str
    """As it must be sent to the line: without the access code."""
    payer: str = field(default="", compare=False)
    """The login of the user on whose account it is; empty: whoever has begun the chain."""


Target = PhoneTarget | LineTarget
