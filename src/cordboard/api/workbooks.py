"""How the workbooks stand: what waits to be written, who has one open, what could not be written."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Protocol

import structlog
from fastapi import APIRouter, HTTPException

from cordboard.api.access import Access
from cordboard.office.tokens import ApiToken

SCOPE = "workbooks"

_log = structlog.get_logger("audit")
Json = dict[str, Any]


class Books(Protocol):
    """`datasource.excel.ports.Workbooks`."""

    def states(self) -> Sequence[Any]:
        """The workbooks that were used since the start: dataclasses."""


class Faults(Protocol):
    """`datasource.excel.ports.Journal`."""

    async def faults(self) -> Sequence[Any]:
        """What could not be written: dataclasses."""

    async def forget(self, seq: int) -> bool:
        """Somebody has seen it. False if there is none."""


def routes(books: Books, journal: Faults, access: Access) -> APIRouter:
    """The routes under /api/v1/workbooks."""
    may = access.to(SCOPE)
    router = APIRouter(prefix="/api/v1/workbooks", dependencies=[may])

    @router.get("")
    async def states() -> list[Json]:
        return [asdict(state) for state in books.states()]

    @router.get("/faults")
    async def faults() -> list[Json]:
        return [asdict(fault) for fault in await journal.faults()]

    @router.delete("/faults/{seq}", status_code=204)
    async def forget(seq: int, token: Annotated[ApiToken, may]) -> None:
        if not 0 < seq < 2**53 or not await journal.forget(seq):
            raise HTTPException(404, f"nothing of number {seq} could not be written")
        _log.info("a fault of a workbook is forgotten", by=token.name, no=seq)

    return router
