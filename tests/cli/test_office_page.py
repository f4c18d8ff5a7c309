"""docs/office.md tells the truth: its text can be imported, its codes are those of the exchange."""

import re
from pathlib import Path

import pytest

from cordboard.cli.office_text import read_office_text
from cordboard.office.checks import faults
from cordboard.office.configuration_parts import parts
from cordboard.office.kinds import KINDS
from cordboard.office.model import OfficeData, OfficeItem, OfficeSettings, User
from cordboard.office.pickup import PickupCodes
from cordboard.office.supervision import MonitorCodes
from cordboard.office.talk_keys import TalkCodes
from cordboard.office.voicemail_listening import OWN
from cordboard.store.secrets import SecretBox

PAGE = Path(__file__).parents[2] / "docs" / "office.md"
TEXT = PAGE.read_text(encoding="utf-8")
PEOPLE = tuple(
    User(login, login.title(), number, pin_hash="$argon2id$x")
    for login, number in (("olena", "101"), ("ivan", "102"), ("mary", "103"))
)


def imported(tmp_path: Path) -> list[OfficeItem]:
    text = "".join(re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
    known = parts()
    return [
        known[kind].whole({}, {**values, known[kind].key: key}, OfficeSettings())
        for kind, things in read_office_text(text, SecretBox(tmp_path / "secret.key")).items()
        for key, values in things.items()
    ]


def test_its_text_is_an_office_without_a_fault(tmp_path: Path) -> None:
    documents = imported(tmp_path)
    assert len(documents) >= 19
    office = OfficeData(users=PEOPLE, documents=tuple(documents))  # type: ignore[arg-type]  # documents alone stand there
    assert faults(office) == []


def test_it_shows_every_kind_of_thing(tmp_path: Path) -> None:
    shown = {document.kind for document in imported(tmp_path)}  # type: ignore[union-attr]  # the same
    assert KINDS.keys() - shown == {"emergency_numbers"}


@pytest.mark.parametrize(
    "code",
    [
        TalkCodes().blind,
        TalkCodes().attended,
        PickupCodes().group,
        f"{PickupCodes().directed}102",
        f"{MonitorCodes().listen}102",
        f"{MonitorCodes().whisper}102",
        f"{MonitorCodes().barge}102",
        OWN,
    ],
)
def test_its_codes_are_those_of_the_exchange(code: str) -> None:
    assert f"`{code}`" in TEXT


def test_its_links_lead_somewhere() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", TEXT)]
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
