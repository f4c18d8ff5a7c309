"""Transfers by keys on real SIP and RTP: who hears whom, and one chain in the log."""

from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import EndReason, LegState
from cordboard.testing.talks_on_the_wire import HZ, MUSIC, wire_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]


async def test_blind_by_keys_then_attended_by_keys(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102", "103", "104")
        anna, boris = await office.talk("101", "102")
        await anna.press("##")
        await boris.hears(MUSIC)
        await anna.press("103#")
        carl = await office.x.rung("103")
        await boris.hears(HZ["103"])
        await carl.hears(HZ["102"])
        await anna.reaches(LegState.ENDED)
        assert anna.told is EndReason.HUNG_UP
        # Carl asks Dora while Boris waits, and leaves the two to each other.
        await carl.press("*2")
        await boris.hears(MUSIC)
        await carl.press("104#")
        dora = await office.x.rung("104")
        await dora.hears(HZ["103"])
        await carl.hears(HZ["104"])
        await carl.hang_up()
        await dora.hears(HZ["102"])
        await boris.hears(HZ["104"])
        await dora.hang_up()
        await boris.reaches(LegState.ENDED)
        chain = await office.chain()
        assert sorted(leg.account for leg in chain.legs) == ["101", "102", "103", "104"]
        assert len(chain.connections) == 4
        assert all(leg.ended is not None for leg in chain.legs)


async def test_who_is_busy_or_left_with_a_star_gives_the_party_back(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.signs_in("102", "104")
        await office.x.phone("103", FarEnd.busy())
        anna, boris = await office.talk("101", "102")
        await anna.press("##103#")
        await boris.hears(MUSIC)
        await boris.hears(HZ["101"])
        await anna.hears(HZ["102"])
        await anna.press("*2104#")
        dora = await office.x.rung("104")
        await dora.hears(HZ["101"])
        await anna.press("*")
        await dora.reaches(LegState.ENDED)
        await boris.hears(HZ["101"])
        await anna.hears(HZ["102"])
        await anna.hang_up()
        await boris.reaches(LegState.ENDED)
        await office.chain()


async def test_a_ringing_call_is_picked_up(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office:
        await office.x.phone("102", FarEnd.no_answer())
        anna = await office.dials("101", "102")
        await anna.reaches(LegState.RINGING)
        carl = await office.dials("103", "**102")
        await carl.hears(HZ["101"])
        await anna.hears(HZ["103"])
        await (await office.x.rung("102")).reaches(LegState.ENDED)
        await anna.hang_up()
        await carl.reaches(LegState.ENDED)
        chain = await office.chain()
        assert len(chain.legs) == 3
