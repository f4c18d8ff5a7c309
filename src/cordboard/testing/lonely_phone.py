"""A phone in a process of its own, so that it can be killed: `python -m cordboard.testing.lonely_phone`.

Arguments: account, port of the exchange, first port of voice, folder, Hz of its voice, and a number that it is to call,
or "". It signs in, says `ready`, and answers every call; or it says `ready` once its own call is answered.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from cordboard.phone import Call, open_desk
from cordboard.sip.api import Address


async def _stand(account: str, server: int, first_port: int, folder: Path, hz: float, *, number: str) -> None:
    async def take(call: Call) -> None:
        call.ring()
        await call.answer()
        await call.say_tone(hz)

    async with open_desk(rtp_ports=range(first_port, first_port + 100), folder=folder) as desk:
        phone = desk.phone(account, account, Address("udp", "127.0.0.1", server), taker=take)
        await phone.register()
        if number:
            call = await phone.dial(number)
            if not await call.answered():
                sys.exit(f"{number} has not answered")
            await call.say_tone(hz)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


@asynccontextmanager
async def lonely_phone(
    account: str, server: Address, folder: Path, hz: float, *, first_port: int, dials: str = ""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Such a phone, signed in or, with a number that it `dials`, in its call; kill it at any moment."""
    folder.mkdir(exist_ok=True)
    arguments = (account, str(server.port), str(first_port), str(folder), str(hz), dials)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


if __name__ == "__main__":
    account, server, first, folder, hz, number = sys.argv[1:]
    asyncio.run(_stand(account, int(server), int(first), Path(folder), float(hz), number=number))
