"""What the WebSockets of the API share: who opens one, and telling until he goes away."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect, WebSocketState

from cordboard.api.access import session_of_page

PROTOCOL = "cordboard"
"""The subprotocol that is chosen; a page elsewhere, which sends no heads, offers it beside `bearer.` and its token."""
_BEARER = "bearer."


def token_of(socket: WebSocket) -> str:
    """From the head, among the subprotocols, or the session of a page of ours; empty if there is none."""
    kind, _, plain = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return plain.strip()
    offered = (each for each in socket.scope.get("subprotocols", []) if each.startswith(_BEARER))
    return next(offered, "").removeprefix(_BEARER) or session_of_page(socket)


async def accept(socket: WebSocket) -> None:
    """Open it, with our subprotocol if it is offered."""
    await socket.accept(subprotocol=PROTOCOL if PROTOCOL in socket.scope.get("subprotocols", []) else None)


async def tell_until_gone(socket: WebSocket, telling: Coroutine[Any, Any, None]) -> None:
    """Run `telling` until the other side goes away. What it says is not needed; a fault of ours is raised."""
    tasks = {asyncio.create_task(_until_gone(socket)), asyncio.create_task(telling)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled() and (fault := task.exception()) and not isinstance(fault, WebSocketDisconnect):
            raise fault


async def _until_gone(socket: WebSocket) -> None:
    while socket.client_state is WebSocketState.CONNECTED:
        await socket.receive()
