"""An exchange that sends SMS as a process of its own, to be killed: `python -m cordboard.testing.sms_crash FOLDER`."""

import asyncio
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from cordboard.datasource.web.guarded import GuardedClient
from cordboard.outbox.deliverer import Deliverer
from cordboard.outbox.ports import SMS
from cordboard.outbox.sms.gateway import SmsGateway
from cordboard.outbox.sms.lines import SmsLines
from cordboard.telephony import SystemClock
from cordboard.testing.store import sqlite_store
from cordboard.wiring.sms import sms_makers


async def deliver(folder: Path) -> None:
    """Send what is in the store of `folder`, until it is killed."""
    clock = SystemClock()
    async with sqlite_store(folder) as store:
        lines = SmsLines(store.sms_settings, store.sms_inbox, clock, sms_makers(store, GuardedClient()))
        gateway = SmsGateway(store.sms_settings, store.sms_ledger, lines, clock, lambda: ZoneInfo("UTC"))
        running = asyncio.create_task(lines.run())
        while not any(state.up for state in lines.states()):  # noqa: ASYNC110 - lines tell nobody
            await asyncio.sleep(0.01)
        await asyncio.gather(running, Deliverer(store.outbox, {SMS: gateway}, clock, "a").run())


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1])))
