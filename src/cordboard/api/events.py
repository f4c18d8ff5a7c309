"""Events as they happen, by WebSocket: calls, people, lines, runs, and the card of who rings."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, WebSocket
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from cordboard.api.access import Access, address_of
from cordboard.api.sockets import accept, tell_until_gone, token_of
from cordboard.office.after_call import CallNotes
from cordboard.office.ended_calls import EndedCall
from cordboard.office.live import LiveEvent, LiveEvents, LiveStream, Wanted, wanted_topics
from cordboard.office.roles import may
from cordboard.office.tokens import ApiToken
from cordboard.office.told_calls import content_of, logins_of, topics_of
from cordboard.scenario.component import ScenarioKind
from cordboard.scenario.ports import RunTrace, StepTrace, TraceSink

FIRST = 10.0
"""Seconds for the first message, if the token comes in it."""
_UNAUTHORISED, _FORBIDDEN = 4401, 4403
_RUNS = "run."
_PERSONAL = ("card",)
"""Told to whom they concern alone, also if he may see everything."""


def routes(live: LiveEvents, access: Access) -> APIRouter:
    """The WebSocket /api/v1/events; `?topics=call.*,line.down` narrows what is told.

    The token is a head, a subprotocol `bearer.…`, or the first message `{"token": "…"}`; never a part of the address.
    """
    router = APIRouter()

    @router.websocket("/api/v1/events")
    async def events(socket: WebSocket, topics: str = "") -> None:
        plain = token_of(socket)
        token = None
        if plain:
            try:
                token = await access.holder(plain, "", address=address_of(socket))
                wanted = _wanted(token, topics)
            except HTTPException as refused:
                await socket.send_denial_response(JSONResponse({"detail": refused.detail}, refused.status_code))
                return
        await accept(socket)
        try:
            if token is None:
                async with asyncio.timeout(FIRST):
                    first = await socket.receive_json()
                given = str(first.get("token", "")) if isinstance(first, dict) else ""
                wanted = _wanted(await access.holder(given, "", address=address_of(socket)), topics)
        except (TimeoutError, HTTPException, ValueError, KeyError) as refused:
            forbidden = isinstance(refused, HTTPException) and refused.status_code == 403
            await socket.close(_FORBIDDEN if forbidden else _UNAUTHORISED, "the first message must be a token")
            return
        except WebSocketDisconnect:
            return
        with live.stream(wanted) as stream:
            await socket.send_json({"topic": "hello"})
            await tell_until_gone(socket, _tell(socket, stream))

    return router


def _wanted(token: ApiToken, topics: str) -> Wanted:
    """What a token may be told, of what it asks for. Raises HTTPException."""
    every, runs, own = may(token, "live"), may(token, "runs"), may(token, "own")
    if not (every or runs or own):
        raise HTTPException(403, f"the token {token.name!r} may follow nothing: give it the scope live, runs or own")
    asked = wanted_topics([each.strip() for each in topics.split(",")])

    def wanted(event: LiveEvent) -> bool:
        if not asked(event.topic):
            return False
        concerned = bool(token.login) and token.login in event.logins
        if event.topic in _PERSONAL:
            return (own and concerned) or (every and not token.login)
        if event.topic.startswith(_RUNS):
            return runs
        return every or (own and concerned)

    return wanted


async def _tell(socket: WebSocket, stream: LiveStream) -> None:
    while True:
        event, missed = await stream.next()
        if missed:
            await socket.send_json({"topic": "lagged", "missed": missed})
        told: Mapping[str, Any] = {"topic": event.topic, "at": event.at.isoformat(), "data": event.data}
        await socket.send_json(told)


class RunEvents:
    """Implements `TraceSink`: passes all on to another one, notes it with the call, and tells it to listeners."""

    def __init__(self, sink: TraceSink, live: LiveEvents, notes: CallNotes) -> None:
        self._sink = sink
        self._live = live
        self._notes = notes

    def run(self, trace: RunTrace) -> None:
        """See TraceSink."""
        self._sink.run(trace)
        data = {"run": trace.run_id, "chain": trace.chain, "scenario": trace.scenario, "kind": trace.kind}
        if trace.ended is None:
            if trace.kind != ScenarioKind.SERVICE:
                self._notes.began(trace.chain, trace.run_id, trace.scenario)
            self._live.publish("run.started", data, chain=trace.chain)
        else:
            ending = {"outcome": trace.outcome.value if trace.outcome else "", "error": trace.error}
            self._live.publish("run.ended", data | ending, chain=trace.chain)

    def step(self, trace: StepTrace) -> None:
        """See TraceSink."""
        self._sink.step(trace)
        self._notes.stepped(trace.chain, trace.run_id, trace.step, [key for _, key in trace.keys])
        self._live.publish("run.step", {"run": trace.run_id, "step": trace.step, "exit": trace.exit})


def call_told(live: LiveEvents) -> Callable[[EndedCall], None]:
    """What `CallLog` tells of each call that stands in the log: `call.content`, and `call.missed` as well for some."""

    def told(call: EndedCall) -> None:
        content, logins = content_of(call), logins_of(call)
        for topic in topics_of(call):
            live.publish(topic, content, logins=logins, chain=call.chain)

    return told
