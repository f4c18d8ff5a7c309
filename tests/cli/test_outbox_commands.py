import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.cli.outbox import try_mail
from cordboard.outbox.ports import MailServer, Security, State, Verdict, WebhookRules
from cordboard.store.database import Store, open_store
from cordboard.testing.mail import PostOffice
from cordboard.testing.outbox import mail_effect

Command = Callable[..., Result]


def with_store(folder: Path, work: Callable[[Store], object]) -> object:
    async def run() -> object:
        async with await open_store(folder / "cordboard.sqlite") as store:
            return await work(store)  # type: ignore[misc]  # each work is a coroutine function

    return asyncio.run(run())


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))

    async def seed(store: Store) -> None:
        now = datetime.now(UTC)
        await store.runs.emit([mail_effect("a", subject="Message"), mail_effect("b", "anna@office.test")])
        await store.outbox.take_in(now)
        await store.outbox.claim("email", now, "n", now, 1)
        await store.outbox.settle(1, 1, Verdict(State.FAILED, "no such mailbox"), now)

    with_store(tmp_path, seed)
    return lambda *words, **more: CliRunner().invoke(app, words, **more)


def said(result: Result, status: int = 0) -> str:
    assert result.exit_code == status, result.output
    return result.output


def test_deliveries_are_listed_the_youngest_first(cordboard: Command) -> None:
    lines = said(cordboard("outbox", "list")).splitlines()
    assert [line.split()[0] for line in lines] == ["no", "2", "1"]
    assert re.search(r"email\s+boss@office.test\s+Message\s+failed\s+1\s+no such mailbox", lines[2])
    assert len(said(cordboard("outbox", "list", "--state", "waiting")).splitlines()) == 2
    assert len(said(cordboard("outbox", "list", "--limit", "1")).splitlines()) == 2


def test_one_is_shown_with_all_that_is_known(cordboard: Command) -> None:
    words = said(cordboard("outbox", "show", "1"))
    for part in ("failed", "boss@office.test", "no such mailbox", "Message", "Some words", "run-1", "chain-1"):
        assert part in words
    assert "There is no delivery 7" in said(cordboard("outbox", "show", "7"), 1)


def test_one_is_tried_again_or_dropped(cordboard: Command, tmp_path: Path) -> None:
    assert said(cordboard("outbox", "again", "1")) == "No. 1 is tried again\n"
    assert said(cordboard("outbox", "drop", "2")) == "No. 2 is dropped\n"
    assert "No. 2 is dropped already" in said(cordboard("outbox", "drop", "2"), 1)
    assert "There is no delivery 9" in said(cordboard("outbox", "again", "9"), 1)

    async def claim(store: Store) -> None:
        now = datetime.now(UTC)
        (claimed,) = await store.outbox.claim("email", now, "n", now, 5)
        assert claimed.id == 1

    with_store(tmp_path, claim)
    assert "is being handed over just now" in said(cordboard("outbox", "drop", "1"), 1)


def test_the_mail_server_is_set_shown_and_forgotten(cordboard: Command, tmp_path: Path) -> None:
    assert "No mail server is set" in said(cordboard("mail", "show"), 1)
    words = said(cordboard("mail", "set", "mail.test", "pbx@office.test", "--username", "pbx", input="Geheimnis\n"))
    assert words.endswith("Mails leave over mail.test:587\n")
    assert "Geheimnis" not in words
    stored = with_store(tmp_path, lambda store: store.outbox_settings.mail())
    assert stored == MailServer("mail.test", 587, "pbx@office.test", Security.STARTTLS, "pbx", "Geheimnis")
    assert said(cordboard("mail", "show")) == "mail.test:587 starttls as pbx, from pbx@office.test\n"
    assert said(cordboard("mail", "off")) == "No mail server is set\n"
    assert "No mail server is set" in said(cordboard("mail", "test", "boss@office.test"), 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mail", "set", "h", "nobody"], "'nobody' is no e-mail address"),
        (["mail", "set", "h", "a@b.c", "--authority", "none.pem"], "There is no file none.pem"),
        (["webhook", "allow", "crm.local"], "crm.local is no address and no network"),
        (["webhook", "allow", "10.0.0.5/8"], "10.0.0.5/8 is no address and no network"),
        (["webhook", "forbid", "10.0.0.5"], "10.0.0.5 is not allowed anyhow"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(cordboard: Command, words: list[str], sentence: str) -> None:
    assert sentence in said(cordboard(*words), 1)


def test_a_password_over_a_plain_way_is_warned_of(cordboard: Command) -> None:
    words = ["mail", "set", "h", "a@b.c", "--security", "plain", "--username", "u", "--password", "p"]
    output = said(cordboard(*words))
    assert "unencrypted" in output
    assert "Mails leave over h:25" in output


def test_the_rules_of_webhooks_are_kept(cordboard: Command, tmp_path: Path) -> None:
    assert said(cordboard("webhook", "allow", "10.0.0.0/8")) == "Webhooks may call 10.0.0.0/8\n"
    assert said(cordboard("webhook", "allow", "192.168.7.5")) == "Webhooks may call 192.168.7.5/32\n"
    secret = said(cordboard("webhook", "secret")).strip()
    assert len(secret) >= 40
    assert said(cordboard("webhook", "forbid", "10.0.0.0/8")) == "Webhooks may not call 10.0.0.0/8 any more\n"
    shown = said(cordboard("webhook", "show"))
    assert shown == "allowed in local networks: 192.168.7.5/32\nsigning secret: set\n"
    stored = with_store(tmp_path, lambda store: store.outbox_settings.webhooks())
    assert stored == WebhookRules(("192.168.7.5/32",), secret)


@pytest.mark.slow
async def test_a_trial_mail_tells_what_the_server_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with PostOffice() as there:
        async with await open_store(tmp_path / "cordboard.sqlite") as store:
            server = MailServer("127.0.0.1", there.port, "pbx@office.test", Security.PLAIN)
            await store.outbox_settings.set_mail(server)
        await asyncio.to_thread(try_mail, "boss@office.test", tmp_path)
    assert there.subjects() == {"Cordboard can send mails": 1}
    assert "127.0.0.1 has taken it: 250 taken" in capsys.readouterr().out


MAILBOX = """\
scenario: mailbox
kind: voice
start: a
after_hangup: mail
variables:
  - {name: file}
steps:
  a: {component: record, file: file, exits: {recorded: mail}}
  mail: {component: send_email, to: boss@example.com, subject: "Message from {caller}", attachments: ["{file}"]}
"""
EXPECTED = """\
scenario: mailbox
given: {caller: "0671234567", speaks: true}
when: [{after: 6s, hang_up: true}]
expect:
  effects: [{kind: email, to: boss@example.com, subject: "Message from 0671234567"}]
"""


@pytest.mark.slow
def test_a_test_of_a_scenario_can_expect_a_mail(cordboard: Command, tmp_path: Path) -> None:
    (tmp_path / "s" / "tests").mkdir(parents=True)
    (tmp_path / "s" / "mailbox.yaml").write_text(MAILBOX, encoding="utf-8")
    test = tmp_path / "s" / "tests" / "mailbox.yaml"
    test.write_text(EXPECTED, encoding="utf-8")
    said(cordboard("scenario", "test", str(tmp_path / "s")))
    test.write_text(EXPECTED.replace("boss@", "anna@"), encoding="utf-8")
    assert "to: anna@example.com" in said(cordboard("scenario", "test", str(tmp_path / "s")), 1)
