"""SMS: how the lines stand, and the address that providers call with reports and messages."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request

from cordboard.api.access import Access
from cordboard.outbox.sms.lines import LineState

LARGEST = 65_536
"""Bytes of a provider's call."""


class Lines(Protocol):
    """What is asked of the lines. `outbox.sms.lines.SmsLines` are some."""

    def states(self) -> Sequence[LineState]:
        """Every line that is on, by name."""

    async def called_back(self, name: str, secret: str, told: Any) -> bool:
        """A provider tells something. False if that is nobody's business, or nothing that is known."""


def routes(lines: Lines, access: Access) -> APIRouter:
    """The routes under /api/v1/sms. A provider has no token: the last part of the address is its secret."""
    router = APIRouter(prefix="/api/v1/sms")

    @router.get("/lines", dependencies=[access.to("outbox")])
    async def states() -> list[dict[str, Any]]:
        return [asdict(each) for each in lines.states()]

    @router.api_route("/{line}/{secret}", methods=["GET", "POST"], include_in_schema=False, status_code=200)
    async def called(line: str, secret: str, request: Request) -> dict[str, bool]:
        told = dict(request.query_params) | await _told(request)
        if not await lines.called_back(line, secret, told):
            raise HTTPException(404, "nobody waits for that here")
        return {"taken": True}

    return router


async def _told(request: Request) -> dict[str, Any]:
    """The fields of a form or of a JSON object, by what the body looks like: providers often mistake its type."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(413, f"more than {LARGEST} bytes are not taken")
    text = body.decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100)) if text else {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise HTTPException(400, f"this is no JSON: {fault}") from fault
    return told if isinstance(told, dict) else {}
