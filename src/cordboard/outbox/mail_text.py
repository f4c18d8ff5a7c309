"""Makes a mail of a delivery: the same one, byte for byte, in every attempt. Pure."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from types import MappingProxyType

from cordboard.outbox.ports import Delivery

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
"""Whatever ends a line somewhere; none may be in a header."""
_LONGEST_SUBJECT = 500
_MISSING: Mapping[str, str] = MappingProxyType(
    {
        "en": "[Attachment {name} is not there any more.]",
        "ru": "[Вложения {name} больше нет.]",
        "uk": "[Вкладення {name} більше немає.]",
    }
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to go along. Without content it was not found, and the mail says so."""

    name: str
    content: bytes | None


def message_id(delivery: Delivery, sender: str) -> str:
    """The mark by which mail programs know a mail again: the same for all attempts and recipients of one order."""
    digest = hashlib.blake2b(f"{delivery.kind}\n{delivery.key}".encode(), digest_size=16).hexdigest()
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def compose(
    delivery: Delivery, sender: str, recipients: Sequence[str], files: Sequence[Attachment], language: str
) -> bytes:
    """The mail as it goes over the wire. `recipients` are all of the order, though it goes to one of them now."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = one_line(str(delivery.payload.get("subject", "")))[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(delivery.ordered)
    message["Message-ID"] = message_id(delivery, sender)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: absence notices must not answer it
    missing = [_MISSING.get(language, _MISSING["en"]).format(name=each.name) for each in files if each.content is None]
    text = str(delivery.payload.get("text", "")).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    message.set_content("\n\n".join([text.encode("utf-8", "replace").decode(), *missing]) + "\n", cte="base64")
    for each in files:
        if each.content is not None:
            main, _, sub = (mimetypes.guess_type(each.name)[0] or "application/octet-stream").partition("/")
            message.add_attachment(each.content, maintype=main, subtype=sub, filename=one_line(each.name))
    if message.is_multipart():
        # Python would invent another one each time.
        message.set_boundary(f"cordboard-{message_id(delivery, sender)[1:25]}")
    return bytes(message)


def one_line(text: str) -> str:
    """`text` without anything that could end a header and begin another."""
    return _CONTROLS.sub(" ", text).encode("utf-8", "replace").decode().strip()
