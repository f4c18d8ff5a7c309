"""Another process of ours that is killed without a warning."""

import asyncio
import signal
import sys
from pathlib import Path


class OtherProcess:
    """Runs `python -m cordboard.testing.NAME FOLDER`. It may be started again when it was killed."""

    def __init__(self, name: str, folder: Path) -> None:
        self._arguments = ("-m", f"cordboard.testing.{name}", str(folder))
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *self._arguments, stdout=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        """Kill -9, if it was started."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self._process = None
