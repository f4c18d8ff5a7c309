"""The border of this room: what `switch` and `phone` may ask of the signalling. These docstrings are the contract.

A `UserAgent` owns transports, transactions and dialogs. A `Session` is one INVITE and the dialog that came of it, in
either direction. Session descriptions pass as bytes; `sip.sdp` reads and writes them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cordboard.sip.refer import Replaces
    from cordboard.sip.referrals import Reference, Referral


@dataclass(frozen=True, slots=True)
class Address:
    """Where a packet came from or goes to."""

    transport: str
    """udp or tcp."""
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.transport}:{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who stands in From, To or a Request-URI. All texts come from outside."""

    user: str
    host: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we prove to somebody who challenges us."""

    username: str
    password: str = field(repr=False)


class EndedBy(StrEnum):
    """Which side ended a session."""

    REMOTE = "remote"
    LOCAL = "local"
    TIMEOUT = "timeout"
    """No answer to a request, no ACK to our 2xx, or a dead transport."""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """Why a session is over. `status` is the final response of an INVITE that failed, else None."""

    by: EndedBy
    status: int | None = None
    phrase: str = ""
    elsewhere: bool = False
    """Cancelled with Reason: SIP;cause=200, that is: another phone answered (RFC 3326)."""
    redirected_to: str = ""
    """The number to which a 3xx wants the call led (RFC 3261 §21.3); empty if it names none."""


class SessionHandler(Protocol):
    """Is told what the far end does. Plain methods must return at once."""

    def progressed(self, status: int, sdp: bytes | None) -> None:
        """Our INVITE got a provisional response above 100."""

    def accepted(self, sdp: bytes | None) -> None:
        """Our INVITE got its 2xx (already acknowledged, unless we made no offer: then see Session.acknowledge)."""

    def acknowledged(self, sdp: bytes | None) -> None:
        """The ACK to our 2xx arrived; it carries the answer if the INVITE came without an offer."""

    async def offered(self, sdp: bytes | None) -> bytes:
        """A re-INVITE or UPDATE brought an offer: return the answer. None: the far end wants our offer.

        Raise NotAcceptableError to refuse it with 488; the session goes on as it was.
        """

    def information(self, content_type: str, body: bytes) -> None:
        """An INFO arrived (DTMF as application/dtmf-relay or application/dtmf)."""

    def ended(self, end: SessionEnd) -> None:
        """The last call: the session is over, whoever ended it."""


class NotAcceptableError(Exception):
    """An offer cannot be met: 488."""


class Session(Protocol):
    """One INVITE and its dialog."""

    @property
    def call_id(self) -> str:
        """The Call-ID."""

    @property
    def dialog_id(self) -> tuple[str, str, str]:
        """Call-ID, our tag, their tag. Raises ValueError as long as no dialog stands."""

    async def bye(self) -> None:
        """End the session, whatever its state: CANCEL, a final refusal or BYE. Returns when it has ended for us."""

    async def reoffer(self, sdp: bytes) -> bytes:
        """Send a re-INVITE with a new offer and return the answer (glare per RFC 3261 §14.1 is handled).

        Raises NotAcceptableError if it is refused; the session then goes on as it was.
        """

    async def inform(self, content_type: str, body: bytes) -> bool:
        """Send INFO; true if it was accepted."""

    async def probe(self, patience: float = 32.0) -> bool:
        """Ask by OPTIONS whether the far end is still there.

        If nothing comes in `patience` seconds, or it knows nothing of the call, the session ends as EndedBy.TIMEOUT.
        """

    async def refer(
        self, target: str, on_news: Callable[[int], None], headers: list[tuple[str, str]]
    ) -> "Reference | None":
        """Ask the far end by REFER to lead its party to `target`, a name-addr; None if it does not want to.

        `on_news` gets each status that it tells of the new call, also when this one is over.
        """


class IncomingSession(Session, Protocol):
    """An INVITE that somebody sent us. 100 Trying is sent, and retransmissions are absorbed, by the room itself."""

    source: Address
    account: str
    """The account that proved itself by digest; empty if the INVITE came from a trusted address (a line)."""
    uri: Identity
    """The Request-URI: what was dialled."""
    caller: Identity
    called: Identity
    headers: Mapping[str, Sequence[str]]
    """All headers, names in lower case."""
    offer: bytes | None
    """The session description, None for a late offer."""

    replaces: "Replaces | None"
    """The dialog in whose place this call wants to be (RFC 3891)."""

    def begin(self, handler: SessionHandler) -> None:
        """Must be called first. A CANCEL that came before is told at once."""

    def progress(self, status: int, sdp: bytes | None = None) -> None:
        """Send 180, 183 and so on; nothing once a final response was sent."""

    def accept(self, sdp: bytes) -> None:
        """Send 200 and go on sending it until the ACK arrives (RFC 3261 §13.3.1.4)."""

    def refuse(self, status: int, phrase: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        """Send a final response of 300 or more."""


class OutgoingSession(Session, Protocol):
    """An INVITE of ours, sent by UserAgent.invite."""

    def acknowledge(self, sdp: bytes) -> None:
        """Acknowledge a 2xx that carried an offer, with our answer."""

    async def cancel(self, *, answered_elsewhere: bool = False) -> None:
        """CANCEL, with Reason SIP;cause=200 if another phone answered; a 2xx that crosses it is ACKed and ended."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A final response."""

    status: int
    phrase: str
    headers: Mapping[str, Sequence[str]]
    body: bytes = b""


