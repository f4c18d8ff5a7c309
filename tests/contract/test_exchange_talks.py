"""What `telephony.talks` makes of either exchange: parties led elsewhere, places taken, calls picked up, one chain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, Leg, LegState, PhoneTarget, dial
from cordboard.testing.exchange import (
    ExchangeUnderTest,
    PhoneUnderTest,
    contract,
    serving,
    until,
    voice,
)

ANNA, BORIS, CARL, DORA = 440.0, 620.0, 1000.0, 1400.0
HZ = {"101": ANNA, "102": BORIS, "103": CARL, "104": DORA}


@asynccontextmanager
async def office(x: ExchangeUnderTest, *rings_only: str) -> AsyncIterator[None]:
    """Whatever account is dialled is called. *8 picks up what rings, *102 takes the place of who talks at 102."""
    for account in ("102", "103", "104"):
        await x.phone(account, FarEnd(answers_after=None if account in rings_only else 0.2, voice=voice(HZ[account])))

    async def take(leg: Leg) -> None:
        number, talks = leg.record.dialled, x.exchange.talks
        if number == "*8":
            if not await talks.attempts()[0].pick_up(leg):
                await leg.reject(EndReason.NOT_FOUND)
        elif number.startswith("*"):
            leaving = next(each for each in x.exchange.legs() if each.record.account == number[1:])
            await talks.take_place(leaving, leg)
        else:
            await dial(x.exchange, leg, [PhoneTarget(number)], show=leg.record.caller)

    async with serving(x.exchange, take):
        yield


async def talk(x: ExchangeUnderTest, a: str, b: str) -> tuple[PhoneUnderTest, PhoneUnderTest]:
    caller = await x.call_in(b, account=a, hz=HZ[a])
    await caller.reaches(LegState.ANSWERED)
    callee = await x.rung(b)
    await caller.hears(HZ[b])
    await callee.hears(HZ[a])
    return caller, callee


def leg_of(x: ExchangeUnderTest, account: str) -> Leg:
    return next(leg for leg in x.exchange.legs() if leg.record.account == account)


async def over(x: ExchangeUnderTest) -> None:
    """Nothing is left, and all legs were of one chain in the end."""
    await until(lambda: not x.exchange.legs())
    assert not x.exchange.talks.all()
    last = {record.id: record.chain for record in x.listener.legs}
    assert len(set(last.values())) == 1


@contract
async def test_a_callee_is_led_on_and_the_caller_goes(x: ExchangeUnderTest) -> None:
    async with office(x):
        anna, boris = await talk(x, "101", "102")

        async def to_carl(leg: Leg) -> None:
            await dial(x.exchange, leg, [PhoneTarget("103")], show=leg.record.caller)

        found = x.exchange.talks.of(leg_of(x, "101"))
        assert found is not None
        found.divert(leg_of(x, "102"), to_carl)
        await anna.hang_up()
        carl = await x.rung("103")
        await boris.hears(CARL)
        await carl.hears(BORIS)
        await carl.hang_up()
        await boris.reaches(LegState.ENDED)
        await over(x)


@contract
async def test_two_who_were_parted_come_together_again(x: ExchangeUnderTest) -> None:
    async with office(x):
        anna, boris = await talk(x, "101", "102")
        found = x.exchange.talks.of(leg_of(x, "101"))
        assert found is not None
        apart = asyncio.Event()

        async def wait(_leg: Leg) -> None:
            await apart.wait()
            assert await found.rejoin()

        done = found.divert(leg_of(x, "101"), wait)
        await anna.hears(None)
        await boris.hears(None)
        apart.set()
        await done.wait()
        await anna.hears(BORIS)
        await boris.hears(ANNA)
        await anna.hang_up()
        await boris.reaches(LegState.ENDED)
        await over(x)


@contract
async def test_a_place_is_taken_and_the_younger_call_joins_the_older(x: ExchangeUnderTest) -> None:
    async with office(x):
        anna, boris = await talk(x, "101", "102")
        carl = await x.call_in("*102", account="103", hz=CARL)
        await carl.hears(ANNA)
        await anna.hears(CARL)
        await boris.reaches(LegState.ENDED)
        assert boris.told is EndReason.HUNG_UP
        await anna.hang_up()
        await carl.reaches(LegState.ENDED)
        await over(x)


@contract
async def test_a_ringing_call_is_picked_up(x: ExchangeUnderTest) -> None:
    async with office(x, "102"):
        anna = await x.call_in("102", account="101", hz=ANNA)
        await anna.reaches(LegState.RINGING)
        carl = await x.call_in("*8", account="103", hz=CARL)
        await anna.hears(CARL)
        await carl.hears(ANNA)
        boris = await x.rung("102")
        await boris.reaches(LegState.ENDED)
        assert boris.told is EndReason.ANSWERED_ELSEWHERE
        await carl.hang_up()
        await anna.reaches(LegState.ENDED)
        await over(x)


@contract
async def test_two_talks_of_one_phone_become_a_talk_of_the_others(x: ExchangeUnderTest) -> None:
    async with office(x):
        first, boris = await talk(x, "101", "102")
        second, carl = await talk(x, "101", "103")
        talks = x.exchange.talks
        one, two = talks.of(leg_of(x, "102")), talks.of(leg_of(x, "103"))
        assert one is not None
        assert two is not None
        led = leg_of(x, "102")

        async def meet(far: Leg) -> None:
            await talks.together(led, far)

        async def be_met(_leg: Leg) -> None:
            await met.wait()

        met = two.divert(leg_of(x, "103"), meet)
        one.divert(led, be_met)
        await boris.hears(CARL)
        await carl.hears(BORIS)
        await first.hang_up()
        await second.hang_up()
        await boris.hang_up()
        await carl.reaches(LegState.ENDED)
        await over(x)
