"""Data within a call, all of it real: a workbook, a web service, what the caller hears and leaves behind."""

from pathlib import Path

import pytest

from cordboard.datasource.excel.ports import Workbooks
from cordboard.datasource.excel.service import WorkbookFolder
from cordboard.datasource.excel.writer import WorkbookWriter
from cordboard.datasource.web.guarded import GuardedClient
from cordboard.datasource.web.ports import Web
from cordboard.datasource.web.service import WebService
from cordboard.speech.service import find_engines
from cordboard.store.database import Store
from cordboard.telephony import SystemClock
from cordboard.testing.real_components import SPEECH, Row, hangs_up, hears_words, presses, wire
from cordboard.testing.web import HeldSettings, MemoryOfAnswers, json_reply, web_server
from cordboard.testing.workbooks import cells, rich

pytestmark = [
    pytest.mark.slow,
    pytest.mark.wire,
    pytest.mark.skipif(not find_engines(SPEECH), reason="no speech engine: run tools/fetch-speech"),
]

VARIABLES = """
- {name: digits}
- {name: phone, type: phone}
- {name: debt, type: number}
- {name: rate, type: number}
"""
STEPS = """
ask: {component: ask_digits, text: Your number, variable: digits, language: en, exits: {done: same}}
same: {component: assign, assignments: [{variable: phone, value: "{digits}"}], exits: {done: find}}
find:
  component: excel_find_row
  workbook: debts
  where: {phone: =phone}
  take: [{column: debt, variable: debt}]
  exits: {found: rate, not_found: unknown}
rate:
  component: http_request
  url: %s/rate
  take: [{variable: rate, path: $.rate}]
  exits: {ok: owes, no_answer: owes}
owes: {component: say, value: =money(debt * rate; "UAH"), what: money, language: ru, exits: {done: wait}}
unknown: {component: play, text: Nobody, language: en}
wait: {component: pause, duration: 1m}
left: {component: excel_write_cells, workbook: debts, where: {phone: =phone}, values: {result: "Прослушал: {rate}"}}
"""


async def test_a_debt_is_found_by_what_is_typed_told_in_words_and_noted_after_the_call(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "debts.xlsx").write_bytes(rich())
    async with web_server(json_reply('{"rate": 10.5}')) as there:
        row = Row(
            "debts",
            STEPS % there.url,
            (
                hears_words("Your number"),
                presses("0671234568#"),
                hears_words("Your number", "двадцать одна гривна"),
                hangs_up(),
            ),
            "ask.done same.done find.found rate.ok owes.done wait. left.done",
            variables=VARIABLES,
            after="left",
            holds={"debt": "2", "rate": "10.5", "phone": "0671234568"},
        )
        books = None

        def ports(store: Store) -> dict[type, object]:
            nonlocal books
            books = WorkbookFolder(folder, store.workbooks, lambda: "UA")
            web = WebService(GuardedClient(), HeldSettings(), MemoryOfAnswers(), SystemClock())
            return {Workbooks: books, Web: web}

        async with wire(tmp_path, rows=[row], ports=ports) as on:
            await on.play([row])
            assert books is not None
            writer = WorkbookWriter(books, on.store.workbooks, SystemClock(), "a")
            await writer.write()
            await books.close()
    assert cells((folder / "debts.xlsx").read_bytes())["E3"] == "Прослушал: 10.5"
