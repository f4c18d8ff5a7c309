"""Scenarios that read and write workbooks: real files, real runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.datasource.excel.ports import Workbooks
from cordboard.testing.components import Trial, service
from cordboard.testing.tables import Tables, tables
from cordboard.testing.workbooks import cells, rich

TYPES = {
    "phone": "phone",
    "code": "text",
    "debt": "number",
    "paid": "date",
    "result": "text",
    "row": "record",
    "rows": "list",
    "number": "number",
    "told": "text",
}


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Tables]:
    (folder / "tables").mkdir()
    (folder / "tables" / "debts.xlsx").write_bytes(rich())
    async with tables(folder) as on:
        yield on


async def walked(on: Tables, steps: str, **values: str) -> Trial:
    lines = (
        f"- {{name: {name}, type: {type_}" + (f", value: {values[name]!r}}}" if name in values else "}")
        for name, type_ in TYPES.items()
    )
    variables = "\n" + "\n".join(lines) + "\n"
    async with Trial(service(steps, name="main", variables=variables), ports={Workbooks: on.books}) as trial:
        await trial.start("main")
        await trial.ended()
        await on.store.runs.emit(await trial.store.effects())
        return trial


@pytest.mark.parametrize("number", ["+380671234567", "0671234567", "380671234567", "+38 (067) 123-45-67"])
async def test_a_debt_is_found_by_the_callers_number_however_it_is_written(tmp_path: Path, number: str) -> None:
    step = """
    find:
      component: excel_find_row
      workbook: debts
      where: {phone: =phone}
      take: [{column: Debt, variable: debt}, {column: paid, variable: paid}, {column: result, variable: result}]
      row: row
      number: number
    """
    async with office(tmp_path) as on:
        trial = await walked(on, step, phone=number)
    assert trial.path == ["find.found"]
    told = trial.variables
    assert (told["debt"], told["number"], told["result"]) == ("120.5", "2", "")
    assert told["paid"] == "2026-01-31"
    assert "380671234567" in told["row"]


@pytest.mark.parametrize(
    ("step", "exit_"),
    [
        ("{component: excel_find_row, workbook: debts, where: {id: '9'}}", "not_found"),
        ("{component: excel_find_row, workbook: debts, where: {phone: =told}}", "not_found"),
        ("{component: excel_find_row, workbook: debts, where: {result: ''}, several: ambiguous}", "not_found"),
        ("{component: excel_read_cell, workbook: debts, cell: C3, value: debt}", "done"),
        ("{component: excel_read_cell, workbook: debts, cell: Z99, value: told}", "empty"),
        ("{component: excel_read_cell, workbook: debts, number: 4, row: row}", "done"),
        ("{component: excel_read_cell, workbook: debts, number: 40, row: row}", "empty"),
        (
            "{component: excel_rows, workbook: debts, filter: [{column: debt, check: more, value: =4}], rows: rows}",
            "found",
        ),
        (
            "{component: excel_rows, workbook: debts, filter: [{column: debt, check: more, value: =400}], rows: rows}",
            "nothing",
        ),
        ("{component: excel_for_each_row, workbook: debts, filter: [{column: id, check: more, value: =9}]}", "empty"),
        ("{component: excel_write_cells, workbook: debts, where: {id: '9'}, values: {result: x}}", "not_found"),
    ],
)
async def test_the_exits(tmp_path: Path, step: str, exit_: str) -> None:
    async with office(tmp_path) as on:
        trial = await walked(on, f"    step: {step}\n")
        assert trial.path == [f"step.{exit_}"]
        assert await on.store.workbooks.waiting() == []


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{component: excel_find_row, workbook: nothing, where: {id: '9'}}", "nothing.xlsx is not there"),
        ("{component: excel_find_row, workbook: ../secret, where: {id: '9'}}", "is no name of a workbook"),
        ("{component: excel_find_row, workbook: debts, where: {nonsense: '9'}}", "has no column 'nonsense'"),
        (
            "{component: excel_find_row, workbook: debts, where: {id: '1'}, take: [{column: x, variable: told}]}",
            "no column 'x'",
        ),
        (
            "{component: excel_write_cells, workbook: debts, where: {id: '1'}, values: {nonsense: x}}",
            "has no column 'nonsense'",
        ),
        ("{component: excel_append_row, workbook: debts, values: {id: '=rows'}}", "a cell holds one value"),
    ],
)
async def test_what_is_wrong_leaves_by_error_in_a_sentence(tmp_path: Path, step: str, words: str) -> None:
    async with office(tmp_path) as on:
        trial = await walked(on, f"    step: {step}\n")
        assert trial.path == ["step.error"]
        assert words in trial.steps[0].error
        assert await on.store.workbooks.waiting() == []


async def test_what_a_scenario_writes_is_in_the_file_as_text_and_the_rest_stays(tmp_path: Path) -> None:
    steps = """
    write:
      component: excel_write_cells
      workbook: debts
      where: {id: "{code}"}
      values: {result: "{told}"}
      exits: {done: add}
    add:
      component: excel_append_row
      workbook: debts
      values: {id: =4, phone: =phone, result: =told}
      exits: {done: find}
    """
    find = """
    find: {component: excel_find_row, workbook: debts, where: {phone: =phone}, take: [{column: id, variable: debt}]}
    """
    async with office(tmp_path) as on:
        trial = await walked(on, steps + find, code="2", told="=HYPERLINK(1)", phone="+380670000000")
        assert trial.path == ["write.done", "add.done", "find.not_found"], "its orders are committed with its steps"
        await on.writer.write()
        content = (on.folder / "debts.xlsx").read_bytes()
        again = await walked(on, find, phone="067 000 00 00")
        assert again.variables["debt"] == "4"
    found = cells(content)
    assert (found["E3"], found["A5"], found["B5"], found["E5"]) == (
        "=HYPERLINK(1)",
        4,
        "+380670000000",
        "=HYPERLINK(1)",
    )


async def test_rows_are_walked_one_after_the_other_while_they_are_written(tmp_path: Path) -> None:
    steps = """
    next:
      component: excel_for_each_row
      workbook: debts
      filter: [{column: result, check: empty}]
      key: id
      take: [{column: id, variable: code}]
      exits: {row: note}
    note:
      component: assign
      assignments: [{variable: told, value: "{told}{code},"}]
      exits: {done: write}
    write:
      component: excel_write_cells
      workbook: debts
      where: {id: "{code}"}
      values: {result: x}
      exits: {done: next}
    """
    async with office(tmp_path) as on:
        trial = await walked(on, steps)
        assert trial.variables["told"] == "1,3,"
        assert trial.path[-1] == "next.done"
        await on.writer.write()
        content = (on.folder / "debts.xlsx").read_bytes()
    assert [cells(content)[cell] for cell in ("E2", "E3", "E4")] == ["x", "old", "x"]


async def test_a_failure_is_written_beside_the_callers_debt_and_a_new_file_is_seen_by_the_next_call(
    tmp_path: Path,
) -> None:
    find = """
    find:
      component: excel_find_row
      workbook: debts
      where: {phone: =phone}
      take: [{column: debt, variable: debt}, {column: result, variable: told}]
      exits: {found: note}
    note: {component: excel_write_cells, workbook: debts, where: {phone: =phone}, values: {result: Неудача}}
    """
    async with office(tmp_path) as on:
        first = await walked(on, find, phone="+38 (067) 123-45-67")
        second = await walked(on, find, phone="0671234567")
        assert (first.variables["told"], second.variables["told"]) == ("", "Неудача")
        await on.writer.write()
        assert cells((on.folder / "debts.xlsx").read_bytes())["E2"] == "Неудача"
        (on.folder / "new.tmp").write_bytes(rich([("phone", "debt", "result"), ("067/123.45.67", 9, "paid")]))
        (on.folder / "new.tmp").replace(on.folder / "debts.xlsx")
        third = await walked(on, find, phone="380671234567")
        assert (third.variables["debt"], third.variables["told"]) == ("9", "paid")
