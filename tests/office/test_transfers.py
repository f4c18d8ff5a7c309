import asyncio

import pytest

from cordboard.office.transfers import Transfer
from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import EndReason, LegState, LineTarget, Party
from cordboard.testing.talks import CLIENT, hears, office_talkers

# --- blind --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transfers", ["caller", "callee"])
@virtual_time
async def test_blind_to_a_colleague(transfers: str) -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        by, led = (anna, boris) if transfers == "caller" else (boris, anna)
        request, _ = at.refers(by, "103")
        await asyncio.sleep(0.5)
        assert request.rings.is_set()
        assert not request.outcome.done()
        assert hears(led) == "ringing"
        assert led.leg.record.led_by == ("101" if by is anna else "102")
        assert await request.outcome is None
        carl = at.rung("103")
        await asyncio.sleep(0.1)
        assert (hears(led), hears(carl)) == ("103", "102" if led is boris else "101")
        assert by.state is LegState.ANSWERED, "the phone may say goodbye itself"
        await asyncio.sleep(2)
        assert by.told is EndReason.HUNG_UP
        led.hang_up()
        await carl.wait_state(LegState.ENDED)
        await at.over()
        assert len(at.chains()) == 1


@pytest.mark.parametrize(
    ("number", "behaviour", "failure"),
    [
        ("103", FarEnd.busy(), EndReason.BUSY),
        ("103", FarEnd.rejects(), EndReason.REJECTED),
        ("103", FarEnd.no_answer(), EndReason.NO_ANSWER),
        ("199", FarEnd.busy(), EndReason.NOT_FOUND),
    ],
)
@virtual_time
async def test_who_could_not_be_reached_comes_back(number: str, behaviour: FarEnd, failure: EndReason) -> None:
    async with office_talkers() as at:
        at.there("103", behaviour)
        anna, boris = await at.talk("101", "102")
        request, _ = at.refers(anna, number)
        assert await request.outcome is failure
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(boris)) == ("102", "101")
        # And may be tried elsewhere.
        request, _ = at.refers(anna, "104")
        assert await request.outcome is None
        boris.hang_up()
        anna.hang_up()
        await at.over()


@virtual_time
async def test_a_phone_that_hung_up_at_once_is_called_back_and_sees_who_it_is() -> None:
    async with office_talkers() as at:
        at.there("103", FarEnd.rejects(after=5))
        anna, boris = await at.talk("101", "102")
        request, _ = at.refers(anna, "103")
        await asyncio.sleep(0.5)
        anna.hang_up()
        assert await request.outcome is EndReason.REJECTED
        await asyncio.sleep(0.5)
        again = at.rung("101")
        assert again.leg.record.caller == Party("102", "User 102")
        assert hears(boris) == "ringing"
        await again.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0.1)
        assert (hears(again), hears(boris)) == ("102", "101")
        again.hang_up()
        await boris.wait_state(LegState.ENDED)
        await at.over()
        assert len(at.chains()) == 1


@virtual_time
async def test_one_who_gives_up_while_it_rings_leaves_nothing_behind() -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        request, _ = at.refers(anna, "103")
        await asyncio.sleep(0.5)
        boris.hang_up()
        assert await request.outcome is EndReason.CANCELLED
        await asyncio.sleep(0.1)
        assert at.rung("103").told is EndReason.CANCELLED
        anna.hang_up()
        await at.over()


@virtual_time
async def test_to_a_scenario_and_from_there_to_nobody() -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        request, _ = at.refers(anna, "700")
        assert await request.outcome is None
        assert hears(boris) == "menu"
        await asyncio.sleep(3)
        assert anna.state is LegState.ENDED
        boris.hang_up()
        await at.over()


@pytest.mark.parametrize(("by", "failure"), [("101", None), ("108", EndReason.FORBIDDEN)])
@virtual_time
async def test_outside_counts_the_right_of_who_transfers(by: str, failure: EndReason | None) -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk(by, "102")
        request, _ = at.refers(anna, CLIENT)
        assert await request.outcome is failure
        await asyncio.sleep(0.1)
        assert hears(boris) == ("99" if failure is None else by)
        boris.hang_up()
        anna.hang_up()
        await at.over()


