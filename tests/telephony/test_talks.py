import asyncio

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.simulation.virtual_time import virtual_time
from cordboard.telephony import Dialled, EndReason, Leg, LegState, PhoneTarget, Talk, Tone, dial
from cordboard.telephony.talks import Work
from cordboard.testing.talks import Talkers, call_the_dialled, hears, talkers

MUSIC = Tone((333.0,), on=3600.0)


def talk_of(at: Talkers, leg: Leg) -> Talk:
    talk = at.exchange.talks.of(leg)
    assert talk is not None
    return talk


def to(at: Talkers, account: str, outcomes: list[Dialled] | None = None) -> Work:
    """Lead a party to the phone of an account."""

    async def work(leg: Leg) -> None:
        result = await dial(at.exchange, leg, [PhoneTarget(account)], show=leg.record.caller)
        if outcomes is not None:
            outcomes.append(result.outcome)

    return work


@virtual_time
async def test_the_callee_is_led_to_somebody_else_and_the_caller_is_free() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        await asyncio.sleep(0.5)
        assert (hears(anna), hears(boris)) == ("", "ringing")
        anna.hang_up()
        await asyncio.sleep(1)
        carl = at.rung("103")
        assert (hears(boris), hears(carl)) == ("103", "102")
        assert [result.outcome for result in at.results] == [Dialled.ANSWERED]
        boris.hang_up()
        await carl.wait_state(LegState.ENDED)
        await at.over()
        assert len(at.chains()) == 1


@virtual_time
async def test_a_callee_is_hung_up_when_nobody_leads_it_on_any_more() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        anna.hang_up()
        await asyncio.sleep(2)
        at.rung("103").hang_up()
        await boris.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_the_caller_is_led_to_somebody_else_and_his_dialling_lasts() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk_of(at, boris.leg).divert(anna.leg, to(at, "103"))
        boris.hang_up()
        await asyncio.sleep(2)
        carl = at.rung("103")
        assert (hears(anna), hears(carl)) == ("103", "101")
        assert at.results == []
        carl.hang_up()
        await anna.wait_state(LegState.ENDED)
        assert [result.outcome for result in at.results] == [Dialled.ANSWERED]
        await at.over()


@pytest.mark.parametrize("kept", ["caller", "callee"])
@virtual_time
async def test_they_are_together_again_when_nobody_could_be_had(kept: str) -> None:
    async with talkers() as at:
        at.there("103", FarEnd.busy())
        at.there("104", FarEnd.rejects())
        anna, boris = await at.talk("101", "102")
        talk, outcomes = talk_of(at, anna.leg), list[Dialled]()
        led = anna if kept == "caller" else boris
        for account in ("103", "104"):  # twice: a talk may be parted again

            async def try_it(leg: Leg, account: str = account) -> None:
                await to(at, account, outcomes)(leg)
                assert await talk.rejoin()

            await talk.divert(led.leg, try_it).wait()
            assert talk_of(at, anna.leg) is talk
            await asyncio.sleep(0.1)
            assert (hears(anna), hears(boris)) == ("102", "101")
        assert outcomes == [Dialled.BUSY, Dialled.REJECTED]
        boris.hang_up()
        await anna.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_there_is_no_way_back_to_one_who_has_gone_and_the_other_is_not_left_behind() -> None:
    async with talkers() as at:
        at.there("103", FarEnd.rejects(after=5))
        anna, boris = await at.talk("101", "102")
        talk, back = talk_of(at, anna.leg), list[bool]()

        async def try_it(leg: Leg) -> None:
            await to(at, "103")(leg)
            back.append(await talk.rejoin())

        talk.divert(boris.leg, try_it)
        await asyncio.sleep(1)
        anna.hang_up()
        await boris.wait_state(LegState.ENDED)
        assert back == [False]
        await at.over()


@virtual_time
async def test_a_talk_that_was_parted_anew_within_its_work_waits_for_the_second_work() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk = talk_of(at, anna.leg)

        async def back_and_away(_leg: Leg) -> None:
            assert await talk.rejoin()
            talk.divert(anna.leg, to(at, "104"))

        talk.divert(anna.leg, back_and_away)
        await asyncio.sleep(2)
        assert hears(anna) == "104"
        at.rung("104").hang_up()
        await anna.wait_state(LegState.ENDED)
        assert boris.state is LegState.ENDED
        await at.over()


