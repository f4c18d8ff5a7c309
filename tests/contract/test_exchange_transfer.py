"""What phones ask for by themselves: transfers, the place of another call, and a call that is led elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, Leg, LegState, Party, PhoneTarget, TransferRequest
from cordboard.testing.exchange import ExchangeUnderTest, PhoneUnderTest, contract, serving, until

Asked = asyncio.Queue[tuple[Leg, TransferRequest]]


@asynccontextmanager
async def asked(x: ExchangeUnderTest) -> AsyncIterator[tuple[PhoneUnderTest, Asked, asyncio.Event]]:
    """A phone in a call, the transfers that it asks for, and an event that ends their handlers."""
    requests: Asked = asyncio.Queue()
    over = asyncio.Event()

    async def transfer(leg: Leg, request: TransferRequest) -> None:
        requests.put_nowait((leg, request))
        await over.wait()

    async def take(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with serving(x.exchange, take, transfer):
        phone = await x.call_in("700")
        await phone.reaches(LegState.ANSWERED)
        yield phone, requests, over


@contract
async def test_a_blind_transfer_is_told_of_to_its_end(x: ExchangeUnderTest) -> None:
    async with asked(x) as (phone, requests, _):
        assert await phone.transfer("103")
        leg, request = await requests.get()
        assert leg.record.dialled == "700"
        assert (request.number, request.consulted) == ("103", None)
        request.ringing()
        request.done()
        request.done(EndReason.BUSY)
        assert await phone.transferred() is None
        assert phone.told_ringing
        assert leg.state is LegState.ANSWERED


@contract
async def test_a_failure_is_told_also_when_the_phone_has_hung_up(x: ExchangeUnderTest) -> None:
    async with asked(x) as (phone, requests, _):
        assert await phone.transfer("103")
        leg, request = await requests.get()
        await phone.hang_up()
        await leg.ended()
        request.done(EndReason.BUSY)
        assert await phone.transferred() is EndReason.BUSY
        assert not phone.told_ringing


@contract
async def test_a_handler_without_a_word_has_failed(x: ExchangeUnderTest) -> None:
    async with asked(x) as (phone, requests, over):
        assert await phone.transfer("103")
        await requests.get()
        over.set()
        assert await phone.transferred() is EndReason.ERROR
        assert await phone.transfer("104")
        _, request = await requests.get()
        assert request.number == "104"


@contract
async def test_an_attended_transfer_names_the_phones_own_leg(x: ExchangeUnderTest) -> None:
    async with asked(x) as (phone, requests, _):
        other = await x.call_in("701")
        await other.reaches(LegState.ANSWERED)
        assert await phone.transfer(other)
        leg, request = await requests.get()
        assert (leg.record.dialled, request.number) == ("700", "701")
        assert request.consulted is not None
        assert request.consulted is next(each for each in x.exchange.legs() if each.record.dialled == "701")
        request.done()
        assert await phone.transferred() is None


@contract
async def test_without_a_handler_a_transfer_is_declined(x: ExchangeUnderTest) -> None:
    async def take(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with serving(x.exchange, take):
        phone = await x.call_in("700")
        await phone.reaches(LegState.ANSWERED)
        assert not await phone.transfer("103")
        assert x.exchange.legs()[0].state is LegState.ANSWERED


@contract
async def test_a_handler_that_fails_hurts_only_its_transfer(x: ExchangeUnderTest) -> None:
    async def transfer(_leg: Leg, _request: TransferRequest) -> None:
        raise ValueError("a fault of the handler")

    async def take(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with serving(x.exchange, take, transfer):
        phone = await x.call_in("700")
        await phone.reaches(LegState.ANSWERED)
        assert await phone.transfer("103")
        assert await phone.transferred() is EndReason.ERROR
        assert x.exchange.legs()[0].state is LegState.ANSWERED


@contract
async def test_a_leg_knows_whose_place_it_wants(x: ExchangeUnderTest) -> None:
    async with asked(x) as (phone, _, _over):
        (first,) = x.exchange.legs()
        coming = await x.call_in("700", account="102", replaces=phone)
        await coming.reaches(LegState.ANSWERED)
        (second,) = [leg for leg in x.exchange.legs() if leg.record.account == "102"]
        assert second.record.replaces == first.id
        assert first.record.replaces == ""


@contract
async def test_a_called_phone_wants_the_call_led_elsewhere(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.redirects("104"))
    leg = await x.exchange.originate([PhoneTarget("102")], caller=Party("101"))
    assert await leg.ended() is EndReason.REDIRECTED
    assert leg.record.redirected_to == "104"
    assert x.listener.of(leg.id)[-1].redirected_to == "104"


@contract
async def test_of_two_phones_the_one_that_answers_has_it(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.redirects("104"))
    await x.phone("103", FarEnd.answers(0.3))
    leg = await x.exchange.originate([PhoneTarget("102"), PhoneTarget("103")], caller=Party("101"))
    assert await leg.answer()
    assert leg.record.account == "103"
    await leg.hang_up()
    assert leg.record.redirected_to == ""


@contract
async def test_of_two_phones_a_redirection_counts_more_than_busy(x: ExchangeUnderTest) -> None:
    await x.phone("102", FarEnd.redirects("104"))
    await x.phone("103", FarEnd.busy())
    leg = await x.exchange.originate([PhoneTarget("102"), PhoneTarget("103")], caller=Party("101"))
    assert await leg.ended() is EndReason.REDIRECTED
    assert leg.record.redirected_to == "104"
    await until(lambda: not x.exchange.legs())
