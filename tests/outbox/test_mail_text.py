from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from cordboard.outbox.addresses import BadAddressError, email_address, web_address
from cordboard.outbox.mail_text import Attachment, compose
from cordboard.testing.outbox import TEN, delivery

SENDER = "pbx@office.test"


def mail(payload: dict[str, object], *files: Attachment, language: str = "en") -> tuple[EmailMessage, bytes]:
    raw = compose(delivery("email", "boss@office.test", payload), SENDER, ["boss@office.test"], files, language)
    return message_from_bytes(raw, _class=EmailMessage, policy=default), raw


def plain(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_says_in_any_letters_what_was_ordered() -> None:
    message, raw = mail({"subject": "Сообщение от Ганны Їжак", "text": "Перезвоните ☎\n.\nконец"})
    assert message["Subject"] == "Сообщение от Ганны Їжак"
    assert plain(message) == "Перезвоните ☎\n.\nконец\n"
    assert (message["From"], message["To"]) == (SENDER, "boss@office.test")
    assert message["Date"] == "Mon, 23 Nov 2026 10:00:00 +0000"
    assert raw.isascii()


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b", "\0"])
def test_nothing_in_a_subject_or_a_name_begins_another_header(end: str) -> None:
    message, raw = mail(
        {"subject": f"Missed{end}Bcc: thief@evil.test", "text": "."}, Attachment(f"a{end}X-Evil: 1.wav", b"RIFF")
    )
    assert message["Subject"] == "Missed Bcc: thief@evil.test"
    assert "Bcc" not in message
    assert b"\nX-Evil" not in raw
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )


def test_each_attempt_is_the_same_mail_and_each_order_another() -> None:
    payload = {"subject": "Message", "text": "See there"}
    first = delivery("email", "boss@office.test", payload)
    files = [Attachment("1.wav", b"RIFF")]
    one = compose(first, SENDER, ["boss@office.test"], files, "en")
    later = replace(first, tries=7, epoch=9, doubts=2, due=TEN + timedelta(hours=3))
    assert compose(later, SENDER, ["boss@office.test"], files, "en") == one
    other = compose(replace(first, key="k2"), SENDER, ["boss@office.test"], files, "en")
    assert message_from_bytes(one)["Message-ID"] != message_from_bytes(other)["Message-ID"]
    assert message_from_bytes(one)["Message-ID"].endswith("@office.test>")


def test_a_recording_goes_along() -> None:
    message, _ = mail({"text": "See there"}, Attachment("14-05-message.wav", b"RIFF\x00\xff"))
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("14-05-message.wav", b"RIFF\x00\xff")
    assert file.get_content_type() in ("audio/x-wav", "audio/wav", "audio/vnd.wave")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "[Attachment 1.wav is not there any more.]"),
        ("ru", "[Вложения 1.wav больше нет.]"),
        ("uk", "[Вкладення 1.wav більше немає.]"),
        ("de", "[Attachment 1.wav is not there any more.]"),
    ],
)
def test_a_mail_tells_what_is_missing(language: str, words: str) -> None:
    message, _ = mail({"text": "See there"}, Attachment("1.wav", None), language=language)
    assert plain(message) == f"See there\n\n{words}\n"
    assert list(message.iter_attachments()) == []


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("boss@office.test", "boss@office.test"),
        (" o'neil+pbx@Sub.Office.TEST ", "o'neil+pbx@sub.office.test"),
        ("boss@пошта.укр", "boss@xn--80a1acn3a.xn--j1amh"),
        ("a@localhost", "a@localhost"),
    ],
)
def test_an_address_is_read(written: str, address: str) -> None:
    assert email_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "", "boss", "boss@", "@office.test", "boss@@office.test", "boss@office..test", "bo ss@office.test",
        "boss@office.test\r\nBcc: x@y.z", "boss@office.test\n", "boss\n@office.test", "Boss <boss@office.test>",
        "a@b.c>", "a,b@office.test", ".a@office.test", "a..b@office.test", "boss@-office.test", "шеф@office.test",
        "a@" + "b" * 64 + ".test", "a@" + "b." * 130 + "test",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(BadAddressError):
        email_address(written)


@pytest.mark.parametrize("url", ["https://crm.test/hook?a=1", "http://10.0.0.5:8080/", "http://[::1]:80/x"])
def test_a_web_address_is_read(url: str) -> None:
    assert web_address(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "crm.test", "ftp://crm.test/", "https://", "https://u:p@crm.test/", "https://crm.test/a b", "http://x:99999/",
     "https://crm.test/\r\nHost: y", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(BadAddressError):
        web_address(url)
