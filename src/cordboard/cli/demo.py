"""`cordboard demo`: the shipped scenarios, told by a scripted phone that calls them."""

import asyncio
import tempfile
from pathlib import Path

import typer

from cordboard.cli.common import asynchronous, console, fail
from cordboard.cli.stage import DemoFailedError, Stage, stage
from cordboard.config import Settings
from cordboard.office.demo import CITY_NUMBER
from cordboard.office.repositories import LoggedChain
from cordboard.phone import Call, Phone, RefusedError
from cordboard.sip.api import EndedBy
from cordboard.telephony import Direction, EndReason, LegRecord

_PEOPLE_TALK = 1.0
"""Seconds."""


@asynchronous
async def demo() -> None:
    """Start an exchange of its own on free ports, call the demo's scenarios, and tell what happened.

    Every line with ✓ comes from a received packet, recognised sound or a row of the call log. The exit status is 1
    if anything was not as it should be.
    """
    with tempfile.TemporaryDirectory(prefix="cordboard-demo-") as folder:
        try:
            async with stage(Path(folder) / "office", Settings.load().speech) as on:
                console.print("Cordboard tells its demo. Every ✓ was observed on the wire or in the call log.")
                await the_menu(on)
                await a_stranger(on)
                await callback_and_entry(on)
                untrue = on.teller.untrue
        except DemoFailedError as fault:
            fail(str(fault))
    if untrue:
        console.print(f"\n{len(untrue)} of the lines above did not come true.", style="red")
        raise typer.Exit(1)
    console.print("\nAll of it was true.")


async def the_menu(on: Stage) -> None:
    """An employee dials the menu and is joined with a colleague."""
    teller, sounds = on.teller, on.settings.sounds
    teller.chapter("The menu of the office")
    first, second = on.phone("101"), on.phone("102")
    for phone in (first, second):
        teller.fact(await _signs_in(phone), f"phone {phone.account} signs in with its password")
    call = await first.dial("700")
    teller.does("phone 101 dials 700")
    teller.fact(await call.answered(), "the menu answers")
    await teller.hears("101", call, sounds, "Welcome to our office.")
    await call.press("2")
    teller.does("101 presses 2 in the middle of it")
    await teller.hears("101", call, sounds, "Please dial the number of your colleague.")
    await call.press("102")
    teller.does("101 presses 102")
    try:
        async with asyncio.timeout(10):
            colleague = await second.incoming.get()
    except TimeoutError:
        teller.fact(False, "phone 102 rings")
        return
    teller.fact(colleague.caller.user == "101", f"phone 102 rings and shows {colleague.caller.user}")
    await colleague.answer()
    await _talk(on, ("101", call), ("102", colleague))
    await call.hang_up()
    teller.does("101 hangs up")
    end = await colleague.ended()
    teller.fact(end.by is EndedBy.REMOTE, "102 is told that the call is over")
    chain = await on.chain_with("700", 2)
    teller.fact(chain is not None and len(chain.connections) == 1, f"the call log: {_told(chain)}")


async def a_stranger(on: Stage) -> None:
    """A caller whom nobody knows takes the usual way."""
    teller = on.teller
    teller.chapter("A stranger calls the office")
    call = await on.call_in("+380441112233")
    if teller.fact(await call.answered(), f"+380441112233 dials {CITY_NUMBER} and is answered"):
        await teller.hears("the stranger", call, on.settings.sounds, "Welcome to our office.")
    await call.hang_up()
    await call.ended()


async def callback_and_entry(on: Stage) -> None:
    """Story S1: callback for employees, and entry to the exchange."""
    teller, sounds = on.teller, on.settings.sounds
    employee = on.login("101")
    teller.chapter(f"S1. {employee.name} calls from the road and is called back at the company's cost")
    for written in (employee.mobile, "0" + employee.mobile.removeprefix("+380")):
        call = await on.call_in(written)
        answered = await call.answered()
        end = await call.ended()
        teller.fact(
            not answered and end.status == 486, f"{written} calls: turned away unanswered ({end.status} {end.phrase})"
        )
    callback = await on.next_city_call()
    if callback is None:
        teller.fact(False, "the exchange calls back")
        return
    teller.fact(
        callback.called.user == employee.mobile, f"the exchange calls {callback.called.user} back from {CITY_NUMBER}"
    )
    callback.ring()
    await callback.answer()
    await teller.hears("the employee", callback, sounds, "This is your office. Please enter your PIN")
    await callback.press("000000#")
    teller.does("the employee mistypes the PIN")
    await teller.hears("the employee", callback, sounds, "This PIN is wrong.")
    await callback.press(employee.pin + "#")
    teller.does("the employee enters the right PIN, and #")
    await teller.hears("the employee", callback, sounds, "Please enter the number that you want to call")
    await callback.press("0441234567#")
    teller.does("the employee enters 0441234567, and #")
    client = await on.next_city_call()
    if client is None:
        teller.fact(False, "the client's phone rings")
        return
    teller.fact(client.called.user == "0441234567", f"the exchange calls {client.called.user}; it rings")
    client.ring()
    await client.answer()
    await _talk(on, ("the employee", callback), ("the client", client))
    await client.hang_up()
    teller.does("the client hangs up")
    await teller.hears("the employee", callback, sounds, "Please enter the number that you want to call")
    await callback.hang_up()
    teller.does("the employee hangs up")
    await callback.ended()
    chain = await on.chain_with("0441234567", 3)
    teller.fact(chain is not None and _is_one_story(chain), f"one chain in the call log: {_told(chain)}")
    await asyncio.sleep(4.0)  # longer than the callback waits: the second of the two calls would have given its own
    teller.fact(on.city.empty(), "two quick calls gave one callback")


def _is_one_story(chain: LoggedChain) -> bool:
    """The first attempt, the callback and the leg to the client, the latter two joined."""
    attempt, callback, client = chain.legs[0], chain.legs[-2], chain.legs[-1]
    [connection] = chain.connections or [None]
    return (
        attempt.direction is Direction.INBOUND
        and attempt.answered is None
        and attempt.reason is EndReason.BUSY
        and callback.answered is not None
        and client.answered is not None
        and connection is not None
        and {connection.a_leg, connection.b_leg} == {callback.id, client.id}
    )


async def _signs_in(phone: Phone) -> bool:
    try:
        await phone.register()
    except RefusedError:
        return False
    return True


async def _talk(on: Stage, one: tuple[str, Call], other: tuple[str, Call]) -> None:
    """Two parties talk: each is known by its own tone, and each must hear the other."""
    (name, call), (other_name, other_call) = one, other
    await call.say_tone(440)
    await other_call.say_tone(1000)
    await on.teller.hears_tone(name, call, 1000, other_name)
    await on.teller.hears_tone(other_name, other_call, 440, name)
    await asyncio.sleep(_PEOPLE_TALK)


def _told(chain: LoggedChain | None) -> str:
    if chain is None:
        return "nothing"
    return "; ".join([*(_leg(leg) for leg in chain.legs), f"{len(chain.connections)} connection(s)"])


def _leg(leg: LegRecord) -> str:
    way = f"{leg.caller.number} → {leg.dialled}" if leg.direction is Direction.INBOUND else f"to {leg.dialled}"
    return f"{way} ({'answered' if leg.answered else f'not answered: {leg.reason}'})"
