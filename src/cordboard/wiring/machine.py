"""What the exchange asks of the machine it runs on: files, ports, a name."""

import asyncio
import contextlib
import resource
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cordboard.config import Settings
from cordboard.sip.api import Address
from cordboard.switch.settings import SwitchSettings


def node_name(data: Path) -> str:
    """The name under which this exchange holds leases. It stays, so that after kill -9 they are its own again at once.

    It lives in the data folder, of which only one exchange at a time has the lock.
    """
    file = data / "node"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        file.write_text(uuid.uuid4().hex, encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def switch_settings(settings: Settings) -> SwitchSettings:
    """Where the switch listens, as the settings say it."""
    return SwitchSettings(
        listen=[Address(transport, settings.sip_host, settings.sip_port) for transport in ("udp", "tcp")],
        rtp_ports=range(settings.rtp_first, settings.rtp_last + 1),
        rtp_host=settings.sip_host,
        external_address=settings.external_address,
        local_networks=settings.local_networks,
    )


def more_files() -> None:
    """A leg takes two sockets: let the process, and the worker after it, open as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@asynccontextmanager
async def at_work(*works: Coroutine[Any, Any, None], last: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let works go on beside the context, then end them; `last` when the others have ended."""
    tasks = [asyncio.create_task(work) for work in works]
    final = asyncio.create_task(last)
    try:
        yield
    finally:
        for ending in (tasks, [final]):
            for task in ending:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*ending)
