"""Web services, notices and the outbox on an exchange that runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from cordboard.cli.main import app
from cordboard.testing.office_process import OfficeProcess, office_process
from cordboard.testing.web import Reply, json_reply, web_server

client = pytest.importorskip("websockets.asyncio.client")

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CARD = """\
scenario: card
kind: service
variables:
  - {name: url, parameter: true}
  - {name: phone, type: phone, parameter: true}
  - {name: name}
start: ask
steps:
  ask:
    component: http_request
    url: =url & "cards/" & url_encode(e164(phone))
    secret: crm
    take:
      - {variable: name, path: $.name, required: yes}
    longest: 2s
    stale: 1d
    exits:
      ok: tell
      stale: tell
  tell:
    component: notify_user
    users: [olena]
    text: "{name} has called"
    values: {phone: =e164(phone)}
    exits: {done: mail}
  mail:
    component: send_email
    to: boss@example.com
    subject: "{name}"
    exits: {done: end}
  end: {component: end_with_value, value: "{name}"}
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficeProcess]:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    idle = "scenario: idle\nkind: service\nstart: end\nsteps:\n  end: {component: stop}\n"
    with office_process(tmp_path, {"idle": idle}) as office:
        yield office


async def done(*words: str) -> str:
    answer = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert answer.exit_code == 0, answer.output
    return answer.output


async def test_a_card_is_asked_for_a_user_is_told_and_a_mail_waits(office: OfficeProcess) -> None:
    scopes = ("scenarios", "notices", "outbox")
    token = (await done("token", "add", "page", *(each for scope in scopes for each in ("--scope", scope)))).strip()
    may = {"Authorization": f"Bearer {token}"}
    (office.folder / "scenarios" / "card.yaml").write_text(CARD, encoding="utf-8")
    refused = await asyncio.to_thread(CliRunner().invoke, app, ["scenario", "publish"])
    assert "there is no secret 'crm'" in refused.output
    await done("web", "secret", "set", "crm", "127.0.0.1", "--value", "S3cret")
    await done("scenario", "publish")
    await done("webhook", "allow", "127.0.0.0/8")
    place = f"127.0.0.1:{office.web_port}/api"
    async with (
        web_server(json_reply('{"name": "Анна"}'), Reply(status="500 Oops")) as crm,
        httpx2.AsyncClient(trust_env=False, headers=may, timeout=20) as web,
        client.connect(f"ws://{place}/v1/notices/ws?user=olena", proxy=None, additional_headers=may) as page,
    ):
        assert json.loads(await page.recv()) == {"unread": 0}
        body = {"values": {"url": f"{crm.url}/", "phone": "0671234567"}, "wait": 20}
        for _ in range(2):  # the second time the CRM is down
            told: Any = (await web.post(f"http://{place}/scenarios/card/runs", json=body)).json()
            assert (told["outcome"], told["value"], told["error"]) == ("finished", "Анна", "")
            async with asyncio.timeout(10):
                notice = json.loads(await page.recv())["notice"]
            assert (notice["text"], notice["data"]) == ("Анна has called", {"phone": "+380671234567"})
        assert (await web.get(f"http://{place}/v1/notices", params={"user": "olena"})).json()["unread"] == 2
        async with asyncio.timeout(10):
            while len(mails := (await web.get(f"http://{place}/v1/outbox")).json()) < 2:
                pass
        assert {(mail["kind"], mail["state"], mail["about"]) for mail in mails} == {("email", "waiting", "Анна")}
        dropped = await web.post(f"http://{place}/v1/outbox/{mails[0]['id']}/drop")
        assert dropped.json()["state"] == "dropped"
    assert crm.asked[0].headers["authorization"] == "Bearer S3cret"
    assert crm.asked[0].target == "/cards/%2B380671234567"
    assert "S3cret" not in office.log()
    assert "a delivery is dropped by hand" in office.log()
