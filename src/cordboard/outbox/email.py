"""Hands mails over to the office's mail server."""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from cordboard.outbox.mail_text import Attachment, compose, one_line
from cordboard.outbox.orders import read_order
from cordboard.outbox.ports import (
    EMAIL,
    Attachments,
    Delivery,
    DeliveryError,
    MailServer,
    OutboxSettings,
    PermanentError,
    Receipt,
    Security,
    TemporaryError,
    UncertainError,
)

PATIENCE = 30.0
"""Seconds for the connection and for each answer but the last."""
LONGEST_TRANSFER = 400.0
"""Seconds from the first byte of the mail to the answer that it was taken."""
LARGEST = 40_000_000
"""Bytes of attachments in one mail. Hardly any server takes half of it."""
_OFFICE_CODES = frozenset({530, 534, 535, 538})
"""The server wants another sign-in or encryption (RFC 4954 §6): the settings are wrong, not this mail."""


class EmailGateway:
    """Implements `outbox.ports.Gateway` for EMAIL: a connection a mail.

    A refusal of the mail itself (5xx) is permanent, any other temporary; so is what the administrator can mend (wrong
    password, certificate, no server set): the mails wait for him. A connection that is lost while the mail is on its
    way leaves doubt; it is then sent again with the same Message-ID, rather twice than not at all.
    """

    places = 2
    repeats = True

    def __init__(
        self, settings: OutboxSettings, attachments: Attachments, language: Callable[[], str] = lambda: "en"
    ) -> None:
        """`language` is that of the office, for the words about an attachment that is gone."""
        self._settings = settings
        self._attachments = attachments
        self._language = language

    async def deliver(self, delivery: Delivery) -> Receipt:
        """See Gateway."""
        try:
            server = await self._settings.mail()
        except Exception as fault:  # whatever keeps the settings away, nothing has left yet
            raise TemporaryError(f"the settings of the mail server cannot be read: {fault}") from fault
        if server is None:
            raise TemporaryError("no mail server is set: tell it with `cordboard mail set`")
        try:
            recipients = read_order(EMAIL, delivery.payload, delivery.ordered).recipients
            files = await asyncio.to_thread(self._read, delivery)
            mail = compose(delivery, server.sender, recipients, files, self._language())
        except ValueError as fault:
            raise PermanentError(f"the mail cannot be made: {fault}") from fault
        return await send(server, delivery.recipient, mail)

    def _read(self, delivery: Delivery) -> Sequence[Attachment]:
        """The recordings. One that is not there (any more) is told in the mail: better a mail without it than none."""
        files = []
        size = 0
        names = delivery.payload.get("attachments") or []
        for name in [str(each) for each in names if each]:
            path = self._attachments.path(name)
            content = _content(path)
            size += len(content or b"")
            if size > LARGEST:
                raise ValueError(f"its attachments have more than {LARGEST // 1_000_000} MB")
            files.append(Attachment(PurePosixPath(name).name, content))
        return files


async def send(server: MailServer, recipient: str, mail: bytes) -> Receipt:
    """Hand one mail over to one recipient. Raises the errors of a gateway."""
    smtp = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=None if server.security is Security.PLAIN else await asyncio.to_thread(_tls, server.authority),
        username=server.username or None,
        password=server.password or None,
        timeout=PATIENCE,
    )
    on_its_way = False
    try:
        await smtp.connect()
        await smtp.mail(server.sender)
        await smtp.rcpt(recipient)
        on_its_way = True
        answer = await smtp.data(mail, timeout=LONGEST_TRANSFER)
    except (SMTPException, OSError, ValueError) as fault:
        raise _told(server, fault, on_its_way=on_its_way) from fault
    else:
        return Receipt(one_line(f"{answer.code} {answer.message}"))
    finally:
        smtp.close()


def _told(server: MailServer, fault: Exception, *, on_its_way: bool) -> DeliveryError:
    """The verdict on a failed attempt."""
    where = f"{server.host}:{server.port}"
    if isinstance(fault, SMTPResponseException):
        words = one_line(f"{where} answered {fault.code} {fault.message}")
        about_the_mail = isinstance(fault, (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError))
        if about_the_mail and 500 <= fault.code < 600 and fault.code not in _OFFICE_CODES:
            return PermanentError(words)
        if isinstance(fault, SMTPAuthenticationError):
            words = f"{words}: check user and password of the mail server (`cordboard mail set`)"
        return TemporaryError(words)
    if on_its_way:
        return UncertainError(one_line(f"{where} was lost while it took the mail: {fault}"))
    return TemporaryError(one_line(f"{where} cannot be used: {fault}"))


def _tls(authority: str) -> ssl.SSLContext:
    """The system's trust, and that of the office's own authority."""
    context = ssl.create_default_context()
    if authority:
        try:
            context.load_verify_locations(cafile=authority)
        except (OSError, ssl.SSLError) as fault:
            raise TemporaryError(f"the certificates in {authority} cannot be read: {fault}") from fault
    return context


def _content(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (FileNotFoundError, IsADirectoryError):
        return None
