import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from cordboard.api import scenarios, traces
from cordboard.api.access import Access
from cordboard.office.tokens import new_token
from cordboard.store.database import Store
from cordboard.telephony import PhoneNumber, SystemClock
from cordboard.testing.engine import ENGINE_CATALOGUE
from cordboard.testing.steps import Stage, service, voice
from cordboard.testing.store import sqlite_store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DOUBLE = service(
    """
  end: {component: end, value: "=count * 2"}
""",
    name="double",
    head="variables:\n  - {name: count, type: number, parameter: true}\n",
)
SLOW = service("  rest: {component: wait, time: 1h, exits: {done: rest}}\n", name="slow", head="mode: single\n")
ASKS = service(
    """
  other_work: {component: wait, time: 0.2s, exits: {done: ask}}
  ask: {component: hear, name: answered, into: words, exits: {heard: end}}
  end: {component: end, value: "=words"}
""",
    name="asks",
    head="variables:\n  - {name: words}\n",
)
TOKENS = {scope: new_token(scope, [scope], NOW) for scope in ("scenarios", "runs", "events")}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as store:
        for _, token in TOKENS.values():
            await store.tokens.add(token)
        yield store


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    stage = Stage(DOUBLE, SLOW, ASKS, voice("  say: {component: say, text: hello}\n"), catalogue=ENGINE_CATALOGUE)
    stage.store, stage.traces = store.runs, store.traces  # type: ignore[assignment]  # the real ones, by the same Protocols
    runner = stage.node("here")
    access = Access(store.tokens, SystemClock())
    app = FastAPI()
    app.include_router(scenarios.routes(runner, access))
    app.include_router(traces.routes(store.traces, lambda text: PhoneNumber.parse(text, country="UA"), access))
    serving = asyncio.create_task(runner.serve())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
        yield client
    serving.cancel()
    await asyncio.wait({serving})


def _may(scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[scope][0]}"}


async def test_a_scenario_is_started_and_its_value_is_the_answer(web: httpx2.AsyncClient) -> None:
    body = {"values": {"count": 21}, "wait": 10}
    answer = await web.post("/api/scenarios/double/runs", json=body, headers=_may("scenarios"))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["outcome"], told["value"], told["error"]) == ("finished", "42", "")


async def test_without_waiting_the_run_is_told_and_can_be_asked_for(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/api/scenarios/double/runs", json={"values": {"count": "1.5"}}, headers=_may("scenarios"))
    assert answer.status_code == 202
    run = answer.json()["run"]
    told = await web.get(f"/api/scenarios/runs/{run}?wait=10", headers=_may("scenarios"))
    assert told.json()["value"] == "3"


async def test_a_repeated_request_with_its_id_is_the_same_run(web: httpx2.AsyncClient) -> None:
    body = {"values": {"count": 1}, "id": "order-17"}
    runs = [
        (await web.post("/api/scenarios/double/runs", json=body, headers=_may("scenarios"))).json()["run"]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


async def test_runs_are_listed_and_cancelled(web: httpx2.AsyncClient) -> None:
    started = await web.post("/api/scenarios/slow/runs", json={}, headers=_may("scenarios"))
    run = started.json()["run"]
    (found,) = (await web.get("/api/runs?scenario=slow&unfinished=true", headers=_may("runs"))).json()
    assert found["run"] == run
    assert (await web.delete(f"/api/runs/{run}", headers=_may("runs"))).json() == {"cancelled": True}
    assert (await web.get("/api/runs?unfinished=true", headers=_may("runs"))).json() == []


async def test_an_event_is_posted_once(web: httpx2.AsyncClient, store: Store) -> None:
    body = {"name": "order.paid", "key": "0671234567", "data": {"sum": 12.5}, "id": "17"}
    for _ in range(2):
        assert (await web.post("/api/events", json=body, headers=_may("events"))).status_code == 202
    (event,) = await store.runs.take_messages(["order.paid"])
    assert (event.key, event.data) == ("+380671234567", {"sum": {"number": "12.5"}})


async def test_an_event_for_one_run_wakes_it_also_if_it_comes_first(web: httpx2.AsyncClient) -> None:
    started = await web.post("/api/scenarios/asks/runs", json={}, headers=_may("scenarios"))
    run = started.json()["run"]
    body = {"name": "answered", "run": run, "data": {"words": "leave"}}
    assert (await web.post("/api/events", json=body, headers=_may("events"))).status_code == 202
    told = (await web.get(f"/api/scenarios/runs/{run}?wait=10", headers=_may("scenarios"))).json()
    assert (told["outcome"], told["value"]) == ("finished", "leave")


async def test_traces_are_found_and_shown(web: httpx2.AsyncClient, store: Store) -> None:
    body = {"values": {"count": 21}, "wait": 10}
    run = (await web.post("/api/scenarios/double/runs", json=body, headers=_may("scenarios"))).json()["run"]
    async with asyncio.timeout(5):
        while not (found := (await web.get("/api/traces?scenario=double&step=end", headers=_may("runs"))).json()):
            pass
    assert [each["run_id"] for each in found] == [run]
    told = (await web.get(f"/api/traces/{run}", headers=_may("runs"))).json()
    assert [(step["step"], step["properties"]) for step in told["steps"]] == [("end", {"value": "42"})]
    assert (await web.get("/api/traces/nothing", headers=_may("runs"))).status_code == 404
    assert (await web.get("/api/traces?since=2026-11-23T10:00:00", headers=_may("runs"))).status_code == 422


REFUSED: list[tuple[str, dict[str, object], str, int, str]] = [
    ("/api/scenarios/double/runs", {}, "", 401, "give a token"),
    ("/api/scenarios/double/runs", {}, "runs", 403, "has no right to 'scenarios'"),
    ("/api/scenarios/nothing/runs", {}, "scenarios", 404, "no published service scenario 'nothing'"),
    ("/api/scenarios/main/runs", {}, "scenarios", 404, "no published service scenario 'main'"),
    ("/api/scenarios/double/runs", {"values": {"count": "many"}}, "scenarios", 422, "is no number"),
    ("/api/scenarios/double/runs", {"values": {"other": 1}}, "scenarios", 422, "has no variable 'other'"),
    ("/api/scenarios/double/runs", {"wait": 3600}, "scenarios", 422, "less than or equal to 60"),
    ("/api/events", {"name": "a b"}, "events", 422, "pattern"),
    ("/api/events", {"name": "x"}, "scenarios", 403, "has no right to 'events'"),
]


async def test_what_is_refused(web: httpx2.AsyncClient) -> None:
    for path, body, scope, status, words in REFUSED:
        answer = await web.post(path, json=body, headers=_may(scope) if scope else {})
        assert answer.status_code == status, path
        assert words in answer.text


async def test_a_wrong_token_is_no_token(web: httpx2.AsyncClient) -> None:
    for header in ("Bearer cb_wrong", "Basic abc", "", f"Token {TOKENS['runs'][0]}"):
        assert (await web.get("/api/runs", headers={"Authorization": header})).status_code == 401
