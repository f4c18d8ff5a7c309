import asyncio
import json
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.common import person
from cordboard.cli.main import app
from cordboard.office.audit import AuditEntry
from cordboard.office.demo import seed_demo
from cordboard.office.model import OfficeData
from cordboard.office.passwords import phone_secret
from cordboard.office.repositories import LoggedLeg
from cordboard.scenario.ports import RunTrace
from cordboard.scenario.results import Outcome
from cordboard.store.database import open_store
from cordboard.telephony import ConnectionRecord, Direction, EndReason, LegRecord, LegState, Party
from cordboard.telephony.directory import LineMode

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo office to copy: hashing its PINs takes a while."""
    folder = tmp_path_factory.mktemp("seeded")

    async def seed() -> None:
        async with await open_store(folder / "cordboard.sqlite") as store:
            await seed_demo(store.office)

    asyncio.run(seed())
    return folder


@pytest.fixture
def cordboard(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a fresh demo office."""
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    shutil.copytree(seeded, tmp_path, dirs_exist_ok=True)
    return lambda *words: CliRunner().invoke(app, words)


def office(folder: Path) -> OfficeData:
    async def load() -> OfficeData:
        async with await open_store(folder / "cordboard.sqlite") as store:
            return await store.office.load()

    return asyncio.run(load())


