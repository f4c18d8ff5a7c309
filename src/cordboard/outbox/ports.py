"""The outbox: what is to be delivered, who keeps it, and who hands it over. The docstrings are the contract.

`store.outbox` implements `Outbox` over SQL; `tests/contract/test_outbox_store.py` holds it to the docstrings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from cordboard.outbox.addresses import BadAddressError, email_address, sms_recipient, web_address

__all__ = [
    "EMAIL",
    "SMS",
    "WEBHOOK",
    "Attachments",
    "BadAddressError",
    "Delivery",
    "DeliveryError",
    "Gateway",
    "MailServer",
    "MailTemplate",
    "Outbox",
    "OutboxSettings",
    "PermanentError",
    "PostponedError",
    "Receipt",
    "Remembering",
    "Security",
    "State",
    "TemplateError",
    "Templates",
    "TemporaryError",
    "UncertainError",
    "Verdict",
    "WebhookRules",
    "email_address",
    "sms_recipient",
    "web_address",
]

EMAIL = "email"
"""The kind of an effect that is a mail: its payload has `to` (addresses with commas between), `subject`, `text`, and
`attachments`, names of recordings."""
WEBHOOK = "webhook"
"""The kind of an effect that is a call of a program by HTTP: `to` (its address), `body` (a text in JSON), `signed`."""
SMS = "sms"
"""The kind of an effect that is a short message: `to` (phones, commas between), `text`; perhaps `country` (ISO 3166:
how national writings are read), `sender`, `line` (its name: no other is taken), `urgent` (also in quiet hours),
`scenario` (for limits)."""


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    """To be handed over when it is due."""
    SENDING = "sending"
    """Written before it is handed over. Found so by a node that begins anew, nobody knows whether it arrived."""
    DELIVERED = "delivered"
    """The next one (mail server, program) has taken it."""
    UNCERTAIN = "uncertain"
    """It was handed over, and no answer was heard. Due again if its kind is one that is sent again, else for people."""
    FAILED = "failed"
    """Refused for good, or its deadline is over."""
    DROPPED = "dropped"
    """By hand, or because it repeats another order."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One effect on its way to one recipient. Times are aware, in UTC."""

    id: int
    """Its number, in the order in which the effects were committed."""
    kind: str
    key: str
    """That of its effect: the same in each attempt, and for all recipients."""
    recipient: str
    payload: Mapping[str, Any]
    ordered: datetime
    deadline: datetime
    """It is not tried any more, and holds nobody back."""
    state: State = State.WAITING
    due: datetime | None = None
    """When it is tried next. None: nothing will happen by itself any more."""
    tries: int = 0
    doubts: int = 0
    """How often nobody knew whether it had arrived."""
    error: str = ""
    """What went wrong the last time, for people."""
    receipt: str = ""
    """What the one who took it said."""
    settled: datetime | None = None
    run_id: str = ""
    chain: str = ""
    node: str = ""
    epoch: int = 0
    """Raised by each claim. A verdict with an older one is refused."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an attempt."""

    state: State
    error: str = ""
    due: datetime | None = None
    """Of WAITING and UNCERTAIN: when it is tried again. UNCERTAIN without it is left to people."""
    receipt: str = ""
    postponed: bool = False
    """Of WAITING: it was not tried at all. Its `tries` are what they were, and until `due` it holds nobody back."""


class Outbox(Protocol):
    """Keeps deliveries. Every method that writes is durable when it returns, as one transaction."""

    async def take_in(self, now: datetime, limit: int = 100) -> int:
        """Make deliveries of the oldest effects of the outbox's kinds that were not taken yet; how many effects.

        One delivery a recipient, due at once. Of the payload count: `ordered` (ISO; else `now`), `patience` (seconds
        until the deadline; else two days), `same` with `window` (seconds): an order that says the same as
        another of its kind which was ordered within the window before, and was not dropped, is kept DROPPED. An effect
        that cannot be read is kept FAILED. Effects and deliveries change together: none is lost or taken twice.
        """

    async def claim(self, kind: str, now: datetime, node: str, lease_until: datetime, limit: int) -> Sequence[Delivery]:
        """Take up to `limit` deliveries of `kind` that may be handed over now, in order; they are SENDING.

        Such are those that are due, and those SENDING whose lease is over (their `doubts` are raised by one). One whose
        recipient has an older one of the kind with a `due` and a deadline not over is held back, unless that one is
        postponed beyond `now`. `tries` and `epoch` are raised by one. Two nodes never get one delivery with the same
        epoch.
        """

    async def settle(self, id_: int, epoch: int, verdict: Verdict, at: datetime) -> bool:
        """Write down what came of an attempt. False, and nothing is written, if another has claimed it since.

        UNCERTAIN raises its `doubts`.
        """

    async def expire(self, now: datetime) -> int:
        """End those whose deadline is over and that nobody hands over just now: FAILED; UNCERTAIN if in doubt."""

    async def release(self, node: str) -> int:
        """Give up the leases of `node`, which begins anew under its old name. Returns how many."""

    async def next_due(self) -> datetime | None:
        """The earliest moment at which `claim` or `expire` may have something to do; None: there is nothing.

        A delivery that is held back counts as due.
        """

    async def find(
        self, *, states: Sequence[State] = (), kind: str = "", recipient: str = "", before: int = 0, limit: int = 100
    ) -> Sequence[Delivery]:
        """Deliveries, youngest first; empty arguments do not narrow. `before` is the last number of the page before."""

    async def get(self, id_: int) -> Delivery | None:
        """One delivery."""

    async def again(self, id_: int, now: datetime) -> bool:
        """Let it be tried at once, with as much time as it had at first and its doubts forgotten: somebody has decided.

        False if it is SENDING, DELIVERED or unknown.
        """

    async def drop(self, id_: int, now: datetime) -> bool:
        """Let it be. False if it is SENDING, DELIVERED, DROPPED or unknown."""

    async def counts(self) -> Mapping[tuple[str, State], int]:
        """How many there are of each kind and state."""

    async def forget(self, before: datetime) -> int:
        """Delete what was settled before. Returns how many."""


