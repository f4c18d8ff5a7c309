"""How large the body of a request may be: what is larger is refused before it has come."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 2_000_000
"""Bytes."""
UPLOADS = ("/api/prompts/",)
"""Beginnings of paths that take whole files and bound them themselves."""


class BodyLimit:
    """Answers 413 (RFC 9110 §15.5.14) to a body of more than `LARGEST` bytes, said or sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["path"].startswith(UPLOADS):
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > LARGEST:
            await _refusal(scope, receive, send)
            return
        received = 0
        answered = refused = False

        async def counted() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST:
                refused = True
                return {"type": "http.disconnect"}
            return message

        async def answer(message: Message) -> None:
            nonlocal answered
            if not refused:
                answered = True
                await send(message)

        try:
            await self._app(scope, counted, answer)
        except Exception:
            if not refused:
                raise
        if refused and not answered:
            await _refusal(scope, receive, send)


async def _refusal(scope: Scope, receive: Receive, send: Send) -> None:
    words = f"the body is larger than {LARGEST // 1_000_000} MB"
    await JSONResponse({"detail": words}, 413, {"Connection": "close"})(scope, receive, send)