@virtual_time
async def test_nobody_is_led_to_two_places() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk = talk_of(at, anna.leg)
        talk.divert(boris.leg, to(at, "103"))
        with pytest.raises(ValueError, match="led elsewhere"):
            talk.divert(anna.leg, to(at, "104"))
        anna.hang_up()
        boris.hang_up()
        await asyncio.sleep(1)
        with pytest.raises(ValueError, match="it is over"):
            talk.divert(anna.leg, to(at, "104"))
        await at.over()


@virtual_time
async def test_from_one_to_the_next_to_the_next() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        anna.hang_up()
        await asyncio.sleep(2)
        carl = at.rung("103")
        talk_of(at, boris.leg).divert(carl.leg, to(at, "104"))
        boris.hang_up()
        await asyncio.sleep(2)
        dora = at.rung("104")
        assert (hears(carl), hears(dora)) == ("104", "103")
        talk_of(at, dora.leg).divert(carl.leg, to(at, "105"))
        dora.hang_up()
        await asyncio.sleep(2)
        emil = at.rung("105")
        assert (hears(carl), hears(emil)) == ("105", "103")
        assert [(talk.caller, talk.callee) for talk in at.exchange.talks.all()] == [(carl.leg, emil.leg)]
        emil.hang_up()
        await carl.wait_state(LegState.ENDED)
        await at.over()
        assert len(at.chains()) == 1


@virtual_time
async def test_a_dialling_that_is_cancelled_ends_the_called_one_but_not_one_who_was_led_on() -> None:
    async def cut_short(at: Talkers, leg: Leg) -> None:
        calling = asyncio.ensure_future(call_the_dialled(at, leg))
        await leg.ended()  # as a scenario does
        calling.cancel()
        await asyncio.wait({calling})

    async with talkers(cut_short) as at:
        anna, boris = await at.talk("101", "102")
        anna.hang_up()
        await boris.wait_state(LegState.ENDED)
        anna, boris = await at.talk("101", "102")
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        anna.hang_up()
        await asyncio.sleep(10)
        assert hears(boris) == "103"
        boris.hang_up()
        await at.over()


# --- somebody takes a place ---------------------------------------------------------------------------------------


async def takes_the_place_of(at: Talkers, leg: Leg) -> None:
    """Dialling *102 takes the place of whoever talks at 102, dialling *8 whatever rings."""
    number = leg.record.dialled
    if not number.startswith("*"):
        await call_the_dialled(at, leg)
    elif number == "*8":
        attempts = at.exchange.talks.attempts()
        if not attempts or not await attempts[0].pick_up(leg):
            await leg.reject(EndReason.NOT_FOUND)
    else:
        leaving = [each for each in at.exchange.legs() if each.record.account == number[1:]]
        if not leaving or not await at.exchange.talks.take_place(leaving[0], leg):
            await leg.reject(EndReason.NOT_FOUND)


@pytest.mark.parametrize("leaving", ["101", "102"])
@virtual_time
async def test_a_phone_takes_the_place_of_either_party(leaving: str) -> None:
    async with talkers(takes_the_place_of) as at:
        phones = dict(zip(("101", "102"), await at.talk("101", "102"), strict=True))
        stays = "102" if leaving == "101" else "101"
        carl = at.dials("103", f"*{leaving}")
        await carl.wait_state(LegState.ANSWERED)
        await asyncio.sleep(0.1)
        assert phones[leaving].told is EndReason.HUNG_UP
        assert (hears(carl), hears(phones[stays])) == (stays, "103")
        assert len(at.chains()) == 1, "the younger call has joined the older one"
        carl.hang_up()
        await phones[stays].wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_who_took_a_place_can_be_led_on_while_his_own_call_lasts() -> None:
    async with talkers(takes_the_place_of) as at:
        anna, _ = await at.talk("101", "102")
        carl = at.dials("103", "*102")
        await asyncio.sleep(0.1)
        talk_of(at, anna.leg).divert(carl.leg, to(at, "104"))
        anna.hang_up()
        await asyncio.sleep(2)
        dora = at.rung("104")
        assert (hears(carl), hears(dora)) == ("104", "103")
        dora.hang_up()
        await carl.wait_state(LegState.ENDED)
        await at.over()