# --- gateways ------------------------------------------------------------------------------------------------------


class DeliveryError(Exception):
    """A delivery was not confirmed. The text says why, for the administrator; it holds no password."""


class TemporaryError(DeliveryError):
    """It was certainly not taken, and may be later. `retry_after`: not before so many seconds (0: as usual)."""

    def __init__(self, error: str, retry_after: float = 0.0) -> None:
        super().__init__(error)
        self.retry_after = retry_after


class PermanentError(DeliveryError):
    """It was refused and always will be."""


class PostponedError(DeliveryError):
    """It may not be handed over now, but from `until` on (aware). It does not count as a try; the deadline still holds.

    What was ordered later to the same recipient need not wait for it.
    """

    def __init__(self, error: str, until: datetime) -> None:
        super().__init__(error)
        self.until = until


class UncertainError(DeliveryError):
    """It was handed over, and no answer came. `references`: the far end's names for what of it was surely taken."""

    def __init__(self, error: str = "", references: Sequence[str] = ()) -> None:
        super().__init__(error)
        self.references = tuple(references)


@dataclass(frozen=True, slots=True)
class Receipt:
    """It was taken: in whose words."""

    text: str = ""


class Gateway(Protocol):
    """Hands deliveries of one kind over. `tests/outbox/test_gateways.py` holds each to this."""

    @property
    def places(self) -> int:
        """How many it hands over at a time."""

    @property
    def repeats(self) -> bool:
        """Whether one that may have arrived is handed over again (it bears the same mark, so the far end can tell)."""

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Hand it over once. Returns when it was taken.

        Raises TemporaryError, PermanentError, PostponedError or UncertainError, and no other. It bounds its own time.
        """


@runtime_checkable
class Remembering(Protocol):
    """A gateway that keeps a book of its own, of use where a kind is not handed over again."""

    async def remembered(self, delivery: Delivery) -> Receipt | None:
        """What is known of one that was found SENDING, or is in doubt: its receipt if it was taken after all.

        None: it certainly never left, and may be handed over. Raises UncertainError if nobody knows.
        """


class Attachments(Protocol):
    """Finds recordings. The office's folder of recordings is one."""

    def path(self, name: str) -> Path:
        """Where it lies, or would lie. Raises ValueError for a name that leads out of the folder."""


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """What a template says; `{name}` stands where a value is put in, `{{` for a brace."""

    subject: str
    text: str


class TemplateError(Exception):
    """It cannot be used; the text is a sentence that says what to do."""


class Templates(Protocol):
    """Finds templates of mails. The office's folder of templates is one."""

    def find(self, name: str, language: str = "") -> MailTemplate:
        """A template by its name; in that language, if there is one. Raises TemplateError."""


# --- settings ------------------------------------------------------------------------------------------------------


class Security(StrEnum):
    """How the way to a mail server is kept secret."""

    STARTTLS = "starttls"
    """It begins plainly, then changes to TLS; a server that does not is not used."""
    TLS = "tls"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class MailServer:
    """The office's mail server."""

    host: str
    port: int
    sender: str
    """The address from which mails come."""
    security: Security = Security.STARTTLS
    username: str = ""
    """Empty: it asks for none."""
    password: str = field(default="", repr=False)
    authority: str = ""
    """A file with the certificates that are trusted beside those of the system (PEM); empty: none."""


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """Whom webhooks may call, and how they are signed."""

    local: Sequence[str] = ()
    """Addresses and networks (10.0.0.5, 192.168.7.0/24) that may be called though they are not on the internet."""
    secret: str = field(default="", repr=False)
    """With it bodies are signed; empty: none can be."""


class OutboxSettings(Protocol):
    """Keeps the settings of gateways, their secrets encrypted. Read at each delivery: a change counts at once."""

    async def mail(self) -> MailServer | None:
        """The mail server; None if none is set."""

    async def set_mail(self, server: MailServer | None) -> None:
        """Set it, or take it away."""

    async def webhooks(self) -> WebhookRules:
        """The rules of webhooks."""

    async def set_webhooks(self, rules: WebhookRules) -> None:
        """Set them."""
