import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from cordboard.office.fixed_rooms import ConferenceRoom, FixedRooms
from cordboard.office.recordings import RecordingFolder
from cordboard.office.recordings_desk import RecordingDesk
from cordboard.simulation.phone import SimulatedPhone
from cordboard.simulation.virtual_time import VirtualClock, virtual_time
from cordboard.telephony import LegState, Tone
from cordboard.testing.talks import Announcing, OfficeTalkers, ShownLamps, office_talkers
from cordboard.testing.voicemail import HeldRecordings

ROOM = ConferenceRoom(name="board", number="800", announce=False, music="waiting", moderators=("u101",))


@dataclass
class Rooms:
    at: OfficeTalkers
    rooms: FixedRooms
    lamps: ShownLamps
    kept: HeldRecordings

    async def comes(self, account: str, number: str = "800") -> SimulatedPhone:
        phone = self.at.dials(account, number)
        await phone.wait_state(LegState.ANSWERED)
        await asyncio.sleep(3)
        return phone

    async def command(self, phone: SimulatedPhone, key: str) -> None:
        phone.press("*" + key)
        await asyncio.sleep(3)


@asynccontextmanager
async def rooms(*documents: ConferenceRoom, folder: Path = Path("nowhere")) -> AsyncIterator[Rooms]:
    async with office_talkers(*documents) as at:
        lamps = ShownLamps()
        kept = HeldRecordings()
        desk = RecordingDesk(
            at.directory, kept, RecordingFolder(folder), Announcing(), VirtualClock(), free=lambda: 10**12
        )
        made = FixedRooms(at.exchange, at.directory, at.transfers, announcer=Announcing(), recorder=desk, lamps=lamps)
        at.switchboard.services.append(made)
        yield Rooms(at, made, lamps, kept)
        for leg in at.exchange.legs():
            await leg.hang_up()
        await at.over()
        await desk.close()
        assert made.rooms() == []
        assert lamps.busy == []


def heard(phone: SimulatedPhone) -> set[str]:
    return {f"{sound.frequencies[0]:g}" for sound in phone.hearing_all if isinstance(sound, Tone)}


@virtual_time
async def test_all_hear_each_other_and_who_is_alone_hears_music() -> None:
    async with rooms(ROOM) as in_:
        anna = await in_.comes("101")
        assert anna.texts[-1:] == ["waiting"]
        assert in_.lamps.busy == ["800"]
        boris, carl = await in_.comes("102"), await in_.comes("103")
        assert (heard(anna), heard(boris), heard(carl)) == ({"102", "103"}, {"101", "103"}, {"101", "102"})
        (room,) = in_.rooms.rooms()
        assert (room.number, room.name, len(room.legs), room.locked) == ("800", "board", 3, False)
        for phone in (boris, carl):
            phone.hang_up()
        await asyncio.sleep(1)
        assert anna.hearing is not None
        assert heard(anna) == set()


@virtual_time
async def test_muting_oneself_and_all_locking_and_ending() -> None:
    async with rooms(ROOM) as in_:
        anna, boris, carl = [await in_.comes(account) for account in ("101", "102", "103")]
        await in_.command(boris, "6")
        assert heard(anna) == {"103"}
        await in_.command(boris, "6")
        assert heard(anna) == {"102", "103"}
        await in_.command(boris, "5")  # he is no moderator
        assert heard(anna) == {"102", "103"}
        await in_.command(anna, "5")
        assert (heard(anna), heard(boris), heard(carl)) == (set(), {"101"}, {"101"})
        await in_.command(anna, "5")
        assert heard(boris) == {"101", "103"}
        await in_.command(anna, "7")
        late = in_.at.dials("104", "800")
        await late.wait_heard("locked")
        await late.wait_state(LegState.ENDED)
        await in_.command(anna, "7")
        dora = await in_.comes("104")
        assert heard(dora) == {"101", "102", "103"}
        await in_.command(anna, "8")
        assert all(phone.state is LegState.ENDED for phone in (anna, boris, carl, dora))


@pytest.mark.parametrize(
    ("entered", "comes_in", "moderates"), [("1234#", True, False), ("999#", True, True), ("1#2#3#", False, False)]
)
@virtual_time
async def test_pins(entered: str, comes_in: bool, moderates: bool) -> None:
    async with rooms(ROOM.model_copy(update={"pin": "1234", "moderator_pin": "999"})) as in_:
        anna = await in_.comes("101")
        boris = in_.at.dials("102", "800")
        await boris.wait_heard("Enter the PIN")
        boris.press(entered)
        await asyncio.sleep(20)
        assert (heard(boris) == {"101"}) is comes_in
        assert (boris.state is LegState.ANSWERED) is comes_in
        if comes_in:
            await in_.command(boris, "7")
            assert in_.rooms.rooms()[0].locked is moderates
        anna.hang_up()


