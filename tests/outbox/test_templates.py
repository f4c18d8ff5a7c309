from pathlib import Path

import pytest

from cordboard.outbox.ports import MailTemplate, TemplateError
from cordboard.outbox.templates import TemplateFolder


@pytest.fixture
def folder(tmp_path: Path) -> TemplateFolder:
    (tmp_path / "templates").mkdir()
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    for name, text in (
        ("offer.txt", "Subject: Offer for {name}\n\nDear {name},\nthe price is {debt}."),
        ("offer.uk.txt", "\ufeffТема: Пропозиція\r\n\r\nВітаємо!"),
        ("plain.txt", "No subject: here\nsecond line"),
    ):
        (tmp_path / "templates" / name).write_bytes(text.encode())
    return TemplateFolder(tmp_path / "templates")


def test_the_first_line_may_be_the_subject_and_the_language_chooses_the_file(folder: TemplateFolder) -> None:
    assert folder.find("offer") == MailTemplate("Offer for {name}", "Dear {name},\nthe price is {debt}.")
    assert folder.find("offer.txt", "ru").subject == "Offer for {name}"
    assert folder.find("offer", "uk") == MailTemplate("Пропозиція", "Вітаємо!")
    assert folder.find("plain") == MailTemplate("", "No subject: here\nsecond line")


@pytest.mark.parametrize("name", ["", "../secret", "/etc/passwd", "a/../../secret"])
def test_a_name_leads_nowhere_else(folder: TemplateFolder, name: str) -> None:
    with pytest.raises(TemplateError, match=r"is no name of a template|there is no template"):
        folder.find(name)


def test_what_is_not_there_or_cannot_be_read_is_told(folder: TemplateFolder, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"there is no template 'later': put later.txt into"):
        folder.find("later")
    (tmp_path / "templates" / "bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match=r"save bad.txt as text in UTF-8"):
        folder.find("bad")
