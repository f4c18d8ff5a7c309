import csv
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import openpyxl
import pytest
from fastapi import FastAPI

from cordboard.api import log, reports
from cordboard.api.access import Access
from cordboard.api.sheets import csv_of, xlsx_of
from cordboard.scenario.ports import RunTrace
from cordboard.store.database import Store
from cordboard.testing.api import HeldTokens, bearer
from cordboard.testing.call_log import MORNING, Dialogue, at, write
from cordboard.testing.office import HandClock, loaded_directory
from cordboard.testing.store import sqlite_store

CALLS = (
    Dialogue("first").inbound("0671112233", answered=5, ended=60).user("101", 1, answered=4, ended=60).talk(5, 60),
    Dialogue("second", at(100)).inbound("0504445566", ended=15).user("102", 1, ended=15),
    Dialogue("third", at(200))
    .phone("101", "102", answered=4, ended=9)
    .user("102", 1, answered=3.9, ended=9)
    .talk(4, 9),
)
PATH = "http://127.0.0.1/api/v1/log"


async def recordings(chain: str) -> Sequence[Mapping[str, Any]]:
    return [{"id": 7, "seconds": 55.0}] if chain == "first" else []


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with sqlite_store(tmp_path) as opened:
        await write(opened.call_log, CALLS)
        await opened.tags.set("first", "reason", "=cmd|'/c calc'!A0")
        yield opened


@pytest.fixture
async def web(store: Store) -> AsyncIterator[httpx2.AsyncClient]:
    app, clock, directory = FastAPI(), HandClock(), await loaded_directory()
    access = Access(HeldTokens(), clock)
    app.include_router(log.routes(store.reports, directory, store.traces, recordings, clock=clock, access=access))
    app.include_router(reports.routes(store.reports, directory, clock, access))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1/api/v1", headers=bearer("auditor")
    ) as client:
        yield client


async def test_calls_are_listed_page_by_page(web: httpx2.AsyncClient) -> None:
    page = (await web.get("/log", params={"limit": 2})).json()
    assert [call["chain"] for call in page["calls"]] == ["third", "second"]
    rest = (await web.get("/log", params={"limit": 2, "cursor": page["next"]})).json()
    assert ([call["chain"] for call in rest["calls"]], rest["next"]) == (["first"], "")
    call = rest["calls"][0]
    assert (call["direction"], call["number"], call["phone"], call["user"], call["line"]) == (
        "inbound",
        "0671112233",
        "+380671112233",
        "anna",
        "city",
    )
    assert (call["waited"], call["talked"], call["missed"], len(call["legs"]), len(call["connections"])) == (
        5.0,
        55.0,
        False,
        2,
        1,
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"number": "+380 67 111-22-33"}, ["first"]),
        ({"number": "504"}, ["second"]),
        ({"login": "boris"}, ["third", "second"]),
        ({"line": "city", "missed": "true"}, ["second"]),
        ({"direction": "internal"}, ["third"]),
        ({"text": "cmd"}, ["first"]),
        ({"since": at(150).isoformat()}, ["third"]),
        ({"until": at(50).isoformat()}, ["first"]),
        ({"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}, []),
    ],
)
async def test_filters(web: httpx2.AsyncClient, asked: dict[str, str], expected: list[str]) -> None:
    answer = await web.get("/log", params=asked)
    assert [call["chain"] for call in answer.json()["calls"]] == expected


@pytest.mark.parametrize(
    "asked",
    [
        {"cursor": "x"},
        {"cursor": "WzEsMl0="},
        {"since": "0001-01-01T00:00:00Z"},
        {"until": "2026-01-01"},
        {"limit": "0"},
    ],
)
async def test_what_cannot_be_asked_is_said(web: httpx2.AsyncClient, asked: dict[str, str]) -> None:
    assert (await web.get("/log", params=asked)).status_code == 422


async def test_a_whole_call_has_its_way_through_scenarios_and_its_recordings(
    web: httpx2.AsyncClient, store: Store
) -> None:
    trace = RunTrace("run-1", "first", "main", 3, "voice", at(0))
    store.traces.run(trace)
    await store.writer.commit([])
    call = (await web.get("/log/first")).json()
    assert [(path["scenario"], path["release"]) for path in call["scenarios"]] == [("main", 3)]
    assert call["recordings"] == [{"id": 7, "seconds": 55.0}]
    assert call["tags"] == {"reason": "=cmd|'/c calc'!A0"}
    assert (await web.get("/log/none")).status_code == 404


async def test_a_file_holds_no_formulas(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/log/file", params={"form": "csv", "number": "0671112233"})
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    (row,) = csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))
    assert (row["number"], row["user"], row["started"]) == ("0671112233", "anna", "2026-11-20 10:00:00")
    assert row["tags"] == "reason: =cmd|'/c calc'!A0"
    sheet = openpyxl.load_workbook(BytesIO((await web.get("/log/file")).content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert (len(rows), rows[0][0], rows[3][0]) == (4, "started", datetime(2026, 11, 20, 10, 0))  # noqa: DTZ001  (so sheets have it)


def test_cells_that_could_be_formulas_are_texts() -> None:
    rows = [{"a": text} for text in ("=1+1", "+380671234567", "@x", "-cmd", "\tx", "-5", "plain", "\0x")]
    zone = ZoneInfo("UTC")
    written = [line[0] for line in csv.reader(StringIO(csv_of(["a"], rows, zone).decode("utf-8-sig")))]
    assert written == ["a", "'=1+1", "+380671234567", "'@x", "'-cmd", "'\tx", "-5", "plain", "x"]
    sheet = openpyxl.load_workbook(
        BytesIO(xlsx_of(["a"], [*rows, {"a": datetime(2026, 1, 1, tzinfo=UTC)}], zone))
    ).active
    assert sheet is not None
    assert {cell.data_type for (cell,) in sheet.iter_rows(max_row=9)} == {"s"}


async def test_reports_as_json_and_files(web: httpx2.AsyncClient) -> None:
    (missed,) = (await web.get("/reports/missed")).json()
    assert (missed["phone"], missed["calls"], missed["reached"]) == ("+380504445566", 1, None)
    levels = (await web.get("/reports/service-level", params={"by": "line", "within": 4})).json()
    assert [(row["by"], row["calls"], row["answered"], row["within"]) for row in levels] == [("city", 2, 1, 0)]
    operators = (await web.get("/reports/operators")).json()
    assert [(row["login"], row["rung"], row["talks"]) for row in operators] == [("anna", 1, 2), ("boris", 2, 1)]
    for name in ("missed", "service-level", "operators"):
        answer = await web.get(f"/reports/{name}", params={"form": "xlsx", "since": MORNING.isoformat()})
        sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
        assert sheet is not None
        assert sheet.max_row >= 2
    assert (await web.get("/reports/missed", params={"since": "9999-01-01T00:00:00Z"})).status_code == 422