@virtual_time
async def test_there_is_no_place_of_one_who_does_not_talk() -> None:
    async with talkers(takes_the_place_of) as at:
        carl = at.dials("103", "*102")
        await carl.wait_state(LegState.ENDED)
        assert carl.told is EndReason.NOT_FOUND
        await at.over()


# --- pick-up ------------------------------------------------------------------------------------------------------


@virtual_time
async def test_a_ringing_call_is_picked_up_by_another_phone() -> None:
    async with talkers(takes_the_place_of) as at:
        at.there("102", FarEnd.no_answer())
        anna = at.dials("101", "102")
        await asyncio.sleep(3)
        carl = at.dials("103", "*8")
        await asyncio.sleep(0.1)
        assert (hears(anna), hears(carl)) == ("103", "101")
        assert at.rung("102").told is EndReason.ANSWERED_ELSEWHERE
        assert len(at.chains()) == 1
        talk_of(at, anna.leg).divert(carl.leg, to(at, "104"))  # and is a talk as any other
        anna.hang_up()
        await asyncio.sleep(2)
        assert hears(carl) == "104"
        carl.hang_up()
        await at.over()


@virtual_time
async def test_of_many_who_pick_up_one_has_the_call() -> None:
    async with talkers(takes_the_place_of) as at:
        at.there("102", FarEnd.no_answer())
        anna = at.dials("101", "102")
        await asyncio.sleep(3)
        pickers = [at.dials(account, "*8") for account in ("103", "104", "105", "106")]
        await asyncio.sleep(0.5)
        assert [picker.state for picker in pickers].count(LegState.ANSWERED) == 1
        assert [picker.told for picker in pickers].count(EndReason.NOT_FOUND) == 3
        anna.hang_up()
        await asyncio.sleep(0)
        await at.over()


@virtual_time
async def test_a_call_that_was_given_up_or_answered_cannot_be_picked_up() -> None:
    async with talkers(takes_the_place_of) as at:
        await at.talk("101", "102")
        late = at.dials("103", "*8")
        await late.wait_state(LegState.ENDED)
        assert late.told is EndReason.NOT_FOUND
        at.rung("102").hang_up()
        at.there("102", FarEnd.no_answer())
        anna = at.dials("101", "102")
        await asyncio.sleep(1)
        attempt = at.exchange.talks.attempts()[0]
        anna.hang_up()
        assert not await attempt.pick_up(late.leg)
        await at.over()


# --- hold ---------------------------------------------------------------------------------------------------------


@virtual_time
async def test_who_is_put_on_hold_hears_music_also_after_a_transfer() -> None:
    async with talkers() as at:
        at.exchange.talks.hold_music = (MUSIC,)
        anna, boris = await at.talk("101", "102")
        anna.hold()
        await asyncio.sleep(1)
        assert hears(boris) == "333"
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        await asyncio.sleep(0.5)
        assert hears(boris) == "ringing"
        anna.resume()  # his phone tidies up: what the other hears is none of its business any more
        await asyncio.sleep(0.1)
        assert hears(boris) == "ringing"
        anna.hang_up()
        await asyncio.sleep(1)
        carl = at.rung("103")
        carl.hold()
        await asyncio.sleep(1)
        assert hears(boris) == "333"
        carl.resume()
        await asyncio.sleep(1)
        assert hears(boris) == "103"
        boris.hang_up()
        await at.over()


@virtual_time
async def test_the_end_of_the_exchange_ends_what_is_led_on() -> None:
    async with talkers() as at:
        anna, boris = await at.talk("101", "102")
        talk_of(at, anna.leg).divert(boris.leg, to(at, "103"))
        anna.hang_up()
        await asyncio.sleep(0.5)
    assert boris.told is EndReason.SHUTDOWN
