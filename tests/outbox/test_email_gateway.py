"""The gateway of mails against a real SMTP server on loopback."""

import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cordboard.office.recordings import RecordingFolder
from cordboard.outbox.email import LARGEST, EmailGateway
from cordboard.outbox.ports import (
    Delivery,
    MailServer,
    PermanentError,
    Receipt,
    Security,
    TemporaryError,
    UncertainError,
)
from cordboard.testing.mail import PASSWORD, USER, PostOffice, certificate_in
from cordboard.testing.outbox import MemorySettings, delivery

pytestmark = pytest.mark.slow


def to_boss(**payload: Any) -> Delivery:
    return delivery(
        "email", "boss@office.test", {"to": "boss@office.test, anna@office.test", "text": "Hello", **payload}
    )


def server_at(port: int, **more: Any) -> MailServer:
    return MailServer("127.0.0.1", port, "pbx@office.test", **{"security": Security.PLAIN, **more})


async def deliver(server: MailServer | None, folder: Path, order: Delivery | None = None) -> Receipt:
    gateway = EmailGateway(MemorySettings(server), RecordingFolder(folder))
    return await gateway.deliver(order or to_boss())


async def test_a_mail_is_handed_over_to_its_recipient_alone_and_names_all(tmp_path: Path) -> None:
    async with PostOffice() as there:
        receipt = await deliver(server_at(there.port), tmp_path, to_boss(subject="Сообщение"))
    (mail,) = there.mails
    assert receipt == Receipt("250 taken")
    assert (mail.sender, mail.recipient) == ("pbx@office.test", "boss@office.test")
    assert (mail.message["To"], mail.message["Subject"]) == ("boss@office.test, anna@office.test", "Сообщение")


async def test_lines_that_begin_with_a_dot_and_long_ones_arrive(tmp_path: Path) -> None:
    text = ".\n..\n" + "ї" * 3000 + "\n.\n"
    async with PostOffice() as there:
        await deliver(server_at(there.port), tmp_path, to_boss(text=text))
    body = there.mails[0].message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text + "\n"


async def test_a_recording_goes_along_and_a_lost_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "2026-11-23").mkdir()
    content = os.urandom(300_000)
    (tmp_path / "2026-11-23" / "12-00-call.wav").write_bytes(content)
    order = to_boss(attachments=["2026-11-23/12-00-call.wav", "2026-11-23/gone.wav", ""])
    async with PostOffice() as there:
        await deliver(server_at(there.port), tmp_path, order)
    message = there.mails[0].message
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("12-00-call.wav", content)
    body = message.get_body(("plain",))
    assert body is not None
    assert "[Attachment gone.wav is not there any more.]" in body.get_content()


@pytest.mark.parametrize("name", ["../secret.key", "/etc/passwd"])
async def test_nothing_outside_the_recordings_goes_along(name: str, tmp_path: Path) -> None:
    async with PostOffice() as there:
        with pytest.raises(PermanentError, match="lies outside the folder"):
            await deliver(server_at(there.port), tmp_path, to_boss(attachments=[name]))
    assert there.mails == []


async def test_a_mail_that_nobody_would_take_is_not_even_tried(tmp_path: Path) -> None:
    with (tmp_path / "big.wav").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(PermanentError, match="more than 40 MB"):
        await deliver(server_at(9), tmp_path, to_boss(attachments=["big.wav"]))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("451 try later", TemporaryError),
        ("552 too large", PermanentError),
        ("554 spam", PermanentError),
        ("530 sign in first", TemporaryError),
        ("lost", UncertainError),
    ],
)
async def test_what_the_server_answers_to_a_mail_decides(answer: str, error: type[Exception], tmp_path: Path) -> None:
    async with PostOffice(answers=[answer]) as there:
        with pytest.raises(error):
            await deliver(server_at(there.port), tmp_path)


@pytest.mark.parametrize(
    ("answer", "error"), [("450 mailbox busy", TemporaryError), ("550 no such mailbox", PermanentError)]
)
async def test_what_it_answers_to_a_recipient_decides(answer: str, error: type[Exception], tmp_path: Path) -> None:
    async with PostOffice(to_recipients={"boss@office.test": answer}) as there:
        with pytest.raises(error, match=answer):
            await deliver(server_at(there.port), tmp_path)
    assert there.mails == []


async def test_a_server_that_is_away_or_not_set_is_waited_for(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TemporaryError, match="cannot be used"):
            await deliver(server_at(taken.getsockname()[1]), tmp_path)
    with pytest.raises(TemporaryError, match="cordboard mail set"):
        await deliver(None, tmp_path)


@pytest.mark.parametrize("security", list(Security))
async def test_it_signs_in_over_each_kind_of_way(security: Security, tmp_path: Path) -> None:
    authority = str(certificate_in(tmp_path)) if security is not Security.PLAIN else ""
    async with PostOffice(security.value, tmp_path, wants_password=True) as there:
        server = server_at(there.port, security=security, username=USER, password=PASSWORD, authority=authority)
        await deliver(server, tmp_path)
        with pytest.raises(TemporaryError, match="check user and password") as refused:
            await deliver(replace(server, password="Geheimnis"), tmp_path)
        assert "Geheimnis" not in str(refused.value)
        with pytest.raises(TemporaryError):
            await deliver(replace(server, username="", password=""), tmp_path)
    assert len(there.mails) == 1


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
async def test_a_server_that_nobody_vouches_for_gets_neither_mail_nor_password(
    security: Security, tmp_path: Path
) -> None:
    certificate_in(tmp_path)
    async with PostOffice(security.value, tmp_path) as there:
        server = server_at(there.port, security=security, username=USER, password=PASSWORD)
        with pytest.raises(TemporaryError, match="certificate"):
            await deliver(server, tmp_path)
    assert there.mails == []


async def test_a_server_that_offers_no_tls_is_not_spoken_to_plainly(tmp_path: Path) -> None:
    async with PostOffice() as there:
        with pytest.raises(TemporaryError):
            await deliver(server_at(there.port, security=Security.STARTTLS), tmp_path)
    assert there.mails == []


@pytest.mark.parametrize(
    "spoil", [lambda folder: folder / "none.pem", lambda folder: folder], ids=["not there", "a folder"]
)
async def test_an_authority_that_cannot_be_read_is_told(spoil: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match="cannot be read"):
        await deliver(server_at(9, security=Security.TLS, authority=str(spoil(tmp_path))), tmp_path)
