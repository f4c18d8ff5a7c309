"""What the exchange must know of phones and lines to let them in. The office holds it; the wire asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Algorithm(StrEnum):
    """How a phone proves its password (RFC 8760)."""

    MD5 = "MD5"
    SHA256 = "SHA-256"


@dataclass(frozen=True, slots=True)
class Account:
    """What one phone, or several phones of one person, sign in with."""

    name: str
    """The user name that the phone is given."""
    number: str
    """The internal number it calls from."""
    display_name: str
    secret: str = field(repr=False)
    """Hash of name:realm:password by `algorithm`, in hexadecimal (HA1 of RFC 7616 §3.4.2)."""
    algorithm: Algorithm = Algorithm.MD5
    behind_nat: bool = False
    """Whether its voice may arrive from elsewhere than it says."""


class LineMode(StrEnum):
    """How a line and its provider know each other."""

    REGISTER = "register"
    """We sign in with the provider, who then calls us there."""
    ADDRESS = "address"
    """Each knows the other by its address."""


@dataclass(frozen=True, slots=True)
class Line:
    """An external line."""

    name: str
    mode: LineMode
    host: str
    port: int = 5060
    transport: str = "udp"
    """udp or tcp."""
    number: str = ""
    """Its own number, shown to whom we call through it, and dialled by whoever calls in on it."""
    username: str = ""
    password: str = field(default="", repr=False)
    """In clear here: it has to be proved to the provider. The store keeps it encrypted."""
    behind_nat: bool = False
    expires: int = 300
    """Seconds that we ask a registration to last."""
    prefix: str = ""
    """Put before each number that is sent: a gateway takes one of its modems by it."""
    called: str = ""
    """What its far end dials when it calls us: tells the lines behind one address apart."""
    check_every: float = 30.0
    """Seconds between questions whether its far end is there; 0: it is never asked."""
    inband_keys: bool = False
    """Whether its keys come as tones in the voice, whatever it says that it can send."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One phone that is signed in to an account."""

    account: str
    contact: str
    """Where it can be reached, as it said itself."""
    source: str
    """transport:host:port its request really came from."""
    expires: datetime
    """Aware, in UTC."""
    agent: str = ""
    """What it calls itself."""
    call_id: str = ""
    cseq: int = 0


class Directory(Protocol):
    """Answers from memory: it is asked in the midst of a call."""

    @property
    def realm(self) -> str:
        """The name in which passwords were hashed."""

    def account(self, name: str) -> Account | None:
        """The account of that name."""

    def line(self, name: str) -> Line | None:
        """The line of that name."""

    def lines(self) -> Sequence[Line]:
        """All lines that are switched on."""


class Registrations(Protocol):
    """Keeps registrations, so that a restarted exchange still knows where its phones are."""

    async def load(self) -> Sequence[Registration]:
        """All that have not expired."""

    async def save(self, registration: Registration) -> None:
        """Add, or replace the one of the same account and contact. Durable when this returns."""

    async def remove(self, account: str, contact: str) -> None:
        """Forget one; nothing if it is not there. Durable when this returns."""
