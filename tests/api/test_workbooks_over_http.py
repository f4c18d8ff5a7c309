from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx2
from fastapi import FastAPI

from cordboard.api import workbooks
from cordboard.api.access import Access
from cordboard.api.server import serving
from cordboard.office.tokens import new_token
from cordboard.telephony import SystemClock
from cordboard.testing.tables import tables
from cordboard.testing.workbooks import rich

NOW = datetime.now(UTC)


async def test_who_holds_a_workbook_and_what_could_not_be_written_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "debts.xlsx").write_bytes(rich())
    async with tables(tmp_path) as on:
        plain, token = new_token("page", ["workbooks"], NOW)
        other, wrong = new_token("crm", ["runs"], NOW)
        for each in (token, wrong):
            await on.store.tokens.add(each)
        app = FastAPI()
        app.include_router(workbooks.routes(on.books, on.store.workbooks, Access(on.store.tokens, SystemClock())))
        async with serving(app, "127.0.0.1", 0) as port, httpx2.AsyncClient(trust_env=False) as client:
            there = f"http://127.0.0.1:{port}/api/v1/workbooks"
            may = {"Authorization": f"Bearer {plain}"}
            assert (await client.get(there)).status_code == 401
            assert (await client.get(there, headers={"Authorization": f"Bearer {other}"})).status_code == 403
            assert (await client.get(there, headers=may)).json() == []

            (folder / ".~lock.debts.xlsx#").write_text("Ганна,ganna,desk,now,;", encoding="utf-8")
            await on.order({"result": "x"}, {"id": Decimal(1)})
            await on.writer.write()
            (state,) = (await client.get(there, headers=may)).json()
            assert (state["name"], state["waiting"]) == ("debts.xlsx", 1)
            assert state["trouble"] == "debts.xlsx is open at Ганна"

            (folder / ".~lock.debts.xlsx#").unlink()
            await on.order({"result": "x"}, {"id": Decimal(99)}, workbook="debts")
            assert (await client.delete(f"{there}/faults/7", headers=may)).status_code == 404
    async with tables(tmp_path) as again:
        await again.writer.write()
        (fault,) = await again.store.workbooks.faults()
        assert "id = 99" in fault.error
        app = FastAPI()
        app.include_router(
            workbooks.routes(again.books, again.store.workbooks, Access(again.store.tokens, SystemClock()))
        )
        async with serving(app, "127.0.0.1", 0) as port, httpx2.AsyncClient(trust_env=False) as client:
            there = f"http://127.0.0.1:{port}/api/v1/workbooks/faults"
            (told,) = (await client.get(there, headers=may)).json()
            assert (told["seq"], told["workbook"]) == (fault.seq, "debts.xlsx")
            assert (await client.delete(f"{there}/{fault.seq}", headers=may)).status_code == 204
            assert (await client.get(there, headers=may)).json() == []
