"""An exchange's outbox as a process of its own, to be killed: `python -m cordboard.testing.outbox_crash FOLDER`."""

import asyncio
import sys
from pathlib import Path

from cordboard.office.recordings import RecordingFolder
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.email import EmailGateway
from cordboard.telephony import SystemClock
from cordboard.testing.store import sqlite_store


async def deliver(folder: Path) -> None:
    """Deliver what is in the store of `folder`, until it is killed."""
    async with sqlite_store(folder) as store:
        gateway = EmailGateway(store.outbox_settings, RecordingFolder(folder))
        await Deliverer(store.outbox, {"email": gateway}, SystemClock(), "a").run()


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1])))