@virtual_time
async def test_somebody_outside_cannot_transfer_and_neither_can_one_who_does_not_talk() -> None:
    async with office_talkers() as at:
        anna = at.dials("101", CLIENT)
        await anna.wait_state(LegState.ANSWERED)
        client = next(phone for phone in at.exchange.called if isinstance(phone.target, LineTarget))
        request, _ = at.refers(client, "103")
        assert await request.outcome is EndReason.FORBIDDEN
        await asyncio.sleep(0.1)
        assert hears(anna) == "99"
        anna.hang_up()
        alone = at.dials("102", "700")
        await alone.wait_state(LegState.ANSWERED)
        request, _ = at.refers(alone, "103")
        assert await request.outcome is EndReason.NOT_FOUND
        alone.hang_up()
        await at.over()


@virtual_time
async def test_a_call_cannot_be_consulted_about_itself() -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        request, _ = at.refers(anna, "102", consulted=anna)
        assert await request.outcome is EndReason.NOT_FOUND
        assert hears(boris) == "101"
        anna.hang_up()
        await at.over()


@virtual_time
async def test_the_api_transfers_with_the_rights_of_who_asks() -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        request = Transfer(CLIENT)
        asking = asyncio.create_task(at.transfers.transfer(anna.leg, request, login="u108"))
        assert await request.outcome is EndReason.FORBIDDEN
        await asking
        assert hears(boris) == "101"
        anna.hang_up()
        await at.over()


@virtual_time
async def test_a_colleague_who_transfers_on_what_was_transferred_to_him() -> None:
    async with office_talkers() as at:
        anna = at.dials("101", CLIENT)
        await anna.wait_state(LegState.ANSWERED)
        client = next(phone for phone in at.exchange.called if isinstance(phone.target, LineTarget))
        before = anna
        for account in ("102", "103", "104"):
            request, _ = at.refers(before, account)
            assert await request.outcome is None
            await asyncio.sleep(3)
            assert before.state is LegState.ENDED
            before = at.rung(account)
            assert (hears(client), hears(before)) == (account, "99")
        client.hang_up()
        await at.over()
        assert len(at.chains()) == 1


# --- attended -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("led", ["caller", "callee"])
@pytest.mark.parametrize("consulted", ["calls", "is called"])
@virtual_time
async def test_attended_joins_the_two_others_in_one_chain(led: str, consulted: str) -> None:
    async with office_talkers() as at:
        anna, boris = at.in_order("101", await at.talk(*(("101", "102") if led == "callee" else ("102", "101"))))
        anna.hold()
        accounts = ("101", "103") if consulted == "is called" else ("103", "101")
        again, carl = at.in_order("101", await at.talk(*accounts))
        request, _ = at.refers(anna, "103", consulted=again)
        assert await request.outcome is None
        await asyncio.sleep(0.1)
        assert (hears(boris), hears(carl)) == ("103", "102")
        await asyncio.sleep(2)
        assert (anna.told, again.told) == (EndReason.HUNG_UP, EndReason.HUNG_UP)
        assert len(at.chains()) == 1
        # It is a talk as any other: Carl leads Boris on, and Boris his new party.
        request, _ = at.refers(carl, "104")
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert carl.state is LegState.ENDED
        dora = at.rung("104")
        assert (hears(boris), hears(dora)) == ("104", "102")
        request, _ = at.refers(boris, "105")
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert (hears(dora), hears(at.rung("105"))) == ("105", "104")
        dora.hang_up()
        await at.over()


@virtual_time
async def test_the_consulted_one_is_led_on_while_the_led_one_has_gone() -> None:
    async with office_talkers() as at:
        anna, boris = await at.talk("101", "102")
        again, carl = await at.talk("101", "103")
        request, _ = at.refers(anna, "103", consulted=again)
        assert await request.outcome is None
        await asyncio.sleep(3)
        request, _ = at.refers(boris, "104")
        assert await request.outcome is None
        await asyncio.sleep(30)
        assert boris.state is LegState.ENDED
        assert hears(carl) == "104"
        carl.hang_up()
        await at.over()


@virtual_time
async def test_semi_attended_the_consulted_one_still_rings() -> None:
    async with office_talkers(after=3) as at:
        anna, boris = await at.talk("101", "102")
        again = at.dials("101", "103")
        await asyncio.sleep(1)
        request, _ = at.refers(anna, "103", consulted=again)
        await asyncio.sleep(0.5)
        assert again.state is LegState.ENDED
        assert hears(boris) == "ringing"
        assert await request.outcome is None
        await asyncio.sleep(0.1)
        assert (hears(boris), hears(at.rung("103"))) == ("103", "102")
        boris.hang_up()
        await at.over()
