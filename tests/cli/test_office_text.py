import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.office_text import app, read_office_text, write_office
from cordboard.config import Settings
from cordboard.office.configuration_parts import parts
from cordboard.office.kinds import KINDS
from cordboard.office.lines.rules import LineRules
from cordboard.office.model import (
    InternalNumber,
    OfficeData,
    OfficeItem,
    OfficeLine,
    OfficeSettings,
    Route,
    User,
    UserPhone,
)
from cordboard.store.database import Store, open_store
from cordboard.store.secrets import SecretBox
from cordboard.telephony import Line
from cordboard.telephony.directory import LineMode

pytestmark = pytest.mark.slow

OFFICE = OfficeData(
    OfficeSettings(name="Офис", language="ru"),
    users=(
        User("anna", "Анна", "101", "0671234567", pin_hash="$argon2id$x", allowed_prefixes=("+380", "112")),
        User("boris", "null", "102", enabled=False),
    ),
    phones=(UserPhone("101", "anna", "abc123"),),
    lines=(OfficeLine(Line("city", LineMode.REGISTER, "sip.example.com", username="u", password="S3cret"), "night"),),
    internal_numbers=(InternalNumber("*1", "status"), InternalNumber("700", "menu", "Меню")),
    routes=(Route("world", "+", ("city",), priority=3),),
    documents=(LineRules(name="city", allowed=("+380",), prices={"+380": "0.50"}),),
)
TEXT = """
settings:
  name: Офис
  country: UA
  time_zone: Europe/Kyiv
  language: ru
  main_scenario: main
  realm: cordboard

users:
  anna:
    name: Анна
    number: 101
    mobile: "0671234567"
    pin_hash: "$argon2id$x"
    allowed_prefixes:
      - "+380"
      - 112
  boris:
    name: "null"
    number: 102
    enabled: false

phones:
  101:
    login: anna
    secret: abc123

lines:
  city:
    mode: register
    host: sip.example.com
    username: u
    scenario: night

internal_numbers:
  "*1":
    scenario: status
  700:
    scenario: menu
    title: Меню

routes:
  world:
    prefix: "+"
    lines:
      - city
    priority: 3

line_rules:
  city:
    allowed:
      - "+380"
    prices:
      "+380": "0.50"
"""


def run(data: Path, *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], input=answer)


T = TypeVar("T")


def with_store(data: Path, work: Callable[[Store], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with await open_store(Settings(data=data).database, folder=data) as store:
            return await work(store)

    return asyncio.run(opened())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "exchange"
    folder.mkdir()
    items: tuple[OfficeItem, ...] = (
        *OFFICE.users,
        *OFFICE.phones,
        *OFFICE.lines,
        *OFFICE.internal_numbers,
        *OFFICE.routes,
        *OFFICE.documents,
    )
    with_store(folder, lambda store: store.office.save(OFFICE.settings, *items))
    return folder


def loaded(data: Path) -> OfficeData:
    return with_store(data, lambda store: store.office.load())


def test_the_text_has_one_property_a_line_in_a_stable_order(tmp_path: Path) -> None:
    assert "\n".join(write_office(OFFICE, parts()).split("\n")[1:]) == TEXT
    everything = read_office_text(TEXT, SecretBox(tmp_path / "key"))
    assert everything["users"]["anna"]["mobile"] == "0671234567"
    assert everything["phones"] == {"101": {"login": "anna", "secret": "abc123"}}
    assert list(parts())[6:] == list(KINDS)


def test_an_office_comes_back_from_its_text(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "office.yaml"
    assert run(data, "export", str(file)).exit_code == 0
    assert "S3cret" not in file.read_text()
    assert run(data, "diff", str(file)).output == "Nothing would change\n"
    empty = tmp_path / "empty"
    empty.mkdir()
    with_store(empty, lambda store: store.office.version())
    assert run(empty, "import", str(file), "--yes").exit_code == 0
    office = loaded(empty)
    assert (office.users, office.phones, office.routes) == (OFFICE.users, OFFICE.phones, OFFICE.routes)
    assert office.documents == OFFICE.documents
    assert office.lines[0].line.password == ""


def test_passwords_of_lines_are_exported_only_if_asked_for_and_encrypted(data: Path, tmp_path: Path) -> None:
    text = run(data, "export", "--secrets").output
    assert "S3cret" not in text
    assert "    password: " in text
    file = tmp_path / "office.yaml"
    file.write_text(text.replace("sip.example.com", "sip.example.org"))
    assert "host: sip.example.com → sip.example.org" in run(data, "import", str(file), "--yes").output
    assert (loaded(data)).lines[0].line.password == "S3cret"


def test_what_changes_is_shown_and_made_as_a_whole(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "office.yaml"
    swapped = (
        TEXT.replace("number: 101", "number: 9")
        .replace("number: 102", "number: 101")
        .replace("number: 9", "number: 102")
    )
    file.write_text(swapped.replace("  700:\n    scenario: menu\n    title: Меню\n", "  701:\n    scenario: menu\n"))
    shown = run(data, "diff", str(file))
    assert shown.exit_code == 1
    assert shown.output.split("\n")[:-1] == [
        "~ users anna",
        "    number: 101 → 102",
        "~ users boris",
        "    number: 102 → 101",
        "- internal_numbers 700",
        "+ internal_numbers 701",
        "    number: 701",
        "    scenario: menu",
    ]
    assert run(data, "import", str(file), answer="n\n").exit_code == 1
    assert (loaded(data)).users == OFFICE.users
    assert "4 changes are made" in run(data, "import", str(file), answer="y\n").output
    office = loaded(data)
    assert [(user.login, user.number) for user in office.users] == [("anna", "102"), ("boris", "101")]
    assert [each.number for each in office.internal_numbers] == ["*1", "701"]
    assert office.lines[0].line.password == "S3cret"
    noted = with_store(data, lambda store: store.audit.find())
    assert sorted((each.action, each.kind, each.name) for each in noted) == [
        ("added", "internal_numbers", "701"),
        ("changed", "users", "anna"),
        ("changed", "users", "boris"),
        ("removed", "internal_numbers", "700"),
    ]
    assert noted[0].actor.startswith("office import (")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number: 102", "number: 101", "the number 101 is taken by"),
        ("number: 102", "nummer: 102", "users boris: number: Field required"),
        ("mode: register", "mode: loud", "lines city: mode: Input should be 'register' or 'address'"),
        ("routes:", "rotes:", "rotes: there is no such kind; known are settings, users,"),
        ("  boris:", "  anna:", "line 19: anna stands here twice"),
        ("login: anna", "login: nobody", "refers to what is not there"),
        ("users:\n", "users:\n\t", "this is no YAML: a tab stands here"),
    ],
)
def test_a_text_that_is_wrong_changes_nothing(data: Path, tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "office.yaml"
    file.write_text(TEXT.replace(old, new))
    refused = run(data, "import", str(file), "--yes")
    assert refused.exit_code == 1
    assert words in refused.output
    assert (loaded(data)).users == OFFICE.users


def test_a_kind_that_is_not_there_stays_and_an_empty_one_goes(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "office.yaml"
    file.write_text("routes:\nphones:\n  101:\n    login: anna\n    password: rose-4\n")
    assert run(data, "import", str(file), "--yes").exit_code == 0
    office = loaded(data)
    assert (office.routes, office.users) == ((), OFFICE.users)
    assert (office.phones[0].secret != "abc123", len(office.phones[0].secret)) == (True, 32)
