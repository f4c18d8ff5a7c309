"""Events, schedules and HTTP on an exchange that runs."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from cordboard.cli.main import app
from cordboard.phone import open_desk, recognise
from cordboard.sip.api import Address
from cordboard.speech.cache import spoken
from cordboard.testing.office_process import OfficeProcess, office_process

pytestmark = [pytest.mark.slow, pytest.mark.wire]

MAIN = """\
scenario: main
kind: voice
start: connect
steps:
  connect:
    component: dial
    number: 101
    ring_time: 10s
"""
SURVEY = """\
scenario: survey
kind: voice
start: ask
steps:
  ask:
    component: play
    text: Please tell us how you liked the talk.
    language: en
    exits:
      done: hang_up
  hang_up:
    component: hang_up
"""
AFTER = """\
scenario: after
kind: service
variables:
  - {name: phone, type: phone, parameter: true}
  - {name: login, parameter: true}
  - {name: connected, type: boolean, parameter: true}
  - {name: talked, type: duration, parameter: true}
  - {name: missed, type: boolean, parameter: true}
  - {name: note, parameter: true}
start: end
steps:
  end:
    component: end_with_value
    value: "{phone} {connected} {missed} {login} {note}"
"""
TICK = AFTER.replace("scenario: after", "scenario: tick").replace("{phone} {connected} {missed} {login} {note}", "tick")
TEXTS = {"main": MAIN, "survey": SURVEY, "after": AFTER, "tick": TICK}
CALLER = "+380671234567"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficeProcess]:
    monkeypatch.setenv("CORDBOARD_DATA", str(tmp_path))
    with office_process(tmp_path, TEXTS) as office:
        yield office


async def cordboard(*words: str) -> Result:
    # A command has a loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def done(*words: str) -> str:
    answer = await cordboard(*words)
    assert answer.exit_code == 0, answer.output
    return answer.output


async def token(*scopes: str) -> dict[str, str]:
    plain = await done("token", "add", scopes[0], *(word for scope in scopes for word in ("--scope", scope)))
    return {"Authorization": f"Bearer {plain.strip()}"}


async def ended(web: httpx2.AsyncClient, scenario: str, count: int, may: dict[str, str]) -> list[dict[str, str]]:
    """The runs of `scenario` once `count` of them have ended."""
    async with asyncio.timeout(8):
        while True:
            runs = (await web.get(f"/api/runs?scenario={scenario}", headers=may)).json()
            if len([run for run in runs if "outcome" in run]) >= count:
                return list(runs)
            await asyncio.sleep(0)


async def test_a_talk_from_outside_is_followed_by_the_survey_and_the_after_call_scenario(
    office: OfficeProcess,
) -> None:
    await done("hook", "event", "after-call", "call.ended", "after", "--value", "note=hello")
    await done("hook", "after-talk", "ask", "survey")
    may = await token("runs", "scenarios")
    city = Address("udp", "127.0.0.1", office.city_port)
    async with open_desk() as desk, open_desk(city, rtp_ports=range(32000, 32400)) as outside, _web(office) as web:
        answers = desk.phone("101", office.passwords["101"], Address("udp", "127.0.0.1", office.sip_port))
        await answers.register()
        caller = outside.phone(CALLER, "", Address("udp", "127.0.0.1", office.sip_port))
        call = await caller.dial("2327757")
        taken = await answers.incoming.get()
        await taken.answer()
        assert await call.answered()
        await taken.hang_up()
        await call.ended()
        heard = recognise(call.heard, spoken(office.folder / "speech"))
        assert [each.text for each in heard] == ["Please tell us how you liked the talk."]
        (run,) = await ended(web, "after", 1, may)
    assert re.fullmatch(rf"\{CALLER} true false \w+ hello", run["value"])
    listed = await done("run", "list", "--scenario", "after")
    assert "finished" in listed
    shown = await done("run", "show", run["run"])
    assert re.search(r"end \[end_with_value\]", shown)
    assert f"value: {run['value']}" in shown


async def test_a_schedule_and_a_request_start_scenarios(office: OfficeProcess) -> None:
    may = await token("scenarios", "runs", "events")
    async with _web(office) as web:
        body = {"values": {"note": "by hand"}, "wait": 10}
        answer = (await web.post("/api/scenarios/after/runs", json=body, headers=may)).json()
        assert (answer["outcome"], answer["value"].split()[-2:]) == ("finished", ["by", "hand"])
        await done("hook", "event", "paid", "order.paid", "tick")
        assert (await web.post("/api/events", json={"name": "order.paid"}, headers=may)).status_code == 202
        (run,) = await ended(web, "tick", 1, may)
        assert run["value"] == "tick"
    hooks = await done("hook", "list")
    assert "order.paid" in hooks
    assert "removed" in await done("hook", "remove", "paid")


def _web(office: OfficeProcess) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{office.web_port}")
