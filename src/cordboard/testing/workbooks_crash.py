"""What writes workbooks as a process of its own, to be killed.

`python -m cordboard.testing.workbooks_crash FOLDER WHERE`: WHERE is the boundary at which it kills itself, as `kill -9`
does; without one it writes until somebody does.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from cordboard.datasource.excel import holders, writer
from cordboard.testing.tables import Tables, tables

BOUNDARIES = (
    "before begin",
    "after begin",
    "before replace",
    "after replace",
    "before done",
    "after done",
)


def dies(work: Callable[..., Any], when: str) -> Callable[..., Any]:
    """Like `work`, a function or a coroutine function, in a process that does not survive it."""
    if asyncio.iscoroutinefunction(work):

        @wraps(work)
        async def dying(*args: Any) -> Any:
            if when == "after":
                await work(*args)
            os.kill(os.getpid(), signal.SIGKILL)

        return dying

    @wraps(work)
    def dying_in_a_thread(*args: Any) -> Any:
        if when == "after":
            work(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying_in_a_thread


def _arm(on: Tables, where: str) -> None:
    when, _, what = where.partition(" ")
    if what == "replace":
        vars(writer)["replace"] = dies(holders.replace, when)
    elif what:
        setattr(on.store.workbooks, what, dies(getattr(on.store.workbooks, what), when))


async def write(folder: Path, where: str) -> None:
    """Write what waits in the store of `folder`, until it is killed."""
    async with tables(folder) as on:
        _arm(on, where)
        await on.writer.run()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), *sys.argv[2:]))
