"""Supervision and conference rooms on real SIP and RTP: who hears whom."""

from pathlib import Path

import pytest

from cordboard.office.fixed_rooms import ConferenceRoom
from cordboard.office.supervision import Supervisor
from cordboard.telephony import EndReason, LegState
from cordboard.testing.talks_on_the_wire import HZ, MUSIC, wire_office

pytestmark = [pytest.mark.slow, pytest.mark.wire]

CHIEF = Supervisor(name="chief", login="u104")
ROOM = ConferenceRoom(name="board", number="800", announce=False, moderators=("u101",))


async def test_listen_whisper_and_barge(tmp_path: Path) -> None:
    async with wire_office(tmp_path, CHIEF) as office:
        await office.signs_in("102")
        anna, boris = await office.talk("101", "102")
        refused = await office.dials("103", "*54102")
        await refused.reaches(LegState.ENDED)
        assert refused.told is EndReason.FORBIDDEN
        chief = await office.dials("104", "*54102")
        await chief.hears_all(HZ["101"], HZ["102"])
        await boris.hears_all(HZ["101"])
        await chief.press("5")
        await boris.hears_all(HZ["101"], HZ["104"])
        await anna.hears_all(HZ["102"])
        await chief.press("6")
        await anna.hears_all(HZ["102"], HZ["104"])
        await chief.hang_up()
        await anna.hears_all(HZ["102"])
        await boris.hears_all(HZ["101"])
        await anna.hang_up()
        await chief.reaches(LegState.ENDED)
        assert sorted(len(chain.legs) for chain in await office.log.recent()) == [1, 3]


async def test_a_room_with_a_moderator(tmp_path: Path) -> None:
    async with wire_office(tmp_path, ROOM) as office:
        anna = await office.dials("101", "800")
        await anna.hears(MUSIC)
        boris, carl = await office.dials("102", "800"), await office.dials("103", "800")
        await anna.hears_all(HZ["102"], HZ["103"])
        await boris.hears_all(HZ["101"], HZ["103"])
        await anna.press("*5")
        await boris.hears_all(HZ["101"])
        await anna.press("*5")
        await carl.hears_all(HZ["101"], HZ["102"])
        await anna.press("*8")
        for phone in (anna, boris, carl):
            await phone.reaches(LegState.ENDED)
