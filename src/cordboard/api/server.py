"""The web server as a part of our own loop: uvicorn without its hand on the signals."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI


class WebPortTakenError(OSError):
    """Somebody else listens there; the message says what to do."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The exchange decides when to stop."""
        yield


@asynccontextmanager
async def serving(
    app: FastAPI, host: str, port: int, *, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[int]:
    """Serve `app` while the context lasts; gives the port (a free one if `port` is 0). Raises WebPortTakenError.

    With a `certificate` (PEM, with its chain) and its `key` by TLS; a program of this machine that stands before it may
    say by X-Forwarded-For and -Proto for whom it asks.
    """
    listener = _bind(host, port)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ws="auto",
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(64)
    except OSError as fault:
        listener.close()
        raise WebPortTakenError(
            f"Web port {port} on {host} cannot be used ({fault.strerror}): "
            "stop the program that has it, or set web_port to another one"
        ) from fault
    return listener
