"""The end of a process that speaks."""

import asyncio
import contextlib
import os
import signal


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill a process that leads a session of its own, with all that it started, and wait until it is gone.

    Its pipes are closed as well: up to Python 3.12, asyncio calls a process ended only when each of its pipes has been
    read to the end, and nobody reads one that was cut off in the middle of a long answer. To close the whole transport
    would ask after the process by `poll`, which may take its status away from whoever waits for it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for number in range(3):
        if (pipe := process._transport.get_pipe_transport(number)) is not None:  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
            pipe.close()
    await process.wait()