def test_a_user_is_added_with_a_password_that_only_its_hash_remembers(cordboard: Command, tmp_path: Path) -> None:
    answer = cordboard("user", "add", "106", "Olha Ivanenko", "--mobile", "0931112233", "--allow", "+380")
    assert answer.exit_code == 0, answer.output
    found = re.search(r"signs in as 106 with the password (\S+)", answer.output)
    assert found
    now = office(tmp_path)
    [phone] = [phone for phone in now.phones if phone.account == "106"]
    assert phone.secret == phone_secret("106", now.settings.realm, found[1])
    assert found[1] not in repr(now)
    [user] = [user for user in now.users if user.number == "106"]
    assert (user.name, user.mobile, user.allowed_prefixes) == ("Olha Ivanenko", "0931112233", ("+380",))
    assert "Olha Ivanenko" in cordboard("user", "list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "add", "101", "Somebody"), "Number 101 is taken by Олена Коваль: choose another one."),
        (("user", "add", "700", "Somebody"), "Number 700 is taken by the scenario menu: choose another one."),
        (("user", "add", "10x", "Somebody"), "10x is not an internal number: it takes digits only."),
        (("user", "add", "106", "Somebody", "--pin", "12a4"), "A PIN takes digits only"),
        (("user", "remove", "999"), "There is no user 999: see `cordboard user list`."),
        (("line", "add", "city", "127.0.0.1"), "There is a line city already"),
        (("line", "add", "a b", "127.0.0.1"), "takes letters, digits, - and _ only"),
        (("line", "add", "x", "host:sip"), "must be a port number"),
        (("line", "add", "x", "host", "--transport", "tls"), "choose udp or tcp"),
        (("line", "remove", "nowhere"), "There is no line nowhere"),
        (("line", "add", "x", "host", "--scenario", "phantom"), "There is no published scenario phantom"),
        (("--data", "x"), "No such option"),
    ],
)
def test_a_mistake_is_a_sentence_and_changes_nothing(
    cordboard: Command, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    before = office(tmp_path)
    answer = cordboard(*words)
    assert answer.exit_code != 0
    assert said in answer.output
    assert office(tmp_path) == before


def test_a_new_password_replaces_the_old_one(cordboard: Command, tmp_path: Path) -> None:
    before = {phone.account: phone.secret for phone in office(tmp_path).phones}
    answer = cordboard("user", "password", "102")
    assert answer.exit_code == 0
    after = {phone.account: phone.secret for phone in office(tmp_path).phones}
    assert before["102"] != after["102"]
    assert {**before, "102": ""} == {**after, "102": ""}


def test_a_user_is_removed_with_his_phones(cordboard: Command, tmp_path: Path) -> None:
    assert cordboard("user", "remove", "105").exit_code == 0
    assert "105" not in [user.number for user in office(tmp_path).users]
    assert "105" not in [phone.account for phone in office(tmp_path).phones]


def test_a_line_that_registers_keeps_its_password_out_of_the_file(cordboard: Command, tmp_path: Path) -> None:
    answer = cordboard("line", "add", "trunk", "sip.example.org:5080", "--username", "u", "--password", "tr-secret")
    assert answer.exit_code == 0, answer.output
    [line] = [each.line for each in office(tmp_path).lines if each.line.name == "trunk"]
    assert (line.mode, line.host, line.port, line.password) == (LineMode.REGISTER, "sip.example.org", 5080, "tr-secret")
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"tr-secret" not in file.read_bytes()
    assert "sip.example.org:5080" in cordboard("line", "list").output
    assert cordboard("line", "remove", "trunk").exit_code == 0


def test_what_commands_change_is_noted_with_who_has_given_them(cordboard: Command, tmp_path: Path) -> None:
    for words in (
        ("user", "add", "106", "Olha Ivanenko", "--pin", "4815"),
        ("user", "password", "106"),
        ("user", "remove", "106"),
        ("line", "add", "trunk", "sip.example.org", "--username", "u", "--password", "tr-secret"),
    ):
        assert cordboard(*words).exit_code == 0, words

    async def noted() -> Sequence[AuditEntry]:
        async with await open_store(tmp_path / "cordboard.sqlite") as store:
            return await store.audit.find()

    found = asyncio.run(noted())
    assert [(each.action, each.kind, each.name) for each in reversed(found)] == [
        ("added", "users", "106"),
        ("added", "phones", "106"),
        ("changed", "phones", "106"),
        ("removed", "users", "106"),
        ("removed", "phones", "106"),
        ("added", "lines", "trunk"),
    ]
    assert {each.actor for each in found} == {f"cordboard ({person()})"}
    assert "4815" not in str(found)
    assert "tr-secret" not in str(found)


def test_without_an_exchange_it_says_how_to_start_one(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["user", "list", "--data", str(tmp_path / "nothing")])
    assert answer.exit_code == 1
    assert "start one with `make up`" in answer.output


def test_the_log_tells_a_chain_with_its_legs_and_who_was_joined(cordboard: Command, tmp_path: Path) -> None:
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    later = start + timedelta(seconds=30)
    legs = [
        LegRecord(
            "a",
            "chain-1",
            Direction.INBOUND,
            LegState.ENDED,
            Party("+380671234567"),
            "2327757",
            "",
            "city",
            start,
            answered=start,
            ended=later,
            reason=EndReason.HUNG_UP,
        ),
        LegRecord(
            "b", "chain-1", Direction.OUTBOUND, LegState.ENDED, Party("101"), "102", "102", "", start,
            answered=start, ended=later, reason=EndReason.HUNG_UP,
        ),
    ]  # fmt: skip

    async def write() -> None:
        async with await open_store(tmp_path / "cordboard.sqlite") as store:
            await store.call_log.save(
                [LoggedLeg(leg, "+380671234567") for leg in legs],
                [ConnectionRecord("c", "chain-1", "a", "b", start, later)],
            )
            store.traces.run(RunTrace("r1", "chain-1", "main", 3, "voice", start, later, Outcome.HUNG_UP))
            store.traces.run(RunTrace("r2", "chain-1", "callback", 3, "service", later, error="no line"))
            store.traces.run(RunTrace("r3", "chain-2", "other", 3, "voice", start))

    asyncio.run(write())
    text = cordboard("log", "--number", "067 123 45 67").output
    assert "chain chain-1" in text
    assert "22.11.2026 10:00:00 in from +380671234567 (line city), dialled 2327757, answered 10:00:00" in text
    assert "legs 1 and 2 joined from 10:00:00 to 10:00:30" in text
    assert "  scenario main (voice, release 3) from 10:00:00, hung up 10:00:30\n" in text
    assert "  scenario callback (service, release 3) from 10:00:30, goes on: no line\n" in text
    assert "other" not in text
    [chain] = json.loads(cordboard("log", "--json").output)
    assert [leg["id"] for leg in chain["legs"]] == ["a", "b"]
    assert [(run["scenario"], run["outcome"]) for run in chain["runs"]] == [("main", "hung_up"), ("callback", None)]
    assert cordboard("log", "--number", "0501234567").output == "No calls.\n"
