"""Voicemail: boxes, the messages in them, and what is needed to keep them. `voicemail_desk` takes messages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field, field_validator

from cordboard.office.documents import Document, Login, Number
from cordboard.office.model import OfficeData

LEFT = "voicemail.left"
"""The event that a message was left, by the name of the box: box, caller, caller_name, seconds, file."""
_ADDRESS = re.compile(r"[^@\s,]+@[^@\s,]+")
_STRANGE = re.compile(r"[^A-Za-z0-9-]+")
_SHORTEST_NAME = 8


class Mailbox(Document):
    """Where callers leave messages. It bears the login of the user whose it is, or the name of a group."""

    kind: ClassVar[str] = "mailboxes"

    owners: tuple[Login, ...] = ()
    """Who else hears the messages, and whose lamps show them; of a group, all who do."""
    number: Number | None = None
    """Whoever dials it inside leaves a message."""
    email: str = ""
    """Where messages are mailed: `name@company.com`, several with commas between them. Empty: they are not."""
    attach: bool = True
    """Whether the recording goes with the mail."""
    delete_after_mailing: bool = False
    """Whether a message is deleted once the mail with its recording has been taken by the mail server."""
    greeting: str = ""
    """The prompt that callers hear, unless the owner has recorded one with his phone. Empty: it is spoken."""
    max_seconds: Annotated[int, Field(ge=5, le=3600)] = 180
    """The longest message."""
    retention_days: Annotated[int, Field(ge=0, le=3650)] = 60
    """After so many days a message is deleted, heard or not; 0: never."""

    @field_validator("email")
    @classmethod
    def _addresses(cls, text: str) -> str:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        for part in parts:
            if not _ADDRESS.fullmatch(part):
                raise ValueError(f"{part!r} is no e-mail address: write name@company.com")
        return ", ".join(parts)

    def numbers(self) -> tuple[str, ...]:
        """The number at which messages are left."""
        return (self.number,) if self.number else ()

    def faults(self, office: OfficeData) -> Iterator[str]:
        """Owners that are not there."""
        logins = {user.login for user in office.users}
        for login in self.owners:
            if login not in logins:
                yield f"the mailbox {self.name!r} belongs to {login!r}, and there is no such user"
        if self.name not in logins and not self.owners:
            yield f"nobody hears the mailbox {self.name!r}: give it owners, or the login of a user as its name"
        if self.delete_after_mailing and not (self.email and self.attach):
            yield f"the mailbox {self.name!r} deletes what it mails, and mails no recordings: nothing is deleted"

    @property
    def goes_by_mail(self) -> bool:
        """Whether a message is deleted once its mail was taken."""
        return bool(self.delete_after_mailing and self.email and self.attach)


class VoicemailNumbers(Document):
    """The numbers at which messages are heard. One document, by any name; without it there is *98 alone."""

    kind: ClassVar[str] = "voicemail_numbers"

    own: Number = "*98"
    """Whoever dials it hears his own messages."""
    other: Number | None = "797"
    """For any phone: it asks for the user's number and PIN."""
    ask_pin: bool = False
    """Whether a user is asked for his PIN at his own phone, too. Who has none is not."""

    def numbers(self) -> tuple[str, ...]:
        """Both."""
        return (self.own, self.other) if self.other else (self.own,)


@dataclass(frozen=True, slots=True)
class VoicemailMessage:
    """What a caller has left. Times are aware, in UTC."""

    box: str
    chain: str
    caller: str
    """His number as received; empty if he hides it."""
    caller_name: str
    at: datetime
    """When he began to speak."""
    seconds: float
    file: str
    """The name within the folder of recordings."""
    heard: datetime | None = None
    id: int = 0
    """Given by the repository, in the order of coming."""


class VoicemailRepository(Protocol):
    """Keeps messages. Every method that writes is durable when it returns."""

    async def begin(self, message: VoicemailMessage) -> int:
        """Note that a caller speaks just now, `seconds` is 0.0: nobody sees it until `add`. Returns its id."""

    async def unfinished(self) -> Sequence[VoicemailMessage]:
        """Those that were begun and not added: at a start, what a crash has cut."""

    async def add(
        self,
        message: VoicemailMessage,
        *,
        mail: Mapping[str, Any] | None = None,
        notice: Mapping[str, Any] | None = None,
        passing: bool = False,
    ) -> int:
        """Add it, order its mail and its notice (their payloads) and post LEFT in the same transaction; returns its id.

        Of one file there is one message: added again, its id is returned and nothing is ordered. One that was begun is
        completed. `passing`: `mailed` gives it once all of its mails were taken.
        """

    async def of(self, boxes: Sequence[str]) -> Sequence[VoicemailMessage]:
        """The messages of these boxes: those not heard first, each part in the order of coming. At most 1000."""

    async def get(self, id_: int) -> VoicemailMessage | None:
        """One message."""

    async def counts(self, boxes: Sequence[str]) -> tuple[int, int]:
        """How many in these boxes were not heard, and how many were."""

    async def mark(self, id_: int, heard: datetime | None) -> bool:
        """Note that it was heard, or was not. False if it is gone."""

    async def remove(self, id_: int) -> bool:
        """Forget it. False if it is gone. The file is somebody else's."""

    async def mailed(self, limit: int = 100) -> Sequence[VoicemailMessage]:
        """The passing ones whose mails were all taken."""

    async def before(self, box: str, moment: datetime, limit: int = 100) -> Sequence[VoicemailMessage]:
        """The oldest ones of a box that came before that moment."""

    async def boxes(self) -> Sequence[str]:
        """Every box in which there is a message."""


def owners_of(box: Mailbox) -> Sequence[str]:
    """The logins of those who hear it. Its own name is among them, and may be no user's."""
    return list(dict.fromkeys((box.name, *box.owners)))


def greeting_prompt(box: str) -> str:
    """The name of the prompt that the owner of a box records with his phone, in letters, digits and dashes."""
    name = _STRANGE.sub("-", box).strip("-")
    if name != box:
        name = f"{name}-{sha256(box.encode()).hexdigest()[:_SHORTEST_NAME]}".lstrip("-")
    return f"voicemail/{name}"
