import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli import sms as commands
from cordboard.outbox.ports import SMS, State, Verdict, WebhookRules
from cordboard.outbox.sms.keeping import LineKind, OptOut, PhoneFate, SentSms, SmsLineConfig, SmsRules
from cordboard.outbox.sms.ports import Fate, IncomingSms, SmsReport
from cordboard.store.database import Store, open_store
from cordboard.testing.web import Reply, web_server

Command = Callable[..., Result]
READY = ("--set", "provider=form_with_key", "--set", "url=https://sms.test/send", "--set", "api_key=1")
FORM = ("--set", "provider=form_with_key", "--set", "url=https://sms.test/send", "--set", "api_key")


def with_store(folder: Path, work: Callable[[Store], Any]) -> Any:
    async def run() -> Any:
        async with await open_store(folder / "cordboard.sqlite") as store:
            return await work(store)

    return asyncio.run(run())


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))

    async def seed(store: Store) -> None:
        await store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",)))

    with_store(tmp_path, seed)
    return lambda *words, **more: CliRunner().invoke(commands.app, words, **more)


def said(result: Result, status: int = 0) -> str:
    assert result.exit_code == status, result.output
    return result.output


def lines(folder: Path) -> list[SmsLineConfig]:
    found: list[SmsLineConfig] = with_store(folder, lambda store: store.sms_settings.lines())
    return found