@virtual_time
async def test_nothing_begins_before_a_moderator_is_there_or_after_the_last_has_gone() -> None:
    async with rooms(ROOM.model_copy(update={"wait_for_moderator": True})) as in_:
        boris, carl = await in_.comes("102"), await in_.comes("103")
        await asyncio.sleep(5)
        assert "The conference has not begun yet." in boris.texts
        assert (heard(boris), heard(carl)) == (set(), set())
        anna = await in_.comes("101")
        assert (heard(anna), heard(boris)) == ({"102", "103"}, {"101", "103"})
        anna.hang_up()
        await asyncio.sleep(1)
        assert (heard(boris), heard(carl)) == (set(), set())
        assert boris.texts[-1] == "waiting"


@virtual_time
async def test_places() -> None:
    async with rooms(ROOM.model_copy(update={"places": 2})) as in_:
        await in_.comes("101")
        await in_.comes("102")
        third = in_.at.dials("103", "800")
        await third.wait_heard("full")
        await third.wait_state(LegState.ENDED)


@virtual_time
async def test_rooms_that_are_made_on_the_fly() -> None:
    meet = ConferenceRoom(name="meet", number="81", on_the_fly=True, announce=False)
    async with rooms(ROOM, meet) as in_:
        anna, boris = await in_.comes("101", "815"), await in_.comes("102", "815")
        carl = await in_.comes("103", "816")
        assert (heard(anna), heard(boris), heard(carl)) == ({"102"}, {"101"}, set())
        assert [room.number for room in in_.rooms.rooms()] == ["815", "816"]


@virtual_time
async def test_a_party_is_transferred_into_the_room_blindly_and_attended() -> None:
    async with rooms(ROOM.model_copy(update={"pin": "1234"})) as in_:
        anna = await in_.comes("101")
        carl, dora = await in_.at.talk("103", "104")
        again = in_.at.dials("103", "800")
        await again.wait_heard("Enter the PIN")
        again.press("1234#")
        await asyncio.sleep(3)
        assert heard(anna) == {"103"}
        request, _ = in_.at.refers(carl, "800", consulted=again)
        assert await request.outcome is None
        await asyncio.sleep(3)
        assert (heard(anna), heard(dora)) == ({"104"}, {"101"})
        assert again.state is LegState.ENDED


@virtual_time
async def test_a_tone_tells_of_who_comes() -> None:
    async with rooms(ROOM.model_copy(update={"announce": True})) as in_:
        anna = await in_.comes("101")
        before = len(anna.heard)
        await in_.comes("102")
        assert Tone((1000.0,), on=0.15) in [one.sound for one in anna.heard[before:]]
        assert heard(anna) == {"102"}


@virtual_time
async def test_what_is_said_in_a_room_is_kept_as_talks_are_and_goes_on_with_the_next_one(tmp_path: Path) -> None:
    async with rooms(ROOM.model_copy(update={"record": True, "keep_days": 7}), folder=tmp_path) as in_:
        boris, anna = await in_.comes("102"), await in_.comes("101")  # she is the moderator
        await asyncio.sleep(10)
        boris.hang_up()
        await asyncio.sleep(20)
        first, second = in_.kept.rows.values()
        assert (first.leg, second.leg, second.ended) == (boris.leg.id, anna.leg.id, None)
    rows = list(in_.kept.rows.values())
    assert [(row.rule, row.number, row.user) for row in rows] == [("board", "800", "u102"), ("board", "800", "u101")]
    assert [round(row.seconds) for row in rows] == [16, 20]
    assert [(row.ended is not None, row.keep_until - row.started) for row in rows if row.keep_until] == [
        (True, timedelta(days=7)),
        (True, timedelta(days=7)),
    ]
    assert all((tmp_path / row.file).stat().st_size == row.size > 0 for row in rows)


@virtual_time
async def test_nothing_is_recorded_before_the_room_begins_or_of_who_has_left_it(tmp_path: Path) -> None:
    document = ROOM.model_copy(update={"record": True, "wait_for_moderator": True})
    async with rooms(document, folder=tmp_path) as in_:
        boris = await in_.comes("102")
        await asyncio.sleep(10)
        assert in_.kept.rows == {}
        anna = await in_.comes("101")
        await asyncio.sleep(10)
        (row,) = in_.kept.rows.values()
        assert (row.leg, row.user) == (boris.leg.id, "u101"), "recorded is who came first, and it is the moderator's"
        anna.hang_up()
        await asyncio.sleep(10)
        (row,) = in_.kept.rows.values()
        assert row.ended is not None, "he waits, and hears music"
        assert boris.state is LegState.ANSWERED


def test_what_a_room_may_say() -> None:
    assert ConferenceRoom.secrets == ("pin", "moderator_pin")
    assert "1234" not in repr(ROOM.model_copy(update={"pin": "1234"}))
    with pytest.raises(ValidationError):
        ConferenceRoom(name="x", number="800", pin="12")
