"""Service scenarios over HTTP: start, wait for the end, look, cancel; and events for whoever waits for them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from cordboard.api.access import Access
from cordboard.scenario.context import ScenarioError
from cordboard.scenario.ports import Message, RunInfo
from cordboard.scenario.values import from_json, normal, show, to_json

LONGEST_WAIT = 60.0
"""Seconds for which a request may wait for the end of a run."""

Json = dict[str, Any]


class Runs(Protocol):
    """What is asked of the runner."""

    async def start_service(
        self,
        scenario: str,
        values: Mapping[str, Any] | None = None,
        *,
        key: str = "",
        chain: str = "",
        run_id: str = "",
    ) -> str:
        """See Runner.start_service."""

    async def has(self, scenario: str) -> bool:
        """Whether there is a published service scenario of that name."""

    async def ended(self, run_id: str, within: float) -> RunInfo | None:
        """The run once it has ended, or as it stands after `within` seconds; None if there is none."""

    async def find_runs(self, *, scenario: str = "", key: str = "", unfinished: bool = False) -> Sequence[RunInfo]:
        """See Runner.find_runs."""

    async def cancel(self, run_id: str) -> bool:
        """See Runner.cancel."""

    async def post(self, messages: Sequence[Message]) -> None:
        """See Runner.post."""


class Start(BaseModel):
    """The body of a start."""

    values: dict[str, Any] = Field(default_factory=dict)
    """Start parameters by name."""
    key: str = Field(default="", max_length=200)
    """For the run mode; empty: as the scenario computes it."""
    wait: float = Field(default=0.0, ge=0.0, le=LONGEST_WAIT)
    """Seconds to wait for the end; 0: answer at once."""
    id: str = Field(default="", max_length=100, pattern=r"^[\w.:-]*$")
    """Given by the caller, it makes a repeated request harmless: the same id is the same run."""


class Event(BaseModel):
    """The body of an event."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w.-]+$")
    key: str = Field(default="", max_length=200)
    data: dict[str, Any] = Field(default_factory=dict)
    id: str = Field(default="", max_length=100)
    run: str = Field(default="", max_length=100)
    """For this run alone: it then counts also if it comes before the run waits for it."""


def routes(runs: Runs, access: Access) -> APIRouter:
    """The routes under /api."""
    router = APIRouter(prefix="/api")
    starting, looking, posting = access.to("scenarios"), access.to("runs"), access.to("events")

    @router.post("/scenarios/{name}/runs", dependencies=[starting])
    async def start(name: str, body: Start, response: Response) -> Json:
        if not await runs.has(name):
            raise HTTPException(404, f"there is no published service scenario {name!r}")
        run_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{name}\n{body.id}").hex if body.id else ""
        try:
            started = await runs.start_service(name, normal(body.values), key=body.key, run_id=run_id)
        except ScenarioError as fault:
            raise HTTPException(422, str(fault)) from fault
        info = await runs.ended(started, body.wait) if body.wait else None
        response.status_code = 200 if info is not None and info.ending is not None else 202
        return _shown(info) if info is not None else {"run": started}

    @router.get("/scenarios/runs/{run_id}", dependencies=[starting])
    async def result(run_id: str, wait: Annotated[float, Query(ge=0.0, le=LONGEST_WAIT)] = 0.0) -> Json:
        return _shown(_there(await runs.ended(run_id, wait)))

    @router.get("/runs", dependencies=[looking])
    async def find(scenario: str = "", key: str = "", *, unfinished: bool = False) -> list[Json]:
        return [_shown(info) for info in await runs.find_runs(scenario=scenario, key=key, unfinished=unfinished)]

    @router.delete("/runs/{run_id}", dependencies=[looking])
    async def cancel(run_id: str) -> Json:
        _there(await runs.ended(run_id, 0.0))
        return {"cancelled": await runs.cancel(run_id)}

    @router.post("/events", dependencies=[posting], status_code=202)
    async def post(body: Event) -> Json:
        event_id = f"http:{body.id}" if body.id else uuid.uuid4().hex
        data = {name: to_json(normal(value)) for name, value in body.data.items()}
        await runs.post([Message(body.name, body.key, data, body.run, id=event_id)])
        return {"event": event_id}

    return router


def _there(info: RunInfo | None) -> RunInfo:
    if info is None:
        raise HTTPException(404, "there is no such run")
    return info


def _shown(info: RunInfo) -> Json:
    shown: Json = {"run": info.id} | {
        name: value for name, value in asdict(info).items() if name not in {"id", "ending", "node"}
    }
    if info.ending is not None:
        value = from_json(info.ending.value)
        plain = value if isinstance(value, str | bool | None) else show(value)
        shown |= {"outcome": info.ending.outcome.value, "value": plain, "error": info.ending.error}
    return shown
