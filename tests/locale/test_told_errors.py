"""Errors of the rooms as a user meets them: made by the real thing, told in Ukrainian by what shows them."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.datasource.excel.ports import Workbooks
from cordboard.locale import tell
from cordboard.outbox.ports import SMS, PermanentError, State, Verdict, WebhookRules
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.keeping import OptOut
from cordboard.scenario.ports import Effect
from cordboard.store.database import Store, open_store
from cordboard.telephony import SystemClock
from cordboard.testing.components import Trial, service
from cordboard.testing.sms import DirectLines
from cordboard.testing.tables import tables

ANNA = "+380671234567"
Command = Callable[..., str]


@pytest.fixture
def cordboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "uk")
    (tmp_path / "tables").mkdir()
    _with_store(tmp_path, lambda store: store.outbox_settings.set_webhooks(WebhookRules(("127.0.0.0/8",))))
    return lambda *words: " ".join(CliRunner().invoke(app, words).output.split())


def _with_store(folder: Path, work: Callable[[Store], Awaitable[None]]) -> None:
    async def run() -> None:
        async with await open_store(folder / "cordboard.sqlite") as store:
            await work(store)

    asyncio.run(run())


def test_a_workbook_that_is_not_there(cordboard: Command, tmp_path: Path) -> None:
    told = cordboard("workbook", "show", "debts.xlsx")
    assert told.startswith("файлу debts.xlsx немає (")
    assert told.endswith(f"): покладіть його в {tmp_path / 'tables'}.")


async def test_the_trace_of_a_step_that_found_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    step = "\nfind: {component: excel_find_row, workbook: debts.xlsx, where: {id: 1}}\n"
    async with tables(tmp_path) as on, Trial(service(step, name="main"), ports={Workbooks: on.books}) as trial:
        await trial.start("main")
        await trial.ended()
        (found,) = (each.error for each in trial.steps if each.step == "find")
    assert tell(found, "uk").startswith("файлу debts.xlsx немає (")
    assert tell(found, "ru").startswith("файла debts.xlsx нет (")


def test_a_phone_that_wants_no_sms(cordboard: Command, tmp_path: Path) -> None:
    async def refused(store: Store) -> None:
        now = datetime.now(UTC)
        await store.sms_settings.opt_out(OptOut(ANNA, datetime(2026, 11, 20, tzinfo=UTC), "STOP"))
        await store.runs.emit([Effect(SMS, "a", {"to": ANNA, "text": "Hello", "ordered": now.isoformat()})])
        await store.outbox.take_in(now)
        (delivery,) = await store.outbox.claim(SMS, now, "n", now, 1)
        kyiv = ZoneInfo("Europe/Kyiv")
        gateway = SmsGateway(
            store.sms_settings, store.sms_ledger, DirectLines(), SystemClock(), lambda: kyiv, lambda _: True
        )
        with pytest.raises(PermanentError) as fault:
            await gateway.deliver(delivery)
        await store.outbox.settle(delivery.id, delivery.tries, Verdict(State.FAILED, str(fault.value)), now)

    _with_store(tmp_path, refused)
    told = f"{ANNA} не отримує SMS з 2026-11-20: STOP; приберіть його зі списку через `cordboard sms optout remove`"
    assert told in cordboard("outbox", "show", "1")
    assert "не отримує" in cordboard("outbox", "list")
    assert "не отримує" in cordboard("sms", "list")


def test_a_web_service_that_is_down(cordboard: Command) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        assert cordboard("web", "try", f"http://{place}/x").startswith(f"до {place} не достукатися: ")
    told = "10.1.2.3 у місцевій мережі: дозвольте через `cordboard webhook allow 10.1.2.3`."
    assert cordboard("web", "try", "http://10.1.2.3/x") == told


def test_a_prompt_that_is_not_there_or_is_none(cordboard: Command, tmp_path: Path) -> None:
    told = "Звуку welcome цією мовою немає: подивіться `cordboard prompt list`."
    assert cordboard("prompt", "remove", "welcome", "--language", "uk") == told
    (tmp_path / "welcome.mp3").write_bytes(b"no sound")
    told = cordboard("prompt", "add", str(tmp_path / "welcome.mp3"))
    assert told.startswith("welcome.mp3 не можна прочитати як звук (")
    assert told.endswith("): збережіть як WAV, FLAC, OGG або MP3 і спробуйте знову.")


def test_a_data_source_that_nobody_has_set(cordboard: Command) -> None:
    told = "немає джерела даних 'crm': назвіть його через `cordboard source set` або виправте ім'я."
    assert cordboard("source", "test", "crm") == told
    assert cordboard("source", "test", "oktell").startswith("журналу викликів тут немає")


def test_settings_that_cannot_be(cordboard: Command, tmp_path: Path) -> None:
    (tmp_path / "cordboard.toml").write_text('time_zoone = "Europe/Kyiv"\n', encoding="utf-8")
    assert cordboard("line", "list").startswith("Налаштування time_zoone: такого налаштування немає; відомі ")


def test_a_store_that_is_none(cordboard: Command, tmp_path: Path) -> None:
    for path in tmp_path.glob("cordboard.sqlite*"):
        path.unlink()
    (tmp_path / "cordboard.sqlite").write_bytes(b"a letter to grandmother" * 100)
    told = f"{tmp_path / 'cordboard.sqlite'} — не база даних: назвіть інший файл або приберіть цей, і з'явиться новий."
    assert cordboard("line", "list") == told
