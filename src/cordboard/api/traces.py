"""Past and present runs with their traces."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from cordboard.api.access import Access
from cordboard.scenario.ports import RunTrace, TraceLog
from cordboard.telephony import PhoneNumber

Json = dict[str, Any]


def routes(traces: TraceLog, phone: Callable[[str], PhoneNumber], access: Access) -> APIRouter:
    """The routes under /api/traces. `phone` reads a number as the office's country writes it."""
    router = APIRouter(prefix="/api/traces", dependencies=[access.to("runs")])

    @router.get("")
    async def find(  # noqa: PLR0917  (each is a parameter of the query)
        scenario: str = "",
        step: str = "",
        exit_: Annotated[str, Query(alias="exit")] = "",
        number: str = "",
        error: str | None = None,
        kind: str = "",
        chain: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        unfinished: bool | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        before: str = "",
    ) -> list[Json]:
        for name, moment in (("since", since), ("until", until)):
            if moment is not None and moment.tzinfo is None:
                raise HTTPException(422, f"{name} has no zone: write it as 2026-12-31T09:00:00Z")
        found = await traces.find(
            scenario=scenario,
            step=step,
            exit_=exit_,
            number=phone(number).canonical if number else "",
            error=error,
            kind=kind,
            chain=chain,
            since=since,
            until=until,
            unfinished=unfinished,
            limit=limit,
            before=before,
        )
        return [_run(run) for run in found]

    @router.get("/{run_id}")
    async def load(run_id: str) -> Json:
        traced = await traces.load(run_id)
        if traced is None:
            raise HTTPException(404, "there is no such run in the traces; old ones are deleted")
        return _run(traced.run) | {"steps": [asdict(step) for step in traced.steps]}

    return router


def _run(run: RunTrace) -> Json:
    return {name: value for name, value in asdict(run).items() if not name.endswith("_phone")}
