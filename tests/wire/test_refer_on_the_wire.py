"""Phones that transfer, pick up and redirect by themselves, on real SIP and RTP."""

import asyncio
from pathlib import Path

import pytest

from cordboard.phone import Call
from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, Leg, LegState, Party, PhoneTarget
from cordboard.testing.exchange import serving, until
from cordboard.testing.real_exchange import open_office
from cordboard.testing.talks_on_the_wire import HZ, MUSIC, wire_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


async def outcome(call: Call) -> int:
    async with asyncio.timeout(15):
        return await call.referred()


async def test_a_blind_transfer_by_refer(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102", "103")
        anna, boris = await office.talk("101", "102")
        assert await anna.call.refer("103")
        carl = await office.x.rung("103")
        await boris.hears(HZ["103"])
        await carl.hears(HZ["102"])
        assert await outcome(anna.call) == 200
        assert anna.call.progress == [100, 180, 200]
        await anna.reaches(LegState.ENDED)
        await carl.hang_up()
        await boris.reaches(LegState.ENDED)
        chain = await office.chain()
        assert sorted(leg.account for leg in chain.legs) == ["101", "102", "103"]


async def test_a_phone_that_hangs_up_at_once_hears_how_it_went(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102")
        await office.x.phone("103", FarEnd.busy())
        anna, boris = await office.talk("101", "102")
        assert await anna.call.refer("103")
        await anna.hang_up()
        assert await outcome(anna.call) == 486
        await boris.hang_up()
        await until(lambda: not office.x.exchange.legs())


async def test_a_transfer_to_who_is_busy_gives_the_party_back(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102")
        await office.x.phone("103", FarEnd.busy())
        anna, boris = await office.talk("101", "102")
        assert await anna.call.refer("103")
        assert await outcome(anna.call) == 486
        await anna.hears(HZ["102"])
        await boris.hears(HZ["101"])
        assert await anna.call.refer("900")
        assert await outcome(anna.call) == 404
        await boris.hears(HZ["101"])
        await anna.hang_up()
        await boris.reaches(LegState.ENDED)


async def test_an_attended_transfer_by_refer_with_replaces(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102", "103")
        anna, boris = await office.talk("101", "102")
        await anna.hold()
        await boris.hears(MUSIC)
        asking, carl = await office.talk("101", "103")
        assert await anna.call.refer_to(asking.call)
        await boris.hears(HZ["103"])
        await carl.hears(HZ["102"])
        assert await outcome(anna.call) == 200
        await anna.reaches(LegState.ENDED)
        await asking.reaches(LegState.ENDED)
        await boris.hang_up()
        await carl.reaches(LegState.ENDED)
        chain = await office.chain()
        assert len(chain.legs) == 4


async def test_a_phone_takes_the_place_of_one_that_talks_by_replaces(tmp_path: Path) -> None:
    """RFC 3891 §1: the call of Boris's phone goes on at Carl's."""
    async with wire_office(tmp_path) as office:
        await office.signs_in("102")
        anna, boris = await office.talk("101", "102")
        call_id, ours, theirs = boris.call.dialog
        carl = await office.x.call_in(
            "102", account="103", hz=HZ["103"], replaces=f"{call_id};to-tag={theirs};from-tag={ours}"
        )
        await carl.hears(HZ["101"])
        await anna.hears(HZ["103"])
        await boris.reaches(LegState.ENDED)
        await anna.hang_up()
        await carl.reaches(LegState.ENDED)
        await office.chain()


async def test_a_ringing_call_is_picked_up_by_replaces(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.x.phone("102", FarEnd.no_answer())
        anna = await office.dials("101", "102")
        await anna.reaches(LegState.RINGING)
        boris = await office.x.rung("102")
        call_id, ours, theirs = boris.call.dialog
        named = f"{call_id};to-tag={theirs};from-tag={ours};early-only"
        carl = await office.x.call_in("102", account="103", hz=HZ["103"], replaces=named)
        await carl.hears(HZ["101"])
        await anna.hears(HZ["103"])
        await boris.reaches(LegState.ENDED)
        # It is answered now, and nobody may have it who wants it only while it rings.
        call_id, ours, theirs = anna.call.dialog
        late = f"{call_id};to-tag={theirs};from-tag={ours};early-only"
        dora = await office.x.call_in("102", account="104", replaces=late)
        await dora.reaches(LegState.ENDED)
        assert dora.call.end is not None
        assert dora.call.end.status == 486
        await anna.hang_up()
        await carl.reaches(LegState.ENDED)


async def test_what_is_not_there_cannot_be_replaced(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        dora = await office.x.call_in("102", account="104", replaces="nobody@here;to-tag=a;from-tag=b")
        await dora.reaches(LegState.ENDED)
        assert dora.call.end is not None
        assert dora.call.end.status == 481


async def test_a_consultation_must_be_the_phones_own(tmp_path: Path) -> None:
    """Dora knows the dialog of a call that is not hers."""
    async with wire_office(tmp_path) as office:
        await office.signs_in("102", "103")
        anna, boris = await office.talk("101", "102")
        dora, carl = await office.talk("104", "103")
        assert await dora.call.refer_to(anna.call)
        assert await outcome(dora.call) == 481
        await anna.hears(HZ["102"])
        await carl.hears(HZ["104"])
        await anna.hang_up()
        await dora.hang_up()
        await boris.reaches(LegState.ENDED)
        await carl.reaches(LegState.ENDED)


async def test_a_phone_redirects_what_it_is_called_for(tmp_path: Path) -> None:
    async def take(leg: Leg) -> None:
        await leg.ended()

    async with open_office(tmp_path) as office, serving(office.exchange, take):
        phone = office.phone("102")
        await phone.register()
        leg = await office.exchange.originate([PhoneTarget("102")], caller=Party("101"))
        call = await phone.incoming.get()
        call.redirect("104")
        assert await leg.ended() is EndReason.REDIRECTED
        assert leg.record.redirected_to == "104"


async def test_without_a_handler_a_transfer_is_declined(tmp_path: Path) -> None:
    async def take(leg: Leg) -> None:
        await leg.answer()
        await leg.ended()

    async with open_office(tmp_path) as office, serving(office.exchange, take):
        call = await office.phone("101").dial("700")
        assert await call.answered()
        assert not await call.refer("102")
        assert call.end is None
        await call.hang_up()
