"""A phone that others wrote transfers its party by REFER, and is transferred."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cordboard.simulation.far_end import FarEnd
from cordboard.telephony import LegState
from cordboard.testing.baresip import Baresip, baresip
from cordboard.testing.exchange import until
from cordboard.testing.talks_on_the_wire import HZ, MUSIC, WireOffice, wire_office

pytestmark = [pytest.mark.wire, pytest.mark.peer, pytest.mark.slow]


@asynccontextmanager
async def phone(office: WireOffice, folder: Path, account: str, *, auto_answer: bool = False) -> AsyncIterator[Baresip]:
    """Signed in."""
    async with baresip(
        folder / f"baresip-{account}",
        account=account,
        password=account,
        server=f"{office.server.host}:{office.server.port}",
        tone_hz=HZ[account],
        auto_answer=auto_answer,
    ) as one:
        await one.registered()
        yield one


async def test_baresip_transfers_whom_it_has_called(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office, phone(office, tmp_path, "101") as anna:
        await office.signs_in("102", "103")
        await anna.dial("102")
        await anna.established()
        boris = await office.x.rung("102")
        await boris.hears(HZ["101"])
        await anna.command("transfer", f"sip:103@{office.server.host}:{office.server.port}")
        carl = await office.x.rung("103")
        await boris.hears(HZ["103"])
        await carl.hears(HZ["102"])
        await anna.ended()
        # It has heard how it went: the final NOTIFY came, and it took it.
        await until(lambda: "terminated;reason=noresource" in anna.log())
        assert "SIP/2.0 202 Accepted" in anna.log()
        await carl.hang_up()
        await boris.reaches(LegState.ENDED)
        chain = await office.chain()
        assert sorted(leg.account for leg in chain.legs) == ["101", "102", "103"]


async def test_baresip_is_told_that_who_it_transfers_to_is_busy(tmp_path: Path) -> None:
    """It could have its party back; baresip 1.0 hangs up by itself when it hears of a failure."""
    async with wire_office(tmp_path) as office, phone(office, tmp_path, "101") as anna:
        await office.signs_in("102")
        await office.x.phone("103", FarEnd.busy())
        await anna.dial("102")
        await anna.established()
        boris = await office.x.rung("102")
        await anna.hears(HZ["102"])
        await anna.command("transfer", f"sip:103@{office.server.host}:{office.server.port}")
        await until(lambda: "transfer failed: 486 Busy Here" in anna.log())
        await boris.reaches(LegState.ENDED)
        chain = await office.chain()
        # If it is gone before the other one hears of the failure, it is rung once more, to have him back.
        assert {leg.account for leg in chain.legs} == {"101", "102", "103"}


async def test_baresip_is_transferred_to_another_baresip(tmp_path: Path) -> None:
    async with (
        wire_office(tmp_path) as office,
        phone(office, tmp_path, "102", auto_answer=True) as boris,
        phone(office, tmp_path, "103", auto_answer=True) as carl,
    ):
        anna = await office.dials("101", "102")
        await anna.hears(HZ["102"])
        assert await anna.call.refer("103")
        await boris.hears(HZ["103"])
        await carl.hears(HZ["102"])
        await anna.reaches(LegState.ENDED)
        await carl.hang_up()
        await boris.ended()


async def test_baresip_picks_up_what_rings_at_a_colleagues(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office, phone(office, tmp_path, "103") as carl:
        await office.x.phone("102", FarEnd.no_answer())
        anna = await office.dials("101", "102")
        await anna.reaches(LegState.RINGING)
        await carl.dial("**102")
        await carl.established()
        await anna.hears(HZ["103"])
        await carl.hears(HZ["101"])
        await (await office.x.rung("102")).reaches(LegState.ENDED)
        await anna.hang_up()
        await carl.ended()


async def test_baresip_holds_and_its_party_hears_music(tmp_path: Path) -> None:
    async with wire_office(tmp_path) as office, phone(office, tmp_path, "101") as anna:
        await office.signs_in("102")
        await anna.dial("102")
        await anna.established()
        boris = await office.x.rung("102")
        await boris.hears(HZ["101"])
        await anna.hold()
        await boris.hears(MUSIC)
        await anna.resume()
        await boris.hears(HZ["101"])
        # baresip 1.0 without a loudspeaker decodes nothing more after a hold, though it is sent (see test_desk).
        await anna.hang_up()
        await boris.reaches(LegState.ENDED)