InviteHandler = Callable[[IncomingSession], Awaitable[None]]
"""Takes a new, authenticated (or trusted) INVITE. Runs in a task; if it raises, the INVITE is refused with 500."""


ReferHandler = Callable[[Session, "Referral"], None]
"""Takes a REFER inside a session: `Referral.refuse`, or `accept` and what follows. Returns at once."""


class Admission(Protocol):
    """Decides who is heard. Answers from memory."""

    @property
    def realm(self) -> str:
        """For challenges."""

    def trusted(self, source: Address, caller: Identity, uri: Identity) -> bool:
        """Whether a request from this address needs no password (the far end of a line)."""

    def secret(self, username: str) -> tuple[str, str] | None:
        """(algorithm, HA1) of an account: "MD5" or "SHA-256". None: nobody of that name (challenged all the same)."""


class UserAgent(Protocol):
    """Sends and receives requests. Made by `sip.agent.Agent(...)`."""

    async def start(self) -> None:
        """Open the transports. Raises PortTakenError if one cannot be bound."""

    async def close(self) -> None:
        """Close transports and forget everything. Sessions that are still up end with EndedBy.LOCAL, unsignalled."""

    @property
    def addresses(self) -> Sequence[Address]:
        """Where it listens (real port numbers)."""

    def invite(
        self,
        uri: str,
        handler: SessionHandler,
        *,
        caller: Identity,
        called: Identity | None = None,
        offer: bytes | None = None,
        via: Address | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> OutgoingSession:
        """Send an INVITE. `via` overrides where packets go (a registered phone's real source, a line's host).

        A challenge is answered once with `credentials`. Failures arrive as handler.ended, also a dead transport.
        """

    async def request(
        self,
        method: str,
        uri: str,
        *,
        caller: Identity,
        called: Identity | None = None,
        via: Address | None = None,
        credentials: Credentials | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        call_id: str | None = None,
    ) -> Reply:
        """Send a request outside of a dialog (OPTIONS, REGISTER, MESSAGE) and return its final response.

        A time-out or a dead transport returns 408 or 503 as RFC 3261 §8.1.3.1 says. A challenge is answered once.
        """


class PortTakenError(OSError):
    """Somebody else listens there."""

    def __init__(self, address: Address) -> None:
        super().__init__(
            f"{address.transport.upper()} port {address.port} on {address.host} is taken by another program"
        )
        self.address = address