def test_a_line_is_added_changed_shown_and_removed(cordboard: Command, tmp_path: Path) -> None:
    added = said(cordboard(
        "line", "add", "ks", "http", *FORM, "--prefix", "+38067", "--prefix", "+38068", "--cost", "0,42",
        "--currency", "uah", input="S3cret\n",
    ))  # fmt: skip
    assert added.splitlines()[-1] == "SMS line ks is added"
    settings = {"provider": "form_with_key", "url": "https://sms.test/send", "api_key": "S3cret"}
    line = SmsLineConfig("ks", LineKind.HTTP, settings, ("+38067", "+38068"), Decimal("0.42"), "UAH")
    assert lines(tmp_path) == [line]
    shown = said(cordboard("line", "show", "ks"))
    assert [each.split() for each in shown.splitlines()] == [
        ["api_key", "•••"], ["provider", "form_with_key"], ["url", "https://sms.test/send"],
    ]  # fmt: skip
    listed = said(cordboard("line", "list"))
    assert listed.splitlines()[1].split() == ["ks", "http", "+38067,", "+38068", "0.42", "UAH", "0"]
    assert "S3cret" not in added + shown + listed
    said(cordboard("line", "set", "ks", "--set", "sender=Shop", "--off", "--all", "--rank", "3"))
    (changed,) = lines(tmp_path)
    assert changed.settings == {**settings, "sender": "Shop"}
    assert (changed.enabled, changed.prefixes, changed.rank, changed.cost) == (False, (), 3, Decimal("0.42"))
    assert said(cordboard("line", "remove", "ks")) == "SMS line ks is removed\n"
    assert lines(tmp_path) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("line", "add", "ks!", "http"), "ks!: the name of a line takes letters, digits, - and _ only."),
        (("line", "add", "ks", "http"), "there is no provider ''"),
        (("line", "add", "ks", "smpp", "--set", "host=x"), "the SMS line 'ks' needs the setting 'system_id'"),
        (("line", "add", "ks", "http", "--set", "colour=red", *READY), "no setting 'colour'"),
        (("line", "add", "ks", "http", *READY, "--prefix", "067-1"), "is no beginning of a phone"),
        (("line", "add", "ks", "http", *READY, "--cost", "cheap"), "cheap is no cost: write 0.42."),
        (("line", "set", "no"), "There is no SMS line no: see `cordboard sms line list`."),
        (("line", "remove", "no"), "There is no SMS line no"),
        (("limits", "--quiet", "night"), "'night' are no quiet hours: write 21:00-08:00."),
        (("limits", "--money", "-1"), "-1 is no amount of money: write 100 or 99.50."),
        (("optout", "add", "x"), "'x' is no phone that gets SMS"),
        (("optout", "remove", "+380671234567"), "+380671234567 is not on the list"),
        (("send", "x", "Hi"), "'x' is no phone that gets SMS"),
        (("send", "+380671234567", "a" * 153 * 256), "the text needs 256 parts: 255 are possible."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_changes_nothing(
    cordboard: Command, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in said(cordboard(*words), 1)
    assert lines(tmp_path) == []


def test_the_settings_of_a_kind_are_shown(cordboard: Command) -> None:
    smpp = said(cordboard("line", "settings", "smpp")).splitlines()
    assert [each.split()[:2] for each in smpp[1:3]] == [["host", "must"], ["port", "2775"]]
    http = said(cordboard("line", "settings", "http", "--provider", "json_with_bearer"))
    assert "token" in http


@pytest.mark.slow
def test_a_line_is_tried_past_the_outbox(cordboard: Command, tmp_path: Path) -> None:
    async def trial() -> tuple[Result, list[bytes]]:
        async with web_server(Reply(b"OK 4711")) as there:
            made = ["line", "add", "ks", "http", *FORM[:2], "--set", f"url={there.url}", "--set", "api_key=1"]
            said(await asyncio.to_thread(cordboard, *made))
            result = await asyncio.to_thread(cordboard, "line", "test", "ks", "+380671234567", "--text", "Hi")
            return result, [each.body for each in there.asked]

    result, bodies = asyncio.run(trial())
    assert said(result) == "ks has taken it: 4711\n"
    assert [b"message=Hi" in body for body in bodies] == [True]


@pytest.mark.slow
def test_a_line_over_sip_is_added_and_tried_by_the_exchange_alone(
    cordboard: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "UP_WITHIN", 0.1)
    said(cordboard("line", "add", "goip", "sip", "--set", "account=gateway"))
    assert [each.kind for each in lines(tmp_path)] == [LineKind.SIP]
    words = said(cordboard("line", "test", "goip", "+380671234567"), 1)
    assert words == "only the running exchange can use it: try it with `cordboard sms send`.\n"


def test_limits_are_shown_and_changed(cordboard: Command, tmp_path: Path) -> None:
    shown = said(cordboard("limits"))
    assert ["messages", "a", "day", "to", "one", "phone", "20"] in [each.split() for each in shown.splitlines()]
    changed = said(cordboard(
        "limits", "--parts", "0", "--money", "99.50", "--to-one", "5", "--quiet", "21:00-08:00", "--working-time",
        "--simplify", "--stop-word", "STOP", "--stop-word", "ХВАТИТ",
    ))  # fmt: skip
    rules = SmsRules(
        parts_a_day=0, money_a_day=Decimal("99.50"), messages_a_day_to_one=5, quiet="21:00-08:00",
        working_time=True, simplify=True, stop_words=("STOP", "ХВАТИТ"),
    )  # fmt: skip
    assert with_store(tmp_path, lambda store: store.sms_settings.rules()) == rules
    assert ["quiet", "hours", "21:00-08:00"] in [each.split() for each in changed.splitlines()]
    said(cordboard("limits", "--quiet", "off", "--any-time"))
    found = with_store(tmp_path, lambda store: store.sms_settings.rules())
    assert (found.quiet, found.working_time, found.money_a_day) == ("", False, Decimal("99.50"))


def test_opt_outs_are_kept_by_hand(cordboard: Command, tmp_path: Path) -> None:
    assert (
        said(cordboard("optout", "add", "+38 (067) 123-45-67", "--why", "asked by phone"))
        == "+380671234567 gets no SMS\n"
    )
    (out,) = with_store(tmp_path, lambda store: store.sms_settings.opt_outs())
    assert (out.phone, out.words) == ("+380671234567", "asked by phone")
    assert said(cordboard("optout", "list")).splitlines()[1].split()[0] == "+380671234567"
    assert said(cordboard("optout", "remove", "380671234567")) == "+380671234567 gets SMS again\n"


def test_an_sms_is_ordered_through_the_outbox(cordboard: Command, tmp_path: Path) -> None:
    words = said(cordboard("send", "+380671234567,4433", "Привет " * 20, "--line", "ks", "--urgent"))
    assert words == "Ordered: to 2, 3 parts each (ucs2)\n"
    (effect,) = with_store(tmp_path, lambda store: store.runs.effects())
    payload = dict(effect.payload)
    assert (effect.kind, payload["to"], payload["line"], payload["urgent"]) == (SMS, "+380671234567, 4433", "ks", True)
    assert json.dumps(payload["text"])


def test_what_went_out_and_came_in_is_listed_with_its_fate(cordboard: Command, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ends = [
        (Verdict(State.DELIVERED), Fate.FAILED), (Verdict(State.UNCERTAIN, "no answer"), None),
        (Verdict(State.FAILED, "opted out"), None),
    ]  # fmt: skip

    async def fill(store: Store) -> None:
        await store.outbox.take_in(now)
        for claimed, (verdict, fate) in zip(await store.outbox.claim(SMS, now, "a", now, 9), ends, strict=True):
            await store.outbox.settle(claimed.id, claimed.epoch, verdict, now)
            if fate:
                sent = SentSms(claimed.id, "k", claimed.recipient, "ks", 1, Decimal(1), "UAH", now)
                number = await store.sms_ledger.begin(sent, SmsRules(), now)
                assert isinstance(number, int)
                await store.sms_ledger.taken(number, ["r1"])
                await store.sms_inbox.reported("ks", SmsReport("r1", fate, "UNDELIV"))
        await store.sms_inbox.received("ks", IncomingSms("Bank", "5050", "[/b] your [code]", now))
        assert (await store.sms_ledger.sent())[0].fate is PhoneFate.LOST
        await store.sms_settings.opt_out(OptOut("1", now))

    for phone in ("+380671234561", "+380671234562", "+380671234563"):
        said(cordboard("send", phone, "Hello"))
    with_store(tmp_path, fill)
    listed = said(cordboard("list")).splitlines()
    rows = {row.split()[3]: row.split()[2:] for row in listed[1:-1]}
    assert rows == {
        "+380671234561": ["out", "+380671234561", "ks", "1", "Hello", "lost", "UNDELIV"],
        "+380671234562": ["out", "+380671234562", "Hello", "uncertain", "no", "answer"],
        "+380671234563": ["out", "+380671234563", "Hello", "failed", "opted", "out"],
        "Bank": ["in", "Bank", "ks", "[/b]", "your", "[code]", "received"],
    }
    assert listed[-1] == "accepted: 1, uncertain: 1, failed: 1"
