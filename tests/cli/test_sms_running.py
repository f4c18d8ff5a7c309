"""SMS on a running exchange, as its administrator and a provider see it."""

import asyncio
import urllib.parse
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.testing.office_process import OfficeProcess, office_process
from cordboard.testing.web import Reply, WebServer, web_server

pytestmark = [pytest.mark.slow, pytest.mark.wire, pytest.mark.timeout(120)]

ANSWER = """\
scenario: answer
kind: service
start: answer
variables:
  - {name: phone, type: phone, parameter: yes}
  - {name: text, parameter: yes}
steps:
  answer:
    component: send_sms
    to: "{phone}"
    text: "You wrote: {text}"
"""
MAIN = "scenario: main\nkind: voice\nstart: end\nsteps:\n  end: {component: hang_up}\n"


async def cordboard(*words: str) -> str:
    # A command has a loop of its own.
    result: Result = await asyncio.to_thread(CliRunner().invoke, app, words)
    assert result.exit_code == 0, result.output
    return result.output


async def call_back(office: OfficeProcess, **fields: str) -> None:
    """The provider tells something."""
    url = f"http://127.0.0.1:{office.web_port}/api/v1/sms/shop/letmein"
    request = urllib.request.Request(url, urllib.parse.urlencode(fields).encode())
    await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=5).close())


async def posted(there: WebServer, count: int) -> list[tuple[str, str]]:
    """Phone and text of what the provider got, once there are so many."""
    while len(there.asked) < count:  # noqa: ASYNC110 - another process does it
        await asyncio.sleep(0.05)
    forms = [parse_qs(each.body.decode()) for each in there.asked]
    return [(form["phone"][0], form["message"][0]) for form in forms]


async def listed() -> list[list[str]]:
    return [row.split() for row in (await cordboard("sms", "list")).splitlines()]


def test_messages_go_out_come_in_start_a_scenario_and_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    monkeypatch.setenv("CORDBOARD_LANGUAGE", "en")

    async def story(office: OfficeProcess) -> None:
        async with web_server(*(Reply(f"OK r{number}".encode()) for number in range(1, 9))) as there:
            await cordboard("webhook", "allow", "127.0.0.1")
            await cordboard("hook", "event", "sms", "sms.received", "answer")
            settings = (f"url={there.url}", "provider=form_with_key", "api_key=1", "callback_secret=letmein")
            given = [word for each in settings for word in ("--set", each)]
            await cordboard("sms", "line", "add", "shop", "http", *given, "--cost", "0.5", "--currency", "UAH")
            await cordboard("sms", "send", "0671234567", "Замовлення готове")
            assert await posted(there, 1) == [("380671234567", "Замовлення готове")]
            while not any("delivered" in row for row in await listed()):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.05)
            await call_back(office, id="r1", status="delivered")
            assert any("reached" in row for row in await listed())
            for _ in range(2):  # the provider repeats itself
                await call_back(office, **{"from": "380671234567", "message": "Дякую", "id": "n1"})
            assert (await posted(there, 2))[1:] == [("380671234567", "You wrote: Дякую")]
            await call_back(office, **{"from": "380671234567", "message": "Стоп", "id": "n2"})
            while (await listed())[-1] != ["accepted:", "2,", "uncertain:", "0,", "failed:", "1"]:  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.05)
            assert len(there.asked) == 2

    with office_process(tmp_path, {"main": MAIN, "answer": ANSWER}) as office:
        asyncio.run(story(office))
