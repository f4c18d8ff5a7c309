"""`cordboard outside`: plays the outside world at the far end of the demo's line."""

import asyncio
import signal
from typing import Annotated

import typer

from cordboard.cli.common import asynchronous, console, fail
from cordboard.phone import Call, Desk, open_desk
from cordboard.sip.api import Address, PortTakenError

_TALK = 60.0
"""Seconds until the outside world hangs up."""


@asynchronous
async def outside(
    port: Annotated[int, typer.Option(min=1, max=65535, help="UDP port on this machine.")] = 5070,
) -> None:
    """Answer calls to any number: those that end in 9 are busy, in 8 nobody answers, all others play a tone."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with open_desk(Address("udp", "127.0.0.1", port), rtp_ports=range(28000, 28400)) as desk:
            desk.answer_anybody(lambda call: _take(desk, call))
            await stop.wait()
    except PortTakenError as fault:
        fail(f"{fault}: the demo's outside world cannot answer there.")


async def _take(desk: Desk, call: Call) -> None:
    console.print(f"outside world: {call.caller.user} calls {call.called.user}", markup=False)
    if call.called.user.endswith("9"):
        call.refuse(486, "Busy Here")
        return
    call.ring()
    if not call.called.user.endswith("8"):
        desk.own(_talk(call))


async def _talk(call: Call) -> None:
    await asyncio.sleep(2.0)
    if call.end is None:
        await call.answer()
        await call.say_tone(425.0)
        await asyncio.sleep(_TALK)
        await call.hang_up()
